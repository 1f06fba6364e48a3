import type { EntityManager } from 'typeorm';
import { usageEventOf } from '#lib/billing';
import type { JudgedPerson } from '#lib/persons';
import { newId, type Tenancy } from '#lib/platform';
import { pgPlainArray, pgTextArray } from './pg-array.js';
import type { SweepMethod } from './sweep.js';

/** A person with what was concluded. */
export interface SweptResult {
  personId: string;
  judged: JudgedPerson;
  /** Milliseconds by the clock of the mode. */
  checkedAt: number;
}

interface Metered {
  id: string;
  personId: string;
  meter: string;
  outcome: string;
  billable: boolean;
  kind: string;
  hash: string;
  at: string;
}

/** Results and what they are metered as, two statements, in the transaction that moves the sweep on. */
export async function storeChunk(
  manager: EntityManager,
  { tenantId, mode }: Tenancy,
  { id: sweepId, method }: { id: string; method: SweepMethod },
  results: readonly SweptResult[],
): Promise<void> {
  if (results.length === 0) return;
  await manager.query(
    `insert into status_sweep_result (tenant_id, mode, sweep_id, person_id, conclusion, alive_as_of, since, checked_at, certificates)
     select $1, $2, $3, r.* from unnest($4::uuid[], $5::text[], $6::timestamptz[], $7::timestamptz[], $8::timestamptz[],
       $9::jsonb[]) as r(person_id, conclusion, alive_as_of, since, checked_at, certificates)`,
    [
      tenantId,
      mode,
      sweepId,
      pgPlainArray(results.map(({ personId }) => personId)),
      pgPlainArray(results.map(({ judged }) => judged.code)),
      pgPlainArray(results.map(({ judged }) => isoOf(judged.aliveAsOf))),
      pgPlainArray(results.map(({ judged }) => isoOf(sinceOf(judged)))),
      pgPlainArray(results.map(({ checkedAt }) => isoOf(checkedAt))),
      pgTextArray(results.map(({ judged: { sign, auth } }) => JSON.stringify({ sign, auth }))),
    ],
  );
  const metered = results.flatMap((result) => meteredOf(result, method));
  if (metered.length === 0) return;
  await manager.query(
    `insert into usage_event (tenant_id, mode, id, source, source_id, person_id, meter, method, purpose, outcome, billable,
       certificate_kind, certificate_hash, occurred_at)
     select $1, $2, u.id, 'status_check', $3, u.person_id, u.meter, $4, 'status_check', u.outcome, u.billable, u.kind,
       decode(u.hash, 'hex'), u.at
     from unnest($5::uuid[], $6::uuid[], $7::text[], $8::outcome[], $9::boolean[], $10::text[], $11::text[],
       $12::timestamptz[]) as u(id, person_id, meter, outcome, billable, kind, hash, at)`,
    [
      tenantId,
      mode,
      sweepId,
      method,
      pgPlainArray(metered.map(({ id }) => id)),
      pgPlainArray(metered.map(({ personId }) => personId)),
      pgPlainArray(metered.map(({ meter }) => meter)),
      pgPlainArray(metered.map(({ outcome }) => outcome)),
      pgPlainArray(metered.map(({ billable }) => String(billable))),
      pgPlainArray(metered.map(({ kind }) => kind)),
      pgPlainArray(metered.map(({ hash }) => hash)),
      pgPlainArray(metered.map(({ at }) => at)),
    ],
  );
}

let lastMs: number | undefined;
let lastIso: string | null = null;
/** Most times of a chunk are those of the same list, or of the sweep. */
function isoOf(ms: number | undefined): string | null {
  if (ms !== lastMs) {
    lastIso = ms === undefined ? null : new Date(ms).toISOString();
    lastMs = ms;
  }
  return lastIso;
}

/** When the last of the person's certificates was revoked, of those whose status may be told. */
function sinceOf({ sign, auth }: JudgedPerson): number | undefined {
  const times = [sign?.revokedAt, auth?.revokedAt].filter((at) => at !== undefined);
  return times.length === 0 ? undefined : Math.max(...times);
}

/** One event for each question that was asked; a certificate past its end was not asked about. */
function meteredOf({ personId, judged, checkedAt }: SweptResult, method: SweepMethod): Metered[] {
  return judged.asked.flatMap(({ certificate, finding, state }) => {
    if (!finding) return [];
    const { id, meter, outcome, billable } = usageEventOf({
      id: newId(Date.now()),
      certificateKind: certificate.kind,
      method,
      purpose: 'status_check',
      outcome: state.state === 'good' ? 'valid' : state.state === 'revoked' ? 'invalid' : 'indeterminate',
    });
    const hash = certificate.certificateHash.toString('hex');
    return [{ id, personId, meter, outcome, billable, kind: certificate.kind, hash, at: isoOf(checkedAt)! }];
  });
}
