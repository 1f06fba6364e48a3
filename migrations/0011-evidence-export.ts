import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The one way by which evidence leaves in the clear, and the keys of receipts. See docs/evidence.md. */
export class EvidenceExport1763900000011 implements MigrationInterface {
  readonly name = 'EvidenceExport1763900000011';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(RECEIPT_KEYS);
    await runner.query(OPEN_EVIDENCE);
  }

  async down(): Promise<void> {
    throw new Error('migrations only go forward');
  }
}

const RECEIPT_KEYS = `
-- Public halves of the keys of receipts, from when they were first published. A key's id never changes its meaning.
create table receipt_key (
  mode tenant_mode not null,
  id text not null check (id ~ '^[A-Za-z0-9_-]{1,32}$'),
  -- SubjectPublicKeyInfo; a key is of one mode
  public_key bytea not null unique,
  published_at timestamptz not null default clock_timestamp(),
  primary key (mode, id)
);
grant select on receipt_key to shomei_api, shomei_operator, shomei_admin;
grant insert (mode, id, public_key) on receipt_key to shomei_api;
`;

const OPEN_EVIDENCE = `
create policy evidence_clerk on verification for select to shomei_evidence_clerk using (true);
create policy evidence_clerk on tenant_key for select to shomei_evidence_clerk using (true);
create policy evidence_clerk on audit_event for insert to shomei_evidence_clerk with check (true);
grant select (tenant_id, mode, id, kind, decided_at, recorded_at, verdict, tenant_key_id, evidence) on verification
  to shomei_evidence_clerk;
grant select (tenant_id, mode, id, ring_key_id, wrapped) on tenant_key to shomei_evidence_clerk;
grant insert (id, tenant_id, mode, actor, action, target, request_id, ip, detail) on audit_event to shomei_evidence_clerk;
grant select (id, roles) on operator_account to shomei_evidence_clerk;
grant execute on function acting_operator(bytea) to shomei_evidence_clerk;

/*
 * The sealed evidence of one verification and the wrapped key it is sealed under, for an auditor who is signed in with
 * both factors and says why. That it was asked for is recorded here, so that nobody who can call this can leave it out.
 * refusal: session_invalid, permission_missing, reason_missing, verification_unknown; the other columns are null then.
 */
create function open_evidence(token_hash bytea, wanted uuid, why text, new_audit_id uuid, request text, address inet)
  returns table (refusal text, tenant_id uuid, mode tenant_mode, kind text, decided_at timestamptz,
    recorded_at timestamptz, verdict jsonb, tenant_key_id uuid, evidence bytea, ring_key_id text, wrapped bytea)
  language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_column
declare
  actor uuid := acting_operator(token_hash);
  found_row record;
begin
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
  join tenant_key k on k.tenant_id = v.tenant_id and k.mode = v.mode and k.id = v.tenant_key_id;
  if not found then
    refusal := 'verification_unknown'; return next; return;
  end if;
  insert into audit_event (id, tenant_id, mode, actor, action, target, request_id, ip, detail)
  values (new_audit_id, found_row.tenant_id, found_row.mode, 'operator:' || actor, 'evidence.open',
    'verification:' || wanted, request, address, jsonb_build_object('reason', btrim(why)));
  return query select null::text, found_row.tenant_id, found_row.mode, found_row.kind, found_row.decided_at,
    found_row.recorded_at, found_row.verdict, found_row.tenant_key_id, found_row.evidence, found_row.ring_key_id,
    found_row.wrapped;
end $$;
revoke all on function open_evidence(bytea, uuid, text, uuid, text, inet) from public;
-- A function's new owner needs CREATE on the schema at that moment only.
grant create on schema public to shomei_evidence_clerk;
alter function open_evidence(bytea, uuid, text, uuid, text, inet) owner to shomei_evidence_clerk;
revoke create on schema public from shomei_evidence_clerk;
grant execute on function open_evidence(bytea, uuid, text, uuid, text, inet) to shomei_admin, shomei_operator;
-- Public lists, for the bundle.
grant select on crl_file to shomei_admin;
`;
