import type { EntityManager } from 'typeorm';
import { readInIndexOrder, type Tenancy } from '#lib/platform';
import { literal, NOBODY, TIME, UUID } from './sql-literal.js';
import type { Rejection } from './sweep.js';

/** A person whom a request names. */
export interface SelectedPerson {
  personId: string;
  line?: number;
  reference?: string;
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

/**
 * Who goes by each of the tenant's own references, at most two of each: whose card a verification with it was made with.
 * Lateral, and in the order of the index that is meant: see `readInIndexOrder`, which holds for the caller's transaction.
 */
export async function personsByReference(
  manager: EntityManager,
  { tenantId, mode }: Tenancy,
  references: readonly string[],
): Promise<Map<string, string[]>> {
  await readInIndexOrder(manager);
  const rows: { reference: string; persons: string[] }[] = await manager.query(
    `select i.reference, array(
       select distinct root.id
       from (
         select id from verification
         where tenant_id = $1 and mode = $2 and reference >= i.reference and reference <= i.reference
         order by reference, id offset 0) v
       cross join lateral (
         select person_id, state from verification_person
         where tenant_id = $1 and mode = $2 and verification_id >= v.id and verification_id <= v.id
         order by verification_id limit 1) shown
       cross join lateral (
         select coalesce(merged_into, id) as id from person
         where tenant_id = $1 and mode = $2 and id = shown.person_id limit 1) p
       cross join lateral (
         select id from person where tenant_id = $1 and mode = $2 and id = p.id and deleted_at is null limit 1) root
       where shown.state = 'identified'
       limit 2) as persons
     from unnest($3::text[]) as i(reference)`,
    [tenantId, mode, references],
  );
  return new Map(rows.map(({ reference, persons }) => [reference, persons]));
}

/** Puts down the persons whom a request names. All others are found as the sweep goes. */
export async function storePeople(
  manager: EntityManager,
  { tenantId, mode }: Tenancy,
  sweepId: string,
  people: readonly SelectedPerson[],
): Promise<void> {
  for (let at = 0; at < people.length; at += AT_ONCE) {
    const part = people.slice(at, at + AT_ONCE);
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

/** Persons about whom no status check was decided since a time. Ids by their order, times as ISO 8601 or as PostgreSQL writes them. */
export interface UncheckedPersons {
  tenancy: Tenancy;
  /** By the clock of the mode. */
  since: string;
  /** What was recorded later, by the database's clock, is not looked at. */
  until?: string;
  after?: string;
  last?: string;
}

/**
 * Their ids, as a statement without parameters. A check of somebody who was merged into a person is one of that person.
 * Both sides of `except` are sorted or hashed, however few rows the planner expects, where an anti join would be tried row
 * by row. For a transaction with `readInIndexOrder`.
 */
export function uncheckedSql({ tenancy, since, until, after, last }: UncheckedPersons): string {
  const own = `tenant_id = ${literal(tenancy.tenantId, UUID)} and mode = '${tenancy.mode}'`;
  const within = (column: string): string =>
    [
      ...(after === undefined ? [] : [`and ${column} > ${literal(after, UUID)}`]),
      ...(last === undefined ? [] : [`and ${column} <= ${literal(last, UUID)}`]),
    ].join(' ');
  // Usage of before recording began has no such time.
  const recorded =
    until === undefined ? '' : `and coalesce(recorded_at, '-infinity') <= ${literal(until, TIME)}::timestamptz`;
  const checked = `${own} and purpose = 'status_check' and billable
    and occurred_at >= ${literal(since, TIME)}::timestamptz ${recorded}`;
  return `
    select id from person where ${own} and merged_into is null and deleted_at is null ${within('id')} ${recorded}
    except (
      (select person_id from usage_event where ${checked} ${within('person_id')} order by person_id offset 0)
      union all
      select m.merged_into
      from (select id, merged_into from person where ${own} and merged_into is not null ${within('merged_into')} offset 0) m
      cross join lateral (
        select 1 from usage_event where ${checked} and person_id = m.id order by certificate_kind, occurred_at limit 1) found)`;
}

/** How far the next of a tenant's persons by their ids go, at most `limit`: the last of them, and how many they are. */
export async function nextPersons(
  manager: EntityManager,
  { tenantId, mode }: Tenancy,
  after: string | undefined,
  limit: number,
): Promise<{ last?: string; count: number }> {
  const rows: { last: string; count: number }[] = await manager.query(
    `select id as last, (count(*) over ())::int as count from (
       select id from person where tenant_id = $1 and mode = $2 and id > $3 and merged_into is null and deleted_at is null
       order by id limit $4) next
     order by id desc limit 1`,
    [tenantId, mode, after ?? NOBODY, limit],
  );
  return rows[0] ?? { count: 0 };
}
