import type { MigrationInterface, QueryRunner } from 'typeorm';
import { APPEND_DECIDED } from './0006-append-decided.js';

/**
 * The audit trail in full: where a request came from, what an act changed, and a chain of hashes over every row that the
 * worker builds and signs. See docs/audit.md.
 */
export class Audit1763900000006 implements MigrationInterface {
  readonly name = 'Audit1763900000006';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(EVENT);
    await runner.query(CHAIN);
    await runner.query(UNSEALED);
    await runner.query(APPEND_DECIDED);
    await runner.query(GRANTS);
  }

  async down(): Promise<void> {
    throw new Error('migrations only go forward');
  }
}

const EVENT = `
alter table audit_event
  -- of the fields in detail and change, per action
  add column schema_version smallint not null default 1 check (schema_version > 0),
  add column ip inet,
  -- {"before": {…}, "after": {…}}: the fields that differ; personal values as ciphertext or keyed hash
  add column change jsonb check (jsonb_typeof(change) = 'object'),
  -- the transaction that wrote the row: rows that commit late are found by it
  add column xact xid8 not null default pg_current_xact_id(),
  -- A row that cannot be read whole would stop the sealing of all that follow.
  add check (length(actor) <= 300 and length(action) <= 100 and length(target) <= 300 and length(request_id) <= 200),
  add check (pg_column_size(detail) <= 65536 and pg_column_size(change) <= 65536);
create index audit_event_xact on audit_event (xact, id);
-- The first thing asked is who touched a thing.
create index audit_event_target on audit_event (target, id);
`;

const CHAIN = `
-- Where each event stands in the chain. Written once by the worker; the owner alone could change it, and would be found out.
create table audit_seal (
  seq bigint primary key check (seq > 0),
  -- no foreign key: its check would lock, and so rewrite, every event once more
  event_id uuid not null unique,
  -- of Japan, when it was sealed
  day date not null,
  row_hash bytea not null check (length(row_hash) = 32),
  -- hash over the head before, seq, day and row_hash
  head bytea not null check (length(head) = 32)
);

-- Public halves of the keys that have signed (SubjectPublicKeyInfo).
create table audit_signing_key (
  id text primary key check (id ~ '^[A-Za-z0-9_-]{1,32}$'),
  public_key bytea not null unique,
  first_used_at timestamptz not null default clock_timestamp()
);

-- One signed statement a day, also for a day on which nothing happened, so that a missing day shows.
create table audit_closing (
  day date primary key,
  after_seq bigint not null,
  after_head bytea not null check (length(after_head) = 32),
  seq bigint not null check (seq >= after_seq),
  head bytea not null check (length(head) = 32),
  signed_at timestamptz not null,
  key_id text not null references audit_signing_key (id),
  -- ECDSA P-256, r and s (IEEE P1363)
  signature bytea not null check (length(signature) = 64)
);

-- The chain's end. Its one row is locked by whoever seals, so that there is one order and no fork.
create table audit_chain (
  only_row boolean primary key default true check (only_row),
  -- the day that is open, and where the chain stood when it began
  day date,
  after_seq bigint not null default 0,
  after_head bytea not null default decode(repeat('00', 32), 'hex') check (length(after_head) = 32),
  seq bigint not null default 0 check (seq >= after_seq),
  head bytea not null default decode(repeat('00', 32), 'hex') check (length(head) = 32),
  sealed_at timestamptz,
  -- the statement that vouches for the open day so far
  signed_at timestamptz,
  key_id text references audit_signing_key (id),
  signature bytea check (length(signature) = 64),
  -- every event of an older transaction is sealed, in the database cluster of that identifier
  watermark xid8 not null default '0',
  cluster bigint
);
insert into audit_chain default values;
`;

const UNSEALED = `
create policy sealer on audit_event for select to shomei_audit_sealer using (true);
grant select on audit_event to shomei_audit_sealer;
grant select (event_id) on audit_seal to shomei_audit_sealer;

/*
 * The next events of any tenant by transaction and id, at most 5,000 whether sealed or not, so that no call takes long;
 * what a sealed one says is left out. Texts are as they are hashed: jsonb prints one value in one way.
 */
create function unsealed_audit_events(since xid8, after_id uuid, up_to int)
  returns table (xact xid8, id uuid, sealed boolean, tenant_id uuid, mode tenant_mode, actor text, action text,
    schema_version smallint, target text, request_id text, ip text, detail text, change text, recorded_at text)
  language sql stable security definer set search_path = pg_catalog, public, pg_temp
as $$
  select e.xact, e.id, s.sealed,
    case when not s.sealed then e.tenant_id end, case when not s.sealed then e.mode end,
    case when not s.sealed then e.actor end, case when not s.sealed then e.action end,
    case when not s.sealed then e.schema_version end, case when not s.sealed then e.target end,
    case when not s.sealed then e.request_id end, case when not s.sealed then host(e.ip) end,
    case when not s.sealed then e.detail::text end, case when not s.sealed then e.change::text end,
    case when not s.sealed then to_char(e.recorded_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') end
  from (
    select * from audit_event a
    where a.xact >= since and (after_id is null or (a.xact, a.id) > (since, after_id))
    order by a.xact, a.id limit least(up_to, 5000)
  ) e
  cross join lateral (select exists (select 1 from audit_seal c where c.event_id = e.id) as sealed) s
  order by e.xact, e.id
$$;

/* How many events of transactions from \`since\` on wait for their seal, counted up to 100,000, and since when. */
create function audit_backlog(since xid8)
  returns table (events bigint, oldest timestamptz)
  language sql stable security definer set search_path = pg_catalog, public, pg_temp
as $$
  select count(*), min(w.recorded_at) from (
    select a.recorded_at from audit_event a
    where a.xact >= since and not exists (select 1 from audit_seal c where c.event_id = a.id)
    limit 100000) w
$$;

revoke all on function unsealed_audit_events(xid8, uuid, int), audit_backlog(xid8) from public;
-- A function's new owner needs CREATE on the schema at that moment only.
grant create on schema public to shomei_audit_sealer;
alter function unsealed_audit_events(xid8, uuid, int) owner to shomei_audit_sealer;
alter function audit_backlog(xid8) owner to shomei_audit_sealer;
revoke create on schema public from shomei_audit_sealer;
grant execute on function unsealed_audit_events(xid8, uuid, int), audit_backlog(xid8) to shomei_worker;
`;

const GRANTS = `
-- When a row was written, and by which transaction, is the database's to say.
revoke insert on audit_event from shomei_api, shomei_worker, shomei_operator, shomei_door;
grant insert (id, tenant_id, mode, actor, action, schema_version, target, request_id, ip, detail, change) on audit_event
  to shomei_api, shomei_worker, shomei_operator, shomei_door;

-- A tenant reads its own events, by the policy that also says what it may write.
grant select (id, tenant_id, mode, actor, action, schema_version, target, request_id, ip, detail, change, recorded_at)
  on audit_event to shomei_api;

create policy operator_read on audit_event for select to shomei_operator using (true);
grant select on audit_event, audit_seal, audit_closing, audit_signing_key, audit_chain to shomei_operator;

grant select, insert on audit_seal, audit_closing to shomei_worker;
grant select on audit_signing_key, audit_chain to shomei_worker;
grant insert (id, public_key) on audit_signing_key to shomei_worker;
grant update (day, after_seq, after_head, seq, head, sealed_at, signed_at, key_id, signature, watermark, cluster)
  on audit_chain to shomei_worker;
`;
