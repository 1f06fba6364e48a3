import type { EntityManager } from 'typeorm';
import { Problem, type Tenancy } from '#lib/platform';
import type { EventType } from './append-event.js';

/** Endpoints of a tenant in a mode. */
export const MAX_ENDPOINTS = 20;

export type DisabledReason = 'failing' | 'gone';

/** Where a tenant wants to be told of its events. */
export interface WebhookEndpoint {
  id: string;
  url: string;
  description: string;
  /** Absent: all, also types there will be. */
  eventTypes?: readonly EventType[];
  enabled: boolean;
  /** Why we have disabled it; absent: we have not. */
  disabledReason?: DisabledReason;
  disabledAt?: Date;
  /** No attempt has succeeded since. */
  failingSince?: Date;
  lastSuccessAt?: Date;
  lastFailureAt?: Date;
  createdAt: Date;
  /** When the secrets that were replaced end, soonest first: until then each signs too. */
  oldSecretsUntil: readonly Date[];
}

interface Row {
  id: string;
  url: string;
  description: string;
  event_types: EventType[] | null;
  enabled: boolean;
  disabled_reason: DisabledReason | null;
  disabled_at: Date | null;
  failing_since: Date | null;
  last_success_at: Date | null;
  last_failure_at: Date | null;
  created_at: Date;
  old_secrets_until: Date[];
}

/** @param rest of the condition; tenant and mode are its first two parameters */
export async function readEndpoints(
  manager: EntityManager,
  { tenantId, mode }: Tenancy,
  rest: string,
  values: unknown[],
): Promise<WebhookEndpoint[]> {
  const rows: Row[] = await manager.query(
    `select w.id, w.url, w.description, w.event_types, w.enabled, w.disabled_reason, w.disabled_at, w.failing_since,
       w.last_success_at, w.last_failure_at, w.created_at,
       array(select s.expires_at from webhook_secret s where s.tenant_id = w.tenant_id and s.mode = w.mode
         and s.endpoint_id = w.id and s.expires_at > clock_timestamp() order by s.expires_at) as old_secrets_until
     from webhook_endpoint w where w.tenant_id = $1 and w.mode = $2 and w.deleted_at is null and ${rest}`,
    [tenantId, mode, ...values],
  );
  return rows.map((row) => ({
    id: row.id,
    url: row.url,
    description: row.description,
    enabled: row.enabled,
    createdAt: row.created_at,
    oldSecretsUntil: row.old_secrets_until,
    ...(row.event_types === null ? {} : { eventTypes: row.event_types }),
    ...(row.disabled_reason === null ? {} : { disabledReason: row.disabled_reason }),
    ...(row.disabled_at === null ? {} : { disabledAt: row.disabled_at }),
    ...(row.failing_since === null ? {} : { failingSince: row.failing_since }),
    ...(row.last_success_at === null ? {} : { lastSuccessAt: row.last_success_at }),
    ...(row.last_failure_at === null ? {} : { lastFailureAt: row.last_failure_at }),
  }));
}

/** @throws Problem `not_found` */
export async function getEndpoint(manager: EntityManager, tenancy: Tenancy, id: string): Promise<WebhookEndpoint> {
  const [endpoint] = await readEndpoints(manager, tenancy, 'w.id = $3', [id]);
  if (!endpoint) throw new Problem('not_found');
  return endpoint;
}

/**
 * Keeps everybody else from changing, sending to or replaying for an endpoint until the transaction ends. Whoever works
 * on its deliveries locks the endpoint first, so that nobody waits in a circle.
 * @throws Problem `not_found`
 */
export async function lockEndpoint(manager: EntityManager, { tenantId, mode }: Tenancy, id: string): Promise<void> {
  const rows: unknown[] = await manager.query(
    `select 1 from webhook_endpoint where tenant_id = $1 and mode = $2 and id = $3 and deleted_at is null
     for no key update`,
    [tenantId, mode, id],
  );
  if (rows.length === 0) throw new Problem('not_found');
}
