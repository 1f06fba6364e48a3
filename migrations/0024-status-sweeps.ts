import type { MigrationInterface, QueryRunner } from 'typeorm';

const TENANT_TABLES = ['status_sweep', 'status_sweep_person', 'status_sweep_rejection', 'status_sweep_result'];

/** Status sweeps (現況確認): what was asked for, how far it has come, and what it found about each person. */
export class StatusSweeps1763900000024 implements MigrationInterface {
  readonly name = 'StatusSweeps1763900000024';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(SWEEPS);
    await runner.query(STEPS);
    await runner.query(ROWS);
    await runner.query(ISOLATION);
    await runner.query(FORGETTING);
    await runner.query(DUE_SWEEPS);
    await runner.query(GRANTS);
  }

  async down(): Promise<void> {
    throw new Error('migrations only go forward');
  }
}

const SWEEPS = `
create table status_sweep (
  tenant_id uuid not null,
  mode tenant_mode not null,
  id uuid not null,
  api_key_id uuid not null,
  -- whom it is about: all registered persons, or those in status_sweep_person
  selection text not null check (selection in ('all', 'not_checked_since', 'persons', 'references')),
  not_checked_since timestamptz,
  certificates text not null check (certificates in ('auth', 'sign', 'both')),
  method text not null check (method in ('crl', 'ocsp')),
  state text not null default 'queued' check (state in ('queued', 'running', 'completed', 'failed', 'cancelled')),
  -- by the clock of the mode; recorded_at, began_at and ended_at are real
  created_at timestamptz not null,
  recorded_at timestamptz not null default clock_timestamp(),
  began_at timestamptz,
  ended_at timestamptz,
  -- the one time, by the clock of the mode, as of which lists are asked
  checked_at timestamptz,
  -- the lists in force at this epoch of their mode are asked, however long it takes
  crl_epoch bigint,
  -- what these lists are, by hierarchy
  snapshot jsonb,
  total int check (total >= 0),
  done int not null default 0 check (done >= 0 and done <= total),
  -- everybody up to this id is done
  last_person uuid,
  -- how many by conclusion
  summary jsonb not null default '{}',
  rejected int not null default 0,
  failure text,
  primary key (tenant_id, mode, id),
  check ((selection = 'not_checked_since') = (not_checked_since is not null)),
  check ((state = 'queued') <= (began_at is null)),
  check ((began_at is null) = (checked_at is null) and (began_at is null) = (total is null)),
  check ((crl_epoch is null) = (began_at is null or method = 'ocsp') and (crl_epoch is null) = (snapshot is null)),
  check ((state in ('completed', 'failed', 'cancelled')) = (ended_at is not null)),
  check ((state = 'failed') = (failure is not null)),
  check (state <> 'completed' or began_at is not null)
);
create index status_sweep_due on status_sweep (mode, tenant_id, id) where state in ('queued', 'running');

-- Which resource a key stands for is checked by the code that reads it: each release may bring one more.
alter table idempotency_key drop constraint idempotency_key_resource_check;
alter table idempotency_key add constraint idempotency_key_resource_check check (resource ~ '^[a-z_]{1,40}$');

-- Whether a person was checked since, and how often this year.
create index usage_event_checked_person on usage_event (tenant_id, mode, person_id, certificate_kind, occurred_at)
  where purpose = 'status_check' and billable;
`;

const STEPS = `
/* A sweep goes forward only, and what it is about never changes: whatever a worker that was thought dead still writes. */
create function guard_status_sweep() returns trigger
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
create trigger guard before update on status_sweep for each row execute function guard_status_sweep();
revoke all on function guard_status_sweep() from public;
`;

/**
 * No foreign keys: rows come by the million, and are written by statements that hold the sweep's row or read what they
 * name. No role may delete a sweep or a person.
 */
const ROWS = `
create table status_sweep_person (
  tenant_id uuid not null,
  mode tenant_mode not null,
  sweep_id uuid not null,
  person_id uuid not null,
  -- of the uploaded file
  line int,
  reference text,
  primary key (tenant_id, mode, sweep_id, person_id)
);

-- Lines of the uploaded file that stand for nobody.
create table status_sweep_rejection (
  tenant_id uuid not null,
  mode tenant_mode not null,
  sweep_id uuid not null,
  line int not null check (line > 0),
  code text not null,
  -- the line that holds the same
  first_line int,
  primary key (tenant_id, mode, sweep_id, line)
);

create table status_sweep_result (
  tenant_id uuid not null,
  mode tenant_mode not null,
  sweep_id uuid not null,
  person_id uuid not null,
  conclusion text not null,
  -- the list's time as of which the person is alive; null: not confirmed
  alive_as_of timestamptz,
  -- when what may be told of was revoked
  since timestamptz,
  -- by the clock of the mode: of the sweep, or of the answers where each was asked for by itself
  checked_at timestamptz not null,
  -- {sign, auth}: what may be told of the certificate of each kind that counted. No serial number.
  certificates jsonb not null,
  primary key (tenant_id, mode, sweep_id, person_id)
);
`;

const ISOLATION = `
do $$
declare t text;
begin
  foreach t in array array[${TENANT_TABLES.map((table) => `'${table}'`).join(', ')}] loop
    execute format('alter table %I enable row level security', t);
    execute format('alter table %I force row level security', t);
    execute format('create policy own on %I to shomei_api, shomei_worker
      using (tenant_id = current_tenant() and mode = current_mode())
      with check (tenant_id = current_tenant() and mode = current_mode())', t);
  end loop;
end $$;

-- Operators see that a sweep runs and what it comes to, never about whom.
create policy operator on status_sweep for select to shomei_admin using (true);
grant select on status_sweep to shomei_admin;
`;

const FORGETTING = `
/* A person who is deleted is in no sweep any more. With the rights of whoever deletes: the same tenant's rows alone. */
create function forget_swept_person() returns trigger
  language plpgsql set search_path = pg_catalog, public, pg_temp
as $$
begin
  with forgotten as (
    -- and whoever was merged into them
    select p.id from person p
    where p.tenant_id = new.tenant_id and p.mode = new.mode and (p.id = new.id or p.merged_into = new.id))
  delete from status_sweep_result r using status_sweep s
  where s.tenant_id = new.tenant_id and s.mode = new.mode and r.tenant_id = s.tenant_id and r.mode = s.mode
    and r.sweep_id = s.id and r.person_id in (select forgotten.id from forgotten);
  with forgotten as (
    -- and whoever was merged into them
    select p.id from person p
    where p.tenant_id = new.tenant_id and p.mode = new.mode and (p.id = new.id or p.merged_into = new.id))
  delete from status_sweep_person r using status_sweep s
  where s.tenant_id = new.tenant_id and s.mode = new.mode and r.tenant_id = s.tenant_id and r.mode = s.mode
    and r.sweep_id = s.id and r.person_id in (select forgotten.id from forgotten);
  return null;
end $$;
create trigger forget_swept after update of deleted_at on person for each row
  when (old.deleted_at is null and new.deleted_at is not null) execute function forget_swept_person();
revoke all on function forget_swept_person() from public;
`;

const DUE_SWEEPS = `
create policy monitor on status_sweep for select to shomei_monitor using (true);
create policy monitor on tenant for select to shomei_monitor using (true);
grant select (tenant_id, mode, id, state) on status_sweep to shomei_monitor;
grant select (id, state) on tenant to shomei_monitor;
grant execute on function keys_work(tenant_state, tenant_mode) to shomei_monitor;

/*
 * The oldest unfinished sweep of each tenant that is served: ids, nothing about anybody. One of each tenant at a time,
 * so that whoever asks for many waits for his own.
 */
create function due_status_sweeps(for_mode tenant_mode) returns table (tenant_id uuid, id uuid)
  language sql stable security definer set search_path = pg_catalog, public, pg_temp
as $$
  select distinct on (s.tenant_id) s.tenant_id, s.id from status_sweep s join tenant t on t.id = s.tenant_id
  where s.mode = for_mode and s.state in ('queued', 'running') and keys_work(t.state, s.mode)
  order by s.tenant_id, s.id
$$;
revoke all on function due_status_sweeps(tenant_mode) from public;
-- A function's new owner needs CREATE on the schema at that moment only.
grant create on schema public to shomei_monitor;
alter function due_status_sweeps(tenant_mode) owner to shomei_monitor;
revoke create on schema public from shomei_monitor;
grant execute on function due_status_sweeps(tenant_mode) to shomei_worker;
`;

const GRANTS = `
grant select, insert on status_sweep, status_sweep_person, status_sweep_rejection to shomei_api;
grant select on status_sweep_result to shomei_api;
grant update (state, ended_at) on status_sweep to shomei_api;
grant select on status_sweep, status_sweep_person to shomei_worker;
grant select, insert on status_sweep_result to shomei_worker;
grant update (state, began_at, ended_at, checked_at, crl_epoch, snapshot, total, done, last_person, summary, failure)
  on status_sweep to shomei_worker;
grant delete on status_sweep_person, status_sweep_result to shomei_api, shomei_worker;
-- A sweep meters what it asks.
grant insert (tenant_id, mode, id, source, source_id, person_id, meter, method, purpose, outcome, billable, certificate_kind,
  certificate_hash, occurred_at) on usage_event to shomei_worker;
grant select on counterpart_disclosure to shomei_worker;
`;
