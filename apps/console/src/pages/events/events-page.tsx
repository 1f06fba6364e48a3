import { TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { ask, client, type Schemas } from '../../api';
import { instantOf, localOf } from '../../format';
import { useReading } from '../../language';
import { shortId } from '../../parts/copy';
import { modeOf, ModeChoice } from '../../parts/mode-choice';
import { Page } from '../../parts/page';
import { Paged } from '../../parts/paged';
import { Choice, SearchForm } from '../../parts/search-form';
import type { Column } from '../../parts/table';
import { oneOf } from '../../search';
import { useMay } from '../../session';
import { tenantOf } from '../../tenant';
import { OneEvent } from './one-event';
import { EVENT_TYPES, eventText } from './types';

const route = getRouteApi('/tenants/$tenantId/events');
const SORTS = ['recorded_at', '-recorded_at'] as const;

/** What a tenant was told of, and for each whether it came to its endpoints. */
export function EventsPage() {
  const { t, format } = useReading();
  const may = useMay();
  const { tenantId } = route.useParams();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const mode = modeOf(search.mode);
  const sort = oneOf(SORTS, search.sort) ?? '-recorded_at';
  const query = {
    mode,
    type: oneOf(EVENT_TYPES, search.type),
    recorded_after: search.after,
    recorded_before: search.before,
    sort,
  };
  const tenant = useQuery({ ...tenantOf(tenantId), enabled: may('tenants:read') });
  const show = (event: string | undefined): void => void navigate({ search: { ...search, event } });
  const columns: Column<Schemas['EventHead']>[] = [
    {
      name: 'id',
      title: 'ID',
      cell: ({ id }) => (
        <button type="button" className="as-link numbers" onClick={() => show(id)}>
          {shortId(id)}
        </button>
      ),
      text: ({ id }) => id,
    },
    { name: 'type', title: t('events.type'), cell: ({ type }) => t(eventText(type)) },
    { name: 'code', title: t('events.code'), cell: ({ type }) => <code>{type}</code>, text: ({ type }) => type },
    { name: 'recorded_at', title: t('events.recorded_at'), cell: ({ recorded_at: at }) => format.time(at) },
    { name: 'occurred', title: t('events.occurred_at'), cell: ({ occurred_at: at }) => format.time(at) },
  ];
  return (
    <Page
      title={t('events.title')}
      crumbs={[
        { label: t('tenants.title'), to: '/tenants' },
        { label: tenant.data?.name ?? shortId(tenantId), tenantId, tab: 'webhooks' },
      ]}
      lead={t('events.lead')}
    >
      <ModeChoice mode={mode} onMode={(next) => void navigate({ search: { mode: next, type: search.type } })} />
      <div className="panel">
        <Filter
          key={JSON.stringify(search)}
          search={search}
          onSearch={(part) => void navigate({ search: { mode: search.mode, sort: search.sort, ...part } })}
        />
        <Paged
          of={['events', tenantId, query]}
          load={(cursor, limit) =>
            ask(() =>
              client.GET('/v1/tenants/{id}/events', {
                params: { path: { id: tenantId }, query: { ...query, cursor, limit } },
              }),
            )
          }
          none={t('common.nothing_found')}
          label={t('events.title')}
          columns={columns}
          keyOf={({ id }) => id}
          sorts={SORTS}
          sort={sort}
          onSort={(to) => void navigate({ search: { ...search, sort: to, cursor: undefined } })}
          cursor={search.cursor}
          onCursor={(cursor) => void navigate({ search: { ...search, cursor } })}
          file="events"
        />
      </div>
      {search.event !== undefined && <OneEvent tenantId={tenantId} id={search.event} onClose={() => show(undefined)} />}
    </Page>
  );
}

interface Search {
  type?: string | undefined;
  after?: string | undefined;
  before?: string | undefined;
}

function Filter({ search, onSearch }: { search: Search; onSearch: (search: Search) => void }) {
  const { t } = useReading();
  const [form, setForm] = useState({
    type: search.type ?? '',
    after: localOf(search.after),
    before: localOf(search.before),
  });
  const submit = (): void => {
    onSearch({ type: form.type || undefined, after: instantOf(form.after), before: instantOf(form.before) });
  };
  const bind = (field: 'after' | 'before') => ({
    value: form[field],
    onChange: (event: { currentTarget: { value: string } }) => setForm({ ...form, [field]: event.currentTarget.value }),
  });
  return (
    <SearchForm onSearch={submit} onClear={() => onSearch({})}>
      <Choice
        label={t('events.type')}
        values={EVENT_TYPES}
        text={(each) => t(eventText(each))}
        value={form.type}
        onChoose={(type = '') => setForm({ ...form, type })}
      />
      <TextInput type="datetime-local" label={t('common.from')} {...bind('after')} />
      <TextInput type="datetime-local" label={t('common.to')} {...bind('before')} />
    </SearchForm>
  );
}
