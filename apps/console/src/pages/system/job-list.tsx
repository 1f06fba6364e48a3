import { Button } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import { Confirm } from '../../parts/confirm';
import { Panel } from '../../parts/page';
import { Paged } from '../../parts/paged';
import type { Column } from '../../parts/table';
import { useMay } from '../../session';
import { queueText, useJobName } from './names';

type Job = Schemas['QueuedJob'];

interface JobListProps {
  queue: Job['queue'];
  state: Job['state'];
  cursor: string | undefined;
  onCursor: (cursor: string | undefined) => void;
}

/** Jobs of a queue that failed, or that wait for their next attempt: which work, how often, and why not. */
export function JobList({ queue, state, cursor, onCursor }: JobListProps) {
  const { t, format } = useReading();
  const may = useMay();
  const name = useJobName();
  const [retrying, setRetrying] = useState<Job>();
  const columns: Column<Job>[] = [
    { name: 'subject', title: t('system.subject'), cell: (job) => name(job) },
    {
      name: 'attempts',
      title: t('system.attempts'),
      right: true,
      cell: ({ attempts }) => format.number(attempts),
      text: ({ attempts }) => attempts,
    },
    {
      name: 'reason',
      title: t('system.reason'),
      cell: ({ reason }) => (reason === null ? '—' : <code style={{ overflowWrap: 'anywhere' }}>{reason}</code>),
      text: ({ reason }) => reason,
    },
    { name: 'added', title: t('system.added_at'), cell: ({ added_at: at }) => format.minute(at) },
    { name: 'last', title: t('system.last_attempt'), cell: ({ last_attempt_at: at }) => format.time(at) },
    ...(state === 'delayed'
      ? [{ name: 'due', title: t('system.due_at'), cell: ({ due_at: at }: Job) => format.time(at) }]
      : []),
    ...(may('system:retry')
      ? [
          {
            name: 'actions',
            title: t('common.actions'),
            cell: (job: Job) => (
              <Button
                size="compact-xs"
                variant="default"
                aria-label={t('system.retry_job', { job: name(job) })}
                onClick={() => setRetrying(job)}
              >
                {t('system.retry')}
              </Button>
            ),
          },
        ]
      : []),
  ];
  return (
    <Panel title={`${t(queueText(queue))} – ${t(`system.jobs_${state}`)}`}>
      <Paged
        of={['queues', queue, state]}
        load={(from, limit) =>
          ask(() =>
            client.GET('/v1/system/queues/{queue}/jobs', {
              params: { path: { queue }, query: { state, cursor: from, limit } },
            }),
          )
        }
        none={t('system.no_jobs')}
        label={t(`system.jobs_${state}`)}
        columns={columns}
        keyOf={({ id }) => id}
        cursor={cursor}
        onCursor={onCursor}
        file={`${state}-jobs`}
      />
      {retrying && <Retry job={retrying} name={name(retrying)} onClose={() => setRetrying(undefined)} />}
    </Panel>
  );
}

function Retry({ job, name, onClose }: { job: Job; name: string; onClose: () => void }) {
  const { t } = useReading();
  const queries = useQueryClient();
  const thing = `${t(queueText(job.queue))}: ${name}`;
  return (
    <Confirm
      title={t('system.retry')}
      thing={thing}
      confirm={t('system.retry')}
      act={async () => {
        const path = { queue: job.queue, id: job.id };
        await ask(() => client.POST('/v1/system/queues/{queue}/jobs/{id}/retry', { params: { path } }));
        await queries.invalidateQueries({ queryKey: ['queues'] });
      }}
      done={t('system.retry_done', { job: thing })}
      onClose={onClose}
    >
      {t('system.retry_effect')}
    </Confirm>
  );
}
