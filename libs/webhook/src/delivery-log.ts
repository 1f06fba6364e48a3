import type { EntityManager } from 'typeorm';
import { type PageOrder, Problem, readingByTime, type Tenancy } from '#lib/platform';
import type { EventType } from './append-event.js';
import type { Failure } from './send.js';

export const DELIVERY_STATES = ['pending', 'delivered', 'failed', 'cancelled'] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

/** An event on its way to one endpoint. */
export interface WebhookDelivery {
  endpointId: string;
  eventId: string;
  type: EventType;
  /** Absent before the first attempt. */
  sequence?: number;
  state: DeliveryState;
  /** Since it was put out or last asked for again. */
  attempts: number;
  /** Of one that waits for its next attempt; absent: it is due. */
  nextAttemptAt?: Date;
  createdAt: Date;
  finishedAt?: Date;
}

/** One request and what came of it. */
export interface WebhookAttempt {
  startedAt: Date;
  durationMs: number;
  status?: number;
  /** Absent: delivered. */
  failure?: Failure;
  /** The beginning of the answer, sealed under a key of the tenant. */
  sealedHead?: { tenantKeyId: string; sealed: Buffer };
}

/** What a sealed head of an answer is bound to. */
export const headContext = ({ tenantId, mode }: Tenancy, endpointId: string, eventId: string): string =>
  `webhook-head|${tenantId}|${mode}|${endpointId}|${eventId}`;

interface Row {
  endpoint_id: string;
  event_id: string;
  type: EventType;
  sequence: string | null;
  state: DeliveryState;
  attempts: number;
  next_attempt_at: Date | null;
  created_at: Date;
  finished_at: Date | null;
}

/** @param rest of the condition; tenant and mode are its first two parameters */
async function read(
  manager: EntityManager,
  { tenantId, mode }: Tenancy,
  rest: string,
  values: unknown[],
): Promise<WebhookDelivery[]> {
  const rows: Row[] = await manager.query(
    `select d.endpoint_id, d.event_id, e.type, d.sequence, d.state, d.attempts, d.created_at, d.finished_at,
       case when d.state = 'pending' and d.due_at > clock_timestamp() then d.due_at end as next_attempt_at
     from webhook_delivery d
     join event e on e.tenant_id = d.tenant_id and e.mode = d.mode and e.id = d.event_id
     where d.tenant_id = $1 and d.mode = $2 and ${rest}`,
    [tenantId, mode, ...values],
  );
  return rows.map((row) => ({
    endpointId: row.endpoint_id,
    eventId: row.event_id,
    type: row.type,
    state: row.state,
    attempts: row.attempts,
    createdAt: row.created_at,
    ...(row.sequence === null ? {} : { sequence: Number(row.sequence) }),
    ...(row.next_attempt_at === null ? {} : { nextAttemptAt: row.next_attempt_at }),
    ...(row.finished_at === null ? {} : { finishedAt: row.finished_at }),
  }));
}

/** Deliveries of an endpoint, those of the newest events first. @param after event id of the last of the page before */
export const listDeliveries = (
  manager: EntityManager,
  tenancy: Tenancy,
  endpointId: string,
  { after, state, order, limit }: { after?: string; state?: DeliveryState; order?: PageOrder; limit: number },
): Promise<WebhookDelivery[]> => {
  const { direction, beyond } = readingByTime(order);
  return read(
    manager,
    tenancy,
    `d.endpoint_id = $3 and ($4::uuid is null or d.event_id ${beyond} $4) and ($5::text is null or d.state = $5) order by d.event_id ${direction} limit $6`,
    [endpointId, after ?? null, state ?? null, limit],
  );
};

/** @throws Problem `not_found` */
export async function getDelivery(
  manager: EntityManager,
  tenancy: Tenancy,
  endpointId: string,
  eventId: string,
): Promise<WebhookDelivery> {
  const [delivery] = await read(manager, tenancy, 'd.endpoint_id = $3 and d.event_id = $4', [endpointId, eventId]);
  if (!delivery) throw new Problem('not_found');
  return delivery;
}

/** Deliveries of one event to those of these endpoints that it was put out to. */
export const listDeliveriesOfEvent = (
  manager: EntityManager,
  tenancy: Tenancy,
  endpointIds: readonly string[],
  eventId: string,
): Promise<WebhookDelivery[]> =>
  read(manager, tenancy, 'd.endpoint_id = any($3) and d.event_id = $4 order by d.endpoint_id desc', [
    endpointIds,
    eventId,
  ]);

/** Attempts at a delivery, the newest first; those of the last thirty days, at most a hundred. */
export async function listAttempts(
  manager: EntityManager,
  { tenantId, mode }: Tenancy,
  endpointId: string,
  eventId: string,
  { withHeads }: { withHeads: boolean },
): Promise<WebhookAttempt[]> {
  const heads = withHeads ? 'tenant_key_id, sealed_head' : 'null::uuid as tenant_key_id, null::bytea as sealed_head';
  const rows: {
    started_at: Date;
    duration_ms: number;
    status: number | null;
    failure: Failure | null;
    tenant_key_id: string | null;
    sealed_head: Buffer | null;
  }[] = await manager.query(
    `select started_at, duration_ms, status, failure, ${heads} from webhook_attempt
     where tenant_id = $1 and mode = $2 and endpoint_id = $3 and event_id = $4 order by id desc limit 100`,
    [tenantId, mode, endpointId, eventId],
  );
  return rows.map((row) => ({
    startedAt: row.started_at,
    durationMs: row.duration_ms,
    ...(row.status === null ? {} : { status: row.status }),
    ...(row.failure === null ? {} : { failure: row.failure }),
    ...(row.tenant_key_id === null || row.sealed_head === null
      ? {}
      : { sealedHead: { tenantKeyId: row.tenant_key_id, sealed: row.sealed_head } }),
  }));
}
