import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Operators, their sessions and approvals by a second person. See docs/operations/operators.md. */
export class Operators1763900000007 implements MigrationInterface {
  readonly name = 'Operators1763900000007';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(TABLES);
    await runner.query(ACCOUNT_RULES);
    await runner.query(APPROVAL_RULES);
    await runner.query(DOORS);
    await runner.query(APPROVED_ROWS);
    await runner.query(GRANTS);
  }

  async down(): Promise<void> {
    throw new Error('migrations only go forward');
  }
}

const TABLES = `
create table operator_account (
  id uuid primary key,
  -- lower case: one person has one account
  email text not null unique check (email = lower(email) and email ~ '^[^[:space:]@]+@[^[:space:]@]+$' and length(email) <= 254),
  name text not null check (length(name) between 1 and 100),
  roles text[] not null default '{}' check (roles <@ array['admin', 'onboarding', 'billing', 'auditor', 'support']),
  -- of the change that gave the present roles; the two accounts an installation begins with have none
  roles_approval_id uuid unique,
  password_hash text not null check (password_hash like '$argon2id$%' and length(password_hash) <= 200),
  -- somebody else knows it: it opens nothing but the way to a new one
  password_expired boolean not null default true,
  -- sealed under the key ring; in use once confirmed by a first code
  totp_secret bytea,
  totp_ring_key text,
  totp_confirmed_at timestamptz,
  -- counter of the last code taken (RFC 6238 §5.2: a code is taken once)
  totp_last_step bigint,
  disabled_at timestamptz,
  created_at timestamptz not null default clock_timestamp(),
  check ((totp_secret is null) = (totp_ring_key is null)),
  check (totp_confirmed_at is null or totp_secret is not null)
);

create table operator_recovery_code (
  operator_id uuid not null references operator_account (id),
  code_sha256 bytea not null check (length(code_sha256) = 32),
  primary key (operator_id, code_sha256)
);

create table operator_session (
  id uuid primary key,
  token_sha256 bytea not null unique check (length(token_sha256) = 32),
  operator_id uuid not null references operator_account (id),
  -- false: the password alone was right
  second_factor boolean not null,
  created_at timestamptz not null,
  idle_until timestamptz not null,
  ends_at timestamptz not null check (ends_at <= created_at + interval '10 hours'),
  ended_at timestamptz,
  check (idle_until <= ends_at)
);
create index operator_session_open on operator_session (operator_id) where ended_at is null;

-- By hash of the address tried, whether or not it has an account: an answer must not tell.
create table sign_in_backoff (
  subject_sha256 bytea primary key check (length(subject_sha256) = 32),
  failures int not null,
  blocked_until timestamptz not null,
  last_at timestamptz not null
);
create index sign_in_backoff_last on sign_in_backoff (last_at);

create table approval (
  id uuid primary key,
  kind text not null check (kind ~ '^[a-z][a-z_]{2,39}$'),
  subject text not null check (length(subject) between 1 and 200),
  before jsonb,
  after jsonb not null,
  -- of kind, subject, before and after: an approver names what was looked at
  payload_sha256 bytea not null check (length(payload_sha256) = 32),
  reason text not null check (length(reason) between 1 and 1000),
  state text not null default 'proposed' check (state in ('proposed', 'approved', 'executed', 'refused', 'expired')),
  proposed_by uuid not null references operator_account (id),
  proposed_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz not null,
  decided_by uuid references operator_account (id),
  decided_at timestamptz,
  note text check (length(note) between 1 and 1000),
  executed_at timestamptz,
  check (expires_at > proposed_at and expires_at <= proposed_at + interval '14 days'),
  check ((decided_by is null) = (decided_at is null)),
  constraint second_person check (state not in ('approved', 'executed') or decided_by is not null and decided_by <> proposed_by),
  -- Nobody is the second person of a change to his own rights.
  constraint not_about_oneself check (state not in ('approved', 'executed') or subject <> 'operator:' || decided_by::text),
  constraint decided_in_time check (state not in ('approved', 'executed') or decided_at < expires_at),
  check ((state = 'executed') = (executed_at is not null))
);
-- Two open proposals for one thing would be decided in an unknown order.
create unique index approval_open on approval (kind, subject) where state in ('proposed', 'approved');
alter table operator_account add foreign key (roles_approval_id) references approval (id);
`;

const ACCOUNT_RULES = `
/*
 * Roles come by approval. Only the first two accounts of an installation are made with theirs, from its command line:
 * before there are two people nobody can approve. Accounts are never deleted, so this happens once.
 */
create function guard_operator_account() returns trigger
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
        and (select count(*) from operator_account) < 2) then
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

-- What a session was opened on has changed.
create function end_operator_sessions() returns trigger
  language plpgsql set search_path = pg_catalog, public, pg_temp
as $$
begin
  update operator_session set ended_at = clock_timestamp() where operator_id = new.id and ended_at is null;
  return null;
end $$;
`;

const APPROVAL_RULES = `
create function guard_approval() returns trigger
  language plpgsql set search_path = pg_catalog, public, pg_temp
as $$
begin
  if tg_op = 'INSERT' then
    if new.state <> 'proposed' or new.decided_by is not null or new.note is not null then
      raise exception 'an approval begins as a proposal' using errcode = '23514', constraint = 'approval_steps';
    end if;
    new.proposed_at := clock_timestamp();
    return new;
  end if;
  if tg_op = 'DELETE' or (new.id, new.kind, new.subject, new.before, new.after, new.payload_sha256, new.reason,
      new.proposed_by, new.proposed_at, new.expires_at)
      is distinct from (old.id, old.kind, old.subject, old.before, old.after, old.payload_sha256, old.reason,
      old.proposed_by, old.proposed_at, old.expires_at) then
    raise exception 'what was proposed stays as it is' using errcode = '23514', constraint = 'approval_steps';
  end if;
  if not (old.state = 'proposed' and new.state in ('approved', 'refused', 'expired')
      or old.state = 'approved' and new.state in ('executed', 'refused', 'expired')) then
    raise exception 'no such step' using errcode = '23514', constraint = 'approval_steps';
  end if;
  if (new.state = 'expired') <> (clock_timestamp() >= old.expires_at) and new.state <> 'refused' then
    raise exception 'the time for this is over' using errcode = '23514', constraint = 'approval_in_time';
  end if;
  if old.state = 'approved' and (new.decided_by, new.decided_at) is distinct from (old.decided_by, old.decided_at)
      and new.state <> 'refused' then
    raise exception 'the decision stays as it is' using errcode = '23514', constraint = 'approval_steps';
  end if;
  if old.state = 'proposed' and new.decided_by is not null then new.decided_at := clock_timestamp(); end if;
  return new;
end $$;
create trigger guard before insert or update or delete on approval for each row execute function guard_approval();

/*
 * What a row that needs a second person asks before it is written: the approval was carried out, for exactly this kind,
 * thing and change. Rows keep the approval's id in a unique column, so one approval changes one row once.
 */
create function approval_is_executed(wanted uuid, wanted_kind text, wanted_subject text, was jsonb, becomes jsonb)
  returns boolean language sql stable set search_path = pg_catalog, public, pg_temp
as $$
  select exists (select 1 from approval a where a.id = wanted and a.state = 'executed' and a.kind = wanted_kind
    and a.subject = wanted_subject and a.before is not distinct from was and a.after = becomes)
$$;

create trigger guard before insert or update or delete on operator_account
  for each row execute function guard_operator_account();
create trigger end_sessions after update on operator_account for each row
  when ((old.roles, old.disabled_at, old.password_hash, old.totp_confirmed_at)
      is distinct from (new.roles, new.disabled_at, new.password_hash, new.totp_confirmed_at)
    or old.totp_confirmed_at is not null and old.totp_secret is distinct from new.totp_secret)
  execute function end_operator_sessions();
`;

const DOORS = `
-- A session is known by its token's hash, which no process may list: who acts is not for the caller to say.
create function find_operator_session(token_hash bytea)
  returns table (id uuid, operator_id uuid, second_factor boolean, created_at timestamptz, idle_until timestamptz,
    ends_at timestamptz, email text, name text, roles text[], password_expired boolean, second_factor_enrolled boolean)
  language sql stable security definer set search_path = pg_catalog, public, pg_temp
as $$
  select s.id, s.operator_id, s.second_factor, s.created_at, s.idle_until, s.ends_at, a.email, a.name, a.roles,
    a.password_expired, a.totp_confirmed_at is not null
  from operator_session s join operator_account a on a.id = s.operator_id
  where s.token_sha256 = token_hash and s.ended_at is null and a.disabled_at is null
$$;

-- One account's secrets at a time, for a check that is counted; nobody may list them.
create function find_operator_secret(wanted_id uuid, wanted_email text)
  returns table (id uuid, email text, password_hash text, totp_secret bytea, totp_ring_key text, totp_confirmed_at timestamptz,
    totp_last_step bigint)
  language sql stable security definer set search_path = pg_catalog, public, pg_temp
as $$
  select a.id, a.email, a.password_hash, a.totp_secret, a.totp_ring_key, a.totp_confirmed_at, a.totp_last_step
  from operator_account a
  where a.disabled_at is null and case when wanted_id is not null then a.id = wanted_id else a.email = wanted_email end
$$;

-- Who may act in an approval: both factors shown, in time, with a password of his own.
create function acting_operator(token_hash bytea) returns uuid
  language sql stable security definer set search_path = pg_catalog, public, pg_temp
as $$
  select s.operator_id from operator_session s join operator_account a on a.id = s.operator_id
  where s.token_sha256 = token_hash and s.ended_at is null and s.second_factor and a.disabled_at is null
    and not a.password_expired and s.idle_until > clock_timestamp() and s.ends_at > clock_timestamp()
$$;

/* Returns null, or why not: session_invalid, proposal_open. */
create function propose_approval(token_hash bytea, new_id uuid, new_kind text, new_subject text, was jsonb, becomes jsonb,
    why text, lasts interval)
  returns text language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp
as $$
declare actor uuid := acting_operator(token_hash);
begin
  if actor is null then return 'session_invalid'; end if;
  update approval set state = 'expired'
  where kind = new_kind and subject = new_subject and state in ('proposed', 'approved') and expires_at <= clock_timestamp();
  insert into approval (id, kind, subject, before, after, payload_sha256, reason, proposed_by, expires_at)
  values (new_id, new_kind, new_subject, was, becomes,
    sha256(convert_to(concat_ws(E'\\n', new_kind, new_subject, was::text, becomes::text), 'UTF8')), why, actor,
    clock_timestamp() + lasts)
  on conflict (kind, subject) where state in ('proposed', 'approved') do nothing;
  return case when found then null else 'proposal_open' end;
end $$;

/*
 * The second person's decision. approves false refuses, which the proposer may do too: a withdrawal.
 * Returns null, or why not: session_invalid, approval_unknown, approval_not_open, approval_expired, approval_changed,
 * approval_own, approval_about_oneself.
 */
create function decide_approval(token_hash bytea, wanted uuid, approves boolean, seen_sha256 bytea, remark text)
  returns text language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp
as $$
declare
  actor uuid := acting_operator(token_hash);
  asked approval;
begin
  if actor is null then return 'session_invalid'; end if;
  select * into asked from approval a where a.id = wanted for update;
  if not found then return 'approval_unknown'; end if;
  if asked.state = 'expired' then return 'approval_expired'; end if;
  if asked.state not in ('proposed', 'approved') then return 'approval_not_open'; end if;
  if asked.expires_at <= clock_timestamp() then
    update approval set state = 'expired' where id = wanted;
    return 'approval_expired';
  end if;
  if not approves then
    update approval set state = 'refused', decided_by = actor, decided_at = clock_timestamp(), note = remark where id = wanted;
    return null;
  end if;
  if asked.payload_sha256 is distinct from seen_sha256 then return 'approval_changed'; end if;
  if asked.proposed_by = actor then return 'approval_own'; end if;
  if asked.subject = 'operator:' || actor::text then return 'approval_about_oneself'; end if;
  if asked.state <> 'proposed' then return 'approval_not_open'; end if;
  update approval set state = 'approved', decided_by = actor, decided_at = clock_timestamp(), note = remark where id = wanted;
  return null;
end $$;

/* In the transaction that writes what was approved. Returns null, or why not: approval_unknown, approval_not_open, approval_expired. */
create function execute_approval(wanted uuid)
  returns text language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp
as $$
declare asked approval;
begin
  select * into asked from approval a where a.id = wanted for update;
  if not found then return 'approval_unknown'; end if;
  if asked.state <> 'approved' then return 'approval_not_open'; end if;
  if asked.expires_at <= clock_timestamp() then return 'approval_expired'; end if;
  update approval set state = 'executed', executed_at = clock_timestamp() where id = wanted;
  return null;
end $$;
`;

const APPROVED_ROWS = `
alter table trust_anchor add column approval_id uuid unique references approval (id);
-- Roots imported by earlier releases stay; every later one of live has its approval.
alter table trust_anchor add constraint live_anchor_is_approved check (mode <> 'live' or approval_id is not null) not valid;

create function guard_trust_anchor() returns trigger
  language plpgsql set search_path = pg_catalog, public, pg_temp
as $$
begin
  if new.mode = 'live' and not approval_is_executed(new.approval_id, 'live_anchor',
      'trust_anchor:' || encode(new.fingerprint, 'hex'), null, jsonb_build_object('hierarchy', new.hierarchy,
        'generation', new.generation, 'certificate', translate(encode(new.certificate, 'base64'), E'\\n', ''))) then
    raise exception 'a live trust anchor needs an approval' using errcode = '23514', constraint = 'live_anchor_needs_approval';
  end if;
  return new;
end $$;
create trigger guard before insert or update on trust_anchor for each row execute function guard_trust_anchor();
`;

const GRANTS = `
revoke all on function guard_operator_account(), end_operator_sessions(), guard_approval(), guard_trust_anchor(),
  approval_is_executed(uuid, text, text, jsonb, jsonb), acting_operator(bytea), find_operator_session(bytea),
  find_operator_secret(uuid, text), propose_approval(bytea, uuid, text, text, jsonb, jsonb, text, interval),
  decide_approval(bytea, uuid, boolean, bytea, text), execute_approval(uuid) from public;
grant execute on function approval_is_executed(uuid, text, text, jsonb, jsonb) to shomei_admin, shomei_operator;

grant select (id, email, name, roles, password_hash, password_expired, totp_secret, totp_ring_key, totp_confirmed_at,
  totp_last_step, disabled_at) on operator_account to shomei_operator_keeper;
grant select on operator_session, approval to shomei_operator_keeper;
grant insert on approval to shomei_operator_keeper;
grant update (state, decided_by, decided_at, note, executed_at) on approval to shomei_operator_keeper;
-- A function's new owner needs CREATE on the schema at that moment only.
grant create on schema public to shomei_operator_keeper;
alter function acting_operator(bytea) owner to shomei_operator_keeper;
alter function find_operator_session(bytea) owner to shomei_operator_keeper;
alter function find_operator_secret(uuid, text) owner to shomei_operator_keeper;
alter function propose_approval(bytea, uuid, text, text, jsonb, jsonb, text, interval) owner to shomei_operator_keeper;
alter function decide_approval(bytea, uuid, boolean, bytea, text) owner to shomei_operator_keeper;
alter function execute_approval(uuid) owner to shomei_operator_keeper;
revoke create on schema public from shomei_operator_keeper;
grant execute on function find_operator_session(bytea), find_operator_secret(uuid, text),
  propose_approval(bytea, uuid, text, text, jsonb, jsonb, text, interval) to shomei_admin, shomei_operator;
grant execute on function decide_approval(bytea, uuid, boolean, bytea, text), execute_approval(uuid) to shomei_admin;

-- Accounts: the secrets of one at a time through the door, never a list of them.
grant select (id, email, name, roles, roles_approval_id, password_expired, totp_confirmed_at, totp_last_step, disabled_at,
  created_at) on operator_account to shomei_admin, shomei_operator;
grant insert (id, email, name, roles, password_hash) on operator_account to shomei_admin, shomei_operator;
grant update (password_hash, password_expired, totp_secret, totp_ring_key, totp_confirmed_at, totp_last_step, disabled_at,
  roles, roles_approval_id) on operator_account to shomei_admin;
grant update (password_hash, password_expired, totp_last_step) on operator_account to shomei_operator;
grant select, insert, delete on operator_recovery_code to shomei_admin;
grant insert on operator_session to shomei_admin, shomei_operator;
grant select (id, operator_id, second_factor, created_at, idle_until, ends_at, ended_at) on operator_session
  to shomei_admin, shomei_operator;
grant update (idle_until, ended_at) on operator_session to shomei_admin;
grant update (ended_at) on operator_session to shomei_operator;
grant select, insert, update, delete on sign_in_backoff to shomei_admin, shomei_operator;
grant select on approval to shomei_admin, shomei_operator;

-- The admin process serves operators: tenants and keys of all, revocation data, decided checks without their evidence.
create policy admin on tenant to shomei_admin using (true) with check (true);
create policy admin on contract to shomei_admin using (true) with check (true);
create policy admin on api_key to shomei_admin using (true) with check (true);
create policy admin on tenant_key for insert to shomei_admin with check (true);
create policy admin on verification for select to shomei_admin using (true);
create policy admin on audit_event to shomei_admin using (true) with check (true);
grant execute on function current_tenant(), current_mode() to shomei_admin;
grant select, insert on tenant, contract to shomei_admin;
grant insert on api_key, tenant_key to shomei_admin;
grant select (tenant_id, mode, id, name, last_four, scopes, created_at, expires_at, revoked_at) on api_key to shomei_admin;
grant update (revoked_at) on api_key to shomei_admin;
grant select (tenant_id, mode, id, kind, api_key_id, decided_at, recorded_at, outcome, reason_code, verdict, certificate_kind,
  reference, challenge_id) on verification to shomei_admin;
grant insert (id, tenant_id, mode, actor, action, schema_version, target, request_id, ip, detail, change) on audit_event
  to shomei_admin;
grant select on audit_event, audit_seal, audit_closing, audit_signing_key, audit_chain to shomei_admin;
grant select on trust_anchor, revocation_source, crl_partition, crl, revocation_epoch, test_clock to shomei_admin;
grant insert on trust_anchor to shomei_admin;
grant update (epoch) on revocation_epoch to shomei_admin;
`;
