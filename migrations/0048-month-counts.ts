import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * A month is counted by all processors at once, who was checked twice in a year is read off an index, and a closing says how
 * far it will go.
 */
export class MonthCounts1763900000084 implements MigrationInterface {
  readonly name = 'MonthCounts1763900000084';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(INDEX);
    await runner.query(MONTH_USAGE);
    await runner.query(PROGRESS);
  }

  async down(): Promise<void> {
    throw new Error('migrations only go forward');
  }
}

const INDEX = `
/*
 * Status checks of each person in the order of time, each once. What closing a month needs of them is in the index itself:
 * there are as many as persons, and fetching each from its table costs ten times as much.
 */
create unique index usage_event_checked on usage_event
  (tenant_id, mode, person_id, certificate_kind, occurred_at, source_id, certificate_hash)
  include (id, meter, method, outcome, xact) where purpose = 'status_check' and billable;
drop index usage_event_checked_person;
alter index usage_event_checked rename to usage_event_checked_person;
`;

/** As `month_usage` of 0028 has them. */
const ARGUMENTS = `of_mode tenant_mode, starts timestamptz, ends timestamptz, seen pg_snapshot, seen_before pg_snapshot,
  seen_before_at timestamptz, years timestamptz[], recognised jsonb, rules jsonb`;

/** What is older than everything that was under way needs no look into the snapshot, which costs twenty times as much. */
const VISIBLE = `(u.xact is null or u.xact < pg_snapshot_xmin(seen) or pg_visible_in_snapshot(u.xact, seen))`;
/** An event of a month that was closed before the event was there to be seen; where it was stored after that closing. */
const MISSED = `(seen_before is not null and u.xact is not null and not pg_visible_in_snapshot(u.xact, seen_before))`;
/** The same, by the time of storing too: one day is more than any transaction lasts. */
const LATE = `u.mode = of_mode and u.occurred_at < starts and u.recorded_at >= seen_before_at - interval '1 day'
    and ${MISSED} and ${VISIBLE}`;
const BEFORE = `u.mode = of_mode and u.occurred_at < starts and not ${MISSED} and ${VISIBLE}`;

/** Of tenants whose contract has windows of its own anything may have been counted before. */
const WINDOWED = `(cardinality(windowed) > 0 and u.tenant_id = any(windowed))`;
/** Of the others: decided status checks by list, once J-LIS has recognised any. */
const CHECK = `(recognises and u.purpose = 'status_check' and u.billable and u.method = 'crl' and u.outcome <> 'indeterminate')`;

const KIND = `u.tenant_id, u.meter, u.method, u.purpose, u.outcome, u.billable, u.certificate_kind`;

/** Nearly all events come after the last start: comparing is a tenth of searching. */
const part = (at: string, starts: string): string =>
  `case when ${at} >= ${starts}[cardinality(${starts})] then cardinality(${starts}) else width_bucket(${at}, ${starts}) end`;
const PARTS = (of: string): string => `${of}.occurred_at < starts, ${part(`${of}.occurred_at`, 'jlis_starts')},
      ${part(`greatest(${of}.occurred_at, starts)`, 'contract_starts')}`;

/**
 * Status checks of which the first in a year costs the fee, of one tenant and person next to each other. What an earlier
 * statement holds comes before everything of this one.
 */
const CHECKS = (who: string, condition: string): string => `
    return query
    select w.tenant_id, w.meter, 'crl', 'status_check', w.outcome, true, w.certificate_kind, ${PARTS('w')},
      case when not w.counts then 'each' when w.first then 'first' else 'again' end, false, count(*)
    from (
      select c.*, row_number() over (
        partition by c.tenant_id, c.mode, c.${who}, c.certificate_kind, c.counts, c.year
        order by c.mine, c.occurred_at, c.id) = 1 as first
      from (
        select u.tenant_id, u.mode, u.${who}, u.certificate_kind, u.occurred_at, u.id, u.meter, u.outcome,
          ${part('u.occurred_at', 'years')} as year, u.occurred_at >= starts or ${MISSED} as mine,
          u.occurred_at <@ for_all or (cardinality(for_some) > 0 and u.tenant_id = any(for_some) and exists (
            select 1 from jsonb_to_recordset(recognised) as r(tenant_id uuid, starts_at timestamptz, ends_at timestamptz)
            where r.tenant_id = u.tenant_id and u.occurred_at >= r.starts_at and u.occurred_at < r.ends_at)) as counts
        from usage_event u
        where u.mode = of_mode and u.occurred_at < ends and (u.occurred_at >= years[1] or ${MISSED}) and ${VISIBLE}
          and ${CHECK} and not ${WINDOWED} and ${condition}
      ) c
    ) w
    where w.mine group by 1, 2, 5, 7, 8, 9, 10, 11;`;

const MONTH_USAGE = `
/*
 * Counts of a month over all tenants, alike events as one row or a few. jlis_part and contract_part count the starts of
 * prices that an event comes after; a late event comes to the contract at the start of the month.
 *
 * Events are counted one stretch of equal prices after the other: of a stretch the planner knows that there are few kinds,
 * and counts with several processes. It knows nothing of how many kinds an expression of the time makes, and would sort.
 */
create or replace function month_usage(${ARGUMENTS}, jlis_starts timestamptz[], contract_starts timestamptz[])
  returns table (tenant_id uuid, meter text, method text, purpose text, outcome outcome, billable boolean,
    certificate_kind text, late boolean, jlis_part int, contract_part int, jlis text, contract_again boolean, events bigint)
  language plpgsql stable security definer set search_path = pg_catalog, public, pg_temp
  set plan_cache_mode = force_custom_plan set work_mem = '64MB' set enable_sort = off
as $$
#variable_conflict use_column
declare
  windowed uuid[] := coalesce((select array_agg(distinct r.tenant_id) from jsonb_to_recordset(rules) as r(tenant_id uuid)), '{}');
  since_ever timestamptz := (select min(r.since) from jsonb_to_recordset(rules) as r(since timestamptz));
  recognises boolean := jsonb_array_length(recognised) > 0;
  for_all tstzmultirange := coalesce((select range_agg(tstzrange(r.starts_at, r.ends_at))
    from jsonb_to_recordset(recognised) as r(tenant_id uuid, starts_at timestamptz, ends_at timestamptz)
    where r.tenant_id is null), '{}');
  for_some uuid[] := coalesce((select array_agg(distinct r.tenant_id) from jsonb_to_recordset(recognised) as r(tenant_id uuid)
    where r.tenant_id is not null), '{}');
  borders timestamptz[] := array(select distinct b from unnest(array[starts, ends] || jlis_starts || contract_starts) as b
    where b between starts and ends order by b);
begin
  for i in 1 .. cardinality(borders) - 1 loop
    return query
    select ${KIND}, false, width_bucket(borders[i], jlis_starts), width_bucket(borders[i], contract_starts), 'each', false, count(*)
    from usage_event u
    where u.mode = of_mode and u.occurred_at >= borders[i] and u.occurred_at < borders[i + 1] and ${VISIBLE}
      and not ${CHECK} and not ${WINDOWED}
    group by ${KIND};
  end loop;
  if seen_before is not null then
    return query
    select ${KIND}, ${PARTS('u')}, 'each', false, count(*)
    from usage_event u where ${LATE} and not ${CHECK} and not ${WINDOWED}
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10;
  end if;
  if recognises then
    ${CHECKS('person_id', 'u.person_id is not null')}
    ${CHECKS('certificate_hash', 'u.person_id is null')}
  end if;
  if cardinality(windowed) > 0 then
    return query
    with candidate as materialized (
      select ${KIND}, u.id, u.occurred_at, u.person_id, case when u.person_id is null then u.certificate_hash end as hash,
        true as mine, u.occurred_at as contract_at
      from usage_event u
      where u.mode = of_mode and u.occurred_at >= starts and u.occurred_at < ends and ${VISIBLE} and ${WINDOWED}
      union all
      select ${KIND}, u.id, u.occurred_at, u.person_id, case when u.person_id is null then u.certificate_hash end, true, starts
      from usage_event u where ${LATE} and ${WINDOWED}
      union all
      select ${KIND}, u.id, u.occurred_at, u.person_id, case when u.person_id is null then u.certificate_hash end, false, u.occurred_at
      from usage_event u where ${BEFORE} and u.occurred_at >= least(years[1], since_ever) and ${WINDOWED}
    ),
    of_jlis as (
      select c.tenant_id, c.id, row_number() over (
        partition by c.tenant_id, c.person_id, c.hash, c.certificate_kind, width_bucket(c.occurred_at, years)
        order by c.mine, c.occurred_at, c.id) = 1 as first
      from candidate c
      where c.purpose = 'status_check' and c.method = 'crl' and c.billable and c.outcome <> 'indeterminate'
        and exists (select 1 from jsonb_to_recordset(recognised) as r(tenant_id uuid, starts_at timestamptz, ends_at timestamptz)
          where (r.tenant_id is null or r.tenant_id = c.tenant_id) and c.occurred_at >= r.starts_at and c.occurred_at < r.ends_at)
    ),
    of_contract as (
      select w.tenant_id, w.id, w.first from (
        select c.tenant_id, c.id, c.mine and c.contract_at >= r.starts_at as wanted, row_number() over (
          partition by r.no, c.person_id, c.hash order by c.mine, c.occurred_at, c.id) = 1 as first
        from candidate c join jsonb_to_recordset(rules) as r(no int, tenant_id uuid, starts_at timestamptz, ends_at timestamptz,
          since timestamptz, meter text, purposes text[], outcomes text[])
          on r.tenant_id = c.tenant_id and r.meter = c.meter and c.purpose = any(r.purposes) and c.outcome::text = any(r.outcomes)
        where c.billable and c.contract_at >= r.since and c.contract_at < r.ends_at
      ) w where w.wanted
    )
    select c.tenant_id, c.meter, c.method, c.purpose, c.outcome, c.billable, c.certificate_kind, ${PARTS('c')},
      case when j.id is null then 'each' when j.first then 'first' else 'again' end, coalesce(not k.first, false), count(*)
    from candidate c
      left join of_jlis j on j.tenant_id = c.tenant_id and j.id = c.id
      left join of_contract k on k.tenant_id = c.tenant_id and k.id = c.id
    where c.mine
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12;
  end if;
end $$;
`;

const PROGRESS = `
-- Known when all tenants are rated.
alter table month_close add column statements_due int check (statements_due is null or statements_due >= 0 and rated_at is not null);

create or replace function guard_month_close() returns trigger
  language plpgsql set search_path = pg_catalog, public, pg_temp
as $$
begin
  if tg_op = 'UPDATE' and old.closed_at is null
      and to_jsonb(new) - 'rated_at' - 'closed_at' - 'statements_due' = to_jsonb(old) - 'rated_at' - 'closed_at' - 'statements_due'
      and (old.rated_at is null and new.rated_at is not null and new.closed_at is null
        or old.rated_at = new.rated_at and new.closed_at is not null and new.statements_due is not distinct from old.statements_due) then
    return new;
  end if;
  if tg_op <> 'INSERT' or new.rated_at is not null or new.closed_at is not null then
    raise exception 'a month is closed once' using errcode = '23514', constraint = 'month_close_steps';
  end if;
  return new;
end $$;

/* Fixes the prices of a month that is being closed, and how many statements it has; false when some were added since they were read. */
drop function fix_month_prices(tenant_mode, text, timestamptz);
create function fix_month_prices(of_mode tenant_mode, of_month text, read_at timestamptz, due int default null) returns boolean
  language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp
as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('month_close:' || of_mode, 0));
  perform 1 from month_close c where c.mode = of_mode and c.month = of_month and c.rated_at is not null;
  if found then return true; end if;
  if exists (select 1 from jlis_tariff p where p.mode = of_mode and p.recorded_at >= read_at)
    or exists (select 1 from jlis_reduction p where p.mode = of_mode and p.recorded_at >= read_at)
    or exists (select 1 from jlis_recognition p where p.mode = of_mode and p.recorded_at >= read_at)
    or exists (select 1 from price_plan p where p.mode = of_mode and p.recorded_at >= read_at) then
    return false;
  end if;
  update month_close set rated_at = clock_timestamp(), statements_due = due where mode = of_mode and month = of_month;
  return found;
end $$;
revoke all on function fix_month_prices(tenant_mode, text, timestamptz, int) from public;
-- A function's new owner needs CREATE on the schema at that moment only.
grant create on schema public to shomei_biller;
alter function fix_month_prices(tenant_mode, text, timestamptz, int) owner to shomei_biller;
revoke create on schema public from shomei_biller;
grant execute on function fix_month_prices(tenant_mode, text, timestamptz, int) to shomei_worker;
grant update (statements_due) on month_close to shomei_biller;
`;
