import type { DataSource, EntityManager } from 'typeorm';
import { appendAudit, type Acting } from '#lib/audit';
import { type Mode, MODES, type PageOrder, Problem, type Tenancy, withTenant } from '#lib/platform';
import type { EventType } from './append-event.js';
import {
  type DeliveryState,
  getDelivery,
  listAttempts,
  listDeliveries,
  type WebhookAttempt,
  type WebhookDelivery,
} from './delivery-log.js';
import { type Replay, replayDeliveries, replayDetail } from './replay-deliveries.js';
import type { DisabledReason } from './webhook-endpoint.js';

/** Deliveries that wait or have failed are counted up to here. */
export const MOST_COUNTED = 10_000;

/** Of an endpoint's URL where it leads: its path may be a secret. */
export const ORIGIN = `substring(url from '^[a-z]+://[^/]+')`;

/** How a tenant's endpoint is doing, for operators: of its URL the origin alone. */
export interface EndpointHealth {
  id: string;
  mode: Mode;
  origin: string;
  eventTypes: readonly EventType[] | null;
  enabled: boolean;
  disabledReason: DisabledReason | null;
  disabledAt: Date | null;
  failingSince: Date | null;
  lastSuccessAt: Date | null;
  lastFailureAt: Date | null;
  createdAt: Date;
  waiting: number;
  failed: number;
  /** When the first of those that wait was put out. */
  waitingSince: Date | null;
}

/** The endpoints of a tenant in both modes, newest first. */
export async function listEndpointHealth(dataSource: DataSource, tenantId: string): Promise<EndpointHealth[]> {
  const found: EndpointHealth[] = [];
  for (const mode of MODES)
    found.push(
      ...(await withTenant(dataSource, { tenantId, mode }, async (manager) => {
        const rows: EndpointHealth[] = await manager.query(
          `select w.id, w.mode, ${ORIGIN} as origin, w.event_types as "eventTypes", w.enabled,
             w.disabled_reason as "disabledReason", w.disabled_at as "disabledAt", w.failing_since as "failingSince",
             w.last_success_at as "lastSuccessAt", w.last_failure_at as "lastFailureAt", w.created_at as "createdAt",
             (select count(*)::int from (select 1 from webhook_delivery d where d.tenant_id = $1 and d.mode = $2
               and d.endpoint_id = w.id and d.state = 'pending' limit $3) c) as waiting,
             (select count(*)::int from (select 1 from webhook_delivery d where d.tenant_id = $1 and d.mode = $2
               and d.endpoint_id = w.id and d.state = 'failed' limit $3) c) as failed,
             (select min(d.created_at) from webhook_delivery d where d.tenant_id = $1 and d.mode = $2
               and d.endpoint_id = w.id and d.state = 'pending') as "waitingSince"
           from webhook_endpoint w where w.tenant_id = $1 and w.mode = $2 and w.deleted_at is null order by w.id desc`,
          [tenantId, mode, MOST_COUNTED],
        );
        return rows;
      })),
    );
  return found;
}

/** Runs `work` as the tenant whose endpoint it is. @throws Problem `not_found` */
async function asTenantOf<T>(
  dataSource: DataSource,
  endpointId: string,
  work: (manager: EntityManager, tenancy: Tenancy) => Promise<T>,
): Promise<T> {
  const rows: { tenant_id: string; mode: Mode }[] = await dataSource.query(
    'select tenant_id, mode from webhook_endpoint where id = $1 and deleted_at is null',
    [endpointId],
  );
  const row = rows[0];
  if (!row) throw new Problem('not_found');
  const tenancy = { tenantId: row.tenant_id, mode: row.mode };
  return withTenant(dataSource, tenancy, (manager) => work(manager, tenancy));
}

/** The log of any tenant's endpoint. @throws Problem `not_found` */
export const listDeliveriesOf = (
  dataSource: DataSource,
  endpointId: string,
  page: { after?: string; state?: DeliveryState; order?: PageOrder; limit: number },
): Promise<WebhookDelivery[]> =>
  asTenantOf(dataSource, endpointId, (manager, tenancy) => listDeliveries(manager, tenancy, endpointId, page));

/** One delivery with its attempts, without what the receiver answered. @throws Problem `not_found` */
export const getDeliveryOf = (
  dataSource: DataSource,
  endpointId: string,
  eventId: string,
): Promise<{ delivery: WebhookDelivery; attempts: WebhookAttempt[] }> =>
  asTenantOf(dataSource, endpointId, async (manager, tenancy) => ({
    delivery: await getDelivery(manager, tenancy, endpointId, eventId),
    attempts: await listAttempts(manager, tenancy, endpointId, eventId, { withHeads: false }),
  }));

/** Sends events again for a tenant. @throws Problem `not_found`, `event_unknown` or `replay_too_large` */
export const replayOf = (dataSource: DataSource, endpointId: string, replay: Replay, acting: Acting): Promise<number> =>
  asTenantOf(dataSource, endpointId, async (manager, tenancy) => {
    const events = await replayDeliveries(manager, tenancy, endpointId, replay);
    await appendAudit(manager, {
      ...acting,
      action: 'webhook_endpoint.replay',
      target: `webhook_endpoint:${endpointId}`,
      detail: { ...replayDetail(replay), events },
      tenancy,
    });
    return events;
  });
