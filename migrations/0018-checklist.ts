import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What has to be in order before J-LIS is notified of a tenant, and the files that show it. See docs/decisions/0021. */
export class Checklist1763900000018 implements MigrationInterface {
  readonly name = 'Checklist1763900000018';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(TABLES);
    await runner.query(GUARDS);
    await runner.query(STEPS);
    await runner.query(GRANTS);
  }

  async down(): Promise<void> {
    throw new Error('migrations only go forward');
  }
}

const TABLES = `
-- What an operator confirms by files; the connection test is what the tenant's verifications say, and no row.
create type documented_item as enum
  ('contract_and_nda', 'delegation', 'officers_fitness', 'security_measures', 'privacy_notice');

create table checklist_file (
  tenant_id uuid not null references tenant (id),
  id uuid not null,
  item documented_item not null,
  media_type text not null check (media_type in ('application/pdf', 'image/png', 'image/jpeg')),
  size int not null check (size between 1 and 10485760),
  -- of what was uploaded
  sha256 bytea not null check (length(sha256) = 32),
  -- both sealed under the key ring: files and their names tell of people
  name bytea not null,
  content bytea not null,
  ring_key text not null,
  uploaded_by uuid not null references operator_account (id),
  uploaded_at timestamptz not null default clock_timestamp(),
  withdrawn_by uuid references operator_account (id),
  withdrawn_at timestamptz,
  withdrawal_reason text check (length(withdrawal_reason) between 1 and 1000),
  replaced_by uuid,
  primary key (tenant_id, id),
  foreign key (tenant_id, replaced_by) references checklist_file (tenant_id, id),
  check (num_nulls(withdrawn_by, withdrawn_at, withdrawal_reason) in (0, 3)),
  check (replaced_by is null or withdrawn_at is not null)
);
-- Ciphertext does not compress.
alter table checklist_file alter column content set storage external;

create table checklist_item (
  tenant_id uuid not null references tenant (id),
  item documented_item not null,
  confirmed_by uuid references operator_account (id),
  confirmed_at timestamptz,
  note text check (length(note) between 1 and 1000),
  primary key (tenant_id, item),
  check ((confirmed_by is null) = (confirmed_at is null)),
  check (note is null or confirmed_at is not null)
);
`;

const GUARDS = `
/* One at a time with the steps of the tenant, so that none of them rests on what is being taken away. */
create function hold_checklist(of_tenant uuid) returns void
  language plpgsql set search_path = pg_catalog, public, pg_temp
as $$
begin
  perform 1 from tenant t where t.id = of_tenant and t.state not in ('rejected', 'terminated') for no key update;
  if not found then
    raise exception 'the checklist is closed' using errcode = '23514', constraint = 'checklist_closed';
  end if;
end $$;

create function guard_checklist_file() returns trigger
  language plpgsql set search_path = pg_catalog, public, pg_temp
as $$
begin
  if tg_op = 'DELETE' then
    raise exception 'files are withdrawn, not deleted' using errcode = '23514', constraint = 'checklist_file_stays';
  end if;
  perform hold_checklist(new.tenant_id);
  if tg_op = 'INSERT' then
    if new.withdrawn_at is not null then
      raise exception 'a new file is not withdrawn' using errcode = '23514', constraint = 'checklist_file_stays';
    end if;
    new.uploaded_at := clock_timestamp();
  else
    if old.withdrawn_at is not null or new.withdrawn_at is null
        or (new.tenant_id, new.id, new.item, new.media_type, new.size, new.sha256, new.name, new.content, new.ring_key,
            new.uploaded_by, new.uploaded_at)
          is distinct from
          (old.tenant_id, old.id, old.item, old.media_type, old.size, old.sha256, old.name, old.content, old.ring_key,
            old.uploaded_by, old.uploaded_at) then
      raise exception 'a file is withdrawn once and never changed' using errcode = '23514', constraint = 'checklist_file_stays';
    end if;
    new.withdrawn_at := clock_timestamp();
  end if;
  -- What was confirmed is what lay there.
  update checklist_item set confirmed_by = null, confirmed_at = null, note = null
  where tenant_id = new.tenant_id and item = new.item and confirmed_at is not null;
  return new;
end $$;
create trigger guard before insert or update or delete on checklist_file for each row execute function guard_checklist_file();

create function guard_checklist_item() returns trigger
  language plpgsql set search_path = pg_catalog, public, pg_temp
as $$
begin
  if tg_op = 'DELETE' or tg_op = 'UPDATE' and (new.tenant_id, new.item) is distinct from (old.tenant_id, old.item) then
    raise exception 'items are reopened, not deleted' using errcode = '23514', constraint = 'checklist_item_stays';
  end if;
  perform hold_checklist(new.tenant_id);
  if new.confirmed_at is not null then
    if not exists (select 1 from checklist_file f
        where f.tenant_id = new.tenant_id and f.item = new.item and f.withdrawn_at is null) then
      raise exception 'nothing to confirm without a file' using errcode = '23514', constraint = 'checklist_item_needs_file';
    end if;
    new.confirmed_at := clock_timestamp();
  end if;
  return new;
end $$;
create trigger guard before insert or update or delete on checklist_item for each row execute function guard_checklist_item();
`;

const STEPS = `
/*
 * What the tenant must have shown in test mode, and the first verification that shows it: that what it expects to use
 * answers valid, and that it has met a refusal. Verifications are written by append_decided alone, for a live key.
 */
create function connection_test(of_tenant uuid)
  returns table (shows text, verification_id uuid, recorded_at timestamptz)
  language sql stable set search_path = pg_catalog, public, pg_temp
as $$
  with expected as (
    select coalesce(max(a.signature_verifications_a_month), 0) as signatures,
      coalesce(max(a.authentications_a_month), 0) as authentications
    from tenant_application a where a.tenant_id = of_tenant
  )
  select 'valid_signature', v.id, v.recorded_at
  from expected e left join lateral (select v.id, v.recorded_at from verification v
    where v.tenant_id = of_tenant and v.mode = 'test' and v.outcome = 'valid' and v.kind = 'signature'
    order by v.id limit 1) v on true
  where e.signatures > 0 or e.authentications = 0
  union all
  select 'valid_authentication', v.id, v.recorded_at
  from expected e left join lateral (select v.id, v.recorded_at from verification v
    where v.tenant_id = of_tenant and v.mode = 'test' and v.outcome = 'valid' and v.kind = 'authentication'
    order by v.id limit 1) v on true
  where e.authentications > 0
  union all
  select 'invalid', v.id, v.recorded_at
  from expected e left join lateral (select v.id, v.recorded_at from verification v
    where v.tenant_id = of_tenant and v.mode = 'test' and v.outcome = 'invalid'
    order by v.id limit 1) v on true
$$;

create function open_checklist_items(of_tenant uuid) returns text[]
  language sql stable set search_path = pg_catalog, public, pg_temp
as $$
  select array(
    select i.item::text from unnest(enum_range(null::documented_item)) with ordinality as i (item, place)
    where not exists (select 1 from checklist_item c
      where c.tenant_id = of_tenant and c.item = i.item and c.confirmed_at is not null)
    order by i.place)
  || case when exists (select 1 from connection_test(of_tenant) t where t.verification_id is null)
    then array['connection_test'] else array[]::text[] end
$$;

/* J-LIS hears of a tenant when everything is in order, and it goes live when it still is. After guard, by its name. */
create function guard_tenant_checklist() returns trigger
  language plpgsql set search_path = pg_catalog, public, pg_temp
as $$
begin
  if cardinality(open_checklist_items(new.id)) > 0 then
    raise exception 'the checklist is not done' using errcode = '23514', constraint = 'checklist_is_done';
  end if;
  return new;
end $$;
create trigger guard_checklist before update on tenant for each row
  when (old.state = 'test' and new.state = 'notified' or old.state = 'notified' and new.state = 'live')
  execute function guard_tenant_checklist();
`;

const GRANTS = `
revoke all on function hold_checklist(uuid), guard_checklist_file(), guard_checklist_item(), connection_test(uuid),
  open_checklist_items(uuid), guard_tenant_checklist() from public;
grant execute on function hold_checklist(uuid), connection_test(uuid), open_checklist_items(uuid) to shomei_admin;
grant select, insert on checklist_file, checklist_item to shomei_admin;
grant update (withdrawn_by, withdrawn_at, withdrawal_reason, replaced_by) on checklist_file to shomei_admin;
grant update (confirmed_by, confirmed_at, note) on checklist_item to shomei_admin;
`;
