import { Group, NativeSelect } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import { Empty, Loaded } from '../../parts/loaded';
import { State } from '../../parts/state';
import { type Column, Rows } from '../../parts/table';
import { oneOf } from '../../search';

type Partition = Schemas['RevocationPartition'];
const HIERARCHIES = ['sign', 'auth'] as const;
const STATES = ['late', 'stale', 'failing', 'missing', 'unlisted'] as const;
const SHOWN = 500;

interface PartitionsProps {
  mode: 'live' | 'test';
  search: { hierarchy?: string; state?: string; sort?: string };
  onSearch: (part: { hierarchy?: string; state?: string; sort?: string }) => void;
}

/** The lists one by one, those that need a look first. */
export function Partitions({ mode, search, onSearch }: PartitionsProps) {
  const { t, format } = useReading();
  const query = { hierarchy: oneOf(HIERARCHIES, search.hierarchy), state: oneOf(STATES, search.state), limit: SHOWN };
  const found = useQuery({
    queryKey: ['revocation', mode, 'partitions', query],
    queryFn: () => ask(() => client.GET('/v1/revocation/{mode}/partitions', { params: { path: { mode }, query } })),
    placeholderData: keepPreviousData,
  });
  const time = (value: string | null): number => (value === null ? 0 : Date.parse(value));
  const columns: Column<Partition>[] = [
    {
      name: 'name',
      title: t('revocation.partition'),
      by: ({ name }) => name,
      cell: ({ name }) => <code>{name}</code>,
    },
    {
      name: 'hierarchy',
      title: t('revocation.hierarchy'),
      by: ({ hierarchy }) => hierarchy,
      cell: ({ hierarchy, generation }) => `${t(`revocation.hierarchy_${hierarchy}`)} · ${generation}`,
    },
    {
      name: 'states',
      title: t('revocation.state'),
      by: ({ states }) => -states.length,
      cell: ({ states }) =>
        states.length === 0 ? (
          <State tone="good">{t('revocation.state_fresh')}</State>
        ) : (
          <Group gap={4}>
            {states.map((state) => (
              <State key={state} tone={state === 'late' || state === 'unlisted' ? 'warn' : 'bad'}>
                {t(`revocation.state_${state}`)}
              </State>
            ))}
          </Group>
        ),
    },
    {
      name: 'number',
      title: t('verifications.crl_number'),
      right: true,
      by: ({ crl_number: number }) => Number(number ?? 0),
      cell: ({ crl_number: number }) => number ?? '—',
    },
    {
      name: 'next',
      title: t('verifications.next_update'),
      by: ({ next_update: at }) => time(at),
      cell: ({ next_update: at }) => format.minute(at),
    },
    {
      name: 'entries',
      title: t('revocation.entries'),
      right: true,
      by: ({ entries }) => entries,
      cell: ({ entries }) => format.number(entries),
    },
    {
      name: 'success',
      title: t('revocation.last_success'),
      by: ({ last_success_at: at }) => time(at),
      cell: ({ last_success_at: at }) => format.minute(at),
    },
    {
      name: 'failure',
      title: t('revocation.last_failure'),
      by: ({ failures }) => failures,
      cell: ({ failures, last_failure: failure }) => (failures === 0 ? '—' : `${failures}× ${failure ?? ''}`),
    },
  ];
  const any = { value: '', label: t('common.all') };
  return (
    <div className="panel">
      <Group p="sm" gap="xs">
        <NativeSelect
          label={t('revocation.hierarchy')}
          value={query.hierarchy ?? ''}
          data={[any, ...HIERARCHIES.map((value) => ({ value, label: t(`revocation.hierarchy_${value}`) }))]}
          onChange={(event) => onSearch({ hierarchy: event.currentTarget.value || undefined })}
        />
        <NativeSelect
          label={t('revocation.state')}
          value={query.state ?? ''}
          data={[any, ...STATES.map((value) => ({ value, label: t(`revocation.state_${value}`) }))]}
          onChange={(event) => onSearch({ state: event.currentTarget.value || undefined })}
        />
      </Group>
      <Loaded query={found}>
        {({ data }) =>
          data.length === 0 ? (
            <Empty>{t('common.nothing_found')}</Empty>
          ) : (
            <Rows
              label={t('revocation.tab_partitions')}
              columns={columns}
              rows={data}
              keyOf={({ hierarchy, name }) => `${hierarchy} ${name}`}
              sort={search.sort}
              onSort={(sort) => onSearch({ sort })}
            />
          )
        }
      </Loaded>
    </div>
  );
}
