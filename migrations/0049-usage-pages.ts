import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A page of the events of a month is walked to along an index; what an event was before is looked up for the page alone. */
export class UsagePages1763900000085 implements MigrationInterface {
  readonly name = 'UsagePages1763900000085';

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
const COLUMNS = `id uuid, occurred_at timestamptz, meter text, method text, purpose text, outcome outcome, billable boolean,
    certificate_kind text, late boolean, jlis text, contract_again boolean, verification_id uuid, source text, source_id uuid`;

const missed = (of: string): string =>
  `(seen_before is not null and ${of}.xact is not null and not pg_visible_in_snapshot(${of}.xact, seen_before))`;
const mine = (of: string): string =>
  `${of}.tenant_id = of_tenant and ${of}.mode = of_mode and (${of}.xact is null or pg_visible_in_snapshot(${of}.xact, seen))`;
/** That J-LIS counts it once a year. */
const counts = (of: string): string => `(recognises and ${of}.purpose = 'status_check' and ${of}.billable
      and ${of}.method = 'crl' and ${of}.outcome <> 'indeterminate' and ${of}.occurred_at <@ recognised_at)`;
/** What an earlier statement holds comes before everything of this one. */
const place = (of: string): string => `(${of}.occurred_at >= starts or ${missed(of)}, ${of}.occurred_at, ${of}.id)`;
const earlier = (of: string, who: string): string => `exists (
        select 1 from usage_event b
        where ${mine('b')} and ${who} and b.certificate_kind = ${of}.certificate_kind
          and b.occurred_at < ends and (b.occurred_at >= years[1] or ${missed('b')}) and ${counts('b')}
          and width_bucket(b.occurred_at, years) = width_bucket(${of}.occurred_at, years) and ${place('b')} < ${place(of)})`;
/** Who is a person is told by the person, else by the certificate. */
const again = (of: string): string => `(${counts(of)} and case when ${of}.person_id is null
      then ${earlier(of, `b.person_id is null and b.certificate_hash = ${of}.certificate_hash`)}
      else ${earlier(of, `b.person_id = ${of}.person_id`)} end)`;

const WANTED = `(which->'ids' is null or u.id = any(ids)) and (which->'meter' is null or u.meter = which->>'meter')
      and (which->'purposes' is null or u.purpose = any(purposes))
      and (which->'outcomes' is null or u.billable and u.outcome::text = any(outcomes))
      and (after_at is null or u.occurred_at >= after_at and (u.occurred_at, u.id) > (after_at, after_id))`;

const FUNCTIONS = `
/*
 * Events of a tenant whose contract has no windows of its own, in a month, in the order of time and id: skip of them are left
 * out and take are given. which: {ids, meter, purposes, outcomes, late, from, until, charged_at, after_at, after_id}, each of which
 * may be absent. With outcomes only what can be billed. charged_at 'month': a late event counts as one of the start of the month.
 */
create function list_tenant_usage(${ARGUMENTS}, which jsonb, skip bigint, take bigint) returns table (${COLUMNS})
  language plpgsql stable set search_path = pg_catalog, public, pg_temp set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
  recognised_at tstzmultirange := coalesce((select range_agg(tstzrange(r.starts_at, r.ends_at))
    from jsonb_to_recordset(recognised) as r(tenant_id uuid, starts_at timestamptz, ends_at timestamptz)
    where r.tenant_id is null or r.tenant_id = of_tenant), '{}');
  recognises boolean := not isempty(recognised_at);
  ids uuid[] := array(select i::uuid from jsonb_array_elements_text(which->'ids') as i);
  purposes text[] := array(select jsonb_array_elements_text(which->'purposes'));
  outcomes text[] := array(select jsonb_array_elements_text(which->'outcomes'));
  from_at timestamptz := coalesce((which->>'from')::timestamptz, '-infinity');
  until_at timestamptz := coalesce((which->>'until')::timestamptz, 'infinity');
  after_at timestamptz := 'epoch'::timestamptz + (which->>'after_at')::bigint * interval '1 microsecond';
  after_id uuid := (which->>'after_id')::uuid;
begin
  return query
  select p.id, p.occurred_at, p.meter, p.method, p.purpose, p.outcome, p.billable, p.certificate_kind, p.occurred_at < starts,
    case when not ${counts('p')} then 'each' when ${again('p')} then 'again' else 'first' end, false,
    p.verification_id, p.source, p.source_id
  from (
    select e.* from (
      (select u.* from usage_event u
       where seen_before is not null and ${mine('u')} and u.occurred_at < starts
         and u.recorded_at >= seen_before_at - interval '1 day' and ${missed('u')}
         and case when which->>'charged_at' = 'month' then starts else u.occurred_at end >= from_at
         and case when which->>'charged_at' = 'month' then starts else u.occurred_at end < until_at
         and coalesce((which->>'late')::boolean, true) and ${WANTED}
       order by u.occurred_at, u.id limit skip + take)
      union all
      -- By tenant and mode too: behind row-level security the planner does not see that they are always the same.
      (select u.* from usage_event u
       where ${mine('u')} and u.occurred_at >= greatest(starts, from_at) and u.occurred_at < least(ends, until_at)
         and not coalesce((which->>'late')::boolean, false) and ${WANTED}
       order by u.tenant_id, u.mode, u.occurred_at, u.id limit skip + take)
    ) e order by e.occurred_at, e.id offset skip limit take
  ) p
  order by p.occurred_at, p.id;
end $$;

/*
 * Events of a tenant in a month as far as no other event has a say in them, under the caller's rights. It is taken for what it
 * says by whoever selects from it: only what is asked for is looked at.
 */
create function plain_tenant_usage(${ARGUMENTS})
  returns table (id uuid, occurred_at timestamptz, meter text, purpose text, outcome outcome, billable boolean, late boolean,
    contract_again boolean)
  language sql stable
begin atomic
  select u.id, u.occurred_at, u.meter, u.purpose, u.outcome, u.billable, false, false from usage_event u
  where ${mine('u')} and u.occurred_at >= starts and u.occurred_at < ends
  union all
  select u.id, u.occurred_at, u.meter, u.purpose, u.outcome, u.billable, true, false from usage_event u
  where ${mine('u')} and u.occurred_at < starts and u.recorded_at >= seen_before_at - interval '1 day' and ${missed('u')};
end;

/* The same as a list for operators, of any tenant. */
create function list_any_tenant_usage(${ARGUMENTS}, which jsonb, skip bigint, take bigint) returns table (${COLUMNS})
  language sql stable security definer set search_path = pg_catalog, public, pg_temp
as $$
  select * from list_tenant_usage(of_tenant, of_mode, starts, ends, seen, seen_before, seen_before_at, years, recognised,
    rules, which, skip, take)
$$;
`;

const TYPES = `uuid, tenant_mode, timestamptz, timestamptz, pg_snapshot, pg_snapshot, timestamptz, timestamptz[], jsonb, jsonb`;
const PAGE = 'jsonb, bigint, bigint';

const GRANTS = `
revoke all on function list_tenant_usage(${TYPES}, ${PAGE}), list_any_tenant_usage(${TYPES}, ${PAGE}),
  plain_tenant_usage(${TYPES}) from public;
-- A function's new owner needs CREATE on the schema at that moment only.
grant create on schema public to shomei_biller;
alter function list_any_tenant_usage(${TYPES}, ${PAGE}) owner to shomei_biller;
revoke create on schema public from shomei_biller;
grant execute on function list_tenant_usage(${TYPES}, ${PAGE}) to shomei_api, shomei_biller;
grant execute on function list_any_tenant_usage(${TYPES}, ${PAGE}) to shomei_admin;
grant execute on function plain_tenant_usage(${TYPES}) to shomei_api, shomei_admin;
`;
