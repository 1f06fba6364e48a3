import { Group, NativeSelect } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import { CsvButton } from '../../parts/csv-button';
import { Empty, Loaded } from '../../parts/loaded';
import { MOST_ROWS } from '../../parts/csv';
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
  const query = { hierarchy: oneOf(HIERARCHIES, search.hierarchy), state: oneOf(STATES, search.state) };
  const load = (limit: number) =>
    ask(() =>
      client.GET('/v1/revocation/{mode}/partitions', { params: { path: { mode }, query: { ...query, limit } } }),
    );
  const found = useQuery({
    queryKey: ['revocation', mode, 'partitions', query],
    queryFn: () => load(SHOWN),
    placeholderData: keepPreviousData,
  });
  const columns: Column<Partition>[] = [
    {
      name: 'name',
      title: t('revocation.partition'),
      cell: ({ name }) => <code>{name}</code>,
      text: ({ name }) => name,
    },
    {
      name: 'hierarchy',
      title: t('revocation.hierarchy'),
      cell: ({ hierarchy, generation }) => `${t(`revocation.hierarchy_${hierarchy}`)} · ${generation}`,
    },
    {
      name: 'states',
      title: t('revocation.state'),
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
      text: ({ states }) =>
        states.length === 0
          ? t('revocation.state_fresh')
          : format.list(states.map((state) => t(`revocation.state_${state}`))),
    },
    {
      name: 'number',
      title: t('verifications.crl_number'),
      right: true,
      cell: ({ crl_number: number }) => number ?? '—',
      text: ({ crl_number: number }) => (number === null ? null : Number(number)),
    },
    {
      name: 'next',
      title: t('verifications.next_update'),
      cell: ({ next_update: at }) => format.minute(at),
    },
    {
      name: 'entries',
      title: t('revocation.entries'),
      right: true,
      cell: ({ entries }) => format.number(entries),
      text: ({ entries }) => entries,
    },
    {
      name: 'success',
      title: t('revocation.last_success'),
      cell: ({ last_success_at: at }) => format.minute(at),
    },
    {
      name: 'failure',
      title: t('revocation.last_failure'),
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
              whole="partitions"
              csv={
                <CsvButton
                  name="partitions"
                  label={t('revocation.tab_partitions')}
                  columns={columns}
                  load={async () => ({ data: (await load(MOST_ROWS)).data, next_cursor: null })}
                />
              }
              sort={search.sort}
              onSort={(sort) => onSearch({ sort })}
            />
          )
        }
      </Loaded>
    </div>
  );
}
