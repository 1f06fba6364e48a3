import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The status of a certificate as of any time: which list was in force when, what each list changed, and the files
 * themselves while a verification rests on them. See docs/decisions/0010-revocation-history.md.
 */
export class RevocationHistory1763900000003 implements MigrationInterface {
  readonly name = 'RevocationHistory1763900000003';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(LISTS);
    await runner.query(CHANGES);
    await runner.query(FILES);
    await runner.query(REFERENCES);
    await runner.query(GRANTS);
  }

  async down(): Promise<void> {
    throw new Error('migrations only go forward');
  }
}

const LISTS = `
alter table crl
  -- where the file was fetched
  add column source text not null default 'not recorded' check (length(source) <= 3000),
  -- when it became the head, by the clock of the mode; accepted_at is always real
  add column in_force_at timestamptz not null default clock_timestamp(),
  -- of the commit that made it the head: readers of changes go on from the last one they have seen
  add column epoch bigint not null default 0;
update crl set in_force_at = accepted_at;
update crl set epoch = p.epoch from crl_partition p where p.mode = crl.mode and p.head_crl_id = crl.id;
create index crl_epoch on crl (mode, epoch);
create index crl_sha256 on crl (mode, sha256);

-- Besides the head's, the entries of a list are kept where a partition's history begins: later lists are kept as
-- what they changed.
alter table crl_snapshot add column baseline boolean not null default false;
update crl_snapshot set baseline = true;
alter table crl_snapshot drop constraint crl_snapshot_pkey;
alter table crl_snapshot add primary key (mode, partition_id, crl_id);
`;

const CHANGES = `
-- Each appearance, change and disappearance of a serial after its partition's baseline.
create table crl_change (
  mode tenant_mode not null,
  partition_id bigint not null,
  -- content octets of the INTEGER
  serial bytea not null check (length(serial) between 1 and 20),
  crl_id bigint not null,
  kind text not null check (kind in ('added', 'changed', 'gone')),
  -- as the list says from then on; of a serial that is gone, as it said before
  revoked_at timestamptz not null,
  -- CRLReason code point
  reason smallint not null check (reason between 0 and 10),
  primary key (mode, partition_id, serial, crl_id),
  foreign key (mode, partition_id, crl_id) references crl (mode, partition_id, id)
);
create index crl_change_list on crl_change (mode, crl_id);
`;

const FILES = `
-- Lists as they were delivered, by their hash, compressed as one Brotli stream (RFC 7932) cut into parts.
create table crl_file (
  mode tenant_mode not null,
  sha256 bytea not null check (length(sha256) = 32),
  part int not null check (part >= 0),
  content bytea not null,
  primary key (mode, sha256, part)
);
alter table crl_file alter column content set storage external;

-- Lists on which verifications rest. last_at: the last of them, real time.
create table crl_reference (
  mode tenant_mode not null,
  sha256 bytea not null check (length(sha256) = 32),
  last_at timestamptz not null,
  primary key (mode, sha256)
);

-- Up to when verifications have been looked through.
create table crl_reference_progress (
  only_row boolean primary key default true check (only_row),
  collected_until timestamptz not null default '-infinity'
);
insert into crl_reference_progress default values;

-- Rows come in the order of their time, so a block range index finds a day of them at next to no cost for inserts.
create index verification_recorded_at on verification using brin (recorded_at);
`;

const REFERENCES = `
create policy crl_keeper on verification for select to shomei_crl_keeper using (true);
grant select (mode, recorded_at, verdict) on verification to shomei_crl_keeper;

/*
 * Which lists the verifications of all tenants recorded in [since, until) rest on. It tells hashes of public files and
 * a time, nothing of any tenant, person or certificate.
 */
create function referenced_lists(since timestamptz, until timestamptz)
  returns table (mode tenant_mode, sha256 text, last_at timestamptz)
  language sql stable security definer set search_path = pg_catalog, public, pg_temp
as $$
  select v.mode, f.finding ->> 'sourceSha256', max(v.recorded_at)
  from verification v cross join jsonb_array_elements(
    case when jsonb_typeof(v.verdict -> 'revocation') = 'array' then v.verdict -> 'revocation' else '[]' end) as f(finding)
  where v.recorded_at >= since and v.recorded_at < until
    and f.finding ->> 'method' = 'crl' and f.finding ->> 'sourceSha256' ~ '^[0-9a-f]{64}$'
  group by 1, 2
$$;
revoke all on function referenced_lists(timestamptz, timestamptz) from public;
-- A function's new owner needs CREATE on the schema at that moment only.
grant create on schema public to shomei_crl_keeper;
alter function referenced_lists(timestamptz, timestamptz) owner to shomei_crl_keeper;
revoke create on schema public from shomei_crl_keeper;
grant execute on function referenced_lists(timestamptz, timestamptz) to shomei_worker;
`;

const GRANTS = `
grant select on crl_change, crl_file to shomei_api, shomei_operator;
-- An operator explains what was answered when.
grant select on crl_snapshot to shomei_operator;
grant select, insert on crl_change to shomei_worker;
grant update (epoch) on crl to shomei_worker;
-- Entries of a list that is neither head nor baseline, and files nobody rests on, go.
grant delete on crl_snapshot to shomei_worker;
grant select, insert, delete on crl_file to shomei_worker;
grant select, insert on crl_reference to shomei_worker;
grant update (last_at) on crl_reference to shomei_worker;
grant select on crl_reference_progress to shomei_worker;
grant update (collected_until) on crl_reference_progress to shomei_worker;
`;
