import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Tables of tenant data: row-level security by tenant and mode, forced, on each. */
const TENANT_TABLES = [
  'contract',
  'api_key',
  'tenant_key',
  'challenge',
  'challenge_use',
  'verification',
  'usage_event',
  'idempotency_key',
];

export class Foundation1763900000001 implements MigrationInterface {
  readonly name = 'Foundation1763900000001';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(TYPES);
    await runner.query(TENANCY);
    await runner.query(VERIFICATION);
    await runner.query(ISOLATION);
    await runner.query(KEY_LOOKUP);
    await runner.query(APPEND_DECIDED);
    await runner.query(GRANTS);
  }

  async down(): Promise<void> {
    throw new Error('migrations only go forward');
  }
}

const TYPES = `
create type tenant_mode as enum ('live', 'test');
create type outcome as enum ('valid', 'invalid', 'indeterminate');

create function current_tenant() returns uuid language sql stable
  as $$ select nullif(current_setting('app.tenant_id', true), '')::uuid $$;
create function current_mode() returns tenant_mode language sql stable
  as $$ select nullif(current_setting('app.mode', true), '')::tenant_mode $$;

-- Only test time can be moved: there is no row for live and none can be made.
create table test_clock (
  only_row boolean primary key default true check (only_row),
  offset_ms bigint not null default 0
);
insert into test_clock default values;
`;

const TENANCY = `
create table tenant (
  id uuid primary key,
  name text not null check (length(name) between 1 and 200),
  created_at timestamptz not null default clock_timestamp()
);

create table contract (
  tenant_id uuid not null references tenant (id),
  mode tenant_mode not null,
  -- '9' stands for a digit, 'A' for a letter A-Z, anything else for itself; null: free text, My Numbers refused
  reference_format text check (length(reference_format) between 1 and 64),
  primary key (tenant_id, mode)
);

create table tenant_key (
  tenant_id uuid not null,
  mode tenant_mode not null,
  id uuid not null,
  ring_key_id text not null,
  wrapped bytea not null,
  created_at timestamptz not null default clock_timestamp(),
  primary key (tenant_id, mode, id),
  foreign key (tenant_id, mode) references contract (tenant_id, mode)
);

create table api_key (
  tenant_id uuid not null,
  mode tenant_mode not null,
  id uuid not null,
  name text not null check (length(name) between 1 and 100),
  secret_sha256 bytea not null unique check (length(secret_sha256) = 32),
  last_four text not null check (length(last_four) = 4),
  scopes text[] not null check (cardinality(scopes) > 0),
  created_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz,
  revoked_at timestamptz,
  primary key (tenant_id, mode, id),
  foreign key (tenant_id, mode) references contract (tenant_id, mode)
);
`;

/**
 * Tables written by every request. They have no foreign keys to tenancy: each insert would lock the one row of its API
 * key or contract, which all requests of a tenant share. The door checks existence and ownership instead, no runtime role
 * may delete what is referred to, and what one statement writes together cannot come apart. See docs/decisions/0003.
 */
const VERIFICATION = `
create table challenge (
  tenant_id uuid not null,
  mode tenant_mode not null,
  id uuid not null,
  nonce bytea not null check (length(nonce) = 32),
  created_at timestamptz not null,
  expires_at timestamptz not null check (expires_at > created_at),
  primary key (tenant_id, mode, id)
);

create table verification (
  tenant_id uuid not null,
  mode tenant_mode not null,
  id uuid not null,
  kind text not null check (kind in ('signature', 'authentication')),
  api_key_id uuid not null,
  -- by the clock of the mode; recorded_at is always real
  decided_at timestamptz not null,
  recorded_at timestamptz not null default clock_timestamp(),
  outcome outcome not null,
  reason_code text,
  -- checks, reasons, revocation evidence and formats: nothing that names a person
  verdict jsonb not null,
  certificate_kind text not null check (certificate_kind in ('sign', 'auth')),
  certificate_hash bytea not null check (length(certificate_hash) = 32),
  reference text check (length(reference) between 1 and 128),
  challenge_id uuid,
  tenant_key_id uuid not null,
  -- sealed: certificate, signature, digest and attributes
  evidence bytea not null,
  primary key (tenant_id, mode, id),
  check ((outcome = 'valid') = (reason_code is null)),
  check ((kind = 'authentication') = (challenge_id is not null))
);
-- Evidence is ciphertext: compressing it is wasted work, and a row of some 3 KB is better read and written in one place.
alter table verification alter column evidence set storage external;
alter table verification set (toast_tuple_target = 8160);
-- Most are valid; what is looked for is the rest.
create index verification_not_valid on verification (tenant_id, mode, outcome, id) where outcome <> 'valid';
create index verification_reference on verification (tenant_id, mode, reference, id) where reference is not null;

create table challenge_use (
  tenant_id uuid not null,
  mode tenant_mode not null,
  challenge_id uuid not null,
  verification_id uuid not null,
  primary key (tenant_id, mode, challenge_id),
  foreign key (tenant_id, mode, verification_id) references verification (tenant_id, mode, id)
);

create table usage_event (
  tenant_id uuid not null,
  mode tenant_mode not null,
  id uuid not null,
  verification_id uuid not null,
  meter text not null check (meter in ('sign_check', 'auth_check')),
  method text not null check (method in ('crl', 'ocsp')),
  purpose text not null check (purpose in ('signature_verification', 'authentication')),
  outcome outcome not null,
  billable boolean not null,
  certificate_kind text not null check (certificate_kind in ('sign', 'auth')),
  certificate_hash bytea not null check (length(certificate_hash) = 32),
  occurred_at timestamptz not null,
  primary key (tenant_id, mode, id),
  unique (tenant_id, mode, verification_id, meter, method),
  foreign key (tenant_id, mode, verification_id) references verification (tenant_id, mode, id),
  constraint indeterminate_is_never_billable check (outcome <> 'indeterminate' or not billable)
);

create table idempotency_key (
  tenant_id uuid not null,
  mode tenant_mode not null,
  key_sha256 bytea not null check (length(key_sha256) = 32),
  request_sha256 bytea not null check (length(request_sha256) = 32),
  resource text not null check (resource in ('verification', 'challenge')),
  resource_id uuid not null,
  created_at timestamptz not null default clock_timestamp(),
  primary key (tenant_id, mode, key_sha256)
);

-- Acts of operators and of the system have no tenant, so the key cannot lead with one.
create table audit_event (
  id uuid primary key,
  tenant_id uuid,
  mode tenant_mode,
  actor text not null,
  action text not null,
  target text not null,
  request_id text,
  detail jsonb not null default '{}',
  recorded_at timestamptz not null default clock_timestamp(),
  check ((tenant_id is null) = (mode is null))
);
create index audit_event_tenant on audit_event (tenant_id, mode, id) where tenant_id is not null;
`;

const ISOLATION = `
do $$
declare t text;
begin
  foreach t in array array[${TENANT_TABLES.map((table) => `'${table}'`).join(', ')}] loop
    execute format('alter table %I enable row level security', t);
    execute format('alter table %I force row level security', t);
    execute format('create policy own on %I to shomei_api, shomei_worker
      using (tenant_id = current_tenant() and mode = current_mode())
      with check (tenant_id = current_tenant() and mode = current_mode())', t);
  end loop;
end $$;

alter table tenant enable row level security;
alter table tenant force row level security;
create policy own on tenant for select to shomei_api, shomei_worker using (id = current_tenant());
create policy operator on tenant to shomei_operator using (true) with check (true);

alter table audit_event enable row level security;
alter table audit_event force row level security;
create policy own on audit_event to shomei_api, shomei_worker
  using (tenant_id = current_tenant() and mode = current_mode())
  with check (tenant_id = current_tenant() and mode = current_mode());
create policy system on audit_event for insert to shomei_worker with check (tenant_id is null);
create policy operator on audit_event for insert to shomei_operator with check (true);

-- Operators make and revoke keys of any tenant; they do not read what tenants verified.
create policy operator on contract to shomei_operator using (true) with check (true);
create policy operator on api_key to shomei_operator using (true) with check (true);
create policy operator on tenant_key to shomei_operator using (true) with check (true);
`;

const KEY_LOOKUP = `
-- Before the key is known there is no tenant: this door answers for one secret's hash at a time.
create policy lookup on api_key for select to shomei_key_lookup using (true);
create policy lookup on contract for select to shomei_key_lookup using (true);
create policy lookup on tenant_key for select to shomei_key_lookup using (true);
grant select (tenant_id, mode, id, secret_sha256, scopes, expires_at, revoked_at) on api_key to shomei_key_lookup;
grant select (tenant_id, mode, reference_format) on contract to shomei_key_lookup;
grant select (tenant_id, mode, id, created_at) on tenant_key to shomei_key_lookup;

create function find_api_key(secret_hash bytea)
  returns table (tenant_id uuid, mode tenant_mode, id uuid, scopes text[], tenant_key_id uuid, lookup_key_id uuid, reference_format text)
  language sql stable security definer set search_path = pg_catalog, public, pg_temp
as $$
  -- The newest key seals; the oldest makes the keyed hashes for ever, or equal certificates would stop comparing equal.
  select k.tenant_id, k.mode, k.id, k.scopes,
    (select t.id from tenant_key t where t.tenant_id = k.tenant_id and t.mode = k.mode order by t.created_at desc limit 1),
    (select t.id from tenant_key t where t.tenant_id = k.tenant_id and t.mode = k.mode order by t.created_at limit 1),
    c.reference_format
  from api_key k join contract c on c.tenant_id = k.tenant_id and c.mode = k.mode
  where k.secret_sha256 = secret_hash and k.revoked_at is null
    and (k.expires_at is null or k.expires_at > clock_timestamp())
$$;
`;

const APPEND_DECIDED = `
create policy door_key on api_key for select to shomei_door using (true);
create policy door_challenge on challenge for select to shomei_door using (true);
create policy door_tenant_key on tenant_key for select to shomei_door using (true);
grant select (tenant_id, mode, id, secret_sha256, expires_at, revoked_at) on api_key to shomei_door;
grant select (tenant_id, mode, id) on challenge to shomei_door;
grant select (tenant_id, mode, id) on tenant_key to shomei_door;

do $$
declare t text;
begin
  foreach t in array array['verification', 'challenge_use', 'usage_event', 'idempotency_key', 'audit_event'] loop
    execute format('create policy door on %I for insert to shomei_door with check (true)', t);
    execute format('grant insert on %I to shomei_door', t);
  end loop;
end $$;
-- RETURNING of the two claims needs their own columns back, nothing more.
create policy door_claim on challenge_use for select to shomei_door using (true);
create policy door_claim on idempotency_key for select to shomei_door using (true);
grant select (verification_id) on challenge_use to shomei_door;
grant select (resource_id, tenant_id, mode, key_sha256) on idempotency_key to shomei_door;

/*
 * One commit for the decided checks of any tenants. Tenant and mode come from the hash of the API key's secret, which
 * only the caller of that tenant can have brought; whatever else a row says about ownership is not read. A row that
 * cannot be written is reported by its position and its neighbours are written. A row that wins its challenge and loses
 * its idempotency key would leave a use that leads to no verification: the foreign key takes the whole statement back,
 * and rows sent one by one come through.
 * decided: [{position, key_hash, verification:{…}, usage:[{…}], audit:{…}, idempotency:{…}|null}], hashes in hex;
 * evidence: the sealed evidence of all rows, one after the other, cut by evidence_offset and evidence_length.
 */
create function append_decided(decided json, evidence bytea)
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
      audit_id uuid, request_id text, usage json)
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
    insert into audit_event (id, tenant_id, mode, actor, action, target, request_id, detail)
    select a.audit_id, a.tenant_id, a.mode, 'api_key:' || a.api_key_id, 'verification.create', 'verification:' || a.id,
      a.request_id, jsonb_build_object('outcome', a.outcome, 'reason', a.reason_code)
    from accepted a where a.key_free
  )
  select o.position, coalesce(o.refusal,
      case when not u.challenge_free then 'challenge_used' when not a.key_free then 'idempotency_key_used' end)
  from owned o left join unused u on u.id = o.id left join accepted a on a.id = o.id
  where o.refusal is not null or not u.challenge_free or not a.key_free;
end $$;
`;

const GRANTS = `
revoke all on all functions in schema public from public;
alter default privileges in schema public revoke execute on functions from public;
grant execute on function current_tenant(), current_mode() to shomei_api, shomei_worker, shomei_operator, shomei_door, shomei_key_lookup;
-- A function's new owner needs CREATE on the schema at that moment only.
grant create on schema public to shomei_key_lookup, shomei_door;
alter function find_api_key(bytea) owner to shomei_key_lookup;
alter function append_decided(json, bytea) owner to shomei_door;
revoke create on schema public from shomei_key_lookup, shomei_door;
grant execute on function find_api_key(bytea), append_decided(json, bytea) to shomei_api;

grant select on test_clock to shomei_api, shomei_worker, shomei_operator;
grant update (offset_ms) on test_clock to shomei_operator;

grant select on tenant, contract, tenant_key, challenge, challenge_use, verification, usage_event, idempotency_key to shomei_api;
grant select (tenant_id, mode, id, name, last_four, scopes, created_at, expires_at, revoked_at) on api_key to shomei_api;
grant insert on challenge, idempotency_key, audit_event to shomei_api;

grant insert on audit_event to shomei_worker, shomei_operator;
grant select, insert on tenant, contract to shomei_operator;
grant insert on api_key, tenant_key to shomei_operator;
grant select (tenant_id, mode, id, name, last_four, scopes, created_at, expires_at, revoked_at) on api_key to shomei_operator;
grant select (tenant_id, mode, id, ring_key_id, created_at) on tenant_key to shomei_operator;
grant update (reference_format) on contract to shomei_operator;
grant update (revoked_at) on api_key to shomei_operator;
`;
