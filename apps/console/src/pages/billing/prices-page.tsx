import { Stack, Tabs } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import { useReading } from '../../language';
import { modeOf, ModeChoice } from '../../parts/mode-choice';
import { Page } from '../../parts/page';
import { oneOf } from '../../search';
import { Issuers } from './issuers';
import { Tariffs } from './tariffs';
import { Taxes } from './taxes';

const route = getRouteApi('/prices');
const TABS = ['tariffs', 'taxes', 'issuers'] as const;

/** What is the same for every service provider, each with its history. */
export function PricesPage() {
  const { t } = useReading();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const mode = modeOf(search.mode);
  return (
    <Page title={t('prices.title')} lead={t('prices.lead')}>
      <ModeChoice mode={mode} onMode={(next) => void navigate({ search: { ...search, mode: next } })} />
      <Tabs
        value={oneOf(TABS, search.tab) ?? 'tariffs'}
        onChange={(tab) => void navigate({ search: { ...search, tab: tab ?? undefined } })}
      >
        <Tabs.List mb="md">
          {TABS.map((each) => (
            <Tabs.Tab key={each} value={each}>
              {t(`prices.tab_${each}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Stack key={mode}>
          <Tabs.Panel value="tariffs">
            <Tariffs mode={mode} />
          </Tabs.Panel>
          <Tabs.Panel value="taxes">
            <Taxes mode={mode} />
          </Tabs.Panel>
          <Tabs.Panel value="issuers">
            <Issuers mode={mode} />
          </Tabs.Panel>
        </Stack>
      </Tabs>
    </Page>
  );
}
