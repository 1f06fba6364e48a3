import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * A session is opened against something only its operator has brought: without it, whoever can run statements as the
 * admin process could open sessions for two operators and approve with them. See docs/decisions/0014-operators.md.
 */
export class OperatorProof1763900000009 implements MigrationInterface {
  readonly name = 'OperatorProof1763900000009';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(PROOF);
    await runner.query(GRANTS);
  }

  async down(): Promise<void> {
    throw new Error('migrations only go forward');
  }
}

const PROOF = `
/*
 * Whether a key is the one Argon2id makes of the account's password. password_hash is of the PHC form, with the SHA-256 of
 * that key in the place of the key: the key cannot be learnt from the table.
 */
create function is_password_key(account uuid, password_key bytea) returns boolean
  language sql stable security definer set search_path = pg_catalog, public, pg_temp
as $$
  select exists (select 1 from operator_account a where a.id = account and a.disabled_at is null
    and length(password_key) = 32
    and split_part(a.password_hash, '$', 6) = rtrim(encode(sha256(password_key), 'base64'), '='))
$$;

/* Opens a session against the password's key, or against a live session of the same account, which goes on in the new one. */
create function open_operator_session(new_id uuid, new_token_hash bytea, account uuid, password_key bytea,
    prior_token_hash bytea, both_factors boolean, made_at timestamptz, idles_until timestamptz, lasts_until timestamptz)
  returns boolean language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp
as $$
begin
  if not coalesce(is_password_key(account, password_key), false) and not exists (
      select 1 from operator_session s join operator_account a on a.id = s.operator_id
      where s.token_sha256 = prior_token_hash and s.operator_id = account and s.ended_at is null
        and s.idle_until > clock_timestamp() and a.disabled_at is null) then
    return false;
  end if;
  insert into operator_session (id, token_sha256, operator_id, second_factor, created_at, idle_until, ends_at)
  values (new_id, new_token_hash, account, both_factors, made_at, idles_until, lasts_until);
  return true;
end $$;

/* An operator's own change; a forgotten password is the machine's command's. */
create function change_operator_password(account uuid, present_key bytea, new_hash text) returns boolean
  language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp
as $$
begin
  if not coalesce(is_password_key(account, present_key), false) then return false; end if;
  update operator_account set password_hash = new_hash, password_expired = false where id = account;
  return true;
end $$;
`;

const GRANTS = `
-- A first code completes an enrolment and the session goes on; a factor that is changed or taken away ends all.
drop trigger end_sessions on operator_account;
create trigger end_sessions after update on operator_account for each row
  when ((old.roles, old.disabled_at, old.password_hash) is distinct from (new.roles, new.disabled_at, new.password_hash)
    or old.totp_confirmed_at is not null
      and (old.totp_confirmed_at, old.totp_secret) is distinct from (new.totp_confirmed_at, new.totp_secret))
  execute function end_operator_sessions();

revoke all on function is_password_key(uuid, bytea), change_operator_password(uuid, bytea, text),
  open_operator_session(uuid, bytea, uuid, bytea, bytea, boolean, timestamptz, timestamptz, timestamptz) from public;
revoke insert on operator_session from shomei_admin, shomei_operator;
revoke update (password_hash, password_expired) on operator_account from shomei_admin;
grant insert on operator_session to shomei_operator_keeper;
grant update (ended_at) on operator_session to shomei_operator_keeper;
grant update (password_hash, password_expired) on operator_account to shomei_operator_keeper;
-- A function's new owner needs CREATE on the schema at that moment only.
grant create on schema public to shomei_operator_keeper;
alter function is_password_key(uuid, bytea) owner to shomei_operator_keeper;
alter function change_operator_password(uuid, bytea, text) owner to shomei_operator_keeper;
alter function open_operator_session(uuid, bytea, uuid, bytea, bytea, boolean, timestamptz, timestamptz, timestamptz)
  owner to shomei_operator_keeper;
revoke create on schema public from shomei_operator_keeper;
grant execute on function open_operator_session(uuid, bytea, uuid, bytea, bytea, boolean, timestamptz, timestamptz, timestamptz)
  to shomei_admin, shomei_operator;
grant execute on function change_operator_password(uuid, bytea, text) to shomei_admin;
`;
