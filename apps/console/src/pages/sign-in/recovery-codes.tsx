import { Button, Checkbox, CopyButton, Group, SimpleGrid, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { useReading } from '../../language';
import { keep } from '../../parts/download';

/** Codes that are shown this once; one goes on when they are kept. */
export function RecoveryCodes({ codes, onKept }: { codes: readonly string[]; onKept: () => void }) {
  const { t } = useReading();
  const [kept, setKept] = useState(false);
  return (
    <Stack>
      <Text fw={650}>{t('session.recovery_codes')}</Text>
      <Text size="sm">{t('session.recovery_codes_why')}</Text>
      <SimpleGrid
        cols={{ base: 1, xs: 2 }}
        spacing="xs"
        className="once"
        component="ul"
        m={0}
        style={{ listStyle: 'none' }}
      >
        {codes.map((code) => (
          <li key={code} style={{ whiteSpace: 'nowrap', fontSize: 13 }}>
            {code}
          </li>
        ))}
      </SimpleGrid>
      <Group gap="xs">
        <CopyButton value={codes.join('\n')}>
          {({ copied, copy }) => (
            <Button variant="default" size="xs" onClick={copy}>
              {t(copied ? 'common.copied' : 'common.copy')}
            </Button>
          )}
        </CopyButton>
        <Button
          variant="default"
          size="xs"
          onClick={() => keep(new Blob([`${codes.join('\n')}\n`], { type: 'text/plain' }), 'shomei-recovery-codes.txt')}
        >
          {t('session.save_codes')}
        </Button>
        <Button variant="default" size="xs" onClick={() => print()}>
          {t('session.print_codes')}
        </Button>
      </Group>
      <Checkbox
        label={t('session.recovery_codes_kept')}
        checked={kept}
        onChange={(event) => setKept(event.currentTarget.checked)}
      />
      <Button disabled={!kept} onClick={onKept} fullWidth>
        {t('session.next')}
      </Button>
    </Stack>
  );
}
