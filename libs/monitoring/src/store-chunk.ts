import type { EntityManager } from 'typeorm';
import { usageEventOf } from '#lib/billing';
import type { CertificateStatus, JudgedPerson } from '#lib/persons';
import type { Tenancy } from '#lib/platform';
import type { Disclosure } from '#lib/tenancy';
import { NumberedFacts, type PairFacts } from './numbered-facts.js';
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

/** The sweep, and what may be told of certificates known by a counterpart lookup only. */
export interface StoredSweep {
  id: string;
  method: SweepMethod;
  counterpartOnly: Disclosure;
}

/** Results and what they are metered as, two statements, in the transaction that moves the sweep on. */
export async function storeChunk(
  manager: EntityManager,
  tenancy: Tenancy,
  sweep: StoredSweep,
  { results, octets }: { results: readonly SweptResult[]; octets: Buffer },
): Promise<void> {
  if (results.length === 0) return;
  await storeResults(manager, tenancy, sweep, { results, octets });
  await storeUsage(manager, tenancy, sweep, { results, octets });
}

async function storeResults(
  manager: EntityManager,
  { tenantId, mode }: Tenancy,
  { id: sweepId, counterpartOnly }: StoredSweep,
  { results, octets }: { results: readonly SweptResult[]; octets: Buffer },
): Promise<void> {
  const codes = new Numbered<string>();
  const facts = new NumberedFacts(counterpartOnly);
  const persons = new PgArray('uuid');
  const conclusions = new PgArray('int2');
  const alive = new PgArray('timestamptz');
  const since = new PgArray('timestamptz');
  const checked = new PgArray('timestamptz');
  const told = new PgArray('int2');
  const signs = new PgArray('uuid');
  const auths = new PgArray('uuid');
  for (const { idAt, judged, checkedAt } of results) {
    const { code, aliveAsOf, sign, auth } = judged;
    const number = facts.numberOf(sign, auth);
    persons.append(octets, idAt, idAt + 16);
    conclusions.appendSmall(codes.numberOf(code));
    alive.appendTime(aliveAsOf);
    since.appendTime(sinceOf(facts.values[number - 1]!));
    checked.appendTime(checkedAt);
    told.appendSmall(number);
    appendId(signs, octets, sign);
    appendId(auths, octets, auth);
  }
  const values = new PgArray('jsonb');
  for (const each of facts.values) values.appendJson(each);
  await manager.query(
    // In the list of columns arrays are read side by side; as tables each would be written out before.
    `insert into status_sweep_result (tenant_id, mode, sweep_id, person_id, conclusion, alive_as_of, since, checked_at,
       certificates, sign_certificate_id, auth_certificate_id)
     select $1, $2, $3, r.person_id, ($4::text[])[r.conclusion], r.alive_as_of, r.since, r.checked_at, ($5::jsonb[])[r.told],
       r.sign, r.auth
     from (
       select unnest($6::uuid[]) as person_id, unnest($7::int2[]) as conclusion, unnest($8::timestamptz[]) as alive_as_of,
         unnest($9::timestamptz[]) as since, unnest($10::timestamptz[]) as checked_at, unnest($11::int2[]) as told,
         unnest($12::uuid[]) as sign, unnest($13::uuid[]) as auth) r`,
    [
      tenantId,
      mode,
      sweepId,
      codes.values,
      ...[values, persons, conclusions, alive, since, checked, told, signs, auths].map((each) => each.parameter()),
    ],
  );
}

function appendId(ids: PgArray, octets: Buffer, status: CertificateStatus<SweptCertificate> | undefined): void {
  if (status) ids.append(octets, status.certificate.idAt, status.certificate.idAt + 16);
  else ids.appendNull();
}

/** One event for each question that was asked; a certificate past its end was not asked about. */
async function storeUsage(
  manager: EntityManager,
  { tenantId, mode }: Tenancy,
  { id: sweepId, method }: StoredSweep,
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
     from (
       select unnest($9::uuid[]) as id, unnest($10::uuid[]) as person_id, unnest($11::int2[]) as what,
         unnest($12::bytea[]) as hash, unnest($13::timestamptz[]) as at) u`,
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
function sinceOf({ sign, auth }: PairFacts): number | undefined {
  const [one, other] = [sign?.revokedAt, auth?.revokedAt];
  if (one === undefined || other === undefined) return one ?? other;
  return Math.max(one, other);
}
