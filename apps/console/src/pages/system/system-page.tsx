import { Tabs } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { ask, client } from '../../api';
import { useReading } from '../../language';
import { Loaded } from '../../parts/loaded';
import { Page } from '../../parts/page';
import { oneOf } from '../../search';
import { Jobs } from './jobs';
import { Parts } from './parts';
import { Settings } from './settings';

const route = getRouteApi('/system');
const TABS = ['state', 'jobs', 'settings'] as const;

/** Whether everything runs, what the worker has to do, and by which settings. */
export function SystemPage() {
  const { t } = useReading();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const tab = oneOf(TABS, search.tab) ?? 'state';
  const found = useQuery({
    queryKey: ['system'],
    queryFn: () => ask(() => client.GET('/v1/system')),
    enabled: tab !== 'jobs',
  });
  return (
    <Page title={t('system.title')} lead={t('system.lead')}>
      <Tabs value={tab} onChange={(next) => void navigate({ search: { tab: next ?? undefined } })}>
        <Tabs.List mb="md">
          {TABS.map((each) => (
            <Tabs.Tab key={each} value={each}>
              {t(`system.tab_${each}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="state">
          <Loaded query={found}>{(system) => <Parts system={system} />}</Loaded>
        </Tabs.Panel>
        <Tabs.Panel value="jobs">
          <Jobs search={search} onSearch={(part) => void navigate({ search: { tab, ...part } })} />
        </Tabs.Panel>
        <Tabs.Panel value="settings">
          <Loaded query={found}>{(system) => <Settings settings={system.settings} />}</Loaded>
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}
