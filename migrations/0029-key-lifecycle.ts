import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Everything sealed under the key ring can be sealed anew, a tenant's key says what needs it, and consents end when their
 * time is over. See docs/operations/backup-and-keys.md and docs/evidence.md.
 */
export class KeyLifecycle1763900000029 implements MigrationInterface {
  readonly name = 'KeyLifecycle1763900000029';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(RING);
    await runner.query(KEY_NEEDS);
    await runner.query(CONSENTS);
    await runner.query(DUE);
    await runner.query(GRANTS);
  }

  async down(): Promise<void> {
    throw new Error('migrations only go forward');
  }
}

const RING = `
-- A secret sealed anew under another ring key is the same secret: nobody is signed out.
drop trigger end_sessions on operator_account;
create trigger end_sessions after update on operator_account for each row
  when ((old.roles, old.disabled_at, old.password_hash) is distinct from (new.roles, new.disabled_at, new.password_hash)
    or old.totp_confirmed_at is not null
      and (old.totp_confirmed_at is distinct from new.totp_confirmed_at or new.totp_secret is null
        or old.totp_secret is distinct from new.totp_secret and old.totp_ring_key = new.totp_ring_key))
  execute function end_operator_sessions();

create policy key_clerk on tenant_key to shomei_key_clerk using (true) with check (true);
grant select (tenant_id, mode, id, ring_key_id, wrapped), update (ring_key_id, wrapped) on tenant_key to shomei_key_clerk;
grant select (tenant_id, contacts, contacts_ring_key), update (contacts, contacts_ring_key) on tenant_application
  to shomei_key_clerk;
grant select (id, roles, totp_secret, totp_ring_key), update (totp_secret, totp_ring_key) on operator_account
  to shomei_key_clerk;
grant select (tenant_id, id, name, content, ring_key), update (name, content, ring_key) on checklist_file to shomei_key_clerk;
grant execute on function acting_operator(bytea) to shomei_key_clerk;

/* As before, and: the door that seals anew may do so, also when the checklist is closed; what was confirmed is still there. */
create or replace function guard_checklist_file() returns trigger
  language plpgsql set search_path = pg_catalog, public, pg_temp
as $$
begin
  if tg_op = 'DELETE' then
    raise exception 'files are withdrawn, not deleted' using errcode = '23514', constraint = 'checklist_file_stays';
  end if;
  if tg_op = 'UPDATE' and current_user = 'shomei_key_clerk' then
    -- It has no right to any other column.
    return new;
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

/* How many things are sealed under each key of the ring. */
create function ring_key_use() returns table (kind text, ring_key_id text, things bigint)
  language sql stable security definer set search_path = pg_catalog, public, pg_temp
as $$
  select 'tenant_key', k.ring_key_id, count(*) from tenant_key k group by 2
  union all select 'tenant_contacts', a.contacts_ring_key, count(*) from tenant_application a group by 2
  union all select 'checklist_file', f.ring_key, count(*) from checklist_file f group by 2
  union all select 'operator_totp', o.totp_ring_key, count(*) from operator_account o
    where o.totp_ring_key is not null group by 2
$$;

create function acts_as_admin(token_hash bytea) returns boolean
  language sql stable set search_path = pg_catalog, public, pg_temp
as $$
  select exists (select 1 from operator_account o where o.id = acting_operator(token_hash) and 'admin' = any (o.roles))
$$;

/* At most 1,000 things of a kind that are not sealed under the ring key to keep, by id; for an admin with both factors. */
create function sealed_under_others(token_hash bytea, keep text, wanted text, after_id uuid, up_to int)
  returns table (tenant_id uuid, id uuid, ring_key_id text, sealed bytea[])
  language plpgsql stable security definer set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_column
begin
  if not acts_as_admin(token_hash) then
    raise exception 'not an admin with both factors' using errcode = 'insufficient_privilege';
  end if;
  return query
  select s.* from (
    select k.tenant_id, k.id, k.ring_key_id, array[k.wrapped] from tenant_key k
      where wanted = 'tenant_key' and k.ring_key_id <> keep
    union all select a.tenant_id, a.tenant_id, a.contacts_ring_key, array[a.contacts] from tenant_application a
      where wanted = 'tenant_contacts' and a.contacts_ring_key <> keep
    union all select f.tenant_id, f.id, f.ring_key, array[f.name, f.content] from checklist_file f
      where wanted = 'checklist_file' and f.ring_key <> keep
    union all select null, o.id, o.totp_ring_key, array[o.totp_secret] from operator_account o
      where wanted = 'operator_totp' and o.totp_ring_key <> keep
  ) s (tenant_id, id, ring_key_id, sealed)
  where after_id is null or s.id > after_id order by s.id limit least(greatest(up_to, 1), 1000);
end $$;

/* Puts the same secret, sealed under another ring key, in the place of what was read. False: it is not there any more. */
create function seal_anew(token_hash bytea, wanted text, of_id uuid, was bytea[], new_ring_key text, becomes bytea[])
  returns boolean language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp
as $$
begin
  if not acts_as_admin(token_hash) then
    raise exception 'not an admin with both factors' using errcode = 'insufficient_privilege';
  end if;
  if new_ring_key is null or new_ring_key !~ '^[A-Za-z0-9_-]{1,32}$' or cardinality(becomes) <> cardinality(was)
      or exists (select 1 from unnest(was, becomes) x (w, b) where length(x.w) is distinct from length(x.b)) then
    raise exception 'this is not the same secret' using errcode = '22023';
  end if;
  case wanted
    when 'tenant_key' then
      update tenant_key k set ring_key_id = new_ring_key, wrapped = becomes[1]
      where k.id = of_id and k.wrapped = was[1];
    when 'tenant_contacts' then
      update tenant_application a set contacts_ring_key = new_ring_key, contacts = becomes[1]
      where a.tenant_id = of_id and a.contacts = was[1];
    when 'checklist_file' then
      update checklist_file f set ring_key = new_ring_key, name = becomes[1], content = becomes[2]
      where f.id = of_id and f.name = was[1] and f.content = was[2];
    when 'operator_totp' then
      update operator_account o set totp_ring_key = new_ring_key, totp_secret = becomes[1]
      where o.id = of_id and o.totp_secret = was[1];
  end case;
  return found;
end $$;
`;

const KEY_NEEDS = `
create policy retention_clerk on tenant for select to shomei_retention_clerk using (true);
grant select (id, state) on tenant to shomei_retention_clerk;
create policy retention_clerk on attribute_update_result to shomei_retention_clerk using (true) with check (true);

/* What a tenant's key is needed for, and until when where that is known; nothing: it may be destroyed. */
create function tenant_key_needs(of_tenant uuid, of_mode tenant_mode, of_key uuid)
  returns table (need text, things bigint, until timestamptz)
  language sql stable security definer set search_path = pg_catalog, public, pg_temp
as $$
  with k as (select * from (
      select t.id, row_number() over (order by t.created_at) = 1 as oldest,
        row_number() over (order by t.created_at desc) = 1 as newest
      from (select id, created_at from tenant_key where tenant_id = of_tenant and mode = of_mode) t) r where r.id = of_key),
  needs as (
    select 'hold' as need, count(*) as things, null::timestamptz as until from legal_hold h
      where h.tenant_id = of_tenant and h.mode = of_mode and h.lifted_at is null
    union all select 'evidence', count(*), retained_until('verification', max(v.recorded_at)) from verification v
      where v.tenant_id = of_tenant and v.mode = of_mode and v.tenant_key_id = of_key and v.erased_at is null
    union all select 'person_certificate', count(*), null from person_certificate p
      where p.tenant_id = of_tenant and p.mode = of_mode and p.tenant_key_id = of_key
    union all select 'delivered_attributes', count(*), null from attribute_update_result a
      where a.tenant_id = of_tenant and a.mode = of_mode and a.tenant_key_id = of_key
    union all select 'consent', count(*), retained_until('consent', max(c.recorded_at)) from consent c, k
      where k.oldest and c.tenant_id = of_tenant and c.mode = of_mode
        and retained_until('consent', c.recorded_at) > clock_timestamp()
    union all select 'deleted_person', count(*), null from certificate_tombstone t, k
      where k.oldest and t.tenant_id = of_tenant and t.mode = of_mode
    -- the oldest makes the keyed hashes by which everything else is found
    union all select 'other_keys', count(*), null from tenant_key t, k
      where k.oldest and t.tenant_id = of_tenant and t.mode = of_mode and t.id <> of_key
    -- the newest seals what comes
    union all select 'tenant_not_terminated', count(*), null from tenant t, k
      where k.newest and t.id = of_tenant and t.state <> 'terminated')
  select n.* from needs n where n.things > 0
$$;
`;

const CONSENTS = `
create index consent_recorded on consent (recorded_at);
alter table attribute_update_result
  -- of a consent whose time was over
  add column consent_erased boolean not null default false,
  drop constraint attribute_update_result_check,
  add constraint attribute_update_result_check check (state <> 'updated' or consent_id is not null or consent_erased);

create policy retention_erase on consent for delete to shomei_retention_clerk using (true);
create policy retention_clerk on consent_withdrawal to shomei_retention_clerk using (true);
create policy retention_clerk on serial_linkage to shomei_retention_clerk using (true) with check (true);
create policy retention_clerk on counterpart_lookup to shomei_retention_clerk using (true) with check (true);
grant select (id, person_id, evidence_verification_id), delete on consent to shomei_retention_clerk;
grant select (tenant_id, mode, consent_id), delete on consent_withdrawal to shomei_retention_clerk;
grant select (tenant_id, mode, consent_id, state), update (consent_id) on serial_linkage to shomei_retention_clerk;
grant select (tenant_id, mode, consent_id), update (consent_id) on counterpart_lookup to shomei_retention_clerk;
grant select (tenant_id, mode, consent_id, tenant_key_id),
  update (consent_id, consent_erased, sealed_serial, tenant_key_id) on attribute_update_result to shomei_retention_clerk;

/*
 * Deletes at most up_to consents of any tenants, oldest first, whose time is over, that nobody holds and no pending
 * linkage rests on; of attributes delivered with them the sealed serial goes too. One audit event for each tenant and mode.
 */
create function erase_due_consents(up_to int) returns int
  language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp
as $$
declare
  erased int;
begin
  -- one after the other
  perform 1 from retention_progress for update;
  with due as materialized (
    select c.tenant_id, c.mode, c.id, c.recorded_at from consent c
    where c.recorded_at < clock_timestamp() - (select min(r.keep) from retention_rule r where r.kind = 'consent')
      and retained_until('consent', c.recorded_at) <= clock_timestamp()
      and not exists (select 1 from legal_hold h where h.tenant_id = c.tenant_id and h.mode = c.mode and h.lifted_at is null
        and (h.person_id = c.person_id or h.verification_id = c.evidence_verification_id
          or h.person_id is null and h.verification_id is null))
      and not exists (select 1 from serial_linkage l where l.tenant_id = c.tenant_id and l.mode = c.mode
        and l.consent_id = c.id and l.state = 'pending')
    order by c.recorded_at limit least(greatest(up_to, 1), 5000)
  ),
  linkages as (
    update serial_linkage l set consent_id = null from due d
    where l.tenant_id = d.tenant_id and l.mode = d.mode and l.consent_id = d.id
  ),
  lookups as (
    update counterpart_lookup l set consent_id = null from due d
    where l.tenant_id = d.tenant_id and l.mode = d.mode and l.consent_id = d.id
  ),
  delivered as (
    update attribute_update_result a
      set consent_id = null, consent_erased = true, sealed_serial = null, tenant_key_id = null
    from due d where a.tenant_id = d.tenant_id and a.mode = d.mode and a.consent_id = d.id
  ),
  withdrawn as (
    delete from consent_withdrawal w using due d
    where w.tenant_id = d.tenant_id and w.mode = d.mode and w.consent_id = d.id
  ),
  gone as (
    delete from consent c using due d where c.tenant_id = d.tenant_id and c.mode = d.mode and c.id = d.id
    returning c.tenant_id, c.mode, c.recorded_at
  ),
  audited as (
    insert into audit_event (id, tenant_id, mode, actor, action, target, detail)
    select gen_random_uuid(), g.tenant_id, g.mode, 'system:worker', 'consent.erase', 'tenant:' || g.tenant_id,
      jsonb_build_object('consents', count(*), 'recorded_until', max(g.recorded_at))
    from gone g group by g.tenant_id, g.mode
  )
  select count(*) into erased from gone;
  return erased;
end $$;
`;

const DUE = `
/*
 * How many things of each kind are overdue (held, or not yet got to) and become due in each of the next months, counted
 * up to 100,000 each. Numbers and times of the whole platform; months are of Japan.
 */
create function retention_due(months int)
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
    end as n) c
  group by r.kind, s.starts, s.ends order by r.kind, s.starts
$$;
`;

const GRANTS = `
revoke all on function ring_key_use(), acts_as_admin(bytea), sealed_under_others(bytea, text, text, uuid, int),
  seal_anew(bytea, text, uuid, bytea[], text, bytea[]), tenant_key_needs(uuid, tenant_mode, uuid), erase_due_consents(int),
  retention_due(int) from public;
grant execute on function acts_as_admin(bytea) to shomei_key_clerk;
-- A function's new owner needs CREATE on the schema at that moment only.
grant create on schema public to shomei_key_clerk, shomei_retention_clerk;
alter function ring_key_use() owner to shomei_key_clerk;
alter function sealed_under_others(bytea, text, text, uuid, int) owner to shomei_key_clerk;
alter function seal_anew(bytea, text, uuid, bytea[], text, bytea[]) owner to shomei_key_clerk;
alter function tenant_key_needs(uuid, tenant_mode, uuid) owner to shomei_retention_clerk;
alter function erase_due_consents(int) owner to shomei_retention_clerk;
alter function retention_due(int) owner to shomei_retention_clerk;
revoke create on schema public from shomei_key_clerk, shomei_retention_clerk;
grant execute on function ring_key_use(), tenant_key_needs(uuid, tenant_mode, uuid),
  sealed_under_others(bytea, text, text, uuid, int), seal_anew(bytea, text, uuid, bytea[], text, bytea[]) to shomei_operator;
grant execute on function erase_due_consents(int) to shomei_worker;
grant execute on function retention_due(int) to shomei_admin;
`;
