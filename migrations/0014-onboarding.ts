import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The life of a tenant from application to termination, and what its contract includes of revocation methods. */
export class Onboarding1763900000014 implements MigrationInterface {
  readonly name = 'Onboarding1763900000014';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(TABLES);
    await runner.query(LIFE_CYCLE);
    await runner.query(KEYS);
    await runner.query(GRANTS);
  }

  async down(): Promise<void> {
    throw new Error('migrations only go forward');
  }
}

const TABLES = `
create type tenant_state as enum
  ('applied', 'in_review', 'rejected', 'test', 'notified', 'live', 'suspended', 'terminated');

alter table tenant
  -- the command's tenants, and those from before there were applications, begin in test mode
  add column state tenant_state not null default 'test',
  add column state_since timestamptz not null default clock_timestamp(),
  -- where resuming leads back to
  add column suspended_from tenant_state check (suspended_from in ('test', 'notified', 'live')),
  -- of the notification to J-LIS
  add column notified_on date,
  add column notification_reference text check (length(notification_reference) between 1 and 100),
  add column go_live_approval_id uuid unique references approval (id),
  -- the retention clock of what the tenant leaves behind starts here
  add column terminated_at timestamptz,
  add constraint tenant_suspended_from check ((state = 'suspended') = (suspended_from is not null)),
  add constraint tenant_notification check ((notified_on is null) = (notification_reference is null)),
  add constraint tenant_is_notified check (state not in ('notified', 'live') or notified_on is not null),
  add constraint tenant_go_live_is_approved check (state <> 'live' or go_live_approval_id is not null),
  add constraint tenant_terminated_at check ((state = 'terminated') = (terminated_at is not null));

create table tenant_application (
  tenant_id uuid primary key references tenant (id),
  kind text not null check (kind in ('corporation', 'other')),
  legal_name text not null check (length(legal_name) between 1 and 200),
  legal_name_kana text not null check (length(legal_name_kana) between 1 and 200),
  corporate_number text check (corporate_number ~ '^[1-9][0-9]{12}$'),
  address text not null check (length(address) between 1 and 300),
  service_name text not null check (length(service_name) between 1 and 200),
  purpose_of_use text not null check (length(purpose_of_use) between 1 and 1000),
  signature_verifications_a_month int not null check (signature_verifications_a_month >= 0),
  authentications_a_month int not null check (authentications_a_month >= 0),
  invoice_registration_number text check (invoice_registration_number ~ '^T[1-9][0-9]{12}$'),
  -- people: sealed under the key ring
  contacts bytea not null,
  contacts_ring_key text not null,
  updated_at timestamptz not null default clock_timestamp(),
  check ((kind = 'corporation') = (corporate_number is not null))
);
`;

const LIFE_CYCLE = `
create function guard_tenant() returns trigger
  language plpgsql set search_path = pg_catalog, public, pg_temp
as $$
begin
  if tg_op = 'DELETE' then
    raise exception 'tenants are terminated, not deleted' using errcode = '23514', constraint = 'tenant_stays';
  end if;
  if tg_op = 'INSERT' then
    if new.state not in ('applied', 'test') or new.notified_on is not null or new.go_live_approval_id is not null then
      raise exception 'a tenant begins with its application or in test mode' using errcode = '23514', constraint = 'tenant_steps';
    end if;
    return new;
  end if;
  if new.id <> old.id or new.created_at <> old.created_at then
    raise exception 'identity of a tenant' using errcode = '23514', constraint = 'tenant_stays';
  end if;
  if new.state = old.state then
    -- What belongs to a step is written by the step.
    if (new.state_since, new.suspended_from, new.notified_on, new.notification_reference, new.go_live_approval_id, new.terminated_at)
        is distinct from
        (old.state_since, old.suspended_from, old.notified_on, old.notification_reference, old.go_live_approval_id, old.terminated_at) then
      raise exception 'only with a step' using errcode = '23514', constraint = 'tenant_steps';
    end if;
    return new;
  end if;
  if not (old.state = 'applied' and new.state in ('in_review', 'rejected')
      or old.state = 'in_review' and new.state in ('test', 'rejected')
      or old.state = 'test' and new.state in ('notified', 'suspended', 'terminated')
      or old.state = 'notified' and new.state in ('live', 'suspended', 'terminated')
      or old.state = 'live' and new.state in ('suspended', 'terminated')
      or old.state = 'suspended' and new.state in (old.suspended_from, 'terminated')) then
    raise exception 'no such step' using errcode = '23514', constraint = 'tenant_steps';
  end if;
  if (new.notified_on, new.notification_reference) is distinct from (old.notified_on, old.notification_reference)
      and not (old.state = 'test' and new.state = 'notified') then
    raise exception 'the notification belongs to its step' using errcode = '23514', constraint = 'tenant_steps';
  end if;
  if old.state = 'test' and new.state = 'notified'
      and not exists (select 1 from tenant_application a where a.tenant_id = new.id) then
    raise exception 'nothing to notify without an application' using errcode = '23514', constraint = 'tenant_has_applied';
  end if;
  if old.state = 'notified' and new.state = 'live' then
    if not coalesce(approval_is_executed(new.go_live_approval_id, 'tenant_go_live', 'tenant:' || new.id,
        jsonb_build_object('state', old.state, 'notified_on', old.notified_on, 'notification_reference', old.notification_reference),
        jsonb_build_object('state', new.state)), false) then
      raise exception 'going live needs an approval' using errcode = '23514', constraint = 'go_live_needs_approval';
    end if;
  elsif new.go_live_approval_id is distinct from old.go_live_approval_id then
    raise exception 'the approval belongs to going live' using errcode = '23514', constraint = 'go_live_needs_approval';
  end if;
  -- Not for the caller to say: when, where from, and when the retention clock starts.
  new.state_since := clock_timestamp();
  new.suspended_from := case when new.state = 'suspended' then old.state end;
  new.terminated_at := case when new.state = 'terminated' then new.state_since end;
  return new;
end $$;
create trigger guard before insert or update or delete on tenant for each row execute function guard_tenant();
revoke all on function guard_tenant() from public;
`;

const KEYS = `
alter table contract add column revocation_methods text[] not null default '{crl,ocsp,ocsp_or_crl}'
  check (revocation_methods <@ array['crl', 'ocsp', 'ocsp_or_crl'] and cardinality(revocation_methods) > 0);

-- A tenant's state decides at each look whether its keys open anything: those of test mode from acceptance, live from go-live.
grant select (id, state) on tenant to shomei_key_lookup, shomei_door, shomei_tenant_clerk;
create policy lookup on tenant for select to shomei_key_lookup, shomei_door, shomei_tenant_clerk using (true);
create function keys_work(state tenant_state, mode tenant_mode) returns boolean
  language sql immutable set search_path = pg_catalog, public, pg_temp
as $$ select state = 'live' or mode = 'test' and state in ('test', 'notified') $$;
revoke all on function keys_work(tenant_state, tenant_mode) from public;
grant execute on function keys_work(tenant_state, tenant_mode) to shomei_key_lookup, shomei_door;
drop policy lookup on api_key;
create policy lookup on api_key for select to shomei_key_lookup
  using (exists (select 1 from tenant t where t.id = tenant_id and keys_work(t.state, mode)));
drop policy door_key on api_key;
create policy door_key on api_key for select to shomei_door
  using (exists (select 1 from tenant t where t.id = tenant_id and keys_work(t.state, mode)));

-- Nobody makes a key of live mode before its tenant is live.
create policy no_live_key_before_go_live on api_key as restrictive for insert to shomei_operator, shomei_admin
  with check (mode = 'test' or exists (select 1 from tenant t where t.id = tenant_id and t.state = 'live'));

-- Who brings a key that would open something is told that the tenant is suspended; nobody else learns it.
create policy suspended on api_key for select to shomei_tenant_clerk using (true);
grant select (tenant_id, secret_sha256, expires_at, revoked_at) on api_key to shomei_tenant_clerk;
create function is_key_of_suspended(secret_hash bytea) returns boolean
  language sql stable security definer set search_path = pg_catalog, public, pg_temp
as $$
  select exists (select 1 from api_key k join tenant t on t.id = k.tenant_id
    where k.secret_sha256 = secret_hash and k.revoked_at is null
      and (k.expires_at is null or k.expires_at > clock_timestamp()) and t.state = 'suspended')
$$;
revoke all on function is_key_of_suspended(bytea) from public;
-- A function's new owner needs CREATE on the schema at that moment only.
grant create on schema public to shomei_tenant_clerk;
alter function is_key_of_suspended(bytea) owner to shomei_tenant_clerk;
revoke create on schema public from shomei_tenant_clerk;
grant execute on function is_key_of_suspended(bytea) to shomei_api;
`;

const GRANTS = `
grant select, insert on tenant_application to shomei_admin;
grant update (kind, legal_name, legal_name_kana, corporate_number, address, service_name, purpose_of_use,
  signature_verifications_a_month, authentications_a_month, invoice_registration_number, contacts, contacts_ring_key,
  updated_at) on tenant_application to shomei_admin;
grant update (name, state, notified_on, notification_reference, go_live_approval_id) on tenant to shomei_admin;
grant update (revocation_methods) on contract to shomei_admin, shomei_operator;
`;
