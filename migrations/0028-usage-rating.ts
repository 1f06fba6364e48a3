import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Which usage events a month holds and which of them were counted before; over all tenants as counts, of one as events. */
export class UsageRating1763900000028 implements MigrationInterface {
  readonly name = 'UsageRating1763900000028';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(TENANT_USAGE);
    await runner.query(MONTH_USAGE);
    await runner.query(GRANTS);
  }

  async down(): Promise<void> {
    throw new Error('migrations only go forward');
  }
}

/**
 * `seen` is what the closing sees, `seen_before` what the closing before has seen, null when there was none. `years` are
 * starts of years, oldest first. `recognised`: `[{tenant_id?, starts_at, ends_at}]`. `rules`, the windows of contracts:
 * `[{no, tenant_id, starts_at, ends_at, since, meter, purposes, outcomes}]`.
 */
const ARGUMENTS = `of_mode tenant_mode, starts timestamptz, ends timestamptz, seen pg_snapshot, seen_before pg_snapshot,
  seen_before_at timestamptz, years timestamptz[], recognised jsonb, rules jsonb`;

/**
 * An event belongs to the month of its decision. Where that was closed before the event was there to be seen, it belongs
 * to the first month closed after it. One day is more than any transaction lasts.
 */
const BELONGS = `u.mode = of_mode and u.occurred_at < ends
    and (u.occurred_at >= starts or (seen_before is not null and u.recorded_at >= seen_before_at - interval '1 day'
      and not pg_visible_in_snapshot(u.xact, seen_before)))
    and (u.xact is null or pg_visible_in_snapshot(u.xact, seen))`;
const BELONGED = `u.mode = of_mode and u.occurred_at < starts
    and (u.xact is null or seen_before is null or pg_visible_in_snapshot(u.xact, seen_before))
    and (u.xact is null or pg_visible_in_snapshot(u.xact, seen))`;

/** Only these can have been counted before: status checks by list, and what a contract's own window covers. */
const MAY_REPEAT = `((u.purpose = 'status_check' and u.method = 'crl') or u.tenant_id = any(windowed))`;

const COLUMNS = `u.tenant_id, u.id, u.occurred_at, u.meter, u.method, u.purpose, u.outcome, u.billable, u.certificate_kind,
    u.person_id, case when u.person_id is null then u.certificate_hash end as hash`;

/**
 * Events that may have been counted before, `first` in their year and in their window. Who is a person is told by the
 * person, else by the certificate. What an earlier statement holds comes before everything of this one.
 */
const REPEATING = (tenant: string): string => `
  candidate as materialized (
    select ${COLUMNS}, true as mine, greatest(u.occurred_at, starts) as contract_at from usage_event u
    where ${BELONGS} and ${MAY_REPEAT} ${tenant}
    union all
    select ${COLUMNS}, false, u.occurred_at from usage_event u
    where ${BELONGED} and u.purpose = 'status_check' and u.method = 'crl' and u.occurred_at >= years[1]
      and not (u.tenant_id = any(windowed)) ${tenant}
    union all
    select ${COLUMNS}, false, u.occurred_at from usage_event u
    where ${BELONGED} and u.tenant_id = any(windowed) and u.occurred_at >= least(years[1], since_ever) ${tenant}
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
  )`;

const COUNTED = `case when j.id is null then 'each' when j.first then 'first' else 'again' end`;
const JOINED = `candidate c
    left join of_jlis j on j.tenant_id = c.tenant_id and j.id = c.id
    left join of_contract k on k.tenant_id = c.tenant_id and k.id = c.id
  where c.mine`;

const DECLARE = `
declare
  windowed uuid[] := coalesce((select array_agg(distinct r.tenant_id) from jsonb_to_recordset(rules) as r(tenant_id uuid)), '{}');
  since_ever timestamptz := (select min(r.since) from jsonb_to_recordset(rules) as r(since timestamptz));`;

const TENANT_USAGE = `
/* The events of one tenant in a month, or in any other time, with what each layer makes of them. Under the caller's rights. */
create function tenant_usage(of_tenant uuid, ${ARGUMENTS})
  returns table (id uuid, occurred_at timestamptz, meter text, method text, purpose text, outcome outcome, billable boolean,
    certificate_kind text, late boolean, jlis text, contract_again boolean)
  language plpgsql stable set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_column
${DECLARE}
begin
  return query
  with ${REPEATING('and u.tenant_id = of_tenant')}
  select u.id, u.occurred_at, u.meter, u.method, u.purpose, u.outcome, u.billable, u.certificate_kind,
    u.occurred_at < starts, 'each', false
  from usage_event u where ${BELONGS} and not ${MAY_REPEAT} and u.tenant_id = of_tenant
  union all
  select c.id, c.occurred_at, c.meter, c.method, c.purpose, c.outcome, c.billable, c.certificate_kind,
    c.occurred_at < starts, ${COUNTED}, coalesce(not k.first, false)
  from ${JOINED};
end $$;

/* The same for operators, of any tenant. */
create function any_tenant_usage(of_tenant uuid, ${ARGUMENTS})
  returns table (id uuid, occurred_at timestamptz, meter text, method text, purpose text, outcome outcome, billable boolean,
    certificate_kind text, late boolean, jlis text, contract_again boolean)
  language sql stable security definer set search_path = pg_catalog, public, pg_temp
as $$
  select * from tenant_usage(of_tenant, of_mode, starts, ends, seen, seen_before, seen_before_at, years, recognised, rules)
$$;
`;

const MONTH_USAGE = `
/*
 * Counts of a month over all tenants: tenants in order, alike events as one row. jlis_part and contract_part count the
 * starts of prices that an event comes after; a late event comes to the contract at the start of the month.
 */
create function month_usage(${ARGUMENTS}, jlis_starts timestamptz[], contract_starts timestamptz[])
  returns table (tenant_id uuid, meter text, method text, purpose text, outcome outcome, billable boolean,
    certificate_kind text, late boolean, jlis_part int, contract_part int, jlis text, contract_again boolean, events bigint)
  language plpgsql stable security definer set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_column
${DECLARE}
  -- Nearly all events come after the last start: comparing is a tenth of searching.
  jlis_last timestamptz := jlis_starts[cardinality(jlis_starts)];
  contract_last timestamptz := contract_starts[cardinality(contract_starts)];
begin
  return query
  with ${REPEATING('')},
  part as (
    select u.tenant_id, u.meter, u.method, u.purpose, u.outcome, u.billable, u.certificate_kind, u.occurred_at < starts as late,
      case when u.occurred_at >= jlis_last then cardinality(jlis_starts)
        else width_bucket(u.occurred_at, jlis_starts) end as jlis_part,
      case when u.occurred_at >= contract_last then cardinality(contract_starts)
        else width_bucket(greatest(u.occurred_at, starts), contract_starts) end as contract_part,
      'each' as jlis, false as contract_again, count(*) as events
    from usage_event u where ${BELONGS} and not ${MAY_REPEAT}
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
    union all
    select c.tenant_id, c.meter, c.method, c.purpose, c.outcome, c.billable, c.certificate_kind, c.occurred_at < starts,
      width_bucket(c.occurred_at, jlis_starts), width_bucket(c.contract_at, contract_starts),
      ${COUNTED}, coalesce(not k.first, false), count(*)
    from ${JOINED}
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
  )
  select p.* from part p order by p.tenant_id;
end $$;
`;

const TYPES =
  'tenant_mode, timestamptz, timestamptz, pg_snapshot, pg_snapshot, timestamptz, timestamptz[], jsonb, jsonb';

const GRANTS = `
revoke all on function tenant_usage(uuid, ${TYPES}), any_tenant_usage(uuid, ${TYPES}),
  month_usage(${TYPES}, timestamptz[], timestamptz[]) from public;
-- A function's new owner needs CREATE on the schema at that moment only.
grant create on schema public to shomei_biller;
alter function any_tenant_usage(uuid, ${TYPES}) owner to shomei_biller;
alter function month_usage(${TYPES}, timestamptz[], timestamptz[]) owner to shomei_biller;
revoke create on schema public from shomei_biller;
grant execute on function tenant_usage(uuid, ${TYPES}) to shomei_api, shomei_worker, shomei_biller;
grant execute on function any_tenant_usage(uuid, ${TYPES}) to shomei_admin;
grant execute on function month_usage(${TYPES}, timestamptz[], timestamptz[]) to shomei_worker;
`;
