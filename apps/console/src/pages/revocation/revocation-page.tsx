import { Button, Stack, Tabs, Text } from '@mantine/core';
import { IconRefresh } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import { Confirm } from '../../parts/confirm';
import { Loaded } from '../../parts/loaded';
import { ModeChoice, modeOf } from '../../parts/mode-choice';
import { Page } from '../../parts/page';
import { oneOf } from '../../search';
import { useMay } from '../../session';
import { Anchors } from './anchors';
import { AmissAlert, Remedy } from './expired';
import { Freshness } from './freshness';
import { History } from './history';
import { Partitions } from './partitions';
import { Sources } from './sources';

const route = getRouteApi('/revocation');
const TABS = ['freshness', 'partitions', 'sources', 'anchors'] as const;
/** How often a refresh under way is looked at. A tab in the background does not ask. */
const WATCH_MS = 3_000;

const isUnderWay = ({ freshness }: Schemas['Revocation']): boolean =>
  freshness.some(({ run }) => run.total > 0 && run.done < run.total);

/** How fresh the revocation data are, and what to do when they are not. */
export function RevocationPage() {
  const { t } = useReading();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const mode = modeOf(search.mode);
  const tab = oneOf(TABS, search.tab) ?? 'freshness';
  const [watching, setWatching] = useState(false);
  const state = useQuery({
    queryKey: ['revocation', mode],
    queryFn: () => ask(() => client.GET('/v1/revocation/{mode}', { params: { path: { mode } } })),
    // Only while lists are being fetched: asking for ever would keep the session open with nobody there.
    refetchInterval: ({ state: { data, dataUpdateCount } }) =>
      data && (isUnderWay(data) || (watching && dataUpdateCount < 20)) ? WATCH_MS : false,
  });
  return (
    <Page
      title={t('revocation.title')}
      lead={t('revocation.lead')}
      actions={<Refresh mode={mode} onRequested={() => setWatching(true)} />}
    >
      <ModeChoice mode={mode} onMode={(next) => void navigate({ search: { tab: search.tab, mode: next } })} />
      {state.data && (
        <AmissAlert mode={mode} freshness={state.data.freshness}>
          <Remedy revocation={state.data} />
        </AmissAlert>
      )}
      <Tabs value={tab} onChange={(next) => void navigate({ search: { mode: search.mode, tab: next ?? undefined } })}>
        <Tabs.List mb="md">
          {TABS.map((each) => (
            <Tabs.Tab key={each} value={each}>
              {t(`revocation.tab_${each}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="freshness">
          <Stack>
            <Loaded query={state}>{(data) => <Freshness revocation={data} />}</Loaded>
            <History mode={mode} />
          </Stack>
        </Tabs.Panel>
        <Tabs.Panel value="partitions">
          <Partitions
            mode={mode}
            search={search}
            onSearch={(next) => void navigate({ search: { mode: search.mode, tab: search.tab, ...next } })}
          />
        </Tabs.Panel>
        <Tabs.Panel value="sources">
          <Loaded query={state}>{(data) => <Sources revocation={data} />}</Loaded>
        </Tabs.Panel>
        <Tabs.Panel value="anchors">
          <Anchors mode={mode} />
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}

function Refresh({ mode, onRequested }: { mode: 'test' | 'live'; onRequested: () => void }) {
  const { t } = useReading();
  const may = useMay();
  const queries = useQueryClient();
  const [asking, setAsking] = useState(false);
  if (!may('revocation:refresh')) return null;
  return (
    <>
      <Button variant="default" leftSection={<IconRefresh size={16} aria-hidden />} onClick={() => setAsking(true)}>
        {t('revocation.refresh')}
      </Button>
      {asking && (
        <Confirm
          title={t('revocation.refresh')}
          thing={t('revocation.refresh_thing', { mode: t(`common.mode_${mode}`) })}
          confirm={t('revocation.refresh')}
          act={async () => {
            await ask(() => client.POST('/v1/revocation/{mode}/refresh', { params: { path: { mode } }, body: {} }));
            onRequested();
            await queries.invalidateQueries({ queryKey: ['revocation', mode] });
          }}
          done={t('revocation.refresh_done')}
          onClose={() => setAsking(false)}
        >
          <Stack gap={4}>
            <Text size="sm">{t('revocation.refresh_effect')}</Text>
          </Stack>
        </Confirm>
      )}
    </>
  );
}
