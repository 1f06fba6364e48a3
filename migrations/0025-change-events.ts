import type { MigrationInterface, QueryRunner } from 'typeorm';

const TENANT_TABLES = ['status_watch', 'status_change', 'status_notice', 'expiry_notice'];

/** Change events: which changes of the lists concern a tenant's persons, and what it has been told of them. */
export class ChangeEvents1763900000025 implements MigrationInterface {
  readonly name = 'ChangeEvents1763900000025';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(TABLES);
    await runner.query(ISOLATION);
    await runner.query(OPTING_IN);
    await runner.query(WATCHING);
    await runner.query(GRANTS);
  }

  async down(): Promise<void> {
    throw new Error('migrations only go forward');
  }
}

const TABLES = `
-- Whether the tenant is told of changes without asking.
alter table contract add column change_events boolean not null default false;

/* Telling is part of what a contract includes: in live mode for two people to say. */
create or replace function contract_features(c contract) returns jsonb
  language sql stable set search_path = pg_catalog, public, pg_temp
as $$
  select jsonb_build_object('revocation_methods', c.revocation_methods, 'identify', c.identify, 'counterpart', c.counterpart,
    'latest_attributes', c.latest_attributes, 'allowed_ages', c.allowed_ages, 'age_dates', c.age_dates,
    'age_questions_a_year', c.age_questions_a_year, 'age_legal_day_inclusive', c.age_legal_day_inclusive,
    'change_events', c.change_events,
    'sign_up_consent_version', c.sign_up_consent_version, 'sign_up_consent_purposes', c.sign_up_consent_purposes)
$$;

-- One row for each tenant and mode that is told; made and removed by the contract's term.
create table status_watch (
  tenant_id uuid not null,
  mode tenant_mode not null,
  -- lists up to this epoch have been looked through for it
  epoch bigint not null,
  -- of Japan, by the clock of the mode: what is due by the day has been told for it
  day date,
  primary key (tenant_id, mode),
  foreign key (tenant_id, mode) references contract (tenant_id, mode)
);

-- A list said something new about a certificate that the tenant knows.
create table status_change (
  tenant_id uuid not null,
  mode tenant_mode not null,
  certificate_id uuid not null,
  crl_id bigint not null,
  -- that told of it; null: to be told
  event_id uuid,
  recorded_at timestamptz not null default clock_timestamp(),
  primary key (tenant_id, mode, certificate_id, crl_id),
  foreign key (tenant_id, mode, certificate_id) references person_certificate (tenant_id, mode, id) on delete cascade
);
create index status_change_untold on status_change (tenant_id, mode, certificate_id) where event_id is null;

-- One event for a person and day, whatever changed in it.
create table status_notice (
  tenant_id uuid not null,
  mode tenant_mode not null,
  person_id uuid not null,
  -- of Japan, by the clock of the mode
  day date not null,
  event_id uuid not null,
  primary key (tenant_id, mode, person_id, day)
);

-- One event for a certificate and each number of days before its end.
create table expiry_notice (
  tenant_id uuid not null,
  mode tenant_mode not null,
  certificate_id uuid not null,
  days smallint not null check (days in (7, 30, 60)),
  event_id uuid not null,
  primary key (tenant_id, mode, certificate_id, days),
  foreign key (tenant_id, mode, certificate_id) references person_certificate (tenant_id, mode, id) on delete cascade
);
create index person_certificate_end on person_certificate (tenant_id, mode, not_after) where not hop;
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
`;

const OPTING_IN = `
/* Who opts in is told of what is accepted from now on, not of what lies back. With the rights of whoever changes the contract. */
create function watch_status() returns trigger
  language plpgsql set search_path = pg_catalog, public, pg_temp
as $$
begin
  if new.change_events then
    insert into status_watch (tenant_id, mode, epoch)
    select new.tenant_id, new.mode, e.epoch from revocation_epoch e where e.mode = new.mode
    on conflict do nothing;
  else
    delete from status_watch w where w.tenant_id = new.tenant_id and w.mode = new.mode;
  end if;
  return null;
end $$;
create trigger watch_status after update of change_events on contract for each row
  when (old.change_events is distinct from new.change_events) execute function watch_status();
revoke all on function watch_status() from public;
create policy operator on status_watch to shomei_operator, shomei_admin using (true) with check (true);
grant select, insert, delete on status_watch to shomei_operator, shomei_admin;
grant select on revocation_epoch to shomei_admin;
grant update (change_events) on contract to shomei_operator, shomei_admin;
`;

const WATCHING = `
create policy monitor on status_watch for select to shomei_monitor using (true);
create policy monitor on tenant_key for select to shomei_monitor using (true);
grant select on status_watch to shomei_monitor;
grant select (tenant_id, mode, id, created_at) on tenant_key to shomei_monitor;

/*
 * Which tenants that are served are to be told of changes, and up to where they have been: ids and counters, nothing
 * about anybody. What a change means to a tenant is found among its own rows, in a transaction of that tenant.
 */
create function watching_tenants(for_mode tenant_mode)
  returns table (tenant_id uuid, epoch bigint, day text, lookup_key_id uuid)
  language sql stable security definer set search_path = pg_catalog, public, pg_temp
as $$
  -- The oldest key makes the keyed hashes, see find_api_key.
  select w.tenant_id, w.epoch, w.day::text,
    (select k.id from tenant_key k where k.tenant_id = w.tenant_id and k.mode = w.mode order by k.created_at limit 1)
  from status_watch w join tenant t on t.id = w.tenant_id
  where w.mode = for_mode and keys_work(t.state, w.mode)
  order by w.tenant_id
$$;
revoke all on function watching_tenants(tenant_mode) from public;
-- A function's new owner needs CREATE on the schema at that moment only.
grant create on schema public to shomei_monitor;
alter function watching_tenants(tenant_mode) owner to shomei_monitor;
revoke create on schema public from shomei_monitor;
grant execute on function watching_tenants(tenant_mode) to shomei_worker;
`;

const GRANTS = `
grant select on status_watch to shomei_worker;
grant update (epoch, day) on status_watch to shomei_worker;
grant select, insert on status_change, status_notice, expiry_notice to shomei_worker;
grant update (event_id) on status_change to shomei_worker;
`;
