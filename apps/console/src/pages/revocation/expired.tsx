import { Alert, Code, Stack, Text } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import type { Schemas } from '../../api';
import { useReading } from '../../language';
import type { Mode } from '../../parts/mode-choice';
import { testTime } from '../../parts/test-clock';
import { useSession } from '../../session';

/** What is amiss with the lists of a mode: those that have ended make checks indeterminate. Nothing while all is well. */
export function AmissAlert({
  mode,
  freshness,
  children,
}: {
  mode: Mode;
  freshness: readonly Schemas['RevocationFreshness'][];
  children?: ReactNode;
}) {
  const { t, format } = useReading();
  const sum = (fault: 'missing' | 'stale' | 'failing' | 'late'): number =>
    freshness.reduce((all, fresh) => all + fresh[fault], 0);
  const isExpired = sum('stale') > 0 || sum('missing') > 0;
  if (!isExpired && sum('late') === 0) return null;
  const counts = (['stale', 'missing', 'failing', 'late'] as const)
    .filter((fault) => sum(fault) > 0)
    .map((fault) => `${t(`revocation.state_${fault}`)} ${format.number(sum(fault))}`);
  const tone = isExpired ? 'bad' : 'warn';
  return (
    <Alert
      color={isExpired ? 'red' : 'yellow'}
      icon={<IconAlertTriangle />}
      title={t(isExpired ? 'revocation.expired' : 'revocation.late_lists', { mode: t(`common.mode_${mode}`) })}
      styles={{ title: { color: `var(--console-${tone})` } }}
    >
      <Stack gap={6} c="var(--mantine-color-text)">
        <Text size="sm">
          {t('revocation.amiss_counts', { counts: format.list(counts) })}{' '}
          {t(isExpired ? 'revocation.expired_effect' : 'revocation.late_effect')}
        </Text>
        {children}
      </Stack>
    </Alert>
  );
}

/** Why lists have ended, and how to mend it: in test mode it may be that somebody moved the clock. */
export function Remedy({ revocation: { mode, sources } }: { revocation: Schemas['Revocation'] }) {
  const { t, format } = useReading();
  const offset = useSession().installation?.test_clock_offset_ms ?? 0;
  if (mode === 'live' || offset === 0) return <Text size="sm">{t('revocation.expired_look')}</Text>;
  const index = sources[0]?.crl_index_url;
  return (
    <>
      <Text size="sm">
        {t('revocation.expired_clock', { at: format.minute(testTime(offset)), offset: format.offset(offset) })}
      </Text>
      <Text size="sm">{t('revocation.expired_clock_back')}</Text>
      <Command>npm run --silent operator -- clock set --offset 0</Command>
      {index !== undefined && (
        <>
          <Text size="sm">{t('revocation.expired_clock_sandbox')}</Text>
          <Command>
            {`curl -s -X PUT ${new URL(index).origin}/control/clock -H 'content-type: application/json' -d '{"offset_ms":${offset}}'`}
          </Command>
        </>
      )}
    </>
  );
}

const Command = ({ children }: { children: string }) => (
  <Code block style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
    {children}
  </Code>
);
