import { Group, SimpleGrid, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ask, client, type Schemas } from '../api';
import { waitingApprovals } from '../approvals';
import { useReading } from '../language';
import { Empty, Loaded } from '../parts/loaded';
import { Page, Panel } from '../parts/page';
import { ModeState, Outcome, State, TenantState } from '../parts/state';
import { type Column, Rows } from '../parts/table';
import { useMay } from '../session';
import { kindText, Subject } from './approvals/subject';
import { freshnessState } from './revocation/freshness';
import { shortId } from '../parts/copy';

const NEEDS_ACTION: readonly Schemas['Tenant']['state'][] = ['applied', 'in_review', 'notified', 'suspended'];

/** What needs somebody today. */
export function OverviewPage() {
  const { t } = useReading();
  const may = useMay();
  const nothing = !['approvals:read', 'tenants:read', 'revocation:read', 'verifications:read'].some((permission) =>
    may(permission as Parameters<typeof may>[0]),
  );
  return (
    <Page title={t('overview.title')} lead={t('overview.lead')}>
      {nothing && (
        <div className="panel">
          <Empty>{t('overview.no_rights')}</Empty>
        </div>
      )}
      <SimpleGrid cols={{ base: 1, lg: 2 }}>
        {may('approvals:read') && <WaitingApprovals />}
        {may('tenants:read') && <TenantsToDo />}
        {may('revocation:read') && <RevocationNow />}
        {may('verifications:read') && <LatestChecks />}
      </SimpleGrid>
    </Page>
  );
}

function WaitingApprovals() {
  const { t, format } = useReading();
  const found = useQuery(waitingApprovals);
  const columns: Column<Schemas['Approval']>[] = [
    {
      name: 'kind',
      title: t('approvals.kind'),
      cell: ({ id, kind }) => (
        <Link to="/approvals/$approvalId" params={{ approvalId: id }}>
          {kindText(t, kind)}
        </Link>
      ),
    },
    { name: 'subject', title: t('approvals.subject'), cell: (approval) => <Subject approval={approval} /> },
    { name: 'until', title: t('approvals.expires_at'), cell: ({ expires_at: at }) => format.ago(at) },
  ];
  return (
    <Panel title={t('overview.approvals')}>
      <Loaded query={found}>
        {({ data }) =>
          data.length === 0 ? (
            <Empty>{t('overview.no_approvals')}</Empty>
          ) : (
            <Rows label={t('overview.approvals')} columns={columns} rows={data.slice(0, 8)} keyOf={({ id }) => id} />
          )
        }
      </Loaded>
    </Panel>
  );
}

function TenantsToDo() {
  const { t, format } = useReading();
  const found = useQuery({
    queryKey: ['tenants', 'to do'],
    queryFn: () => ask(() => client.GET('/v1/tenants', { params: { query: { limit: 100 } } })),
  });
  const columns: Column<Schemas['Tenant']>[] = [
    {
      name: 'name',
      title: t('tenants.name'),
      cell: ({ id, name }) => (
        <Link to="/tenants/$tenantId" params={{ tenantId: id }}>
          {name}
        </Link>
      ),
    },
    { name: 'state', title: t('tenants.state'), cell: ({ state }) => <TenantState state={state} /> },
    { name: 'next', title: t('tenants.next_step'), cell: ({ state }) => t(`tenants.next_${state}`) },
    { name: 'since', title: t('tenants.state_since'), cell: ({ state_since: at }) => format.ago(at) },
  ];
  return (
    <Panel title={t('overview.tenants')}>
      <Loaded query={found}>
        {({ data }) => {
          const waiting = data.filter(({ state }) => NEEDS_ACTION.includes(state));
          return waiting.length === 0 ? (
            <Empty>{t('overview.no_tenants')}</Empty>
          ) : (
            <Rows label={t('overview.tenants')} columns={columns} rows={waiting.slice(0, 8)} keyOf={({ id }) => id} />
          );
        }}
      </Loaded>
    </Panel>
  );
}

function RevocationNow() {
  const { t } = useReading();
  return (
    <Panel title={t('overview.revocation')}>
      <Stack gap={0}>
        <OneMode mode="live" />
        <OneMode mode="test" />
      </Stack>
    </Panel>
  );
}

function OneMode({ mode }: { mode: 'live' | 'test' }) {
  const { t, format } = useReading();
  const found = useQuery({
    queryKey: ['revocation', mode],
    queryFn: () => ask(() => client.GET('/v1/revocation/{mode}', { params: { path: { mode } } })),
  });
  return (
    <Stack gap="xs" p="md" style={{ borderTop: mode === 'test' ? '1px solid var(--console-line)' : undefined }}>
      <Group justify="space-between">
        <ModeState mode={mode} />
        <Link to="/revocation" search={{ mode }}>
          {t('common.open')}
        </Link>
      </Group>
      <Loaded query={found}>
        {({ freshness }) =>
          freshness.length === 0 ? (
            <Text size="sm" c="dimmed">
              {t('revocation.no_data')}
            </Text>
          ) : (
            freshness.map((fresh) => {
              const { tone, text } = freshnessState(fresh);
              return (
                <Group key={`${fresh.hierarchy} ${fresh.generation}`} justify="space-between" gap="xs">
                  <Text size="sm">
                    {t('revocation.hierarchy_generation', {
                      hierarchy: t(`revocation.hierarchy_${fresh.hierarchy}`),
                      generation: fresh.generation,
                    })}
                  </Text>
                  <Group gap="sm">
                    <Text size="xs" c="dimmed" className="numbers">
                      {t('overview.next_update', { at: format.minute(fresh.soonest_next_update) })}
                    </Text>
                    <State tone={tone}>{t(`revocation.state_${text}`)}</State>
                  </Group>
                </Group>
              );
            })
          )
        }
      </Loaded>
    </Stack>
  );
}

function LatestChecks() {
  const { t, format } = useReading();
  const found = useQuery({
    queryKey: ['verifications', 'latest'],
    queryFn: () => ask(() => client.GET('/v1/verifications', { params: { query: { limit: 8 } } })),
  });
  const columns: Column<Schemas['FoundVerification']>[] = [
    {
      name: 'id',
      title: t('verifications.id'),
      cell: ({ id }) => (
        <Link to="/verifications/$verificationId" params={{ verificationId: id }}>
          {shortId(id)}
        </Link>
      ),
    },
    { name: 'outcome', title: t('verifications.outcome'), cell: ({ outcome }) => <Outcome outcome={outcome} /> },
    { name: 'mode', title: t('common.mode'), cell: ({ mode }) => <ModeState mode={mode} /> },
    { name: 'at', title: t('verifications.recorded_at'), cell: ({ recorded_at: at }) => format.ago(at) },
  ];
  return (
    <Panel title={t('overview.checks')} actions={<Link to="/verifications">{t('common.open')}</Link>}>
      <Loaded query={found}>
        {({ data }) =>
          data.length === 0 ? (
            <Empty>{t('overview.no_checks')}</Empty>
          ) : (
            <Rows label={t('overview.checks')} columns={columns} rows={data} keyOf={({ id }) => id} />
          )
        }
      </Loaded>
    </Panel>
  );
}
