import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The events of one tenant in a month as a stream, for whoever takes them all. */
export class UsageStream1763900000066 implements MigrationInterface {
  readonly name = 'UsageStream1763900000066';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(FUNCTIONS);
    await runner.query(GRANTS);
  }

  async down(): Promise<void> {
    throw new Error('migrations only go forward');
  }
}

/** As `tenant_usage` of 0028 takes them. */
const ARGUMENTS = `of_tenant uuid, of_mode tenant_mode, starts timestamptz, ends timestamptz, seen pg_snapshot,
  seen_before pg_snapshot, seen_before_at timestamptz, years timestamptz[], recognised jsonb, rules jsonb`;

const MINE = `u.tenant_id = of_tenant and u.mode = of_mode and (u.xact is null or pg_visible_in_snapshot(u.xact, seen))`;
const IN_MONTH = `${MINE} and u.occurred_at >= starts and u.occurred_at < ends`;
/** Decided in a month that was closed before they were there to be seen. One day is more than any transaction lasts. */
const LATE = `${MINE} and u.occurred_at < starts and seen_before is not null
    and u.recorded_at >= seen_before_at - interval '1 day' and not pg_visible_in_snapshot(u.xact, seen_before)`;
const BEFORE = `${MINE} and u.occurred_at < starts
    and (u.xact is null or seen_before is null or pg_visible_in_snapshot(u.xact, seen_before))`;

/** Only these can have been counted before: all where a window of the contract counts, else recognised status checks. */
const MAY_REPEAT = `(windowed or (recognises and u.purpose = 'status_check' and u.method = 'crl'))`;
const CANDIDATE = `u.id, u.occurred_at, u.verification_id, u.source_id, u.source, u.meter, u.method, u.purpose, u.outcome,
      u.billable, u.certificate_kind, u.person_id, case when u.person_id is null then u.certificate_hash end as hash`;

const hex = (id: string): string => `coalesce(encode(uuid_send(${id}), 'hex'), '-')`;
/** A row as one text: what the reader takes apart is a fraction of what columns of their own would cost it. */
const line = (of: string, counted: string): string => `concat_ws(' ', ${of}.occurred_at at time zone interval '9 hours',
      ${hex(`${of}.id`)}, ${hex(`${of}.verification_id`)}, ${hex(`${of}.source_id`)}, '|', ${of}.meter, ${of}.method, ${of}.purpose,
      ${of}.outcome, ${of}.billable, ${of}.certificate_kind, ${of}.source, ${counted})`;

/**
 * The first cursor is ordered by tenant and mode too, though they are always the same: behind row-level security the planner
 * does not take that from the conditions, and would sort a whole month instead of walking along the index.
 */
const FUNCTIONS = `
/*
 * Opens two cursors, each in the order of time and id, that live as long as the transaction. usage_plain: events that
 * nothing before them can have used up. usage_other: those that something may have, and late ones. Nothing is gathered for the
 * first. A row is one text, and rows are in order as texts: day and time in Japan, id, verification and source in hexadecimal
 * ("-" for none), "|", then words that say what the event is and what each layer makes of it.
 */
create function open_tenant_usage(${ARGUMENTS}) returns void
  language plpgsql stable set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_column
declare
  windowed boolean := exists (select 1 from jsonb_to_recordset(rules) as r(tenant_id uuid) where r.tenant_id = of_tenant);
  recognises boolean := exists (select 1 from jsonb_to_recordset(recognised) as r(tenant_id uuid)
    where r.tenant_id is null or r.tenant_id = of_tenant);
  -- What may have been counted before in the year, or in the longest window.
  since_ever timestamptz := least(years[1], (select min(r.since) from jsonb_to_recordset(rules) as r(tenant_id uuid, since timestamptz)
    where r.tenant_id = of_tenant));
  plain refcursor := 'usage_plain';
  other refcursor := 'usage_other';
begin
  open plain no scroll for
  select ${line('u', `false, 'each', false`)} as line from usage_event u where ${IN_MONTH} and not ${MAY_REPEAT}
  order by u.tenant_id, u.mode, u.occurred_at, u.id;
  open other no scroll for
  with candidate as materialized (
    select ${CANDIDATE}, true as mine, u.occurred_at as contract_at from usage_event u where ${IN_MONTH} and ${MAY_REPEAT}
    union all
    select ${CANDIDATE}, true, starts from usage_event u where ${LATE} and ${MAY_REPEAT}
    union all
    select ${CANDIDATE}, false, u.occurred_at from usage_event u
    where ${BEFORE} and ${MAY_REPEAT} and u.occurred_at >= since_ever
  ),
  of_jlis as (
    select c.id, row_number() over (
      partition by c.person_id, c.hash, c.certificate_kind, width_bucket(c.occurred_at, years)
      order by c.mine, c.occurred_at, c.id) = 1 as first
    from candidate c
    where c.purpose = 'status_check' and c.method = 'crl' and c.billable and c.outcome <> 'indeterminate'
      and exists (select 1 from jsonb_to_recordset(recognised) as r(tenant_id uuid, starts_at timestamptz, ends_at timestamptz)
        where (r.tenant_id is null or r.tenant_id = of_tenant) and c.occurred_at >= r.starts_at and c.occurred_at < r.ends_at)
  ),
  of_contract as (
    select w.id, w.first from (
      select c.id, c.mine and c.contract_at >= r.starts_at as wanted, row_number() over (
        partition by r.no, c.person_id, c.hash order by c.mine, c.occurred_at, c.id) = 1 as first
      from candidate c join jsonb_to_recordset(rules) as r(no int, tenant_id uuid, starts_at timestamptz, ends_at timestamptz,
        since timestamptz, meter text, purposes text[], outcomes text[])
        on r.tenant_id = of_tenant and r.meter = c.meter and c.purpose = any(r.purposes) and c.outcome::text = any(r.outcomes)
      where c.billable and c.contract_at >= r.since and c.contract_at < r.ends_at
    ) w where w.wanted
  )
  select o.line from (
    select u.occurred_at, u.id, ${line('u', `true, 'each', false`)} as line
    from usage_event u where ${LATE} and not ${MAY_REPEAT}
    union all
    select c.occurred_at, c.id, ${line(
      'c',
      `c.occurred_at < starts,
      case when j.id is null then 'each' when j.first then 'first' else 'again' end, coalesce(not k.first, false)`,
    )}
    from candidate c left join of_jlis j on j.id = c.id left join of_contract k on k.id = c.id where c.mine
  ) o order by o.occurred_at, o.id;
end $$;

/* The same for operators, of any tenant. */
create function open_any_tenant_usage(${ARGUMENTS}) returns void
  language plpgsql stable security definer set search_path = pg_catalog, public, pg_temp
as $$
begin
  perform open_tenant_usage(of_tenant, of_mode, starts, ends, seen, seen_before, seen_before_at, years, recognised, rules);
end $$;
`;

const TYPES =
  'uuid, tenant_mode, timestamptz, timestamptz, pg_snapshot, pg_snapshot, timestamptz, timestamptz[], jsonb, jsonb';

const GRANTS = `
revoke all on function open_tenant_usage(${TYPES}), open_any_tenant_usage(${TYPES}) from public;
-- A function's new owner needs CREATE on the schema at that moment only.
grant create on schema public to shomei_biller;
alter function open_any_tenant_usage(${TYPES}) owner to shomei_biller;
revoke create on schema public from shomei_biller;
grant execute on function open_tenant_usage(${TYPES}) to shomei_api, shomei_biller;
grant execute on function open_any_tenant_usage(${TYPES}) to shomei_admin;
`;
