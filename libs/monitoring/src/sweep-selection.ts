import type { EntityManager } from 'typeorm';
import { japanDay, type Tenancy } from '#lib/platform';
import type { AskedKinds } from '#lib/persons';
import type { Disclosure } from '#lib/tenancy';
import type { Rejection, SweepSelection } from './sweep.js';

/** A person whom a request names. */
export interface SelectedPerson {
  personId: string;
  line?: number;
  reference?: string;
}

/** What a sweep would ask. */
export interface SweepForecast {
  persons: number;
  /** Known, not past their end, and of the kinds that would be asked about. */
  certificates: { sign: number; auth: number };
  /** Persons whose certificate of a kind has been checked by a list in this year of Japan: they count no more in it. */
  alreadyCounted: { sign: number; auth: number };
}

/** Rows written by one statement. */
const AT_ONCE = 10_000;

/**
 * Persons of a request as they go on now: a person who was merged stands for the survivor. Ids of nobody, and of whoever
 * was deleted, are missing from the answer.
 */
export async function livingPersons(manager: EntityManager, ids: readonly string[]): Promise<Map<string, string>> {
  const rows: { id: string; root: string }[] = await manager.query(
    `select p.id, r.id as root from person p cross join lateral (
       select id, deleted_at from person
       where tenant_id = p.tenant_id and mode = p.mode and id = coalesce(p.merged_into, p.id) limit 1) r
     where p.id = any($1) and r.deleted_at is null`,
    [ids],
  );
  return new Map(rows.map(({ id, root }) => [id, root]));
}

/** Who goes by each of the tenant's own references, at most two of each: whose card a verification with it was made with. */
export async function personsByReference(
  manager: EntityManager,
  { tenantId, mode }: Tenancy,
  references: readonly string[],
): Promise<Map<string, string[]>> {
  const rows: { reference: string; persons: string[] }[] = await manager.query(
    `select i.reference, array(
       select distinct r.id from verification v
       join verification_person vp on vp.tenant_id = v.tenant_id and vp.mode = v.mode and vp.verification_id = v.id
       join person p on p.tenant_id = vp.tenant_id and p.mode = vp.mode and p.id = vp.person_id
       join person r on r.tenant_id = p.tenant_id and r.mode = p.mode and r.id = coalesce(p.merged_into, p.id)
       where v.tenant_id = $1 and v.mode = $2 and v.reference = i.reference and vp.state = 'identified'
         and r.deleted_at is null
       limit 2) as persons
     from unnest($3::text[]) as i(reference)`,
    [tenantId, mode, references],
  );
  return new Map(rows.map(({ reference, persons }) => [reference, persons]));
}

/** Puts down whom a sweep is about; for `all` nothing, they are found as it goes. */
export async function storeSelection(
  manager: EntityManager,
  { tenantId, mode }: Tenancy,
  sweepId: string,
  selection: { kind: SweepSelection; notCheckedSince?: number; people: readonly SelectedPerson[] },
): Promise<void> {
  if (selection.kind === 'not_checked_since')
    await manager.query(
      `insert into status_sweep_person (tenant_id, mode, sweep_id, person_id)
       select $1, $2, $3, p.id from (
         select id from person where tenant_id = $1 and mode = $2 and merged_into is null and deleted_at is null
         -- Both sides are sorted or hashed, however few rows the planner expects; an anti join would be tried row by row.
         except
         select coalesce(m.merged_into, u.person_id) from (
           select distinct person_id from usage_event
           where tenant_id = $1 and mode = $2 and purpose = 'status_check' and billable and occurred_at >= $4) u
         cross join lateral (
           select merged_into from person where tenant_id = $1 and mode = $2 and id = u.person_id limit 1) m) p`,
      [tenantId, mode, sweepId, new Date(selection.notCheckedSince!)],
    );
  for (let at = 0; at < selection.people.length; at += AT_ONCE) {
    const part = selection.people.slice(at, at + AT_ONCE);
    await manager.query(
      `insert into status_sweep_person (tenant_id, mode, sweep_id, person_id, line, reference)
       select $1, $2, $3, p.person_id, p.line, p.reference
       from unnest($4::uuid[], $5::int[], $6::text[]) as p(person_id, line, reference)`,
      [
        tenantId,
        mode,
        sweepId,
        part.map(({ personId }) => personId),
        part.map(({ line }) => line ?? null),
        part.map(({ reference }) => reference ?? null),
      ],
    );
  }
}

export async function storeRejections(
  manager: EntityManager,
  { tenantId, mode }: Tenancy,
  sweepId: string,
  rejections: readonly Rejection[],
): Promise<void> {
  for (let at = 0; at < rejections.length; at += AT_ONCE) {
    const part = rejections.slice(at, at + AT_ONCE);
    await manager.query(
      `insert into status_sweep_rejection (tenant_id, mode, sweep_id, line, code, first_line)
       select $1, $2, $3, r.line, r.code, r.first_line
       from unnest($4::int[], $5::text[], $6::int[]) as r(line, code, first_line)`,
      [
        tenantId,
        mode,
        sweepId,
        part.map(({ line }) => line),
        part.map(({ code }) => code),
        part.map(({ firstLine }) => firstLine ?? null),
      ],
    );
  }
}

/**
 * What a sweep that was put down in this transaction would ask.
 * @param at milliseconds by the clock of the mode
 */
export async function forecast(
  manager: EntityManager,
  { tenantId, mode }: Tenancy,
  sweepId: string,
  how: { selection: SweepSelection; kinds: AskedKinds; counterpartOnly: Disclosure; at: number },
): Promise<SweepForecast> {
  const year = japanDay(how.at).slice(0, 4);
  const chosen =
    how.selection === 'all'
      ? `select id from person where tenant_id = $1 and mode = $2 and merged_into is null and deleted_at is null`
      : `select person_id as id from status_sweep_person where tenant_id = $1 and mode = $2 and sweep_id = $3`;
  const rows: { persons: number; sign: number; auth: number; counted_sign: number; counted_auth: number }[] =
    await manager.query(
      `with chosen as materialized (${chosen}),
       known as (
         select c.kind, count(*)::int as n from chosen join person_certificate c on c.person_id = chosen.id
         where c.tenant_id = $1 and c.mode = $2 and not c.hop and ($4 = 'both' or c.kind = $4)
           and (c.provenance <> 'counterpart' or $5 <> 'none') and (c.not_after is null or c.not_after >= $6)
         group by c.kind),
       counted as (
         select c.kind, count(*)::int as n from (
           select distinct coalesce(m.merged_into, m.id) as id, u.certificate_kind as kind
           from usage_event u join person m on m.tenant_id = u.tenant_id and m.mode = u.mode and m.id = u.person_id
           where u.tenant_id = $1 and u.mode = $2 and u.purpose = 'status_check' and u.billable and u.method = 'crl'
             and u.occurred_at >= $7 and u.occurred_at < $8) c
         join chosen on chosen.id = c.id
         where $4 = 'both' or c.kind = $4
         group by c.kind)
       select (select count(*)::int from chosen where $3::uuid is not null) as persons,
         coalesce((select n from known where kind = 'sign'), 0) as sign,
         coalesce((select n from known where kind = 'auth'), 0) as auth,
         coalesce((select n from counted where kind = 'sign'), 0) as counted_sign,
         coalesce((select n from counted where kind = 'auth'), 0) as counted_auth`,
      [
        tenantId,
        mode,
        sweepId,
        how.kinds,
        how.counterpartOnly,
        new Date(how.at),
        `${year}-01-01T00:00:00+09:00`,
        `${Number(year) + 1}-01-01T00:00:00+09:00`,
      ],
    );
  const row = rows[0]!;
  return {
    persons: row.persons,
    certificates: { sign: row.sign, auth: row.auth },
    alreadyCounted: { sign: row.counted_sign, auth: row.counted_auth },
  };
}
