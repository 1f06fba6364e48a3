import type { DataSource, EntityManager } from 'typeorm';
import { type Mode, Problem, readingOf } from '#lib/platform';
import type { Scope } from './api-key.js';
import type { Notification, TenantState } from './life-cycle.js';

export interface Tenant {
  id: string;
  name: string;
  createdAt: Date;
  state: TenantState;
  stateSince: Date;
  suspendedFrom?: TenantState;
  notification?: Notification;
  /** From here on the retention of what the tenant leaves behind is counted. */
  terminatedAt?: Date;
}

interface TenantRow {
  id: string;
  name: string;
  created_at: Date;
  state: TenantState;
  state_since: Date;
  suspended_from: TenantState | null;
  notified_on: string | null;
  notification_reference: string | null;
  terminated_at: Date | null;
}

const COLUMNS = `id, name, created_at, state, state_since, suspended_from, notified_on::text as notified_on,
  notification_reference, terminated_at`;

const toTenant = (row: TenantRow): Tenant => ({
  id: row.id,
  name: row.name,
  createdAt: row.created_at,
  state: row.state,
  stateSince: row.state_since,
  ...(row.suspended_from === null ? {} : { suspendedFrom: row.suspended_from }),
  ...(row.notified_on === null || row.notification_reference === null
    ? {}
    : { notification: { on: row.notified_on, reference: row.notification_reference } }),
  ...(row.terminated_at === null ? {} : { terminatedAt: row.terminated_at }),
});

/** By what tenants are sorted; each has an index. */
export const TENANT_KEYS = ['name', 'created_at'] as const;
export type TenantKey = (typeof TENANT_KEYS)[number];

/** Tenants of the platform, newest first unless asked otherwise. Operators' role. @param after id of the last one of the page before */
export async function listTenants(
  dataSource: DataSource,
  {
    after,
    name,
    sort: { by, descending } = { by: 'created_at', descending: true },
    limit,
  }: { after?: string; name?: string; sort?: { by: TenantKey; descending: boolean }; limit: number },
): Promise<Tenant[]> {
  const { direction, beyond } = readingOf(descending);
  const rows: TenantRow[] = await dataSource.query(
    `select ${COLUMNS} from tenant
     where ($1::uuid is null or (${by}, id) ${beyond} (select t.${by}, t.id from tenant t where t.id = $1))
       and ($2::text is null or position(lower($2) in lower(name)) > 0)
     order by ${by} ${direction}, id ${direction} limit $3`,
    [after ?? null, name ?? null, limit],
  );
  return rows.map(toTenant);
}

export async function findTenant(
  manager: Pick<EntityManager, 'query'>,
  id: string,
  lock: '' | 'for update' = '',
): Promise<Tenant | undefined> {
  const rows: TenantRow[] = await manager.query(`select ${COLUMNS} from tenant where id = $1 ${lock}`, [id]);
  return rows[0] && toTenant(rows[0]);
}

/** Two operators at once: the second one sees what the first one did. */
export async function getForChange(manager: EntityManager, tenantId: string): Promise<Tenant> {
  const tenant = await findTenant(manager, tenantId, 'for update');
  if (!tenant) throw new Problem('not_found');
  return tenant;
}

/** An API key as it may be shown: nothing of it opens anything. */
export interface ShownApiKey {
  id: string;
  mode: Mode;
  name: string;
  lastFour: string;
  scopes: Scope[];
  createdAt: Date;
  expiresAt?: Date;
  revokedAt?: Date;
  lastUsedAt?: Date;
  allowedAddresses: string[];
  /** The key that made it; absent: an operator did. */
  madeBy?: string;
  /** The key it has replaced. */
  rotatedFrom?: string;
}

interface KeyRow {
  id: string;
  mode: Mode;
  name: string;
  last_four: string;
  scopes: Scope[];
  created_at: Date;
  expires_at: Date | null;
  revoked_at: Date | null;
  last_used_at: Date | null;
  allowed_addresses: string[];
  made_by: string | null;
  rotated_from: string | null;
}

/** All keys of a tenant in both modes, newest first. Operators' role. */
export async function listApiKeys(dataSource: DataSource, tenantId: string): Promise<ShownApiKey[]> {
  const rows: KeyRow[] = await dataSource.query(
    `select id, mode, name, last_four, scopes, created_at, expires_at, revoked_at, last_used_at,
       allowed_addresses::text[] as allowed_addresses, made_by, rotated_from
     from api_key
     where tenant_id = $1 order by created_at desc, id limit 1000`,
    [tenantId],
  );
  return rows.map((row) => ({
    id: row.id,
    mode: row.mode,
    name: row.name,
    lastFour: row.last_four,
    scopes: row.scopes,
    allowedAddresses: row.allowed_addresses,
    createdAt: row.created_at,
    ...(row.expires_at === null ? {} : { expiresAt: row.expires_at }),
    ...(row.revoked_at === null ? {} : { revokedAt: row.revoked_at }),
    ...(row.last_used_at === null ? {} : { lastUsedAt: row.last_used_at }),
    ...(row.made_by === null ? {} : { madeBy: row.made_by }),
    ...(row.rotated_from === null ? {} : { rotatedFrom: row.rotated_from }),
  }));
}
