/** The door as the foundation made it, and the address a request came from. */
export const APPEND_DECIDED = `
/*
 * One commit for the decided checks of any tenants. Tenant and mode come from the hash of the API key's secret, which
 * only the caller of that tenant can have brought; whatever else a row says about ownership is not read. A row that
 * cannot be written is reported by its position and its neighbours are written. A row that wins its challenge and loses
 * its idempotency key would leave a use that leads to no verification: the foreign key takes the whole statement back,
 * and rows sent one by one come through.
 * decided: [{position, key_hash, verification:{…}, usage:[{…}], audit:{…}, idempotency:{…}|null}], hashes in hex;
 * evidence: the sealed evidence of all rows, one after the other, cut by evidence_offset and evidence_length.
 */
create or replace function append_decided(decided json, evidence bytea)
  returns table (row_position int, conflict text)
  language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp
as $$
begin
  return query
  with input as materialized (
    select r.* from json_to_recordset(decided) as r(
      position int, key_hash text, id uuid, kind text, decided_at timestamptz, outcome outcome, reason_code text,
      verdict jsonb, certificate_kind text, certificate_hash text, reference text, challenge_id uuid,
      tenant_key_id uuid, evidence_offset int, evidence_length int,
      idempotency_hash text, request_hash text,
      audit_id uuid, request_id text, ip inet, usage json)
  ),
  owned as materialized (
    select i.*, k.tenant_id, k.mode, k.id as api_key_id,
      case
        when k.id is null then 'api_key_invalid'
        when not exists (select 1 from tenant_key t
          where t.tenant_id = k.tenant_id and t.mode = k.mode and t.id = i.tenant_key_id) then 'tenant_key_unknown'
        when i.challenge_id is not null and not exists (select 1 from challenge c
          where c.tenant_id = k.tenant_id and c.mode = k.mode and c.id = i.challenge_id) then 'challenge_unknown'
      end as refusal
    from input i
    left join api_key k on k.secret_sha256 = decode(i.key_hash, 'hex') and k.revoked_at is null
      and (k.expires_at is null or k.expires_at > clock_timestamp())
  ),
  -- An undecided check leaves the challenge and the idempotency key free for another try.
  challenge_claim as (
    insert into challenge_use (tenant_id, mode, challenge_id, verification_id)
    select o.tenant_id, o.mode, o.challenge_id, o.id from owned o
    where o.refusal is null and o.challenge_id is not null and o.outcome <> 'indeterminate'
    order by o.tenant_id, o.mode, o.challenge_id
    on conflict do nothing returning challenge_use.verification_id
  ),
  unused as materialized (
    select o.*, o.challenge_id is null or o.outcome = 'indeterminate'
      or o.id in (select c.verification_id from challenge_claim c) as challenge_free
    from owned o where o.refusal is null
  ),
  idempotency_claim as (
    insert into idempotency_key (tenant_id, mode, key_sha256, request_sha256, resource, resource_id)
    select u.tenant_id, u.mode, decode(u.idempotency_hash, 'hex'), decode(u.request_hash, 'hex'), 'verification', u.id
    from unused u
    where u.challenge_free and u.idempotency_hash is not null and u.outcome <> 'indeterminate'
    order by u.tenant_id, u.mode, u.idempotency_hash
    on conflict do nothing returning idempotency_key.resource_id
  ),
  accepted as materialized (
    select u.*, case
        when u.idempotency_hash is null then true
        when u.outcome <> 'indeterminate' then u.id in (select c.resource_id from idempotency_claim c)
        else not exists (select 1 from idempotency_key k where k.tenant_id = u.tenant_id and k.mode = u.mode
          and k.key_sha256 = decode(u.idempotency_hash, 'hex'))
      end as key_free
    from unused u where u.challenge_free
  ),
  stored as (
    insert into verification (tenant_id, mode, id, kind, api_key_id, decided_at, outcome, reason_code, verdict,
      certificate_kind, certificate_hash, reference, challenge_id, tenant_key_id, evidence)
    select a.tenant_id, a.mode, a.id, a.kind, a.api_key_id, a.decided_at, a.outcome, a.reason_code, a.verdict,
      a.certificate_kind, decode(a.certificate_hash, 'hex'), a.reference, a.challenge_id, a.tenant_key_id,
      substring(evidence from a.evidence_offset + 1 for a.evidence_length)
    from accepted a where a.key_free
  ),
  metered as (
    insert into usage_event (tenant_id, mode, id, verification_id, meter, method, purpose, outcome, billable,
      certificate_kind, certificate_hash, occurred_at)
    select a.tenant_id, a.mode, e.id, a.id, e.meter, e.method, e.purpose, e.outcome, e.billable,
      a.certificate_kind, decode(a.certificate_hash, 'hex'), a.decided_at
    from accepted a, json_to_recordset(a.usage) as e(id uuid, meter text, method text, purpose text, outcome outcome, billable boolean)
    where a.key_free
  ),
  audited as (
    insert into audit_event (id, tenant_id, mode, actor, action, target, request_id, ip, detail)
    select a.audit_id, a.tenant_id, a.mode, 'api_key:' || a.api_key_id, 'verification.create', 'verification:' || a.id,
      a.request_id, a.ip, jsonb_build_object('outcome', a.outcome, 'reason', a.reason_code)
    from accepted a where a.key_free
  )
  select o.position, coalesce(o.refusal,
      case when not u.challenge_free then 'challenge_used' when not a.key_free then 'idempotency_key_used' end)
  from owned o left join unused u on u.id = o.id left join accepted a on a.id = o.id
  where o.refusal is not null or not u.challenge_free or not a.key_free;
end $$;
`;
