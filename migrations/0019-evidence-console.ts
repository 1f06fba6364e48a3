import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The door to evidence knows what it is opened for, and the operators' REST sees what it needs of holds, of the chain and
 * of the history of lists. See docs/evidence.md.
 */
export class EvidenceConsole1763900000019 implements MigrationInterface {
  readonly name = 'EvidenceConsole1763900000019';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(OPEN_EVIDENCE);
    await runner.query(GRANTS);
  }

  async down(): Promise<void> {
    throw new Error('migrations only go forward');
  }
}

const OPEN_EVIDENCE = `
drop function open_evidence(bytea, uuid, text, uuid, text, inet);
/*
 * The sealed evidence of one verification and the wrapped key it is sealed under, for an auditor who is signed in with
 * both factors and says why, to make a bundle, to reveal the holder, or to repeat the checks. That it was asked for, and
 * for what, is recorded here, so that nobody who can call this can leave it out.
 * refusal: session_invalid, permission_missing, reason_missing, verification_unknown; the other columns are null then.
 */
create function open_evidence(token_hash bytea, wanted uuid, why text, new_audit_id uuid, request text, address inet,
    purpose text default 'bundle')
  returns table (refusal text, tenant_id uuid, mode tenant_mode, kind text, decided_at timestamptz,
    recorded_at timestamptz, verdict jsonb, tenant_key_id uuid, evidence bytea, ring_key_id text, wrapped bytea)
  language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_column
declare
  actor uuid := acting_operator(token_hash);
  found_row record;
begin
  if purpose is null or purpose not in ('bundle', 'reveal', 'reverify') then
    raise exception 'evidence is not opened for "%"', purpose using errcode = '22023';
  end if;
  if actor is null then
    refusal := 'session_invalid'; return next; return;
  end if;
  if not exists (select 1 from operator_account a where a.id = actor and 'auditor' = any (a.roles)) then
    refusal := 'permission_missing'; return next; return;
  end if;
  if why is null or length(btrim(why)) not between 3 and 500 then
    refusal := 'reason_missing'; return next; return;
  end if;
  select v.*, k.ring_key_id, k.wrapped into found_row
  from (select v.tenant_id, v.mode, v.id, v.kind, v.decided_at, v.recorded_at, v.verdict, v.tenant_key_id, v.evidence
    from verification v where v.id = wanted) v
  -- what was erased is told as such, also when its key has been destroyed since
  left join tenant_key k on k.tenant_id = v.tenant_id and k.mode = v.mode and k.id = v.tenant_key_id;
  if not found then
    refusal := 'verification_unknown'; return next; return;
  end if;
  insert into audit_event (id, tenant_id, mode, actor, action, target, request_id, ip, detail)
  values (new_audit_id, found_row.tenant_id, found_row.mode, 'operator:' || actor,
    case purpose when 'reveal' then 'verification.reveal' else 'evidence.open' end,
    'verification:' || wanted, request, address, jsonb_build_object('reason', btrim(why), 'purpose', purpose));
  return query select null::text, found_row.tenant_id, found_row.mode, found_row.kind, found_row.decided_at,
    found_row.recorded_at, found_row.verdict, found_row.tenant_key_id, found_row.evidence, found_row.ring_key_id,
    found_row.wrapped;
end $$;
revoke all on function open_evidence(bytea, uuid, text, uuid, text, inet, text) from public;
-- A function's new owner needs CREATE on the schema at that moment only.
grant create on schema public to shomei_evidence_clerk;
alter function open_evidence(bytea, uuid, text, uuid, text, inet, text) owner to shomei_evidence_clerk;
revoke create on schema public from shomei_evidence_clerk;
grant execute on function open_evidence(bytea, uuid, text, uuid, text, inet, text) to shomei_admin, shomei_operator;
`;

const GRANTS = `
-- What lists said, which is public, to repeat the checks of a verification.
grant select on crl_snapshot, crl_change to shomei_admin;
-- How far sealing is behind: a number and a time.
grant execute on function audit_backlog(xid8) to shomei_admin;

create policy admin on legal_hold to shomei_admin using (true) with check (true);
grant select on legal_hold to shomei_admin;
grant insert (tenant_id, mode, id, person_id, verification_id, reason, placed_by) on legal_hold to shomei_admin;
grant update (lifted_by, lift_reason, lifted_at) on legal_hold to shomei_admin;
`;
