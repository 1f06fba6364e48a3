import { Text } from '@mantine/core';
import { useReading } from '../../language';
import { Copyable } from '../../parts/copy';
import { Facts } from '../../parts/page';
import { useSession } from '../../session';

/** What goes along with a key to whoever uses it: where the API is, and where it is described. */
export function WhereTo() {
  const { t } = useReading();
  const url = useSession().installation?.api_url ?? null;
  if (url === null) return <Text size="sm">{t('keys.api_url_unset')}</Text>;
  return (
    <div className="panel">
      <Facts
        facts={[
          [t('keys.api_url'), <Copyable text={url} />],
          [t('keys.api_docs'), <Copyable text={`${url}/docs`} />],
        ]}
      />
    </div>
  );
}
