import { Group } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import { shortId } from '../../parts/copy';
import { Page } from '../../parts/page';
import { Paged } from '../../parts/paged';
import { Choice } from '../../parts/search-form';
import { ModeState, State, type Tone } from '../../parts/state';
import type { Column } from '../../parts/table';
import { oneOf } from '../../search';
import { TenantName } from '../approvals/subject';
import { OneSweep } from './one-sweep';

const route = getRouteApi('/sweeps');
type Sweep = Schemas['FoundSweep'];
const STATES = ['queued', 'running', 'completed', 'failed', 'cancelled'] as const satisfies Sweep['state'][];
const MODES = ['live', 'test'] as const;
const SORTS = ['created_at', '-created_at'] as const;
const TONES: Record<Sweep['state'], Tone> = {
  queued: 'warn',
  running: 'info',
  completed: 'good',
  failed: 'bad',
  cancelled: 'calm',
};

/** Sweeps of every tenant: how far they are and what came of them, in numbers. */
export function SweepsPage() {
  const { t, format } = useReading();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const [shown, setShown] = useState<string>();
  const { cursor, tenant_id } = search;
  const [state, mode] = [oneOf(STATES, search.state), oneOf(MODES, search.mode)];
  const sort = oneOf(SORTS, search.sort) ?? '-created_at';
  const query = { state, mode, tenant_id, sort };
  const columns: Column<Sweep>[] = [
    {
      name: 'id',
      title: 'ID',
      cell: ({ id }) => (
        <button type="button" className="as-link numbers" onClick={() => setShown(id)}>
          {shortId(id)}
        </button>
      ),
      text: ({ id }) => id,
    },
    {
      name: 'tenant',
      title: t('tenants.tenant'),
      cell: ({ tenant_id: id }) => <TenantName id={id} />,
      text: ({ tenant_id: id }) => id,
    },
    {
      name: 'mode',
      title: t('common.mode'),
      cell: (sweep) => <ModeState mode={sweep.mode} />,
      text: (sweep) => t(`common.mode_${sweep.mode}`),
    },
    {
      name: 'state',
      title: t('sweeps.state'),
      cell: (sweep) => <State tone={TONES[sweep.state]}>{t(`sweeps.state_${sweep.state}`)}</State>,
      text: (sweep) => t(`sweeps.state_${sweep.state}`),
    },
    {
      name: 'progress',
      title: t('sweeps.progress'),
      right: true,
      cell: ({ done, total }) =>
        total === null
          ? t('sweeps.so_far', { done: format.number(done) })
          : t('sweeps.of_total', { done: format.number(done), total: format.number(total) }),
      text: ({ done }) => done,
    },
    { name: 'selection', title: t('sweeps.selection'), cell: ({ selection }) => t(`sweeps.selection_${selection}`) },
    { name: 'created_at', title: t('sweeps.created_at'), cell: ({ created_at: at }) => format.minute(at) },
    { name: 'ended', title: t('sweeps.ended_at'), cell: ({ ended_at: at }) => format.minute(at) },
  ];
  const choose = (part: { state?: string | undefined; mode?: string | undefined; sort?: string | undefined }): void =>
    void navigate({ search: { ...search, cursor: undefined, ...part } });
  return (
    <Page title={t('sweeps.title')} lead={t('sweeps.lead')}>
      <div className="panel">
        <Group p="sm" gap="xs" align="flex-end">
          <Choice
            label={t('sweeps.state')}
            values={STATES}
            text={(each) => t(`sweeps.state_${each}`)}
            value={state}
            onChoose={(to) => choose({ state: to })}
          />
          <Choice
            label={t('common.mode')}
            values={MODES}
            text={(each) => t(`common.mode_${each}`)}
            value={mode}
            onChoose={(to) => choose({ mode: to })}
          />
        </Group>
        <Paged
          of={['status-sweeps', query]}
          load={(from, limit) =>
            ask(() => client.GET('/v1/status-sweeps', { params: { query: { ...query, cursor: from, limit } } }))
          }
          none={t('sweeps.none')}
          label={t('sweeps.title')}
          columns={columns}
          keyOf={({ id }) => id}
          sorts={SORTS}
          sort={sort}
          onSort={(to) => choose({ sort: to })}
          cursor={cursor}
          onCursor={(to) => void navigate({ search: { ...search, cursor: to } })}
          file="status-sweeps"
        />
      </div>
      {shown !== undefined && <OneSweep id={shown} onClose={() => setShown(undefined)} />}
    </Page>
  );
}
