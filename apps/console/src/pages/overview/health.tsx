import { Group, Stack, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { Schemas } from '../../api';
import { useReading } from '../../language';
import { Empty } from '../../parts/loaded';
import type { Mode } from '../../parts/mode-choice';
import { Panel } from '../../parts/page';
import { State } from '../../parts/state';
import { type Column, Rows } from '../../parts/table';
import { freshnessState } from '../revocation/freshness';
import { queueText } from '../system/names';

/** How old the lists of each hierarchy are, by the worst of them. */
export function RevocationNow({ revocation, mode }: { revocation: Schemas['RevocationFreshness'][]; mode: Mode }) {
  const { t, format } = useReading();
  return (
    <Panel
      title={t('overview.revocation')}
      actions={
        <Link to="/revocation" search={{ mode }}>
          {t('overview.to_revocation')}
        </Link>
      }
    >
      {revocation.length === 0 ? (
        <Empty>{t('revocation.no_data')}</Empty>
      ) : (
        <Stack gap="sm" p="md">
          {revocation.map((fresh) => {
            const { tone, text } = freshnessState(fresh);
            return (
              <Group key={`${fresh.hierarchy} ${fresh.generation}`} justify="space-between" gap="xs">
                <div>
                  <Text size="sm">
                    {t('revocation.hierarchy_generation', {
                      hierarchy: t(`revocation.hierarchy_${fresh.hierarchy}`),
                      generation: fresh.generation,
                    })}
                  </Text>
                  <Text size="xs" c="dimmed" className="numbers">
                    {t('overview.fetched', { ago: format.ago(fresh.oldest_success_at) })}
                    {' · '}
                    {t(text === 'stale' ? 'overview.ended' : 'overview.next_update', {
                      at: format.minute(fresh.soonest_next_update),
                    })}
                  </Text>
                </div>
                <State tone={tone}>{t(`revocation.state_${text}`)}</State>
              </Group>
            );
          })}
        </Stack>
      )}
    </Panel>
  );
}

/** How much work waits for the worker. */
export function Queues({ queues: { reachable, queues } }: { queues: Schemas['OverviewQueues'] }) {
  const { t, format } = useReading();
  const number = (name: 'waiting' | 'active' | 'failed'): Column<Schemas['QueueDepth']> => ({
    name,
    title: t(`overview.jobs_${name}`),
    right: true,
    cell: (queue) => format.number(queue[name]),
  });
  return (
    <Panel title={t('overview.queues')}>
      {reachable ? (
        <Rows
          label={t('overview.queues')}
          columns={[
            {
              name: 'queue',
              title: t('overview.queue'),
              cell: ({ queue }) => t(queueText(queue)),
            },
            ...(['waiting', 'active', 'failed'] as const).map(number),
          ]}
          rows={queues}
          keyOf={({ queue }) => queue}
        />
      ) : (
        <Group p="md" gap="sm">
          <State tone="bad">{t('overview.no_redis')}</State>
          <Text size="sm">{t('overview.no_redis_effect')}</Text>
        </Group>
      )}
    </Panel>
  );
}
