import type { EntityManager } from 'typeorm';
import { usageEventOf } from '#lib/billing';
import type { JudgedPerson } from '#lib/persons';
import type { Tenancy } from '#lib/platform';
import { PgArray } from './pg-array.js';
import type { SweepMethod } from './sweep.js';
import type { SweptCertificate } from './sweep-chunk.js';

/** A person with what was concluded. */
export interface SweptResult {
  /** Where the octets of the chunk have the id. */
  idAt: number;
  judged: JudgedPerson<SweptCertificate>;
  /** Milliseconds by the clock of the mode. */
  checkedAt: number;
}

/** Results and what they are metered as, two statements, in the transaction that moves the sweep on. */
export async function storeChunk(
  manager: EntityManager,
  tenancy: Tenancy,
  sweep: { id: string; method: SweepMethod },
  { results, octets }: { results: readonly SweptResult[]; octets: Buffer },
): Promise<void> {
  if (results.length === 0) return;
  await storeResults(manager, tenancy, sweep.id, { results, octets });
  await storeUsage(manager, tenancy, sweep, { results, octets });
}

async function storeResults(
  manager: EntityManager,
  { tenantId, mode }: Tenancy,
  sweepId: string,
  { results, octets }: { results: readonly SweptResult[]; octets: Buffer },
): Promise<void> {
  const codes = new Numbered<string>();
  const persons = new PgArray('uuid');
  const conclusions = new PgArray('int2');
  const alive = new PgArray('timestamptz');
  const since = new PgArray('timestamptz');
  const checked = new PgArray('timestamptz');
  const certificates = new PgArray('jsonb');
  for (const { idAt, judged, checkedAt } of results) {
    const { code, aliveAsOf, sign, auth } = judged;
    persons.append(octets, idAt, idAt + 16);
    conclusions.appendSmall(codes.numberOf(code));
    alive.appendTime(aliveAsOf);
    since.appendTime(sinceOf(judged));
    checked.appendTime(checkedAt);
    certificates.appendJson({ sign, auth });
  }
  await manager.query(
    `insert into status_sweep_result (tenant_id, mode, sweep_id, person_id, conclusion, alive_as_of, since, checked_at, certificates)
     select $1, $2, $3, r.person_id, ($4::text[])[r.conclusion], r.alive_as_of, r.since, r.checked_at, r.certificates
     from unnest($5::uuid[], $6::int2[], $7::timestamptz[], $8::timestamptz[], $9::timestamptz[], $10::jsonb[])
       as r(person_id, conclusion, alive_as_of, since, checked_at, certificates)`,
    [
      tenantId,
      mode,
      sweepId,
      codes.values,
      ...[persons, conclusions, alive, since, checked, certificates].map((each) => each.parameter()),
    ],
  );
}

/** One event for each question that was asked; a certificate past its end was not asked about. */
async function storeUsage(
  manager: EntityManager,
  { tenantId, mode }: Tenancy,
  { id: sweepId, method }: { id: string; method: SweepMethod },
  { results, octets }: { results: readonly SweptResult[]; octets: Buffer },
): Promise<void> {
  const whats = new Numbered<What>();
  const ids = new PgArray('uuid');
  const persons = new PgArray('uuid');
  const what = new PgArray('int2');
  const hashes = new PgArray('bytea');
  const times = new PgArray('timestamptz');
  for (const { idAt, judged, checkedAt } of results)
    for (const { certificate, finding, state } of judged.asked) {
      if (!finding) continue;
      const { kind, hashAt } = certificate;
      ids.appendNewId(Date.now());
      persons.append(octets, idAt, idAt + 16);
      what.appendSmall(whats.numberOf(WHATS[kind][outcomeOf(state.state)]));
      hashes.append(octets, hashAt, hashAt + 32);
      times.appendTime(checkedAt);
    }
  if (whats.values.length === 0) return;
  const events = whats.values.map(({ kind, outcome }) =>
    // Their ids are made above.
    usageEventOf({ id: '', certificateKind: kind, method, purpose: 'status_check', outcome }),
  );
  await manager.query(
    `insert into usage_event (tenant_id, mode, id, source, source_id, person_id, meter, method, purpose, outcome, billable,
       certificate_kind, certificate_hash, occurred_at)
     select $1, $2, u.id, 'status_check', $3, u.person_id, ($4::text[])[u.what], $5, 'status_check', ($6::outcome[])[u.what],
       ($7::boolean[])[u.what], ($8::text[])[u.what], u.hash, u.at
     from unnest($9::uuid[], $10::uuid[], $11::int2[], $12::bytea[], $13::timestamptz[]) as u(id, person_id, what, hash, at)`,
    [
      tenantId,
      mode,
      sweepId,
      events.map(({ meter }) => meter),
      method,
      events.map(({ outcome }) => outcome),
      events.map(({ billable }) => billable),
      whats.values.map(({ kind }) => kind),
      ...[ids, persons, what, hashes, times].map((each) => each.parameter()),
    ],
  );
}

type Outcome = 'valid' | 'invalid' | 'indeterminate';
/** What one event is about. */
interface What {
  kind: 'sign' | 'auth';
  outcome: Outcome;
}
const whatsOf = (kind: What['kind']): Record<Outcome, What> => ({
  valid: { kind, outcome: 'valid' },
  invalid: { kind, outcome: 'invalid' },
  indeterminate: { kind, outcome: 'indeterminate' },
});
const WHATS = { sign: whatsOf('sign'), auth: whatsOf('auth') };
const outcomeOf = (state: string): Outcome =>
  state === 'good' ? 'valid' : state === 'revoked' ? 'invalid' : 'indeterminate';

/** Few values that come again and again, named by numbers from 1: as PostgreSQL counts in an array. */
class Numbered<T> {
  readonly values: T[] = [];

  numberOf(value: T): number {
    const known = this.values.indexOf(value);
    return known < 0 ? this.values.push(value) : known + 1;
  }
}

/** When the last of the person's certificates was revoked, of those whose status may be told. */
function sinceOf({ sign, auth }: JudgedPerson<SweptCertificate>): number | undefined {
  const [one, other] = [sign?.revokedAt, auth?.revokedAt];
  if (one === undefined || other === undefined) return one ?? other;
  return Math.max(one, other);
}
