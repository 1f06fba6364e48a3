import { Group, Stack, Tabs } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import { Empty, Loaded } from '../../parts/loaded';
import { Page, Panel } from '../../parts/page';
import { Paged } from '../../parts/paged';
import { Choice } from '../../parts/search-form';
import { type Column, Rows } from '../../parts/table';
import { oneOf } from '../../search';
import { useHolds } from './holds';

const route = getRouteApi('/holds');
const STATES = ['open', 'lifted'] as const;
const MODES = ['live', 'test'] as const;
const TABS = ['holds', 'rules'] as const;

/** What is kept beyond its time, and how long everything else is. */
export function HoldsPage() {
  const { t } = useReading();
  const navigate = route.useNavigate();
  const tab = oneOf(TABS, route.useSearch().tab) ?? 'holds';
  return (
    <Page title={t('holds.title')} lead={t('holds.lead')}>
      <Tabs value={tab} onChange={(next) => void navigate({ search: { tab: next ?? undefined } })}>
        <Tabs.List mb="md">
          {TABS.map((each) => (
            <Tabs.Tab key={each} value={each}>
              {t(`holds.tab_${each}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="holds">
          <AllHolds />
        </Tabs.Panel>
        <Tabs.Panel value="rules">
          <Stack>
            <Rules />
            <Due />
          </Stack>
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}

function AllHolds() {
  const { t } = useReading();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { cursor, tenant_id } = search;
  const [state, mode] = [oneOf(STATES, search.state), oneOf(MODES, search.mode)];
  const query = { state, mode, tenant_id };
  const { columns, asking } = useHolds();
  return (
    <div className="panel">
      <Group p="sm" gap="xs" align="flex-end">
        <Choice
          label={t('holds.state')}
          values={STATES}
          text={(each) => t(`holds.state_${each}`)}
          value={state}
          onChoose={(to) => void navigate({ search: { ...search, cursor: undefined, state: to } })}
        />
        <Choice
          label={t('common.mode')}
          values={MODES}
          text={(each) => t(`common.mode_${each}`)}
          value={mode}
          onChoose={(to) => void navigate({ search: { ...search, cursor: undefined, mode: to } })}
        />
      </Group>
      <Paged
        of={['legal-holds', query]}
        load={(from, limit) =>
          ask(() => client.GET('/v1/legal-holds', { params: { query: { ...query, cursor: from, limit } } }))
        }
        none={t('holds.none')}
        label={t('holds.hold')}
        columns={columns}
        keyOf={({ id }) => id}
        cursor={cursor}
        onCursor={(to) => void navigate({ search: { ...search, cursor: to } })}
        file="legal-holds"
      />
      {asking}
    </div>
  );
}

const KINDS = ['verification', 'consent', 'presentation', 'status_sweep'] as const;

function useKind(): (kind: string) => string {
  const { t } = useReading();
  return (kind) => {
    const known = oneOf(KINDS, kind);
    return known ? t(`holds.kind_${known}`) : kind;
  };
}

function Rules() {
  const { t, format } = useReading();
  const kindOf = useKind();
  const found = useQuery({
    queryKey: ['retention-rules'],
    queryFn: () => ask(() => client.GET('/v1/retention-rules')),
  });
  const columns: Column<Schemas['RetentionRule']>[] = [
    { name: 'kind', title: t('holds.kind'), cell: ({ kind }) => kindOf(kind) },
    {
      name: 'keep',
      title: t('holds.keep'),
      cell: ({ keep }) => {
        const [, years, months] = /^P(\d+)Y(?:(\d+)M)?$/.exec(keep) ?? [];
        if (years === undefined) return keep;
        return months === undefined
          ? t('holds.keep_years', { years })
          : t('holds.keep_years_months', { years, months });
      },
    },
    {
      name: 'from',
      title: t('holds.valid_from'),
      cell: ({ valid_from: from }) => (from === null ? t('holds.always') : format.day(from)),
    },
    {
      name: 'ground',
      title: t('holds.ground'),
      // Those that hold from the beginning are the system's own; others say what their operators wrote.
      cell: ({ kind, valid_from: from, ground }) => {
        const own = from === null ? oneOf(KINDS, kind) : undefined;
        return own ? t(`holds.ground_${own}`) : ground;
      },
    },
  ];
  return (
    <Panel title={t('holds.rules')}>
      <Loaded query={found}>
        {({ data }) => (
          <Rows
            label={t('holds.rules')}
            columns={columns}
            rows={data}
            keyOf={({ kind, valid_from: from }) => `${kind} ${from}`}
            whole="retention-rules"
          />
        )}
      </Loaded>
    </Panel>
  );
}

function Due() {
  const { t, format } = useReading();
  const kindOf = useKind();
  const found = useQuery({
    queryKey: ['retention-due'],
    queryFn: () => ask(() => client.GET('/v1/retention-due', { params: { query: { months: 12 } } })),
  });
  const columns: Column<Schemas['RetentionDue']>[] = [
    { name: 'kind', title: t('holds.kind'), cell: ({ kind }) => kindOf(kind) },
    {
      name: 'month',
      title: t('holds.due_month'),
      // 2026/11: months are Japan's
      cell: ({ starts }) => (starts === null ? t('holds.due_over') : format.day(starts).slice(0, 7)),
    },
    {
      name: 'things',
      title: t('holds.due_things'),
      right: true,
      cell: ({ things }) => format.number(things),
      text: ({ things }) => things,
    },
  ];
  return (
    <Panel title={t('holds.due')}>
      <Loaded query={found}>
        {({ data }) => {
          const rows = data.filter(({ things }) => things > 0);
          return rows.length === 0 ? (
            <Empty>{t('holds.due_none')}</Empty>
          ) : (
            <Rows
              label={t('holds.due')}
              columns={columns}
              rows={rows}
              keyOf={({ kind, ends }) => `${kind} ${ends}`}
              whole="retention-due"
            />
          );
        }}
      </Loaded>
    </Panel>
  );
}
