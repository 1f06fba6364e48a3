import { Group } from '@mantine/core';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import { Paged } from '../../parts/paged';
import { Choice } from '../../parts/search-form';
import { State } from '../../parts/state';
import type { Column } from '../../parts/table';
import { Words } from '../../parts/words';
import { oneOf } from '../../search';
import { Failure } from './failure';

type Partition = Schemas['RevocationPartition'];
const HIERARCHIES = ['sign', 'auth'] as const;
const STATES = ['late', 'stale', 'failing', 'missing', 'unlisted'] as const;
const SORTS = [
  'name',
  '-name',
  'next_update',
  '-next_update',
  'entries',
  '-entries',
  'last_success_at',
  '-last_success_at',
] as const;
/** Those that need a look first. */
const AT_FIRST = 'next_update';

export interface PartitionSearch {
  hierarchy?: string;
  state?: string;
  name?: string;
  sort?: string;
  cursor?: string;
}

interface PartitionsProps {
  mode: 'live' | 'test';
  search: PartitionSearch;
  onSearch: (search: { [Name in keyof PartitionSearch]?: string | undefined }) => void;
}

/** The lists one by one. */
export function Partitions({ mode, search, onSearch }: PartitionsProps) {
  const { t, format } = useReading();
  const { name, cursor } = search;
  const sort = oneOf(SORTS, search.sort) ?? AT_FIRST;
  const query = { hierarchy: oneOf(HIERARCHIES, search.hierarchy), state: oneOf(STATES, search.state), name, sort };
  const choose = (part: { [Name in keyof PartitionSearch]?: string | undefined }): void =>
    onSearch({ ...search, cursor: undefined, ...part });
  const columns: Column<Partition>[] = [
    {
      name: 'name',
      title: t('revocation.partition'),
      cell: ({ name }) => <code style={{ whiteSpace: 'nowrap' }}>{name}</code>,
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
      name: 'failure',
      title: t('revocation.last_failure'),
      cell: ({ failures, last_failure: last }) => <Failure failures={failures} last={last} />,
      text: ({ failures, last_failure: last }) => (failures === 0 ? null : `${failures}× ${last ?? ''}`),
    },
    {
      name: 'number',
      title: t('verifications.crl_number'),
      right: true,
      cell: ({ crl_number: number }) => number ?? '—',
      text: ({ crl_number: number }) => (number === null ? null : Number(number)),
    },
    {
      name: 'next_update',
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
      name: 'last_success_at',
      title: t('revocation.last_success'),
      cell: ({ last_success_at: at }) => format.minute(at),
    },
  ];
  return (
    <div className="panel">
      <Group p="sm" gap="xs" align="flex-end">
        <Words
          key={name}
          label={t('revocation.find_partition')}
          words={name}
          onWords={(next) => choose({ name: next })}
        />
        <Choice
          label={t('revocation.hierarchy')}
          values={HIERARCHIES}
          text={(each) => t(`revocation.hierarchy_${each}`)}
          value={query.hierarchy}
          onChoose={(to) => choose({ hierarchy: to })}
        />
        <Choice
          label={t('revocation.state')}
          values={STATES}
          text={(each) => t(`revocation.state_${each}`)}
          value={query.state}
          onChoose={(to) => choose({ state: to })}
        />
      </Group>
      <Paged
        of={['revocation', mode, 'partitions', query]}
        load={(from, limit) =>
          ask(() =>
            client.GET('/v1/revocation/{mode}/partitions', {
              params: { path: { mode }, query: { ...query, cursor: from, limit } },
            }),
          )
        }
        none={t('common.nothing_found')}
        label={t('revocation.tab_partitions')}
        columns={columns}
        keyOf={({ hierarchy, generation, name: each }) => `${hierarchy} ${generation} ${each}`}
        sorts={SORTS}
        sort={sort}
        onSort={(to) => choose({ sort: to })}
        cursor={cursor}
        onCursor={(to) => onSearch({ ...search, cursor: to })}
        file="partitions"
        atOnce={1_000}
      />
    </div>
  );
}
