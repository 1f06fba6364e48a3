import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What the operators' overview shows is counted as it happens, so that looking at it costs nothing. See docs/decisions/0043-overview.md. */
export class Overview1763900000080 implements MigrationInterface {
  readonly name = 'Overview1763900000080';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(TABLES);
    await runner.query(COUNTS);
    await runner.query(ANSWERS);
    await runner.query(GRANTS);
  }

  async down(): Promise<void> {
    throw new Error('migrations only go forward');
  }
}

const TABLES = `
-- Verifications of an hour of real time, over all tenants.
create table check_count (
  mode tenant_mode not null,
  hour timestamptz not null check (hour = date_trunc('hour', hour, 'UTC')),
  kind text not null,
  outcome outcome not null,
  checks bigint not null check (checks > 0),
  primary key (mode, hour, kind, outcome)
);

-- Every verification of a transaction before this one is counted, and none of a later one.
create table check_count_progress (
  only_row boolean primary key default true check (only_row),
  counted_below xid8 not null default '0',
  -- of the last time that nothing was left to count
  counted_at timestamptz
);
insert into check_count_progress default values;

-- How long verifications took that were answered in an hour: those that took at most 2^(octave_eighth/8) milliseconds,
-- and more than the step below.
create table answer_time (
  mode tenant_mode not null,
  hour timestamptz not null check (hour = date_trunc('hour', hour, 'UTC')),
  octave_eighth smallint not null check (octave_eighth between -64 and 192),
  answers bigint not null check (answers > 0),
  primary key (mode, hour, octave_eighth)
);

-- What the present month comes to so far, over all tenants.
create table month_estimate (
  mode tenant_mode primary key,
  -- null: never made
  month text check (month ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'),
  contract_yen bigint,
  jlis_yen bigint,
  billed_yen bigint,
  tenants int,
  -- tenants with something that has no price yet; they are not in the sums
  unpriced int,
  made_at timestamptz,
  begun_at timestamptz not null default '-infinity',
  took_ms int not null default 0,
  check (num_nulls(month, contract_yen, jlis_yen, billed_yen, tenants, unpriced, made_at) in (0, 7))
);
insert into month_estimate (mode) values ('live'), ('test');
`;

const COUNTS = `
create policy counter on verification for select to shomei_counter using (true);
create policy counter on audit_event for select to shomei_counter using (true);

/*
 * Counts verifications of any tenants that were not counted yet: of about up_to audit events at most, whole transactions, in
 * their order. A transaction that still runs is waited for, and what comes after it too. Returns whether there may be more to
 * count. Callers at once take turns.
 */
create function count_checks(up_to int) returns boolean
  language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp
as $$
declare
  since xid8;
  ended_below xid8;
  stop_below xid8;
  began timestamptz := clock_timestamp();
begin
  select p.counted_below into since from check_count_progress p for update;
  ended_below := pg_snapshot_xmin(pg_current_snapshot());
  select a.xact into stop_below from audit_event a where a.xact > since and a.xact < ended_below
  order by a.xact, a.id offset least(greatest(up_to, 1), 100000) limit 1;
  stop_below := coalesce(stop_below, ended_below);
  if stop_below <= since then return false; end if;
  insert into check_count as c (mode, hour, kind, outcome, checks)
  select v.mode, date_trunc('hour', v.recorded_at, 'UTC'), v.kind, v.outcome, count(*)
  from (
    select e.tenant_id, e.mode, case when e.action = 'verification.create' then substr(e.target, 14)::uuid end as id
    from audit_event e where e.xact >= since and e.xact < stop_below and e.action = 'verification.create'
  ) a
  join verification v on v.tenant_id = a.tenant_id and v.mode = a.mode and v.id = a.id
  group by 1, 2, 3, 4 order by 1, 2, 3, 4
  on conflict (mode, hour, kind, outcome) do update set checks = c.checks + excluded.checks;
  update check_count_progress set counted_below = stop_below,
    counted_at = case when stop_below = ended_below then began else counted_at end;
  return stop_below < ended_below;
end $$;
`;

const ANSWERS = `
/*
 * Adds to how many verifications took how long: [{"mode", "hour", "octave_eighth", "answers"}], of this hour or the one before
 * it. It tells nothing.
 */
create function add_answer_times(times jsonb) returns void
  language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp
as $$
begin
  insert into answer_time as a (mode, hour, octave_eighth, answers)
  select t.mode, t.hour, t.octave_eighth, sum(t.answers)
  from jsonb_to_recordset(times) as t(mode tenant_mode, hour timestamptz, octave_eighth smallint, answers int)
  where t.hour between clock_timestamp() - interval '2 hours' and clock_timestamp() + interval '1 minute' and t.answers > 0
  group by 1, 2, 3 order by 1, 2, 3
  on conflict (mode, hour, octave_eighth) do update set answers = a.answers + excluded.answers;
end $$;
`;

const GRANTS = `
revoke all on function count_checks(int), add_answer_times(jsonb) from public;
-- A function's new owner needs CREATE on the schema at that moment only.
grant create on schema public to shomei_counter;
alter function count_checks(int) owner to shomei_counter;
alter function add_answer_times(jsonb) owner to shomei_counter;
revoke create on schema public from shomei_counter;
grant select (tenant_id, mode, id, kind, outcome, recorded_at) on verification to shomei_counter;
grant select (id, tenant_id, mode, action, target, xact) on audit_event to shomei_counter;
grant select, insert, update on check_count, answer_time to shomei_counter;
grant select, update on check_count_progress to shomei_counter;
grant execute on function count_checks(int) to shomei_worker;
grant execute on function add_answer_times(jsonb) to shomei_api;
grant select on check_count, check_count_progress, answer_time, month_estimate to shomei_admin;
grant select, update on month_estimate to shomei_worker;
`;
