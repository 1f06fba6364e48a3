import { Button, Stack } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import { Confirm } from '../../parts/confirm';
import { Empty, Loaded } from '../../parts/loaded';
import { Panel } from '../../parts/page';
import { type Column, Rows } from '../../parts/table';
import { oneOf } from '../../search';
import { useMay } from '../../session';
import { JobList } from './job-list';
import { queueText, usePlainName } from './names';

type Queue = Schemas['JobQueue'];
type Schedule = Queue['schedules'][number] & { queue: Queue['queue'] };
interface Search {
  queue?: string | undefined;
  state?: string | undefined;
  cursor?: string | undefined;
}

/** The worker's queues; of one, the jobs that failed or wait for their next attempt. */
export function Jobs({ search, onSearch }: { search: Search; onSearch: (search: Search) => void }) {
  const { t } = useReading();
  const found = useQuery({
    queryKey: ['queues'],
    queryFn: () => ask(() => client.GET('/v1/system/queues')),
  });
  return (
    <Loaded query={found}>
      {({ data }) => {
        const queue = oneOf(
          data.map(({ queue: name }) => name),
          search.queue,
        );
        return (
          <Stack>
            <Panel title={t('system.queues')}>
              <Queues queues={data} onState={(name, state) => onSearch({ queue: name, state })} />
            </Panel>
            {queue !== undefined && (
              <JobList
                key={`${queue} ${search.state ?? ''}`}
                queue={queue}
                state={oneOf(['failed', 'delayed'] as const, search.state) ?? 'failed'}
                cursor={search.cursor}
                onCursor={(cursor) => onSearch({ queue, state: search.state, cursor })}
              />
            )}
            <Panel title={t('system.schedules')}>
              <Schedules queues={data} />
            </Panel>
          </Stack>
        );
      }}
    </Loaded>
  );
}

function Queues({
  queues,
  onState,
}: {
  queues: readonly Queue[];
  onState: (queue: Queue['queue'], state: 'failed' | 'delayed') => void;
}) {
  const { t, format } = useReading();
  const may = useMay();
  const [retrying, setRetrying] = useState<Queue>();
  const count = (queue: Queue, state: 'failed' | 'delayed') =>
    queue[state] === 0 ? (
      '0'
    ) : (
      <button
        type="button"
        className="as-link numbers"
        aria-label={`${t(queueText(queue.queue))} ${t(`system.jobs_${state}`)} ${format.number(queue[state])}`}
        onClick={() => onState(queue.queue, state)}
      >
        {format.number(queue[state])}
      </button>
    );
  const columns: Column<Queue>[] = [
    { name: 'queue', title: t('system.queue'), cell: ({ queue }) => t(queueText(queue)) },
    { name: 'active', title: t('system.active'), right: true, cell: ({ active }) => format.number(active) },
    { name: 'waiting', title: t('system.waiting'), right: true, cell: ({ waiting }) => format.number(waiting) },
    { name: 'delayed', title: t('system.delayed'), right: true, cell: (queue) => count(queue, 'delayed') },
    { name: 'failed', title: t('system.failed'), right: true, cell: (queue) => count(queue, 'failed') },
    ...(may('system:retry')
      ? [
          {
            name: 'actions',
            title: t('common.actions'),
            cell: (queue: Queue) =>
              queue.failed > 0 && (
                <Button
                  size="compact-xs"
                  variant="default"
                  aria-label={`${t(queueText(queue.queue))} ${t('system.retry_all')}`}
                  onClick={() => setRetrying(queue)}
                >
                  {t('system.retry_all')}
                </Button>
              ),
          },
        ]
      : []),
  ];
  return (
    <>
      <Rows label={t('system.queues')} columns={columns} rows={queues} keyOf={({ queue }) => queue} />
      {retrying && <RetryAll queue={retrying} onClose={() => setRetrying(undefined)} />}
    </>
  );
}

function RetryAll({ queue, onClose }: { queue: Queue; onClose: () => void }) {
  const { t, format } = useReading();
  const queries = useQueryClient();
  const name = t(queueText(queue.queue));
  return (
    <Confirm
      title={t('system.retry_all')}
      thing={t('system.retry_all_thing', { queue: name, count: format.number(queue.failed) })}
      confirm={t('system.retry_all')}
      act={async () => {
        const path = { queue: queue.queue };
        await ask(() => client.POST('/v1/system/queues/{queue}/retry-failed', { params: { path } }));
        await queries.invalidateQueries({ queryKey: ['queues'] });
      }}
      done={t('system.retry_all_done', { queue: name })}
      onClose={onClose}
    >
      {t('system.retry_all_effect')}
    </Confirm>
  );
}

function Schedules({ queues }: { queues: readonly Queue[] }) {
  const { t, format } = useReading();
  const plain = usePlainName();
  const schedules = queues.flatMap(({ queue, schedules: each }) => each.map((schedule) => ({ ...schedule, queue })));
  const columns: Column<Schedule>[] = [
    { name: 'queue', title: t('system.queue'), cell: ({ queue }) => t(queueText(queue)) },
    { name: 'name', title: t('system.schedule'), cell: ({ name }) => plain(name) },
    {
      name: 'pattern',
      title: t('system.pattern'),
      cell: ({ pattern, zone }) => (
        <>
          <code>{pattern}</code> {zone}
        </>
      ),
    },
    { name: 'next', title: t('system.next_at'), cell: ({ next_at: at }) => format.minute(at) },
  ];
  if (schedules.length === 0) return <Empty>{t('system.no_schedules')}</Empty>;
  return (
    <Rows
      label={t('system.schedules')}
      columns={columns}
      rows={schedules}
      keyOf={({ queue, name }) => `${queue} ${name}`}
    />
  );
}
