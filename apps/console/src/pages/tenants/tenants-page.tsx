import { Button, Group } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { getRouteApi, Link } from '@tanstack/react-router';
import { ask, client, type Schemas } from '../../api';
import { useReading } from '../../language';
import { Copyable, shortId } from '../../parts/copy';
import { Page } from '../../parts/page';
import { Paged } from '../../parts/paged';
import { TenantState } from '../../parts/state';
import type { Column } from '../../parts/table';
import { Words } from '../../parts/words';
import { oneOf } from '../../search';
import { useMay } from '../../session';

const route = getRouteApi('/tenants');
const SORTS = ['name', '-name', 'created_at', '-created_at'] as const;

export function TenantsPage() {
  const { t, format } = useReading();
  const may = useMay();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const sort = oneOf(SORTS, search.sort) ?? '-created_at';
  const query = { name: search.name, sort };
  const columns: Column<Schemas['Tenant']>[] = [
    {
      name: 'name',
      title: t('tenants.name'),
      cell: ({ id, name }) => (
        <Link to="/tenants/$tenantId" params={{ tenantId: id }}>
          {name}
        </Link>
      ),
      text: ({ name }) => name,
    },
    {
      name: 'state',
      title: t('tenants.state'),
      cell: ({ state }) => <TenantState state={state} />,
      text: ({ state }) => t(`tenants.state_${state}`),
    },
    { name: 'next', title: t('tenants.next_step'), cell: ({ state }) => t(`tenants.next_${state}`) },
    { name: 'since', title: t('tenants.state_since'), cell: ({ state_since: since }) => format.minute(since) },
    { name: 'created_at', title: t('tenants.created_at'), cell: ({ created_at: at }) => format.minute(at) },
    {
      name: 'id',
      title: t('tenants.id'),
      cell: ({ id }) => <Copyable text={id} shown={shortId(id)} />,
      text: ({ id }) => id,
    },
  ];
  const apply = (button = may('tenants:write')) =>
    button && (
      <Button component={Link} to="/tenants/new" leftSection={<IconPlus size={16} aria-hidden />}>
        {t('tenants.new')}
      </Button>
    );
  return (
    <Page title={t('tenants.title')} lead={t('tenants.lead')} actions={apply()}>
      <div className="panel">
        <Group p="sm">
          <Words
            key={search.name}
            label={t('tenants.find_by_name')}
            words={search.name}
            onWords={(name) => void navigate({ search: { name, sort: search.sort } })}
          />
        </Group>
        <Paged
          of={['tenants', query]}
          load={(cursor, limit) =>
            ask(() => client.GET('/v1/tenants', { params: { query: { ...query, cursor, limit } } }))
          }
          none={t(search.name === undefined ? 'tenants.none' : 'common.nothing_found')}
          label={t('tenants.title')}
          columns={columns}
          keyOf={({ id }) => id}
          sorts={SORTS}
          sort={sort}
          onSort={(to) => void navigate({ search: { name: search.name, sort: to } })}
          cursor={search.cursor}
          onCursor={(cursor) => void navigate({ search: { ...search, cursor } })}
          file="tenants"
        />
      </div>
    </Page>
  );
}
