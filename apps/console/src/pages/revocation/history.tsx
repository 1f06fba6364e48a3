import { Group, SimpleGrid, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import { Chart } from '../../parts/chart';
import type { Slot } from '../../parts/chart-data';
import { Empty, Loaded } from '../../parts/loaded';
import type { Mode } from '../../parts/mode-choice';
import { Panel } from '../../parts/page';
import { type Column, Rows } from '../../parts/table';
import { useFindings } from '../verifications/findings';

type RevocationHistory = Schemas['RevocationHistory'];
type Changes = RevocationHistory['last_changes'][number];
type Change = Changes['changes'][number] & { hierarchy: Changes['hierarchy'] };

/** How the lists have grown, and what came with the newest of them. */
export function History({ mode }: { mode: Mode }) {
  const found = useQuery({
    queryKey: ['revocation', mode, 'history'],
    queryFn: () => ask(() => client.GET('/v1/revocation/{mode}/history', { params: { path: { mode } } })),
  });
  return (
    <Loaded query={found}>
      {({ months, last_changes: changes }) => (
        <SimpleGrid cols={{ base: 1, lg: 2 }}>
          <Months months={months} />
          <LastChanges of={changes} />
        </SimpleGrid>
      )}
    </Loaded>
  );
}

function Months({ months }: { months: RevocationHistory['months'] }) {
  const { t, format } = useReading();
  const slots = new Map<string, Slot>();
  for (const { month, hierarchy, entries } of months)
    slots.set(month, {
      key: month,
      label: format.month(month),
      title: format.month(month),
      values: { ...slots.get(month)?.values, [hierarchy]: entries },
    });
  return (
    <Panel title={t('revocation.months')}>
      <Chart
        label={t('revocation.months_chart')}
        slot={t('revocation.month')}
        kind="bars"
        series={[
          { name: 'sign', title: t('revocation.hierarchy_sign'), tone: 'one' },
          { name: 'auth', title: t('revocation.hierarchy_auth'), tone: 'two' },
        ]}
        slots={[...slots.values()]}
        text={format.number}
        nothing={t('revocation.no_entries')}
      />
    </Panel>
  );
}

function LastChanges({ of }: { of: readonly Changes[] }) {
  const { t, format } = useReading();
  const { revocationReason } = useFindings();
  const rows = of.flatMap(({ hierarchy, changes }): Change[] => changes.map((change) => ({ ...change, hierarchy })));
  const whole = of.reduce((sum, { whole_lists: count }) => sum + count, 0);
  const columns: Column<Change>[] = [
    {
      name: 'hierarchy',
      title: t('revocation.hierarchy'),
      cell: ({ hierarchy }) => t(`revocation.hierarchy_${hierarchy}`),
    },
    { name: 'change', title: t('revocation.change'), cell: ({ kind }) => t(`revocation.change_${kind}`) },
    { name: 'reason', title: t('revocation.reason'), cell: ({ reason }) => revocationReason(reason) },
    {
      name: 'count',
      title: t('revocation.count'),
      right: true,
      cell: ({ count }) => format.number(count),
      text: ({ count }) => count,
    },
  ];
  return (
    <Panel title={t('revocation.changes')}>
      {of.length > 0 && (
        <Group px="md" py="sm" gap="md">
          {of.map(({ hierarchy, newest_at: at }) => (
            <Text key={hierarchy} size="xs" c="dimmed" className="numbers">
              {t('revocation.accepted_at', {
                hierarchy: t(`revocation.hierarchy_${hierarchy}`),
                at: format.minute(at),
              })}
            </Text>
          ))}
          {whole > 0 && (
            <Text size="xs" c="dimmed">
              {t('revocation.whole_lists', { count: format.number(whole) })}
            </Text>
          )}
        </Group>
      )}
      {rows.length === 0 ? (
        <Empty>{t(of.length === 0 ? 'revocation.no_data' : 'revocation.no_changes')}</Empty>
      ) : (
        <Rows
          label={t('revocation.changes')}
          columns={columns}
          rows={rows}
          keyOf={({ hierarchy, kind, reason }) => `${hierarchy} ${kind} ${reason}`}
          whole="revocation-changes"
        />
      )}
    </Panel>
  );
}
