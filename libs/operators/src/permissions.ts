export const ROLES = ['admin', 'onboarding', 'billing', 'auditor', 'support'] as const;
export type Role = (typeof ROLES)[number];

/** Who may do what: the one table. A permission without a role is one of nobody. */
export const PERMISSIONS = {
  'tenants:read': ['admin', 'onboarding', 'billing', 'auditor', 'support'],
  'tenants:write': ['admin', 'onboarding'],
  'applications:read': ['admin', 'onboarding', 'auditor'],
  // files included: they name people
  'checklist:read': ['admin', 'onboarding', 'auditor'],
  'checklist:write': ['admin', 'onboarding'],
  // the database asks for the role too: `open_data_export`
  'tenant_data:export': ['admin', 'onboarding'],
  'go_live:propose': ['admin', 'onboarding'],
  'go_live:approve': ['admin', 'onboarding'],
  'contracts:propose': ['admin', 'onboarding'],
  'contracts:approve': ['admin', 'onboarding'],
  'api_keys:read': ['admin', 'onboarding', 'auditor', 'support'],
  'api_keys:write': ['admin', 'onboarding'],
  'revocation:read': ['admin', 'onboarding', 'auditor', 'support'],
  'revocation:refresh': ['admin', 'support'],
  'anchors:propose': ['admin'],
  'anchors:approve': ['admin'],
  // the database asks for the role too, for both: `open_evidence`
  'evidence:read': ['auditor'],
  'holders:reveal': ['auditor'],
  'retention:read': ['admin', 'auditor'],
  'holds:write': ['admin'],
  // a command's alone; the database asks for the role too: `seal_anew`
  'key_ring:rewrap': ['admin'],
  'verifications:read': ['admin', 'auditor', 'support'],
  // of files that somebody has: what is kept here is not looked up
  'certificates:read': ['admin', 'auditor', 'support'],
  'sweeps:read': ['admin', 'auditor', 'support'],
  'approvals:read': ['admin', 'onboarding', 'billing', 'auditor'],
  'operators:read': ['admin', 'auditor'],
  'operators:write': ['admin'],
  'operator_roles:propose': ['admin'],
  'operator_roles:approve': ['admin'],
  'billing:read': ['admin', 'billing', 'auditor'],
  'prices:propose': ['admin', 'billing'],
  'prices:approve': ['admin', 'billing'],
  'months:close': ['admin', 'billing'],
  'invoices:draft': ['admin', 'billing'],
  'invoices:propose': ['admin', 'billing'],
  'invoices:approve': ['admin', 'billing'],
  'audit:read': ['admin', 'auditor'],
  'webhooks:read': ['admin', 'auditor', 'support'],
  'webhooks:replay': ['admin', 'support'],
  'system:read': ['admin', 'auditor', 'support'],
  // repeats what was asked for already by who might, or by a schedule
  'system:retry': ['admin', 'support'],
} as const satisfies Record<string, readonly Role[]>;
export type Permission = keyof typeof PERMISSIONS;

/** All permissions of an operator with these roles, sorted. */
export const permissionsOf = (roles: readonly Role[]): Permission[] =>
  (Object.keys(PERMISSIONS) as Permission[])
    .filter((permission) => PERMISSIONS[permission].some((role) => roles.includes(role)))
    .sort();
