import type { EntityManager } from 'typeorm';
import { usageEventOf } from '#lib/billing';
import type { CertificateStatus, JudgedPerson } from '#lib/persons';
import type { Tenancy } from '#lib/platform';
import type { Disclosure } from '#lib/tenancy';
import { NumberedFacts, type PairFacts } from './numbered-facts.js';
import { PgArray } from './pg-array.js';
import type { SweepMethod, SweepSummary } from './sweep.js';
import type { SweptCertificate } from './sweep-chunk.js';

/** A person with what was concluded. */
export interface SweptResult {
  /** Where the octets of the chunk have the id. */
  idAt: number;
  judged: JudgedPerson<SweptCertificate>;
  /** Milliseconds by the clock of the mode. */
  checkedAt: number;
}

/** Of one chunk: whom it is about, and the octets that their ids and hashes are part of. */
export interface SweptChunk {
  results: readonly SweptResult[];
  octets: Buffer;
}

/** The rows of one chunk, as parameters of the statement below. */
export interface ChunkRows {
  count: number;
  arrays: unknown[];
}

/** @param counterpartOnly what may be told of certificates known by a counterpart lookup only */
export const chunkRows = (chunk: SweptChunk, method: SweepMethod, counterpartOnly: Disclosure): ChunkRows => ({
  count: chunk.results.length,
  arrays: [...resultArrays(chunk, counterpartOnly), ...usageArrays(chunk, method)],
});

/** Of which sweep a chunk is. */
export interface ChunkSweep {
  id: string;
  method: SweepMethod;
}

/**
 * Stores the results of a chunk and what they are metered as, wherever the sweep stands: for a transaction that moves it on
 * behind that. In one statement. In the list of columns arrays are read side by side; as tables each would be written out
 * before.
 * @throws QueryFailedError of the key of results, where another process has stored some of them
 */
export async function storeChunk(
  manager: EntityManager,
  { tenantId, mode }: Tenancy,
  { id, method }: ChunkSweep,
  { arrays }: ChunkRows,
): Promise<void> {
  await manager.query(
    `with stored as (
       insert into status_sweep_result (tenant_id, mode, sweep_id, person_id, conclusion, alive_as_of, since, checked_at,
         certificates, sign_certificate_id, auth_certificate_id)
       select $1, $2, $3, r.person_id, ($5::text[])[r.conclusion], r.alive_as_of, r.since, r.checked_at,
         ($6::jsonb[])[r.told], r.sign, r.auth
       from (
         select unnest($7::uuid[]) as person_id, unnest($8::int2[]) as conclusion, unnest($9::timestamptz[]) as alive_as_of,
           unnest($10::timestamptz[]) as since, unnest($11::timestamptz[]) as checked_at, unnest($12::int2[]) as told,
           unnest($13::uuid[]) as sign, unnest($14::uuid[]) as auth) r)
     insert into usage_event (tenant_id, mode, id, source, source_id, person_id, meter, method, purpose, outcome, billable,
       certificate_kind, certificate_hash, occurred_at)
     select $1, $2, u.id, 'status_check', $3, u.person_id, ($15::text[])[u.what], $4, 'status_check',
       ($16::outcome[])[u.what], ($17::boolean[])[u.what], ($18::text[])[u.what], u.hash, u.at
     from (
       select unnest($19::uuid[]) as id, unnest($20::uuid[]) as person_id, unnest($21::int2[]) as what,
         unnest($22::bytea[]) as hash, unnest($23::timestamptz[]) as at) u`,
    [tenantId, mode, id, method, ...arrays],
  );
}

/** Where a sweep stands before and after a chunk. */
export interface ChunkPlace {
  sweepId: string;
  after: string | undefined;
  last: string | undefined;
  /** Persons of the chunk. */
  count: number;
  /** With the chunk. */
  summary: SweepSummary;
  isLast: boolean;
}

/**
 * Moves a sweep on over a chunk.
 * @returns whether it stood there
 */
export async function moveOn(
  manager: EntityManager,
  { sweepId, after, last, count, summary, isLast }: ChunkPlace,
): Promise<boolean> {
  const [moved]: [unknown[]] = await manager.query(
    `update status_sweep set done = done + $4, last_person = $3, summary = $5,
       -- Persons may have been merged or deleted since they were counted.
       total = case when $6 then done + $4 else greatest(total, done + $4) end,
       state = case when $6 then 'completed' else state end, ended_at = case when $6 then clock_timestamp() end
     where id = $1 and state = 'running' and last_person is not distinct from $2::uuid returning id`,
    [sweepId, after ?? null, last ?? null, count, JSON.stringify(summary), isLast],
  );
  return moved.length > 0;
}

function resultArrays({ results, octets }: SweptChunk, counterpartOnly: Disclosure): unknown[] {
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
  const arrays = [values, persons, conclusions, alive, since, checked, told, signs, auths];
  return [codes.values, ...arrays.map((each) => each.parameter())];
}

function appendId(ids: PgArray, octets: Buffer, status: CertificateStatus<SweptCertificate> | undefined): void {
  if (status) ids.append(octets, status.certificate.idAt, status.certificate.idAt + 16);
  else ids.appendNull();
}

/** One event for each question that was asked; a certificate past its end was not asked about. */
function usageArrays({ results, octets }: SweptChunk, method: SweepMethod): unknown[] {
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
  const events = whats.values.map(({ kind, outcome }) =>
    // Their ids are made above.
    usageEventOf({ id: '', certificateKind: kind, method, purpose: 'status_check', outcome }),
  );
  return [
    events.map(({ meter }) => meter),
    events.map(({ outcome }) => outcome),
    events.map(({ billable }) => billable),
    whats.values.map(({ kind }) => kind),
    ...[ids, persons, what, hashes, times].map((each) => each.parameter()),
  ];
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
