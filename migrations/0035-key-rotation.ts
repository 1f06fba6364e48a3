import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Operators replace the secret of a tenant's key as the tenant itself may: with an overlap, and once. */
export class KeyRotation1763900000035 implements MigrationInterface {
  readonly name = 'KeyRotation1763900000035';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(DOOR);
  }

  async down(): Promise<void> {
    throw new Error('migrations only go forward');
  }
}

const DOOR = `
/*
 * A new secret with all that the wanted key may, which ends after the overlap; an operator's rotate_api_key, without a
 * key that asks. A role that could set the end of a key could lengthen its life too: this one only brings it forward.
 * Returns null, or why not: not_found, revoked, rotated, expired, not_live.
 */
create function replace_api_key(wanted uuid, new_id uuid, new_hash bytea, new_last_four text, overlap interval)
  returns text language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp
as $$
declare old api_key;
begin
  if overlap is null or overlap < interval '0' or overlap > interval '168 hours' then
    raise exception 'an overlap of % is not allowed', overlap using errcode = '22023';
  end if;
  -- The lock of acting_api_key: whoever rotates or revokes with a key of the tenant does it before or after.
  perform pg_advisory_xact_lock(hashtextextended('api_keys:' || k.tenant_id || ':' || k.mode, 0))
  from api_key k where k.id = wanted;
  select * into old from api_key k where k.id = wanted for update;
  if not found then return 'not_found'; end if;
  if old.revoked_at is not null then return 'revoked'; end if;
  if exists (select 1 from api_key k where k.tenant_id = old.tenant_id and k.mode = old.mode
      and k.rotated_from = wanted) then return 'rotated'; end if;
  if old.expires_at <= clock_timestamp() then return 'expired'; end if;
  -- The policy no_live_key_before_go_live does not bind this door's owner.
  if old.mode = 'live' and not exists (select 1 from tenant t where t.id = old.tenant_id and t.state = 'live') then
    return 'not_live';
  end if;
  insert into api_key (tenant_id, mode, id, name, secret_sha256, last_four, scopes, allowed_addresses, expires_at,
    rotated_from)
  values (old.tenant_id, old.mode, new_id, old.name, new_hash, new_last_four, old.scopes, old.allowed_addresses,
    old.expires_at, old.id);
  update api_key k set expires_at = least(old.expires_at, clock_timestamp() + overlap)
  where k.tenant_id = old.tenant_id and k.mode = old.mode and k.id = old.id;
  return null;
end $$;
revoke all on function replace_api_key(uuid, uuid, bytea, text, interval) from public;
-- A function's new owner needs CREATE on the schema at that moment only.
grant create on schema public to shomei_key_maker;
alter function replace_api_key(uuid, uuid, bytea, text, interval) owner to shomei_key_maker;
revoke create on schema public from shomei_key_maker;
grant execute on function replace_api_key(uuid, uuid, bytea, text, interval) to shomei_admin;
`;
