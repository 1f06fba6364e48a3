import { Button, Tabs, TextInput } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { instantOf, localOf } from '../../format';
import { useReading } from '../../language';
import { Page } from '../../parts/page';
import { SearchForm } from '../../parts/search-form';
import { TenantPicker } from '../../parts/tenant-picker';
import { oneOf } from '../../search';
import { Events } from './audit-trail';
import { ChainTab } from './chain';
import { ExportDialog } from './export-dialog';

const route = getRouteApi('/audit');
const TYPED = ['actor', 'action', 'target', 'request_id'] as const;
const FIELDS = [...TYPED, 'tenant_id'] as const;
type Search = { [Field in (typeof FIELDS)[number] | 'after' | 'before']?: string };

const TABS = ['events', 'chain'] as const;

/** What was recorded, and whether it still is as it was sealed. */
export function AuditPage() {
  const { t } = useReading();
  const navigate = route.useNavigate();
  const { tab, ...search } = route.useSearch();
  const shown = oneOf(TABS, tab) ?? 'events';
  const { after, before, sort, cursor, ...filter } = search;
  const [exporting, setExporting] = useState(false);
  return (
    <Page
      title={t('audit.title')}
      lead={t('audit.lead')}
      actions={
        <Button
          variant="default"
          leftSection={<IconDownload size={16} aria-hidden />}
          onClick={() => setExporting(true)}
        >
          {t('audit.export')}
        </Button>
      }
    >
      <Tabs value={shown} onChange={(next) => void navigate({ search: { tab: next ?? undefined } })}>
        <Tabs.List mb="md">
          {TABS.map((each) => (
            <Tabs.Tab key={each} value={each}>
              {t(`audit.tab_${each}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="events">
          <div className="panel">
            <Filter key={JSON.stringify(search)} search={search} onSearch={(next) => void navigate({ search: next })} />
            <Events
              filter={{ ...filter, recorded_after: after, recorded_before: before }}
              sort={sort}
              cursor={cursor}
              onPage={(page) => void navigate({ search: { ...search, ...page } })}
            />
          </div>
        </Tabs.Panel>
        <Tabs.Panel value="chain">
          <ChainTab />
        </Tabs.Panel>
      </Tabs>
      {exporting && <ExportDialog filter={filter} onClose={() => setExporting(false)} />}
    </Page>
  );
}

function Filter({ search, onSearch }: { search: Search; onSearch: (search: Search) => void }) {
  const { t } = useReading();
  const [form, setForm] = useState<Search>({
    ...search,
    after: localOf(search.after),
    before: localOf(search.before),
  });
  const submit = (): void => {
    const typed = FIELDS.map((field) => [field, form[field]?.trim() || undefined]);
    onSearch({
      ...(Object.fromEntries(typed) as Search),
      after: instantOf(form.after ?? ''),
      before: instantOf(form.before ?? ''),
    });
  };
  const bind = (field: keyof Search) => ({
    value: form[field] ?? '',
    onChange: (event: { currentTarget: { value: string } }) => setForm({ ...form, [field]: event.currentTarget.value }),
  });
  return (
    <SearchForm onSearch={submit} onClear={() => onSearch({})}>
      <TenantPicker value={form.tenant_id ?? ''} onPick={(id) => setForm((now) => ({ ...now, tenant_id: id }))} />
      {TYPED.map((field) => (
        <TextInput
          key={field}
          label={t(`audit.by_${field}`)}
          placeholder={t(`audit.example_${field}`)}
          maxLength={200}
          w={165}
          {...bind(field)}
        />
      ))}
      <TextInput type="datetime-local" label={t('common.from')} {...bind('after')} />
      <TextInput type="datetime-local" label={t('common.to')} {...bind('before')} />
    </SearchForm>
  );
}
