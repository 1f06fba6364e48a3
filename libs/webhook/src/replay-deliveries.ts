import type { EntityManager } from 'typeorm';
import { Problem, type Tenancy } from '#lib/platform';
import { lockEndpoint } from './webhook-endpoint.js';

/** Events that one request has sent again at most. */
export const MAX_REPLAYED = 100_000;

/** What to send again: one event, or all of a time by which they were recorded that the endpoint wants. */
export type Replay =
  { eventId: string } | { from: Date; to: Date; /** Leaves out what was delivered. */ undeliveredOnly: boolean };

const AGAIN = `on conflict (tenant_id, mode, endpoint_id, event_id) do update set state = 'pending', attempts = 0,
  first_attempt_at = null, due_at = '-infinity', claim = null, finished_at = null`;

/**
 * Puts events out to an endpoint again, also those from before it was made or while it was disabled. One that has been
 * sent keeps its sequence and is sent with the same `webhook-id`.
 * @returns how many
 * @throws Problem `not_found`, `event_unknown` or `replay_too_large`
 */
export async function replayDeliveries(
  manager: EntityManager,
  tenancy: Tenancy,
  endpointId: string,
  replay: Replay,
): Promise<number> {
  await lockEndpoint(manager, tenancy, endpointId);
  const place = [tenancy.tenantId, tenancy.mode, endpointId];
  if ('eventId' in replay) {
    const rows: unknown[] = await manager.query(
      // A test is sent again to the endpoint it was for.
      `insert into webhook_delivery (tenant_id, mode, endpoint_id, event_id)
       select e.tenant_id, e.mode, $3, e.id from event e
       where e.tenant_id = $1 and e.mode = $2 and e.id = $4
         and (e.type <> 'webhook_endpoint.test' or exists (select 1 from webhook_delivery d
           where d.tenant_id = $1 and d.mode = $2 and d.endpoint_id = $3 and d.event_id = $4))
       ${AGAIN} returning 1`,
      [...place, replay.eventId],
    );
    if (rows.length === 0) throw new Problem('event_unknown');
    return rows.length;
  }
  const wanted = `
    from event e join webhook_endpoint w on w.tenant_id = e.tenant_id and w.mode = e.mode and w.id = $3
    left join webhook_delivery d on d.tenant_id = e.tenant_id and d.mode = e.mode and d.endpoint_id = $3 and d.event_id = e.id
    where e.tenant_id = $1 and e.mode = $2 and e.recorded_at >= $4 and e.recorded_at < $5
      and e.type <> 'webhook_endpoint.test' and (w.event_types is null or e.type = any(w.event_types))
      and (not $6 or d.state is distinct from 'delivered')`;
  const values = [...place, replay.from, replay.to, replay.undeliveredOnly];
  const counted: { n: string }[] = await manager.query(
    `select count(*) as n from (select 1 ${wanted} limit ${MAX_REPLAYED + 1}) found`,
    values,
  );
  if (Number(counted[0]!.n) > MAX_REPLAYED) throw new Problem('replay_too_large');
  await manager.query(
    `insert into webhook_delivery (tenant_id, mode, endpoint_id, event_id)
     select e.tenant_id, e.mode, $3, e.id ${wanted} ${AGAIN}`,
    values,
  );
  return Number(counted[0]!.n);
}

/** What was asked for, for the audit trail. */
export const replayDetail = (replay: Replay): Record<string, unknown> =>
  'eventId' in replay
    ? { event_id: replay.eventId }
    : {
        recorded_after: replay.from.toISOString(),
        recorded_before: replay.to.toISOString(),
        undelivered_only: replay.undeliveredOnly,
      };
