import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The first two people with roles are made from the command line; how many accounts without roles there are does not
 * matter. Who had a role counts for good: it stays with a disabled account, and taking one away needs two others who have
 * one. By the rule before, whoever made the second account in the console, where it gets no role, had nobody left
 * who could approve one.
 */
export class SecondAdmin1763900000110 implements MigrationInterface {
  readonly name = 'SecondAdmin1763900000110';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
create or replace function guard_operator_account() returns trigger
  language plpgsql set search_path = pg_catalog, public, pg_temp
as $$
begin
  if tg_op = 'DELETE' then
    raise exception 'operator accounts are disabled, not deleted' using errcode = '23514', constraint = 'operator_account_stays';
  end if;
  -- Counting admins or accounts must not race with another transaction that does.
  perform pg_advisory_xact_lock(5340, 5);
  if tg_op = 'INSERT' then
    if new.roles_approval_id is not null or new.disabled_at is not null then
      raise exception 'a new account has neither' using errcode = '23514', constraint = 'operator_account_new';
    end if;
    if cardinality(new.roles) > 0 and not (current_user = 'shomei_operator' and 'admin' = any(new.roles)
        and (select count(*) from operator_account where cardinality(roles) > 0) < 2) then
      raise exception 'roles need an approval' using errcode = '23514', constraint = 'roles_need_approval';
    end if;
    return new;
  end if;
  -- Who comes back gets an account anew, and its roles by approval.
  if new.id <> old.id or new.created_at <> old.created_at
      or old.disabled_at is not null and new.disabled_at is distinct from old.disabled_at then
    raise exception 'identity of an account' using errcode = '23514', constraint = 'operator_account_stays';
  end if;
  if new.roles is distinct from old.roles then
    if new.roles_approval_id is not distinct from old.roles_approval_id or not approval_is_executed(
        new.roles_approval_id, 'operator_roles', 'operator:' || new.id,
        jsonb_build_object('roles', old.roles), jsonb_build_object('roles', new.roles)) then
      raise exception 'roles need an approval' using errcode = '23514', constraint = 'roles_need_approval';
    end if;
  elsif new.roles_approval_id is distinct from old.roles_approval_id then
    raise exception 'the approval belongs to the roles' using errcode = '23514', constraint = 'roles_need_approval';
  end if;
  if old.disabled_at is null and 'admin' = any(old.roles) and (new.disabled_at is not null or not 'admin' = any(new.roles))
      and not exists (select 1 from operator_account a
        where a.id <> new.id and a.disabled_at is null and 'admin' = any(a.roles)) then
    raise exception 'the last active admin stays' using errcode = '23514', constraint = 'last_admin';
  end if;
  return new;
end $$;
`);
  }

  async down(): Promise<void> {
    throw new Error('migrations only go forward');
  }
}
