import { Group, SimpleGrid, Stack, Text } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { ask, client, type Schemas } from '../../api';
import { waitingCount } from '../../approvals';
import { useReading } from '../../language';
import { Empty, Loaded } from '../../parts/loaded';
import { type Mode, ModeChoice, modeOf } from '../../parts/mode-choice';
import { Page } from '../../parts/page';
import { State } from '../../parts/state';
import { AmissAlert } from '../revocation/expired';
import { AnswerTimesPanel, ChecksPanel } from './checks';
import { Figures } from './figures';
import { Queues, RevocationNow } from './health';
import { TenantsToDo, WaitingApprovals } from './waiting';

const route = getRouteApi('/');
/** A tab in the background does not ask, and asking does not keep a session open with nobody there. */
const REFRESH_MS = 10_000;

/** How everything is, and what needs somebody today. */
export function OverviewPage() {
  const { t } = useReading();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const mode = modeOf(search.mode);
  const queries = useQueryClient();
  const found = useQuery({
    queryKey: ['overview', mode],
    queryFn: async () => {
      const overview = await ask(() => client.GET('/v1/overview', { params: { query: { mode } } }));
      // Beside the navigation stands the same figure, of the same moment.
      if (overview.approvals) queries.setQueryData(waitingCount.queryKey, overview.approvals);
      return overview;
    },
    refetchInterval: REFRESH_MS,
  });
  return (
    <Page
      title={t('overview.title')}
      lead={t('overview.lead')}
      actions={
        <Group gap="md">
          {found.data && <Refreshed at={found.dataUpdatedAt} failed={found.isError} />}
          <ModeChoice mode={mode} onMode={(next) => void navigate({ search: { ...search, mode: next } })} />
        </Group>
      }
    >
      <Loaded query={found}>{(overview) => <Parts overview={overview} mode={mode} />}</Loaded>
    </Page>
  );
}

function Refreshed({ at, failed }: { at: number; failed: boolean }) {
  const { t, format } = useReading();
  const clock = format.time(new Date(at).toISOString()).slice(-8);
  return (
    <Group gap="xs">
      {failed && <State tone="warn">{t('overview.not_refreshed')}</State>}
      <Text size="xs" c="dimmed" className="numbers">
        {t('overview.refreshed_at', { at: clock, seconds: REFRESH_MS / 1_000 })}
      </Text>
    </Group>
  );
}

function Parts({ overview, mode }: { overview: Schemas['Overview']; mode: Mode }) {
  const { t } = useReading();
  const { checks, revocation, queues, tenants, approvals, revenue } = overview;
  if ([checks, revocation, queues, tenants, approvals, revenue].every((part) => part === null))
    return (
      <div className="panel">
        <Empty>{t('overview.no_rights')}</Empty>
      </div>
    );
  return (
    <Stack gap="md">
      {revocation && (
        <AmissAlert mode={mode} freshness={revocation}>
          <Link to="/revocation" search={{ mode }}>
            {t('overview.to_revocation')}
          </Link>
        </AmissAlert>
      )}
      <SimpleGrid cols={{ base: 1, lg: 2 }}>
        {approvals && <WaitingApprovals />}
        {tenants && <TenantsToDo tenants={tenants} />}
      </SimpleGrid>
      <Figures overview={overview} />
      {checks && (
        <SimpleGrid cols={{ base: 1, lg: 2 }}>
          <ChecksPanel checks={checks} now={overview.now} mode={mode} />
          <AnswerTimesPanel checks={checks} now={overview.now} />
        </SimpleGrid>
      )}
      <SimpleGrid cols={{ base: 1, lg: 2 }}>
        {revocation && <RevocationNow revocation={revocation} mode={mode} />}
        {queues && <Queues queues={queues} />}
      </SimpleGrid>
    </Stack>
  );
}
