import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router';
import { INVOICE_SEARCH } from './pages/billing/invoice-search';
import { words } from './search';
import type { Permission } from './session-store';
import { Shell } from './shell/shell';
import { Broken, NotFound } from './shell/elsewhere';

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound, errorComponent: Broken });
const getParentRoute = () => root;
const needs = (...anyOf: [Permission, ...Permission[]]) => ({ anyOf });

const overview = createRoute({
  getParentRoute,
  path: '/',
  validateSearch: words('mode', 'span', 'by'),
  component: lazyRouteComponent(() => import('./pages/overview/overview-page'), 'OverviewPage'),
});
const tenants = createRoute({
  getParentRoute,
  path: '/tenants',
  staticData: needs('tenants:read'),
  validateSearch: words('name', 'sort', 'cursor'),
  component: lazyRouteComponent(() => import('./pages/tenants/tenants-page'), 'TenantsPage'),
});
const newTenant = createRoute({
  getParentRoute,
  path: '/tenants/new',
  staticData: needs('tenants:write'),
  component: lazyRouteComponent(() => import('./pages/tenants/new-application-page'), 'NewApplicationPage'),
});
const tenant = createRoute({
  getParentRoute,
  path: '/tenants/$tenantId',
  staticData: needs('tenants:read'),
  validateSearch: words('tab', 'mode', 'month', 'sort', 'cursor'),
  component: lazyRouteComponent(() => import('./pages/tenants/tenant-page'), 'TenantPage'),
});
const events = createRoute({
  getParentRoute,
  path: '/tenants/$tenantId/events',
  staticData: needs('webhooks:read'),
  validateSearch: words('mode', 'type', 'after', 'before', 'event', 'sort', 'cursor'),
  component: lazyRouteComponent(() => import('./pages/events/events-page'), 'EventsPage'),
});
const approvals = createRoute({
  getParentRoute,
  path: '/approvals',
  staticData: needs('approvals:read'),
  validateSearch: words('state', 'kind', 'cursor'),
  component: lazyRouteComponent(() => import('./pages/approvals/approvals-page'), 'ApprovalsPage'),
});
const approval = createRoute({
  getParentRoute,
  path: '/approvals/$approvalId',
  staticData: needs('approvals:read'),
  component: lazyRouteComponent(() => import('./pages/approvals/approval-page'), 'ApprovalPage'),
});
const verifications = createRoute({
  getParentRoute,
  path: '/verifications',
  staticData: needs('verifications:read'),
  validateSearch: words('id', 'tenant_id', 'mode', 'reference', 'outcome', 'after', 'before', 'sort', 'cursor'),
  component: lazyRouteComponent(() => import('./pages/verifications/verifications-page'), 'VerificationsPage'),
});
const verification = createRoute({
  getParentRoute,
  path: '/verifications/$verificationId',
  staticData: needs('verifications:read', 'billing:read'),
  component: lazyRouteComponent(() => import('./pages/verifications/verification-page'), 'VerificationPage'),
});
const inspector = createRoute({
  getParentRoute,
  path: '/inspector',
  staticData: needs('certificates:read'),
  component: lazyRouteComponent(() => import('./pages/inspector/inspector-page'), 'InspectorPage'),
});
const revocation = createRoute({
  getParentRoute,
  path: '/revocation',
  staticData: needs('revocation:read'),
  validateSearch: words('mode', 'tab', 'hierarchy', 'state', 'name', 'sort', 'cursor'),
  component: lazyRouteComponent(() => import('./pages/revocation/revocation-page'), 'RevocationPage'),
});
const sweeps = createRoute({
  getParentRoute,
  path: '/sweeps',
  staticData: needs('sweeps:read'),
  validateSearch: words('state', 'mode', 'tenant_id', 'sort', 'cursor'),
  component: lazyRouteComponent(() => import('./pages/sweeps/sweeps-page'), 'SweepsPage'),
});
const months = createRoute({
  getParentRoute,
  path: '/months',
  staticData: needs('billing:read'),
  validateSearch: words('mode'),
  component: lazyRouteComponent(() => import('./pages/billing/months-page'), 'MonthsPage'),
});
const month = createRoute({
  getParentRoute,
  path: '/months/$mode/$month',
  staticData: needs('billing:read'),
  validateSearch: words('tab', 'cursor'),
  component: lazyRouteComponent(() => import('./pages/billing/month-page'), 'MonthPage'),
});
const statements = createRoute({
  getParentRoute,
  path: '/statements',
  staticData: needs('billing:read'),
  validateSearch: words('mode', 'month', 'tenant_id', 'cursor'),
  component: lazyRouteComponent(() => import('./pages/billing/statements-page'), 'StatementsPage'),
});
const statement = createRoute({
  getParentRoute,
  path: '/statements/$statementId',
  staticData: needs('billing:read'),
  validateSearch: words('line', 'cursor'),
  component: lazyRouteComponent(() => import('./pages/billing/statement-page'), 'StatementPage'),
});
const invoices = createRoute({
  getParentRoute,
  path: '/invoices',
  staticData: needs('billing:read'),
  validateSearch: words('mode', 'tab', ...INVOICE_SEARCH, 'sort', 'cursor'),
  component: lazyRouteComponent(() => import('./pages/billing/invoices-page'), 'InvoicesPage'),
});
const invoice = createRoute({
  getParentRoute,
  path: '/invoices/$invoiceId',
  staticData: needs('billing:read'),
  validateSearch: words('line', 'cursor'),
  component: lazyRouteComponent(() => import('./pages/billing/invoice-page'), 'InvoicePage'),
});
const invoiceDraft = createRoute({
  getParentRoute,
  path: '/invoice-drafts/$draftId',
  staticData: needs('billing:read'),
  component: lazyRouteComponent(() => import('./pages/billing/draft-page'), 'DraftPage'),
});
const usageEvent = createRoute({
  getParentRoute,
  path: '/usage-events/$eventId',
  staticData: needs('billing:read'),
  component: lazyRouteComponent(() => import('./pages/billing/usage-event-page'), 'UsageEventPage'),
});
const prices = createRoute({
  getParentRoute,
  path: '/prices',
  staticData: needs('billing:read'),
  validateSearch: words('mode', 'tab'),
  component: lazyRouteComponent(() => import('./pages/billing/prices-page'), 'PricesPage'),
});
const audit = createRoute({
  getParentRoute,
  path: '/audit',
  staticData: needs('audit:read'),
  validateSearch: words(
    'tab',
    'actor',
    'action',
    'target',
    'tenant_id',
    'request_id',
    'after',
    'before',
    'sort',
    'cursor',
  ),
  component: lazyRouteComponent(() => import('./pages/audit/audit-page'), 'AuditPage'),
});
const holds = createRoute({
  getParentRoute,
  path: '/holds',
  staticData: needs('retention:read'),
  validateSearch: words('tab', 'state', 'mode', 'tenant_id', 'cursor'),
  component: lazyRouteComponent(() => import('./pages/holds/holds-page'), 'HoldsPage'),
});
const operators = createRoute({
  getParentRoute,
  path: '/operators',
  staticData: needs('operators:read'),
  validateSearch: words('sort'),
  component: lazyRouteComponent(() => import('./pages/operators/operators-page'), 'OperatorsPage'),
});
const system = createRoute({
  getParentRoute,
  path: '/system',
  staticData: needs('system:read'),
  validateSearch: words('tab', 'queue', 'state', 'cursor'),
  component: lazyRouteComponent(() => import('./pages/system/system-page'), 'SystemPage'),
});
const account = createRoute({
  getParentRoute,
  path: '/account',
  component: lazyRouteComponent(() => import('./pages/account-page'), 'AccountPage'),
});

export const router = createRouter({
  routeTree: root.addChildren([
    overview,
    tenants,
    newTenant,
    tenant,
    events,
    approvals,
    approval,
    verifications,
    verification,
    inspector,
    revocation,
    sweeps,
    months,
    month,
    statements,
    statement,
    invoices,
    invoice,
    invoiceDraft,
    usageEvent,
    prices,
    audit,
    holds,
    operators,
    system,
    account,
  ]),
  scrollRestoration: true,
  // Plain words in the address, as one would type them.
  parseSearch: (search) => Object.fromEntries(new URLSearchParams(search)),
  stringifySearch: (search) => {
    const given = Object.entries(search).filter(([, value]) => value !== undefined && value !== '');
    const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
    return text === '' ? '' : `?${text}`;
  },
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
  interface StaticDataRouteOption {
    /** One of these is needed to see the page at all. */
    anyOf?: readonly [Permission, ...Permission[]];
  }
}
