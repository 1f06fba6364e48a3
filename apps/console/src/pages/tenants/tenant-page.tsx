import { Group, Tabs } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import type { Schemas } from '../../api';
import { useReading } from '../../language';
import { Copyable } from '../../parts/copy';
import { Allowed, Loaded } from '../../parts/loaded';
import { modeOf } from '../../parts/mode-choice';
import { Page } from '../../parts/page';
import { TenantState } from '../../parts/state';
import { oneOf } from '../../search';
import { type Permission, useMay } from '../../session';
import { tenantOf } from '../../tenant';
import { TenantPrices } from '../billing/tenant-prices';
import { TenantUsage } from '../billing/tenant-usage';
import { AuditTrail } from '../audit/audit-trail';
import { ApplicationTab } from './application-tab';
import { ChecklistTab } from './checklist-tab';
import { ContractTab } from './contract-tab';
import { KeysTab } from './keys-tab';
import { hasGoneLive } from './propose-contract';
import { WayTab } from './way-tab';
import { WebhooksTab } from './webhooks-tab';

const route = getRouteApi('/tenants/$tenantId');

type Tenant = Schemas['TenantDetail'];
const TABS = ['way', 'application', 'checklist', 'contract', 'prices', 'usage', 'keys', 'webhooks', 'audit'] as const;
type Tab = (typeof TABS)[number];
const NEEDED: Record<Tab, Permission | undefined> = {
  way: undefined,
  application: 'applications:read',
  checklist: 'checklist:read',
  contract: undefined,
  prices: 'billing:read',
  usage: 'billing:read',
  keys: 'api_keys:read',
  webhooks: 'webhooks:read',
  audit: 'audit:read',
};

/** Everything about one service provider; each part has an address of its own. */
export function TenantPage() {
  const { t } = useReading();
  const may = useMay();
  const { tenantId } = route.useParams();
  // A name shown elsewhere has put it in the cache; who comes here wants to know how it stands.
  const found = useQuery({ ...tenantOf(tenantId), refetchOnMount: 'always', staleTime: 5_000 });
  const tenant = found.data;
  return (
    <Page
      title={tenant?.name ?? t('tenants.tenant')}
      crumbs={[{ label: t('tenants.title'), to: '/tenants' }]}
      beside={tenant && <TenantState state={tenant.state} />}
      lead={
        <Group gap="md" component="span" display="inline-flex">
          <Copyable text={tenantId} />
          {may('verifications:read') && (
            <Link to="/verifications" search={{ tenant_id: tenantId }} className="within-words">
              {t('tenants.open_verifications')}
            </Link>
          )}
          {may('sweeps:read') && (
            <Link to="/sweeps" search={{ tenant_id: tenantId }} className="within-words">
              {t('tenants.open_sweeps')}
            </Link>
          )}
        </Group>
      }
    >
      <Loaded query={found}>{(data) => <TenantTabs tenant={data} />}</Loaded>
    </Page>
  );
}

function TenantTabs({ tenant }: { tenant: Tenant }) {
  const { t } = useReading();
  const may = useMay();
  const navigate = route.useNavigate();
  const search = route.useSearch();
  const tab = oneOf(TABS, search.tab) ?? 'way';
  // Who was never live has nothing in live.
  const mode = modeOf(search.mode ?? (hasGoneLive(tenant) ? undefined : 'test'));
  const seen = TABS.filter((each) => each === tab || NEEDED[each] === undefined || may(NEEDED[each]));
  return (
    <Tabs value={tab} onChange={(next) => void navigate({ search: { tab: next ?? undefined, mode: search.mode } })}>
      <Tabs.List mb="md">
        {seen.map((each) => (
          <Tabs.Tab key={each} value={each}>
            {t(`tenants.tab_${each}`)}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      <Tabs.Panel value="way">
        <WayTab tenant={tenant} />
      </Tabs.Panel>
      <Tabs.Panel value="application">
        <ApplicationTab tenant={tenant} />
      </Tabs.Panel>
      <Tabs.Panel value="checklist">
        <ChecklistTab tenant={tenant} />
      </Tabs.Panel>
      <Tabs.Panel value="contract">
        <ContractTab
          tenant={tenant}
          mode={mode}
          onMode={(next) => void navigate({ search: { ...search, mode: next } })}
        />
      </Tabs.Panel>
      <Tabs.Panel value="prices">
        <Allowed permission="billing:read">
          <TenantPrices
            tenant={tenant}
            mode={mode}
            onMode={(next) => void navigate({ search: { ...search, mode: next } })}
          />
        </Allowed>
      </Tabs.Panel>
      <Tabs.Panel value="usage">
        <Allowed permission="billing:read">
          <TenantUsage
            tenantId={tenant.id}
            mode={mode}
            month={search.month}
            onSearch={(part) => void navigate({ search: { tab, ...part } })}
          />
        </Allowed>
      </Tabs.Panel>
      <Tabs.Panel value="keys">
        <KeysTab tenant={tenant} />
      </Tabs.Panel>
      <Tabs.Panel value="webhooks">
        <WebhooksTab tenant={tenant} />
      </Tabs.Panel>
      <Tabs.Panel value="audit">
        <AuditTrail
          filter={{ tenant_id: tenant.id, recorded_after: tenant.created_at }}
          sort={search.sort}
          cursor={search.cursor}
          onPage={(page) => void navigate({ search: { ...search, ...page } })}
        />
      </Tabs.Panel>
    </Tabs>
  );
}
