import { Text } from '@mantine/core';
import type { Schemas } from '../../api';
import { useReading } from '../../language';
import { Panel } from '../../parts/page';
import { type Column, Rows } from '../../parts/table';

type Setting = Schemas['System']['settings'][number];

/** What the admin program runs with. Secrets never come here. */
export function Settings({ settings }: { settings: readonly Setting[] }) {
  const { t } = useReading();
  const columns: Column<Setting>[] = [
    { name: 'name', title: t('system.setting'), cell: ({ name }) => <code>{name}</code>, text: ({ name }) => name },
    {
      name: 'value',
      title: t('system.value'),
      cell: (setting) => <Value setting={setting} />,
      text: ({ value }) => value,
    },
    { name: 'source', title: t('system.source'), cell: ({ source }) => t(`system.source_${source}`) },
  ];
  return (
    <Panel title={t('system.settings_of')}>
      <Text size="sm" c="dimmed" px="md" py="sm">
        {t('system.settings_note')}
      </Text>
      <Rows
        label={t('system.settings_of')}
        columns={columns}
        rows={settings}
        keyOf={({ name }) => name}
        whole="settings"
        findable
      />
    </Panel>
  );
}

function Value({ setting: { secret, value, source } }: { setting: Setting }) {
  const { t } = useReading();
  if (source === 'none') return t('system.not_set');
  if (secret) return <Text size="sm">{t('system.secret_set')}</Text>;
  return value === null || value === '' ? '—' : <code>{value}</code>;
}
