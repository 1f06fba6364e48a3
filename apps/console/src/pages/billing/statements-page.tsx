import { TextInput } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { useReading } from '../../language';
import { modeOf, ModeChoice } from '../../parts/mode-choice';
import { Page } from '../../parts/page';
import { SearchForm } from '../../parts/search-form';
import { TenantPicker } from '../../parts/tenant-picker';
import { StatementsList } from './statements-list';

const route = getRouteApi('/statements');

/** Statements by month and service provider. */
export function StatementsPage() {
  const { t } = useReading();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const mode = modeOf(search.mode);
  return (
    <Page title={t('statements.title')} lead={t('statements.lead')}>
      <ModeChoice
        mode={mode}
        onMode={(next) => void navigate({ search: { ...search, cursor: undefined, mode: next } })}
      />
      <div className="panel">
        <Filter
          key={JSON.stringify(search)}
          search={search}
          onSearch={(part) => void navigate({ search: { mode: search.mode, ...part } })}
        />
        <StatementsList
          query={{ mode, month: search.month, tenant_id: search.tenant_id }}
          cursor={search.cursor}
          onCursor={(cursor) => void navigate({ search: { ...search, cursor } })}
        />
      </div>
    </Page>
  );
}

interface FilterProps {
  search: { month?: string; tenant_id?: string };
  onSearch: (search: { month?: string | undefined; tenant_id?: string | undefined }) => void;
}

function Filter({ search, onSearch }: FilterProps) {
  const { t } = useReading();
  const [form, setForm] = useState({ month: search.month ?? '', tenant_id: search.tenant_id ?? '' });
  const submit = (): void => {
    onSearch({ month: form.month || undefined, tenant_id: form.tenant_id.trim() || undefined });
  };
  return (
    <SearchForm onSearch={submit} onClear={() => onSearch({})}>
      <TextInput
        type="month"
        label={t('months.month')}
        value={form.month}
        onChange={(event) => setForm({ ...form, month: event.currentTarget.value })}
      />
      <TenantPicker value={form.tenant_id} onPick={(id) => setForm((now) => ({ ...now, tenant_id: id }))} />
    </SearchForm>
  );
}
