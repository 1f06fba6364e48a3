import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { Schemas } from '../../api';
import { waitingCount } from '../../approvals';
import { useReading } from '../../language';
import { Empty, Loaded } from '../../parts/loaded';
import { Panel } from '../../parts/page';
import { TenantState } from '../../parts/state';
import { type Column, Rows } from '../../parts/table';
import { whatText } from '../approvals/subject';

type Waiting = Schemas['WaitingApprovals']['soonest'][number];
type Tenants = Schemas['OverviewTenants'];

export function WaitingApprovals() {
  const { t, format } = useReading();
  const found = useQuery(waitingCount);
  const columns: Column<Waiting>[] = [
    {
      name: 'kind',
      title: t('approvals.kind'),
      cell: ({ id, tenant_name: tenant, ...what }) => (
        <>
          <Link to="/approvals/$approvalId" params={{ approvalId: id }}>
            {whatText(t, what)}
          </Link>
          {tenant !== null && <Below>{tenant}</Below>}
        </>
      ),
    },
    { name: 'by', title: t('approvals.proposed_by'), cell: ({ proposed_by: name }) => name ?? '—' },
    { name: 'until', title: t('approvals.expires_at'), cell: ({ expires_at: at }) => format.ago(at) },
  ];
  return (
    <Panel title={t('overview.approvals')} actions={<More count={found.data?.count ?? 0} to="/approvals" />}>
      <Loaded query={found}>
        {({ count, soonest }) =>
          count === 0 ? (
            <Empty>{t('overview.no_approvals')}</Empty>
          ) : (
            <Rows label={t('overview.approvals')} columns={columns} rows={soonest} keyOf={({ id }) => id} />
          )
        }
      </Loaded>
    </Panel>
  );
}

export function TenantsToDo({ tenants: { count, longest } }: { tenants: Tenants }) {
  const { t, format } = useReading();
  const columns: Column<Tenants['longest'][number]>[] = [
    {
      name: 'name',
      title: t('tenants.name'),
      cell: ({ id, name, state }) => (
        <>
          <Link to="/tenants/$tenantId" params={{ tenantId: id }}>
            {name}
          </Link>
          <Below>{t(`tenants.next_${state}`)}</Below>
        </>
      ),
    },
    { name: 'state', title: t('tenants.state'), cell: ({ state }) => <TenantState state={state} /> },
    { name: 'since', title: t('tenants.state_since'), cell: ({ state_since: at }) => format.ago(at) },
  ];
  return (
    <Panel title={t('overview.tenants')} actions={<More count={count} to="/tenants" />}>
      {count === 0 ? (
        <Empty>{t('overview.no_tenants')}</Empty>
      ) : (
        <Rows label={t('overview.tenants')} columns={columns} rows={longest} keyOf={({ id }) => id} />
      )}
    </Panel>
  );
}

const Below = ({ children }: { children: ReactNode }) => (
  <Text size="xs" c="dimmed">
    {children}
  </Text>
);

/** How many there are in all, leading to them. */
function More({ count, to }: { count: number; to: '/approvals' | '/tenants' }) {
  const { t, format } = useReading();
  if (count === 0) return null;
  return <Link to={to}>{t('overview.all_of', { count: format.number(count) })}</Link>;
}
