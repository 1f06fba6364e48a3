import { randomUUID } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import { readInIndexOrder, type Tenancy } from '#lib/platform';
import type { EventData, EventType } from './append-event.js';

/** Whoever has not said by then what became of a delivery has ended: it is due again. */
export const CLAIM_SECONDS = 60;

/** A delivery that this process alone is to make now. */
export interface ClaimedDelivery {
  claim: string;
  endpointId: string;
  eventId: string;
  sequence: number;
  /** Failed ones before this, since it was put out or asked for again. */
  attempts: number;
  type: EventType;
  occurredAt: Date;
  data: EventData;
}

interface Row {
  event_id: string;
  sequence: string;
  attempts: number;
  type: EventType;
  occurred_at: Date;
  data: EventData;
}

/**
 * Takes the next due deliveries of an endpoint and gives new ones their sequence: what was written when another event
 * was already there comes after it. Undefined when there are none, the endpoint is disabled, or another process is just
 * taking some.
 */
export async function claimDeliveries(
  manager: EntityManager,
  { tenantId, mode }: Tenancy,
  endpointId: string,
  upTo: number,
): Promise<{ url: string; deliveries: ClaimedDelivery[] } | undefined> {
  const place = [tenantId, mode, endpointId];
  const endpoints: { url: string; last_sequence: string }[] = await manager.query(
    `select url, last_sequence from webhook_endpoint
     where tenant_id = $1 and mode = $2 and id = $3 and enabled and deleted_at is null
     for no key update skip locked`,
    place,
  );
  const endpoint = endpoints[0];
  if (!endpoint) return undefined;
  const claim = randomUUID();
  await readInIndexOrder(manager);
  const rows: Row[] = await manager.query(
    `with due as (
       select ctid as place, event_id, sequence, due_at from webhook_delivery
       where tenant_id = $1 and mode = $2 and endpoint_id = $3 and state = 'pending' and due_at <= clock_timestamp()
       order by due_at, event_id limit $5 for update skip locked
     ), numbered as (
       select place, event_id, coalesce(sequence,
         $6::bigint + row_number() over (partition by sequence is null order by due_at, event_id)) as sequence
       from due
     ), claimed as (
       update webhook_delivery d set claim = $4, sequence = n.sequence,
         due_at = clock_timestamp() + make_interval(secs => $7)
       from numbered n
       where d.ctid = n.place and d.tenant_id = $1 and d.mode = $2 and d.endpoint_id = $3 and d.event_id = n.event_id
       returning d.event_id, d.sequence, d.attempts
     )
     select c.event_id, c.sequence, c.attempts, e.type, e.occurred_at, e.data
     from claimed c cross join lateral (
       select type, occurred_at, data from event
       where tenant_id = $1 and mode = $2 and id >= c.event_id and id <= c.event_id order by id limit 1) e
     order by c.sequence`,
    [...place, claim, upTo, endpoint.last_sequence, CLAIM_SECONDS],
  );
  if (rows.length === 0) return undefined;
  await manager.query(
    `update webhook_endpoint set last_sequence = greatest(last_sequence, $4)
     where tenant_id = $1 and mode = $2 and id = $3`,
    [...place, rows.at(-1)!.sequence],
  );
  const deliveries = rows.map((row) => ({
    claim,
    endpointId,
    eventId: row.event_id,
    sequence: Number(row.sequence),
    attempts: row.attempts,
    type: row.type,
    occurredAt: row.occurred_at,
    data: row.data,
  }));
  return { url: endpoint.url, deliveries };
}

/**
 * Where each delivery that `r` names by its event lies, of the endpoint $3: looked up one by one, see `readInIndexOrder`.
 * A join would compare each with all that wait.
 */
export const PLACE_OF_EACH = `cross join lateral (
  select ctid as place from webhook_delivery
  where tenant_id = $1 and mode = $2 and endpoint_id = $3 and event_id >= r.event_id and event_id <= r.event_id
  order by event_id limit 1) at`;

/** Gives back what was taken and not sent: it is due at once. */
export async function releaseDeliveries(
  manager: EntityManager,
  { tenantId, mode }: Tenancy,
  endpointId: string,
  deliveries: readonly ClaimedDelivery[],
): Promise<void> {
  await readInIndexOrder(manager);
  await manager.query(
    `update webhook_delivery d set claim = null, due_at = '-infinity'
     from unnest($4::uuid[], $5::uuid[]) as r (event_id, claim) ${PLACE_OF_EACH}
     where d.ctid = at.place and d.tenant_id = $1 and d.mode = $2 and d.endpoint_id = $3 and d.event_id = r.event_id
       and d.claim = r.claim`,
    [tenantId, mode, endpointId, deliveries.map(({ eventId }) => eventId), deliveries.map(({ claim }) => claim)],
  );
}
