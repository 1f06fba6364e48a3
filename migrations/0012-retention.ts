import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Evidence is erased when its time is over and nobody holds it; a key only when it is needed for nothing. See docs/evidence.md. */
export class Retention1763900000012 implements MigrationInterface {
  readonly name = 'Retention1763900000012';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(HOLDS);
    await runner.query(ERASURE);
    await runner.query(KEYS);
    await runner.query(GRANTS);
  }

  async down(): Promise<void> {
    throw new Error('migrations only go forward');
  }
}

const HOLDS = `
-- Keeps what it is about beyond its time: everything of a tenant and mode, of one person, or one verification.
create table legal_hold (
  tenant_id uuid not null,
  mode tenant_mode not null,
  id uuid not null,
  person_id uuid,
  verification_id uuid,
  reason text not null check (length(btrim(reason)) between 3 and 500),
  placed_by text not null check (length(placed_by) <= 300),
  placed_at timestamptz not null default clock_timestamp(),
  lifted_by text check (length(lifted_by) <= 300),
  lift_reason text check (length(btrim(lift_reason)) between 3 and 500),
  lifted_at timestamptz,
  primary key (tenant_id, mode, id),
  foreign key (tenant_id, mode) references contract (tenant_id, mode),
  foreign key (tenant_id, mode, person_id) references person (tenant_id, mode, id),
  foreign key (tenant_id, mode, verification_id) references verification (tenant_id, mode, id),
  check (person_id is null or verification_id is null),
  check (num_nulls(lifted_by, lift_reason, lifted_at) in (0, 3))
);
create index legal_hold_open on legal_hold (tenant_id, mode) where lifted_at is null;
alter table legal_hold enable row level security;
alter table legal_hold force row level security;
create policy operator on legal_hold to shomei_operator using (true) with check (true);
create policy retention_clerk on legal_hold for select to shomei_retention_clerk using (true);
`;

const ERASURE = `
alter table verification
  alter column evidence drop not null,
  add column erased_at timestamptz,
  -- of a person who was deleted before: stays hidden when the tombstone is gone
  add column hidden boolean not null default false,
  add check ((evidence is null) = (erased_at is not null));

-- Up to where verifications have been looked through. Back to the beginning when a hold is lifted.
create table retention_progress (
  only_row boolean primary key default true check (only_row),
  looked_until timestamptz not null default '-infinity'
);
insert into retention_progress default values;

create policy retention_clerk on verification to shomei_retention_clerk using (true) with check (true);
create policy retention_clerk on verification_person to shomei_retention_clerk using (true);
create policy retention_clerk on certificate_tombstone to shomei_retention_clerk using (true);
create policy retention_clerk on person_certificate for select to shomei_retention_clerk using (true);
create policy retention_clerk on consent for select to shomei_retention_clerk using (true);
create policy retention_clerk on tenant_key for select to shomei_retention_clerk using (true);
create policy retention_clerk on audit_event for insert to shomei_retention_clerk with check (true);

create function is_held(of_tenant uuid, of_mode tenant_mode, of_verification uuid) returns boolean
  language sql stable set search_path = pg_catalog, public, pg_temp
as $$
  select exists (
    select 1 from legal_hold h where h.tenant_id = of_tenant and h.mode = of_mode and h.lifted_at is null
      and (h.verification_id = of_verification or (h.verification_id is null and h.person_id is null)
        or exists (select 1 from verification_person p where p.tenant_id = of_tenant and p.mode = of_mode
          and p.verification_id = of_verification and p.person_id = h.person_id)))
$$;

/*
 * Erases what is sealed of at most up_to verifications of any tenants, oldest first, whose time is over and that nobody
 * holds. The verdict, which names nobody, stays for the usage that rests on it. One audit event for each tenant and mode.
 * Returns how many were erased. Callers at once take turns.
 */
create function erase_due_evidence(up_to int) returns int
  language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp
as $$
declare
  since timestamptz;
  cutoff timestamptz;
  waiting timestamptz;
  erased int;
  reached timestamptz;
begin
  select p.looked_until into since from retention_progress p for update;
  select clock_timestamp() - min(r.keep) into cutoff from retention_rule r where r.kind = 'verification';
  with due as (
    select v.tenant_id, v.mode, v.id, v.recorded_at from verification v
    where v.recorded_at >= since and v.recorded_at < cutoff and v.erased_at is null
      and retained_until('verification', v.recorded_at) <= clock_timestamp() and not is_held(v.tenant_id, v.mode, v.id)
    order by v.recorded_at limit least(greatest(up_to, 1), 5000)
  ),
  gone as (
    update verification v set evidence = null, erased_at = clock_timestamp(), reference = null,
      hidden = exists (select 1 from certificate_tombstone t where t.tenant_id = v.tenant_id and t.mode = v.mode
        and t.certificate_hash = v.certificate_hash and t.severed_at > v.recorded_at)
    from due d where v.tenant_id = d.tenant_id and v.mode = d.mode and v.id = d.id
    returning v.tenant_id, v.mode, v.id, v.recorded_at
  ),
  unlinked as (
    delete from verification_person p using gone g
    where p.tenant_id = g.tenant_id and p.mode = g.mode and p.verification_id = g.id
  ),
  audited as (
    insert into audit_event (id, tenant_id, mode, actor, action, target, detail)
    select gen_random_uuid(), g.tenant_id, g.mode, 'system:worker', 'evidence.erase', 'tenant:' || g.tenant_id,
      jsonb_build_object('verifications', count(*), 'recorded_until', max(g.recorded_at))
    from gone g group by g.tenant_id, g.mode
  )
  select count(*), max(g.recorded_at) into erased, reached from gone g;
  if erased < least(greatest(up_to, 1), 5000) then
    -- A later rule may keep some of this time longer: they are looked at again.
    select min(v.recorded_at) into waiting from verification v
    where v.recorded_at >= since and v.recorded_at < cutoff and v.erased_at is null
      and retained_until('verification', v.recorded_at) > clock_timestamp();
    reached := least(coalesce(waiting, cutoff), cutoff);
  end if;
  update retention_progress set looked_until = greatest(since, reached);
  -- No verification from before a tombstone can have evidence any more.
  delete from certificate_tombstone t
  where t.expires_at <= clock_timestamp() and retained_until('verification', t.severed_at) <= clock_timestamp()
    and not exists (select 1 from legal_hold h where h.tenant_id = t.tenant_id and h.mode = t.mode and h.lifted_at is null);
  return erased;
end $$;

create function look_again_when_lifted() returns trigger
  language plpgsql security definer set search_path = pg_catalog, public, pg_temp
as $$
begin
  update retention_progress set looked_until = '-infinity';
  return new;
end $$;
create trigger look_again after update of lifted_at on legal_hold
  for each row when (old.lifted_at is null and new.lifted_at is not null) execute function look_again_when_lifted();
`;

const KEYS = `
/* A data key goes only when nothing is sealed under it, and the one of the keyed hashes only with no clock or hold left. */
create function guard_tenant_key() returns trigger
  language plpgsql security definer set search_path = pg_catalog, public, pg_temp
as $$
begin
  if exists (select 1 from legal_hold h where h.tenant_id = old.tenant_id and h.mode = old.mode and h.lifted_at is null) then
    raise exception 'tenant_key_held' using errcode = 'restrict_violation';
  end if;
  if exists (select 1 from verification v where v.tenant_id = old.tenant_id and v.mode = old.mode
      and v.tenant_key_id = old.id and v.erased_at is null)
    or exists (select 1 from person_certificate p where p.tenant_id = old.tenant_id and p.mode = old.mode
      and p.tenant_key_id = old.id)
  then
    raise exception 'tenant_key_in_use' using errcode = 'restrict_violation';
  end if;
  -- The oldest makes the keyed hashes by which everything else is found.
  if not exists (select 1 from tenant_key k where k.tenant_id = old.tenant_id and k.mode = old.mode
      and k.created_at < old.created_at)
    and (exists (select 1 from tenant_key k where k.tenant_id = old.tenant_id and k.mode = old.mode and k.id <> old.id)
      or exists (select 1 from certificate_tombstone t where t.tenant_id = old.tenant_id and t.mode = old.mode)
      or exists (select 1 from consent c where c.tenant_id = old.tenant_id and c.mode = old.mode
        and retained_until('consent', c.recorded_at) > clock_timestamp()))
  then
    raise exception 'tenant_key_in_use' using errcode = 'restrict_violation';
  end if;
  return old;
end $$;
create trigger guard before delete on tenant_key for each row execute function guard_tenant_key();
`;

const GRANTS = `
revoke all on function is_held(uuid, tenant_mode, uuid), erase_due_evidence(int), look_again_when_lifted(), guard_tenant_key()
  from public;
grant select (tenant_id, mode, id, recorded_at, erased_at, certificate_hash, tenant_key_id) on verification to shomei_retention_clerk;
grant update (evidence, erased_at, reference, hidden) on verification to shomei_retention_clerk;
grant select, delete on verification_person, certificate_tombstone to shomei_retention_clerk;
grant select (tenant_id, mode, tenant_key_id) on person_certificate to shomei_retention_clerk;
grant select (tenant_id, mode, recorded_at) on consent to shomei_retention_clerk;
grant select (tenant_id, mode, id, created_at) on tenant_key to shomei_retention_clerk;
grant select on legal_hold, retention_rule to shomei_retention_clerk;
grant select, update (looked_until) on retention_progress to shomei_retention_clerk;
grant insert (id, tenant_id, mode, actor, action, target, detail) on audit_event to shomei_retention_clerk;
grant execute on function retained_until(text, timestamptz), is_held(uuid, tenant_mode, uuid) to shomei_retention_clerk;
-- A function's new owner needs CREATE on the schema at that moment only.
grant create on schema public to shomei_retention_clerk;
alter function erase_due_evidence(int) owner to shomei_retention_clerk;
alter function look_again_when_lifted() owner to shomei_retention_clerk;
alter function guard_tenant_key() owner to shomei_retention_clerk;
revoke create on schema public from shomei_retention_clerk;
grant execute on function erase_due_evidence(int) to shomei_worker;

grant select on legal_hold to shomei_operator;
grant insert (tenant_id, mode, id, person_id, verification_id, reason, placed_by) on legal_hold to shomei_operator;
grant update (lifted_by, lift_reason, lifted_at) on legal_hold to shomei_operator;
grant delete on tenant_key to shomei_operator;
`;
