import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What a live tenant may use is changed by two people. See docs/decisions/0021. */
export class ContractChanges1763900000021 implements MigrationInterface {
  readonly name = 'ContractChanges1763900000021';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(CONTRACT);
  }

  async down(): Promise<void> {
    throw new Error('migrations only go forward');
  }
}

const CONTRACT = `
alter table contract add column change_approval_id uuid unique references approval (id);

/* What a contract includes, as it stands in a proposal. */
create function contract_features(c contract) returns jsonb
  language sql stable set search_path = pg_catalog, public, pg_temp
as $$
  select jsonb_build_object('revocation_methods', c.revocation_methods, 'identify', c.identify, 'counterpart', c.counterpart,
    'latest_attributes', c.latest_attributes, 'allowed_ages', c.allowed_ages, 'age_dates', c.age_dates,
    'age_questions_a_year', c.age_questions_a_year, 'age_legal_day_inclusive', c.age_legal_day_inclusive,
    'sign_up_consent_version', c.sign_up_consent_version, 'sign_up_consent_purposes', c.sign_up_consent_purposes)
$$;

/* From its approval on a tenant is served in live mode, or may be again: what it may use there is for two people to say. */
create function guard_contract() returns trigger
  language plpgsql set search_path = pg_catalog, public, pg_temp
as $$
begin
  if (new.tenant_id, new.mode) is distinct from (old.tenant_id, old.mode) then
    raise exception 'identity of a contract' using errcode = '23514', constraint = 'contract_stays';
  end if;
  if old.mode = 'live' and contract_features(new) is distinct from contract_features(old)
      and not exists (select 1 from tenant t where t.id = new.tenant_id and t.go_live_approval_id is null) then
    if new.change_approval_id is not distinct from old.change_approval_id
        or not coalesce(approval_is_executed(new.change_approval_id, 'contract_change', 'tenant:' || new.tenant_id,
          contract_features(old), contract_features(new)), false) then
      raise exception 'a live contract needs an approval' using errcode = '23514', constraint = 'contract_change_needs_approval';
    end if;
  elsif new.change_approval_id is distinct from old.change_approval_id then
    raise exception 'the approval belongs to its change' using errcode = '23514', constraint = 'contract_change_needs_approval';
  end if;
  return new;
end $$;
create trigger guard before update on contract for each row execute function guard_contract();
revoke all on function contract_features(contract), guard_contract() from public;
grant execute on function contract_features(contract) to shomei_admin, shomei_operator;
grant update (change_approval_id) on contract to shomei_admin;
`;
