import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What a sweep found about persons is erased when its time is over and nobody holds it. See docs/evidence.md. */
export class SweepRetention1763900000036 implements MigrationInterface {
  readonly name = 'SweepRetention1763900000036';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(RULE);
    await runner.query(GUARD);
    await runner.query(RIGHTS);
    await runner.query(ERASURE);
    await runner.query(DUE);
    await runner.query(GRANTS);
  }

  async down(): Promise<void> {
    throw new Error('migrations only go forward');
  }
}

const RULE = `
alter table retention_rule drop constraint retention_rule_kind_check;
alter table retention_rule add constraint retention_rule_kind_check
  check (kind in ('verification', 'consent', 'status_sweep'));
-- A month more than a year: this year's annual check can be read beside the one before.
insert into retention_rule values
  ('status_sweep', '-infinity', interval '13 months', 'results of status checks: comparison with the next annual check');

alter table status_sweep
  -- nothing about persons is told any more; the summary stays for the usage that rests on it
  add column results_erased_at timestamptz,
  -- rows about persons may be there
  add column results_left boolean not null default true,
  add check (results_erased_at is null or ended_at is not null),
  add check (results_left or results_erased_at is not null);
create index status_sweep_to_erase on status_sweep (ended_at) where results_left;
`;

const GUARD = `
/* As before; and of one that has ended, its results are erased, once, and nothing else. */
create or replace function guard_status_sweep() returns trigger
  language plpgsql set search_path = pg_catalog, public, pg_temp
as $$
begin
  if (new.selection, new.not_checked_since, new.certificates, new.method, new.created_at, new.recorded_at, new.api_key_id)
      is distinct from
      (old.selection, old.not_checked_since, old.certificates, old.method, old.created_at, old.recorded_at, old.api_key_id)
      or old.began_at is not null
        and (new.began_at, new.checked_at, new.crl_epoch, new.snapshot)
          is distinct from (old.began_at, old.checked_at, old.crl_epoch, old.snapshot) then
    raise exception 'what a sweep is about stays' using errcode = '23514', constraint = 'status_sweep_stays';
  end if;
  if (new.results_erased_at, new.results_left) is distinct from (old.results_erased_at, old.results_left) then
    if old.ended_at is null or to_jsonb(new) - 'results_erased_at' - 'results_left'
          <> to_jsonb(old) - 'results_erased_at' - 'results_left'
        or old.results_erased_at is not null and new.results_erased_at is distinct from old.results_erased_at
        or new.results_left and not old.results_left then
      raise exception 'results are erased once, after the end' using errcode = '23514', constraint = 'status_sweep_steps';
    end if;
    return new;
  end if;
  if not (old.state = 'queued' and new.state in ('running', 'cancelled', 'failed')
      or old.state = 'running' and new.state in ('running', 'completed', 'cancelled', 'failed')) then
    raise exception 'no such step' using errcode = '23514', constraint = 'status_sweep_steps';
  end if;
  if new.done < old.done or old.last_person is not null and (new.last_person is null or new.last_person < old.last_person)
  then
    raise exception 'a sweep goes forward' using errcode = '23514', constraint = 'status_sweep_steps';
  end if;
  return new;
end $$;
`;

const TABLES = ['status_sweep', 'status_sweep_person', 'status_sweep_rejection', 'status_sweep_result'];

const RIGHTS = `
do $$
declare t text;
begin
  foreach t in array array[${TABLES.map((table) => `'${table}'`).join(', ')}] loop
    execute format('create policy retention_clerk on %I to shomei_retention_clerk using (true) with check (true)', t);
  end loop;
end $$;
create policy retention_clerk on person for select to shomei_retention_clerk using (true);
grant select (tenant_id, mode, id, ended_at, results_erased_at, results_left), update (results_erased_at, results_left)
  on status_sweep to shomei_retention_clerk;
grant select (tenant_id, mode, sweep_id, person_id), delete on status_sweep_result, status_sweep_person
  to shomei_retention_clerk;
grant select (tenant_id, mode, sweep_id, line), delete on status_sweep_rejection to shomei_retention_clerk;
grant select (tenant_id, mode, id, merged_into) on person to shomei_retention_clerk;
`;

const deleteSome = (table: string, column: string): string => `
    delete from ${table} r where r.tenant_id = due.tenant_id and r.mode = due.mode and r.sweep_id = due.id
      and r.${column} in (select x.${column} from ${table} x
        where x.tenant_id = due.tenant_id and x.mode = due.mode and x.sweep_id = due.id limit room);
    get diagnostics gone = row_count;
    room := room - gone;`;

const ERASURE = `
/* Held by a hold on everything of the tenant and mode, or on a person whom the sweep is about. */
create function is_sweep_held(of_tenant uuid, of_mode tenant_mode, of_sweep uuid) returns boolean
  language sql stable set search_path = pg_catalog, public, pg_temp
as $$
  select exists (
    select 1 from legal_hold h where h.tenant_id = of_tenant and h.mode = of_mode and h.lifted_at is null
      and h.verification_id is null and (h.person_id is null or exists (
        select 1 from status_sweep_result r where r.tenant_id = of_tenant and r.mode = of_mode and r.sweep_id = of_sweep
          and r.person_id in (select h.person_id union all select p.id from person p
            where p.tenant_id = of_tenant and p.mode = of_mode and p.merged_into = h.person_id))))
$$;

/*
 * Erases what sweeps of any tenants found about persons, whom they named and which lines stood for nobody: the sweeps that
 * ended first and whose time is over, at most up_to rows. A sweep of many takes several calls; from the first of them
 * nothing of it is told any more. Its summary, which names nobody, stays. One audit event for each sweep, at its end.
 * Returns how many rows were erased. Callers at once work on different sweeps.
 */
create function erase_due_sweep_results(up_to int) returns int
  language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp
as $$
declare
  most int := least(greatest(up_to, 1), 5000);
  room int := most;
  gone int;
  due record;
begin
  while room > 0 loop
    select s.tenant_id, s.mode, s.id into due from status_sweep s
    where s.results_left and s.ended_at < clock_timestamp() - (select min(r.keep) from retention_rule r where r.kind = 'status_sweep')
      and retained_until('status_sweep', s.ended_at) <= clock_timestamp()
      and (s.results_erased_at is not null or not is_sweep_held(s.tenant_id, s.mode, s.id))
    order by s.ended_at limit 1 for update skip locked;
    exit when not found;
    update status_sweep s set results_erased_at = clock_timestamp()
    where s.tenant_id = due.tenant_id and s.mode = due.mode and s.id = due.id and s.results_erased_at is null;
    ${deleteSome('status_sweep_result', 'person_id')}
    ${deleteSome('status_sweep_person', 'person_id')}
    ${deleteSome('status_sweep_rejection', 'line')}
    exit when room = 0;
    update status_sweep s set results_left = false
    where s.tenant_id = due.tenant_id and s.mode = due.mode and s.id = due.id;
    insert into audit_event (id, tenant_id, mode, actor, action, target, detail)
    values (gen_random_uuid(), due.tenant_id, due.mode, 'system:worker', 'status_sweep.erase_results',
      'status_sweep:' || due.id, '{}');
  end loop;
  return most - room;
end $$;
`;

const DUE = `
/* As before, and status sweeps whose results are there. */
create or replace function retention_due(months int)
  returns table (kind text, starts timestamptz, ends timestamptz, things bigint)
  language sql stable security definer set search_path = pg_catalog, public, pg_temp
as $$
  with rule as (
    select r.kind, r.valid_from, r.keep,
      coalesce(lead(r.valid_from) over (partition by r.kind order by r.valid_from), 'infinity') as valid_until
    from retention_rule r),
  now_ as (select clock_timestamp() as at, date_trunc('month', clock_timestamp() at time zone 'Asia/Tokyo') as month),
  span as (
    select '-infinity'::timestamptz as starts, n.at as ends from now_ n
    union all
    select greatest(n.at, (n.month + i * interval '1 month') at time zone 'Asia/Tokyo'),
      (n.month + (i + 1) * interval '1 month') at time zone 'Asia/Tokyo'
    from now_ n, generate_series(0, least(greatest(months, 1), 24) - 1) i)
  select r.kind, s.starts, s.ends, least(sum(c.n), 100000)::bigint
  from rule r cross join span s cross join lateral (
    select case r.kind
      when 'verification' then (select count(*) from (select 1 from verification v
        where v.recorded_at >= greatest(r.valid_from, s.starts - r.keep) and v.recorded_at < least(r.valid_until, s.ends - r.keep)
          and v.erased_at is null limit 100000) x)
      when 'consent' then (select count(*) from (select 1 from consent v
        where v.recorded_at >= greatest(r.valid_from, s.starts - r.keep) and v.recorded_at < least(r.valid_until, s.ends - r.keep)
        limit 100000) x)
      when 'status_sweep' then (select count(*) from (select 1 from status_sweep v
        where v.ended_at >= greatest(r.valid_from, s.starts - r.keep) and v.ended_at < least(r.valid_until, s.ends - r.keep)
          and v.results_left limit 100000) x)
    end as n) c
  group by r.kind, s.starts, s.ends order by r.kind, s.starts
$$;
`;

const GRANTS = `
revoke all on function is_sweep_held(uuid, tenant_mode, uuid), erase_due_sweep_results(int) from public;
grant execute on function is_sweep_held(uuid, tenant_mode, uuid) to shomei_retention_clerk;
-- A function's new owner needs CREATE on the schema at that moment only.
grant create on schema public to shomei_retention_clerk;
alter function erase_due_sweep_results(int) owner to shomei_retention_clerk;
revoke create on schema public from shomei_retention_clerk;
grant execute on function erase_due_sweep_results(int) to shomei_worker;
`;
