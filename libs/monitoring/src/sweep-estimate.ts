import type { EntityManager } from 'typeorm';
import type { AskedKinds } from '#lib/persons';
import type { Tenancy } from '#lib/platform';
import type { SweepMethod } from './sweep.js';

/** How long a sweep would take from its beginning, by what the tenant's own took. */
export interface SweepEstimate {
  seconds: number;
  perSecond: number;
  /** How many sweeps it rests on. */
  sweeps: number;
}

/** Sweeps that an estimate rests on, the newest; older than that, days, they say nothing of today. */
const MOST = 10;
const DAYS = 90;
/** A sweep of a few persons is mostly beginning and end: one of fewer than this part as many says nothing of the rate. */
const LEAST_PART = 0.1;

/**
 * By completed sweeps of this tenant and mode alone that asked the same in the same way about a comparable number of
 * persons: what another tenant's took is none of its business. Real time, turns of other tenants included.
 * @returns undefined when there is no such sweep: a guess would be worse than none
 */
export async function estimateSweep(
  manager: EntityManager,
  { tenantId, mode }: Tenancy,
  { persons, method, kinds }: { persons: number; method: SweepMethod; kinds: AskedKinds },
): Promise<SweepEstimate | undefined> {
  const [row]: { done: string | null; seconds: number | null; n: number }[] = await manager.query(
    `select sum(done) as done, sum(extract(epoch from ended_at - began_at))::float8 as seconds, count(*)::int as n
     from (select done, began_at, ended_at from status_sweep
       where tenant_id = $1 and mode = $2 and state = 'completed' and method = $3 and certificates = $4
         and done > 0 and done >= $5 and ended_at > clock_timestamp() - $6 * interval '1 day'
       order by ended_at desc limit $7) recent`,
    [tenantId, mode, method, kinds, Math.ceil(LEAST_PART * persons), DAYS, MOST],
  );
  if (!row || row.n === 0 || !row.seconds) return undefined;
  const perSecond = Number(row.done) / row.seconds;
  return { seconds: persons / perSecond, perSecond, sweeps: row.n };
}
