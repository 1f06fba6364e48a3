import type { EntityManager } from 'typeorm';
import { checkYearOf, readTariffs, startOf } from '#lib/billing';
import type { AskedKinds } from '#lib/persons';
import { readInIndexOrder, japanDay, type Tenancy } from '#lib/platform';
import type { Disclosure } from '#lib/tenancy';

/** What a sweep would ask. */
export interface SweepForecast {
  persons: number;
  /** Known, not past their end, and of the kinds that would be asked about. */
  certificates: { sign: number; auth: number };
  /** Persons whose certificate of a kind has been checked by a list in this year of J-LIS's tariff: they count no more in it. */
  alreadyCounted: { sign: number; auth: number };
  /** False: reckoned from some of the persons, for all would take longer than a request may. */
  exact: boolean;
}

/** Whom it would be about. */
export type ForecastChoice =
  | { kind: 'all' }
  /** Milliseconds. */
  | { kind: 'not_checked_since'; since: number }
  /** Persons as they go on now, each once. */
  | { kind: 'named'; personIds: readonly string[] };

interface Found {
  looked_at: number;
  persons: number;
  sign: number;
  auth: number;
  counted_sign: number;
  counted_auth: number;
}

/** Of more persons than this, about as many or at least half as many are looked at. Some seconds of a busy machine. */
const MOST_LOOKED_AT = 50_000;

/**
 * What a sweep would ask. Reads only.
 * @param at milliseconds by the clock of the mode
 */
export async function forecast(
  manager: EntityManager,
  { tenantId, mode }: Tenancy,
  choice: ForecastChoice,
  how: { kinds: AskedKinds; counterpartOnly: Disclosure; at: number },
): Promise<SweepForecast> {
  await readInIndexOrder(manager);
  const named = choice.kind === 'named' ? choice.personIds : undefined;
  const everybody = 'from person where tenant_id = $1 and mode = $2 and merged_into is null and deleted_at is null';
  const all = named?.length ?? (await count(manager, `select count(*)::int as n ${everybody}`, [tenantId, mode]));
  const oneOf = Math.max(1, Math.ceil(all / MOST_LOOKED_AT));
  const year = checkYearOf(await readTariffs(manager, mode), japanDay(how.at));
  const rows: Found[] = await manager.query(
    `with chosen as materialized (
       select id ${named ? 'from unnest($9::uuid[]) as n(id)' : `${everybody} and abs(uuid_hash(id)::bigint) % $9::int = 0`})
     select count(*)::int as looked_at, count(*) filter (where asked)::int as persons,
       coalesce(sum(sign) filter (where asked and $3 <> 'auth'), 0)::int as sign,
       coalesce(sum(auth) filter (where asked and $3 <> 'sign'), 0)::int as auth,
       count(*) filter (where asked and counted_sign and $3 <> 'auth')::int as counted_sign,
       count(*) filter (where asked and counted_auth and $3 <> 'sign')::int as counted_auth
     from chosen
     cross join lateral (
       select count(*) filter (where kind = 'sign') as sign, count(*) filter (where kind = 'auth') as auth
       from (
         select kind, provenance, not_after, hop from person_certificate
         where tenant_id = $1 and mode = $2 and person_id = chosen.id
         order by first_seen_at, id offset 0) c
       where not hop and (provenance <> 'counterpart' or $4 <> 'none') and (not_after is null or not_after >= $5)) known
     cross join lateral (
       select coalesce(bool_or(kind = 'sign' and this_year), false) as counted_sign,
         coalesce(bool_or(kind = 'auth' and this_year), false) as counted_auth,
         $8::timestamptz is null or not coalesce(bool_or(occurred_at >= $8), false) as asked
       from (
         select chosen.id
         union all
         select id from person where tenant_id = $1 and mode = $2 and merged_into = chosen.id) each
       cross join lateral (
         select certificate_kind as kind, occurred_at,
           method = 'crl' and occurred_at >= $6 and occurred_at < $7 as this_year
         from usage_event
         where tenant_id = $1 and mode = $2 and person_id = each.id and purpose = 'status_check' and billable
         order by certificate_kind, occurred_at offset 0) u) checked`,
    [
      tenantId,
      mode,
      how.kinds,
      how.counterpartOnly,
      new Date(how.at),
      new Date(startOf(year.from)),
      new Date(startOf(year.until)),
      choice.kind === 'not_checked_since' ? new Date(choice.since) : null,
      named ? named.filter((_id, index) => index % oneOf === 0) : oneOf,
    ],
  );
  const { looked_at: lookedAt, ...found } = rows[0]!;
  const scaled = (n: number): number => (oneOf === 1 ? n : Math.round((n * all) / Math.max(1, lookedAt)));
  return {
    persons: choice.kind === 'not_checked_since' ? scaled(found.persons) : all,
    certificates: { sign: scaled(found.sign), auth: scaled(found.auth) },
    alreadyCounted: { sign: scaled(found.counted_sign), auth: scaled(found.counted_auth) },
    exact: oneOf === 1,
  };
}

async function count(manager: EntityManager, sql: string, values: unknown[]): Promise<number> {
  const rows: { n: number }[] = await manager.query(sql, values);
  return rows[0]!.n;
}
