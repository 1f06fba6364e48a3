import { Tabs } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import { useReading } from '../../language';
import { modeOf, ModeChoice } from '../../parts/mode-choice';
import { Page } from '../../parts/page';
import { oneOf } from '../../search';
import { Drafts } from './drafts';
import { Exports } from './exports';
import { Issued } from './issued';

const route = getRouteApi('/invoices');
const TABS = ['issued', 'drafts', 'exports'] as const;

/** Invoices that are issued, those that wait to be, and the files of all service providers. */
export function InvoicesPage() {
  const { t } = useReading();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const mode = modeOf(search.mode);
  return (
    <Page title={t('invoices.title')} lead={t('invoices.lead')}>
      <ModeChoice
        mode={mode}
        onMode={(next) => void navigate({ search: { ...search, cursor: undefined, mode: next } })}
      />
      <Tabs
        value={oneOf(TABS, search.tab) ?? 'issued'}
        onChange={(tab) => void navigate({ search: { mode: search.mode, tab: tab ?? undefined } })}
      >
        <Tabs.List mb="md">
          {TABS.map((each) => (
            <Tabs.Tab key={each} value={each}>
              {t(`invoices.tab_${each}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="issued">
          <Issued
            mode={mode}
            search={search}
            onSearch={(part) => void navigate({ search: { mode: search.mode, ...part } })}
          />
        </Tabs.Panel>
        <Tabs.Panel value="drafts">
          <Drafts
            key={`${mode} ${search.month ?? ''} ${search.cursor ?? ''}`}
            mode={mode}
            month={search.month}
            cursor={search.cursor}
            onSearch={(part) => void navigate({ search: { mode: search.mode, tab: 'drafts', ...part } })}
          />
        </Tabs.Panel>
        <Tabs.Panel value="exports">
          <Exports mode={mode} />
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}
