import type { EntityManager } from 'typeorm';
import { appendAudit } from '#lib/audit';
import { newId, readInIndexOrder, type Tenancy } from '#lib/platform';
import { appendEvent } from './append-event.js';
import { type ClaimedDelivery, PLACE_OF_EACH } from './claim-deliveries.js';
import { isGivenUp, retryDelay } from './retry-schedule.js';
import type { SendResult } from './send.js';
import type { DisabledReason } from './webhook-endpoint.js';

/** A receiver that answers so wants nothing more (RFC 9110 §15.5.11; Standard Webhooks). */
const GONE = 410;

/** An attempt that has been made. */
export interface Attempt {
  delivery: ClaimedDelivery;
  result: SendResult;
  /** The answer's beginning under the tenant's key. */
  sealedHead?: { tenantKeyId: string; sealed: Buffer };
  /** For the spread of the next wait, from 0 up to 1. */
  random: number;
}

interface Settled {
  event_id: string;
  state: 'pending' | 'delivered' | 'failed';
  first_attempt_at: Date;
}

/**
 * Records attempts at one endpoint and what follows: done, due again, or given up, with the endpoint disabled when all
 * of it has failed for long enough. An attempt whose claim has run out is recorded, and changes nothing.
 * @param at milliseconds by the clock of the mode, for the event that tells of a disabled endpoint
 * @returns why the endpoint was disabled, if it was
 */
export async function settleDeliveries(
  manager: EntityManager,
  tenancy: Tenancy,
  endpointId: string,
  attempts: readonly Attempt[],
  at: number,
): Promise<DisabledReason | undefined> {
  const place = [tenancy.tenantId, tenancy.mode, endpointId];
  // The endpoint first: whoever works on its deliveries goes this way.
  const endpoints: { enabled: boolean; failing_since: Date | null }[] = await manager.query(
    `select enabled, failing_since from webhook_endpoint where tenant_id = $1 and mode = $2 and id = $3
     for no key update`,
    place,
  );
  const endpoint = endpoints[0];
  if (!endpoint) throw new Error(`webhook endpoint ${endpointId} is gone`);
  await readInIndexOrder(manager);
  await insertAttempts(manager, place, attempts);
  const settled = await updateDeliveries(manager, place, attempts);
  const health: { failing_since: Date | null }[] = await updateHealth(manager, place, attempts);
  const failingSince = health[0]!.failing_since?.getTime();
  const exhausted = settled.filter(({ state }) => state === 'failed');
  const gone = attempts.some(({ result }) => result.status === GONE);
  const reason = gone
    ? 'gone'
    : exhausted.some((each) => isGivenUp({ firstAttemptAt: each.first_attempt_at.getTime() }, { failingSince }))
      ? 'failing'
      : undefined;
  if (reason === undefined || !endpoint.enabled) return undefined;
  await disable(manager, tenancy, endpointId, reason, at);
  return reason;
}

async function insertAttempts(manager: EntityManager, place: unknown[], attempts: readonly Attempt[]): Promise<void> {
  await manager.query(
    `insert into webhook_attempt (tenant_id, mode, endpoint_id, event_id, id, started_at, duration_ms, status, failure,
       tenant_key_id, sealed_head)
     select $1, $2, $3, a.event_id, a.id, clock_timestamp() - make_interval(secs => a.duration_ms / 1000.0),
       a.duration_ms, a.status, a.failure, a.tenant_key_id, a.sealed_head
     from unnest($4::uuid[], $5::uuid[], $6::int[], $7::smallint[], $8::text[], $9::uuid[], $10::bytea[])
       as a (event_id, id, duration_ms, status, failure, tenant_key_id, sealed_head)`,
    [
      ...place,
      attempts.map(({ delivery }) => delivery.eventId),
      attempts.map(() => newId(Date.now())),
      attempts.map(({ result }) => result.durationMs),
      attempts.map(({ result }) => result.status ?? null),
      attempts.map(({ result }) => result.failure ?? null),
      attempts.map(({ sealedHead }) => sealedHead?.tenantKeyId ?? null),
      attempts.map(({ sealedHead }) => sealedHead?.sealed ?? null),
    ],
  );
}

function updateDeliveries(manager: EntityManager, place: unknown[], attempts: readonly Attempt[]): Promise<Settled[]> {
  const delays = attempts.map(({ delivery, result, random }) =>
    result.failure === undefined ? undefined : retryDelay(delivery.attempts + 1, random, result.retryAfterSeconds),
  );
  return manager
    .query(
      `update webhook_delivery d set claim = null, state = r.state, attempts = d.attempts + 1,
         first_attempt_at = coalesce(d.first_attempt_at, now() - make_interval(secs => r.duration_ms / 1000.0)),
         due_at = case when r.state = 'pending' then clock_timestamp() + make_interval(secs => r.delay_ms / 1000.0)
           else d.due_at end,
         finished_at = case when r.state = 'pending' then null else clock_timestamp() end
       from unnest($4::uuid[], $5::uuid[], $6::text[], $7::bigint[], $8::int[])
         as r (event_id, claim, state, delay_ms, duration_ms) ${PLACE_OF_EACH}
       where d.ctid = at.place and d.tenant_id = $1 and d.mode = $2 and d.endpoint_id = $3 and d.event_id = r.event_id
         and d.claim = r.claim and d.state = 'pending'
       returning d.event_id, d.state, d.first_attempt_at`,
      [
        ...place,
        attempts.map(({ delivery }) => delivery.eventId),
        attempts.map(({ delivery }) => delivery.claim),
        attempts.map(({ result }, n) =>
          result.failure === undefined ? 'delivered' : delays[n] === undefined ? 'failed' : 'pending',
        ),
        delays.map((delay) => delay ?? null),
        attempts.map(({ result }) => result.durationMs),
      ],
    )
    .then(([rows]: [Settled[], number]) => rows);
}

function updateHealth(
  manager: EntityManager,
  place: unknown[],
  attempts: readonly Attempt[],
): Promise<{ failing_since: Date | null }[]> {
  const failures = attempts.filter(({ result }) => result.failure !== undefined);
  const longestMs = Math.max(0, ...failures.map(({ result }) => result.durationMs));
  return manager
    .query(
      // Failing since the first attempt that failed began: by the same moment as the deliveries' own first attempts.
      `update webhook_endpoint set
         last_success_at = case when $4 then clock_timestamp() else last_success_at end,
         last_failure_at = case when $5 then clock_timestamp() else last_failure_at end,
         failing_since = case when $4 then null
           else coalesce(failing_since, now() - make_interval(secs => $6 / 1000.0)) end
       where tenant_id = $1 and mode = $2 and id = $3 returning failing_since`,
      [...place, failures.length < attempts.length, failures.length > 0, longestMs],
    )
    .then(([rows]: [{ failing_since: Date | null }[], number]) => rows);
}

/** The notice is an event: who polls sees it, and so do the tenant's other endpoints. */
async function disable(
  manager: EntityManager,
  tenancy: Tenancy,
  endpointId: string,
  reason: DisabledReason,
  at: number,
): Promise<void> {
  const { tenantId, mode } = tenancy;
  await manager.query(
    `update webhook_endpoint set enabled = false, disabled_reason = $4, disabled_at = clock_timestamp()
     where tenant_id = $1 and mode = $2 and id = $3`,
    [tenantId, mode, endpointId, reason],
  );
  await appendEvent(manager, tenancy, {
    type: 'webhook_endpoint.disabled',
    at,
    data: { webhook_endpoint_id: endpointId },
  });
  await appendAudit(manager, {
    actor: 'system:worker',
    action: 'webhook_endpoint.disable',
    target: `webhook_endpoint:${endpointId}`,
    detail: { reason },
    tenancy,
  });
}
