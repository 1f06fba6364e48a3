import type { MigrationInterface, QueryRunner } from 'typeorm';

/** API keys that tenants manage themselves: where a key may come from, which key made it, and when it was last used. */
export class ApiKeys1763900000016 implements MigrationInterface {
  readonly name = 'ApiKeys1763900000016';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(COLUMNS);
    await runner.query(KEY_LOOKUP);
    await runner.query(DOORS);
    await runner.query(GRANTS);
  }

  async down(): Promise<void> {
    throw new Error('migrations only go forward');
  }
}

const COLUMNS = `
alter table api_key
  -- empty: from everywhere
  add column allowed_addresses cidr[] not null default '{}'
    check (cardinality(allowed_addresses) <= 50 and array_position(allowed_addresses, null) is null),
  -- null: an operator
  add column made_by uuid,
  add column rotated_from uuid,
  -- real time, to the minute
  add column last_used_at timestamptz,
  add foreign key (tenant_id, mode, made_by) references api_key (tenant_id, mode, id),
  add foreign key (tenant_id, mode, rotated_from) references api_key (tenant_id, mode, id);
-- A key is replaced once: whoever lost the answer rotates the replacement.
create unique index api_key_rotated on api_key (tenant_id, mode, rotated_from) where rotated_from is not null;

alter table idempotency_key drop constraint idempotency_key_resource_check;
alter table idempotency_key add constraint idempotency_key_resource_check check (resource in
  ('verification', 'challenge', 'serial_linkage', 'counterpart_lookup', 'age_check', 'consent', 'attribute_update',
   'api_key'));
`;

const KEY_LOOKUP = `
grant select (allowed_addresses) on api_key to shomei_key_lookup;
drop function find_api_key(bytea);
create function find_api_key(secret_hash bytea)
  returns table (tenant_id uuid, mode tenant_mode, id uuid, scopes text[], tenant_key_id uuid, lookup_key_id uuid,
    reference_format text, allowed_addresses text[])
  language sql stable security definer set search_path = pg_catalog, public, pg_temp
as $$
  -- The newest key seals; the oldest makes the keyed hashes for ever, or equal certificates would stop comparing equal.
  select k.tenant_id, k.mode, k.id, k.scopes,
    (select t.id from tenant_key t where t.tenant_id = k.tenant_id and t.mode = k.mode order by t.created_at desc limit 1),
    (select t.id from tenant_key t where t.tenant_id = k.tenant_id and t.mode = k.mode order by t.created_at limit 1),
    c.reference_format, k.allowed_addresses::text[]
  from api_key k join contract c on c.tenant_id = k.tenant_id and c.mode = k.mode
  where k.secret_sha256 = secret_hash and k.revoked_at is null
    and (k.expires_at is null or k.expires_at > clock_timestamp())
$$;
revoke all on function find_api_key(bytea) from public;
grant create on schema public to shomei_key_lookup;
alter function find_api_key(bytea) owner to shomei_key_lookup;
revoke create on schema public from shomei_key_lookup;
grant execute on function find_api_key(bytea) to shomei_api;
`;

const DOORS = `
/*
 * The key with scope admin behind a secret's hash, alone with the keys of its tenant and mode until the transaction
 * ends: who counts, rotates or revokes them does it one after the other. Nothing for any other hash.
 */
create function acting_api_key(maker_hash bytea) returns setof api_key
  language plpgsql volatile
as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('api_keys:' || k.tenant_id || ':' || k.mode, 0))
  from api_key k where k.secret_sha256 = maker_hash;
  -- Read again: whoever held the lock may have revoked it.
  return query select k.* from api_key k join tenant t on t.id = k.tenant_id
  where k.secret_sha256 = maker_hash and k.revoked_at is null and 'admin' = any(k.scopes) and keys_work(t.state, k.mode)
    and (k.expires_at is null or k.expires_at > clock_timestamp());
end $$;

/* What of a key would be wider than its maker: scopes, addresses, life; null: nothing. */
create function api_key_excess(maker api_key, scopes text[], addresses cidr[], ends timestamptz) returns text
  language sql immutable
as $$
  select case
    when not scopes <@ maker.scopes then 'scopes'
    when cardinality(maker.allowed_addresses) > 0 and (cardinality(addresses) = 0 or exists (
      select 1 from unnest(addresses) a
      where not exists (select 1 from unnest(maker.allowed_addresses) m where a <<= m))) then 'addresses'
    when maker.expires_at is not null and (ends is null or ends > maker.expires_at) then 'life'
  end
$$;

/* Returns null, or why not: api_key_invalid, wider:<what>, too_many. */
create function make_api_key(maker_hash bytea, new_id uuid, new_name text, new_hash bytea, new_last_four text,
    new_scopes text[], new_addresses cidr[], new_expires_at timestamptz)
  returns text language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp
as $$
declare
  maker api_key;
  excess text;
begin
  select * into maker from acting_api_key(maker_hash);
  if not found then return 'api_key_invalid'; end if;
  excess := api_key_excess(maker, new_scopes, new_addresses, new_expires_at);
  if excess is not null then return 'wider:' || excess; end if;
  if (select count(*) from api_key k where k.tenant_id = maker.tenant_id and k.mode = maker.mode
      and k.revoked_at is null and (k.expires_at is null or k.expires_at > clock_timestamp())) >= 100 then
    return 'too_many';
  end if;
  insert into api_key (tenant_id, mode, id, name, secret_sha256, last_four, scopes, allowed_addresses, expires_at, made_by)
  values (maker.tenant_id, maker.mode, new_id, new_name, new_hash, new_last_four, new_scopes, new_addresses,
    new_expires_at, maker.id);
  return null;
end $$;

/*
 * A new secret with all that the wanted key may, which ends after the overlap. Who rotates could have made the key.
 * Returns null, or why not: api_key_invalid, not_found, revoked, expired, rotated, wider:<what>.
 */
create function rotate_api_key(maker_hash bytea, wanted uuid, new_id uuid, new_hash bytea, new_last_four text,
    overlap interval)
  returns text language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp
as $$
declare
  maker api_key;
  old api_key;
  excess text;
begin
  if overlap is null or overlap < interval '0' or overlap > interval '168 hours' then
    raise exception 'an overlap of % is not allowed', overlap using errcode = '22023';
  end if;
  select * into maker from acting_api_key(maker_hash);
  if not found then return 'api_key_invalid'; end if;
  -- An operator does not wait for the lock.
  select * into old from api_key k where k.tenant_id = maker.tenant_id and k.mode = maker.mode and k.id = wanted
  for update;
  if not found then return 'not_found'; end if;
  if old.revoked_at is not null then return 'revoked'; end if;
  if exists (select 1 from api_key k where k.tenant_id = maker.tenant_id and k.mode = maker.mode
      and k.rotated_from = wanted) then return 'rotated'; end if;
  if old.expires_at <= clock_timestamp() then return 'expired'; end if;
  excess := api_key_excess(maker, old.scopes, old.allowed_addresses, old.expires_at);
  if excess is not null then return 'wider:' || excess; end if;
  insert into api_key (tenant_id, mode, id, name, secret_sha256, last_four, scopes, allowed_addresses, expires_at,
    made_by, rotated_from)
  values (old.tenant_id, old.mode, new_id, old.name, new_hash, new_last_four, old.scopes, old.allowed_addresses,
    old.expires_at, maker.id, old.id);
  update api_key k set expires_at = least(old.expires_at, clock_timestamp() + overlap)
  where k.tenant_id = old.tenant_id and k.mode = old.mode and k.id = old.id;
  return null;
end $$;

/* Any key with scope admin ends any key of its tenant and mode. Returns null, or: api_key_invalid, not_found, revoked. */
create function revoke_api_key(maker_hash bytea, wanted uuid)
  returns text language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp
as $$
declare maker api_key;
begin
  select * into maker from acting_api_key(maker_hash);
  if not found then return 'api_key_invalid'; end if;
  update api_key k set revoked_at = clock_timestamp()
  where k.tenant_id = maker.tenant_id and k.mode = maker.mode and k.id = wanted and k.revoked_at is null;
  if found then return null; end if;
  return case when exists (select 1 from api_key k where k.tenant_id = maker.tenant_id and k.mode = maker.mode
    and k.id = wanted) then 'revoked' else 'not_found' end;
end $$;

/* At most once a minute for each key, however many processes tell of it. */
create function note_api_key_use(secret_hash bytea) returns void
  language sql volatile security definer set search_path = pg_catalog, public, pg_temp
as $$
  update api_key k set last_used_at = clock_timestamp()
  where k.secret_sha256 = secret_hash
    and (k.last_used_at is null or k.last_used_at < clock_timestamp() - interval '1 minute')
$$;
`;

const GRANTS = `
revoke all on function acting_api_key(bytea), api_key_excess(api_key, text[], cidr[], timestamptz),
  make_api_key(bytea, uuid, text, bytea, text, text[], cidr[], timestamptz),
  rotate_api_key(bytea, uuid, uuid, bytea, text, interval), revoke_api_key(bytea, uuid), note_api_key_use(bytea)
  from public;
grant select (id, state) on tenant to shomei_key_maker;
create policy key_maker on tenant for select to shomei_key_maker using (true);
grant execute on function keys_work(tenant_state, tenant_mode) to shomei_key_maker;
create policy key_maker on api_key to shomei_key_maker using (true) with check (true);
grant select, insert on api_key to shomei_key_maker;
grant update (expires_at, revoked_at, last_used_at) on api_key to shomei_key_maker;
-- A function's new owner needs CREATE on the schema at that moment only.
grant create on schema public to shomei_key_maker;
alter function acting_api_key(bytea) owner to shomei_key_maker;
alter function api_key_excess(api_key, text[], cidr[], timestamptz) owner to shomei_key_maker;
alter function make_api_key(bytea, uuid, text, bytea, text, text[], cidr[], timestamptz) owner to shomei_key_maker;
alter function rotate_api_key(bytea, uuid, uuid, bytea, text, interval) owner to shomei_key_maker;
alter function revoke_api_key(bytea, uuid) owner to shomei_key_maker;
alter function note_api_key_use(bytea) owner to shomei_key_maker;
revoke create on schema public from shomei_key_maker;
grant execute on function make_api_key(bytea, uuid, text, bytea, text, text[], cidr[], timestamptz),
  rotate_api_key(bytea, uuid, uuid, bytea, text, interval), revoke_api_key(bytea, uuid), note_api_key_use(bytea)
  to shomei_api;
grant select (allowed_addresses, made_by, rotated_from, last_used_at) on api_key
  to shomei_api, shomei_admin, shomei_operator;
`;
