import { Code, Stack, Text } from '@mantine/core';
import { useReading } from '../../language';
import { causesOf } from './failure-texts';

/** How often something failed in a row, why, and what to do. */
export function Failure({ failures, last }: { failures: number; last: string | null }) {
  const { t, format } = useReading();
  if (failures === 0) return t('common.none');
  return (
    <Stack gap={4} miw="18em">
      <Text size="xs" fw={600}>
        {t('failures.times', { count: format.number(failures) })}
      </Text>
      {causesOf(last ?? '').map(({ code, text }) => (
        <div key={code}>
          {text && <Text size="xs">{t(text)}</Text>}
          <Code fz={11} style={{ overflowWrap: 'anywhere' }}>
            {code}
          </Code>
        </div>
      ))}
    </Stack>
  );
}
