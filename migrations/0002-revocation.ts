import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Anchors, sources and revocation lists belong to a mode and to no tenant: what they say is the same for every tenant
 * and holds nothing of any. Mode and hierarchy are part of every key that crosses tables, so that neither can be mixed.
 */
export class Revocation1763900000002 implements MigrationInterface {
  readonly name = 'Revocation1763900000002';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(TABLES);
    await runner.query(GRANTS);
  }

  async down(): Promise<void> {
    throw new Error('migrations only go forward');
  }
}

const TABLES = `
create table trust_anchor (
  mode tenant_mode not null,
  fingerprint bytea not null check (fingerprint = sha256(certificate)),
  hierarchy text not null check (hierarchy in ('sign', 'auth')),
  generation text not null check (length(generation) between 1 and 40),
  certificate bytea not null,
  imported_by text not null,
  imported_at timestamptz not null default clock_timestamp(),
  primary key (mode, fingerprint),
  unique (mode, hierarchy, fingerprint),
  -- 'JPKI-TEST' stands in every name of the test hierarchy
  constraint live_never_trusts_test check (mode <> 'live' or position('\\x4a504b492d54455354'::bytea in certificate) = 0)
);

create table revocation_source (
  mode tenant_mode not null,
  hierarchy text not null check (hierarchy in ('sign', 'auth')),
  crl_index_url text not null check (length(crl_index_url) <= 2000),
  layout text not null check (layout in ('full', 'partitioned')),
  ocsp_url text check (length(ocsp_url) <= 2000),
  -- minute of the day in Japan at which the lists are fetched
  nightly_minute smallint not null default 180 check (nightly_minute between 0 and 1439),
  enabled boolean not null default true,
  -- start of the last finished attempt to read the index
  last_attempt_at timestamptz,
  -- of the index read last; partitions listed in it carry the same time
  last_listed_at timestamptz,
  -- partitions of that index whose issuer is no anchor of this mode
  skipped int not null default 0,
  failures int not null default 0,
  last_failure text,
  primary key (mode, hierarchy)
);

create table crl_partition (
  mode tenant_mode not null,
  id bigint not null generated always as identity,
  hierarchy text not null,
  anchor_fingerprint bytea not null,
  -- DER Name and its comparison form; null: the one list of the anchor's whole key
  distribution_point bytea,
  distribution_point_key text check (length(distribution_point_key) <= 1000),
  name text not null,
  path text not null,
  listed_at timestamptz not null,
  head_crl_id bigint,
  -- of the last change a reader has to take over
  epoch bigint not null default 0,
  -- start of the last finished attempt
  last_attempt_at timestamptz,
  last_success_at timestamptz,
  failures int not null default 0,
  last_failure text,
  primary key (mode, id),
  unique nulls not distinct (mode, hierarchy, anchor_fingerprint, distribution_point_key),
  check ((distribution_point is null) = (distribution_point_key is null)),
  foreign key (mode, hierarchy, anchor_fingerprint) references trust_anchor (mode, hierarchy, fingerprint),
  foreign key (mode, hierarchy) references revocation_source (mode, hierarchy)
);
create index crl_partition_epoch on crl_partition (mode, epoch);

-- Every list ever accepted. Never changed.
create table crl (
  mode tenant_mode not null,
  id bigint not null generated always as identity,
  partition_id bigint not null,
  -- up to 20 octets (RFC 5280 §5.2.3)
  crl_number numeric(50),
  this_update timestamptz not null,
  next_update timestamptz not null,
  sha256 bytea not null check (length(sha256) = 32),
  bytes bigint not null,
  entry_count int not null,
  accepted_at timestamptz not null default clock_timestamp(),
  primary key (mode, id),
  unique (mode, partition_id, id),
  foreign key (mode, partition_id) references crl_partition (mode, id)
);
alter table crl_partition add foreign key (mode, id, head_crl_id) references crl (mode, partition_id, id);

-- The entries of each partition's head, in the columnar form that processes answer from.
create table crl_snapshot (
  mode tenant_mode not null,
  partition_id bigint not null,
  crl_id bigint not null,
  columns bytea not null,
  primary key (mode, partition_id),
  foreign key (mode, partition_id, crl_id) references crl (mode, partition_id, id)
);
-- Serials do not compress; compressing them would cost every reader.
alter table crl_snapshot alter column columns set storage external;

-- Counts up with each change, as the last act of its transaction: the row lock makes epochs commit in their order, so
-- a reader that asks for what is newer than the epoch it has seen misses nothing.
create table revocation_epoch (
  mode tenant_mode primary key,
  epoch bigint not null default 0
);
insert into revocation_epoch (mode) values ('live'), ('test');
`;

const GRANTS = `
grant select on trust_anchor, revocation_source, crl_partition, crl, crl_snapshot, revocation_epoch
  to shomei_api, shomei_worker;
grant select on trust_anchor, revocation_source, crl_partition, crl, revocation_epoch to shomei_operator;

grant insert on crl_partition, crl, crl_snapshot to shomei_worker;
grant update (last_attempt_at, last_listed_at, skipped, failures, last_failure) on revocation_source to shomei_worker;
grant update (distribution_point, name, path, listed_at, head_crl_id, epoch, last_attempt_at, last_success_at, failures, last_failure)
  on crl_partition to shomei_worker;
grant update (crl_id, columns) on crl_snapshot to shomei_worker;
grant update (epoch) on revocation_epoch to shomei_worker, shomei_operator;

grant insert on trust_anchor, revocation_source to shomei_operator;
grant update (crl_index_url, layout, ocsp_url, nightly_minute, enabled) on revocation_source to shomei_operator;
`;
