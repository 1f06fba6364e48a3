import { Button, Group, TextInput } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import { type SyntheticEvent, useState } from 'react';
import { instantOf, localOf } from '../../format';
import { useReading } from '../../language';
import { Page } from '../../parts/page';
import { Events } from './audit-trail';

const route = getRouteApi('/audit');
const FIELDS = ['actor', 'action', 'target', 'tenant_id', 'request_id'] as const;
type Search = { [Field in (typeof FIELDS)[number] | 'after' | 'before']?: string };

/** Looks through everything that was recorded. */
export function AuditPage() {
  const { t } = useReading();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { after, before, cursor, ...filter } = search;
  return (
    <Page title={t('audit.title')} lead={t('audit.lead')}>
      <div className="panel">
        <Filter key={JSON.stringify(search)} search={search} onSearch={(next) => void navigate({ search: next })} />
        <Events
          filter={{ ...filter, recorded_after: after, recorded_before: before }}
          cursor={cursor}
          onCursor={(next) => void navigate({ search: { ...search, cursor: next } })}
        />
      </div>
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
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
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
    <form role="search" onSubmit={submit}>
      <Group p="sm" gap="xs" align="flex-end">
        {FIELDS.map((field) => (
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
        <Button type="submit">{t('common.search')}</Button>
        <Button variant="subtle" onClick={() => onSearch({})}>
          {t('common.clear')}
        </Button>
      </Group>
    </form>
  );
}
