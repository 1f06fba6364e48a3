import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { CrlLayout } from '#lib/jlis';
import type { Hierarchy } from '#lib/pki';
import type { Mode } from '#lib/platform';

/** A root certificate that a mode trusts. Rows are added and never changed. */
@Entity('trust_anchor')
export class TrustAnchorRow {
  @PrimaryColumn('enum', { enum: ['live', 'test'] })
  mode!: Mode;
  /** SHA-256 of `certificate`; the database checks it. */
  @PrimaryColumn('bytea')
  fingerprint!: Buffer;
  @Column('text')
  hierarchy!: Hierarchy;
  /** Year from which the authority issues with this key. */
  @Column('text')
  generation!: string;
  /** DER. */
  @Column('bytea')
  certificate!: Buffer;
  @Column('text', { name: 'imported_by' })
  importedBy!: string;
  @Column({ type: 'timestamptz', name: 'imported_at', insert: false })
  importedAt!: Date;
}

/** Where a mode gets the revocation data of one hierarchy, and how reading the index went last. */
@Entity('revocation_source')
export class RevocationSourceRow {
  @PrimaryColumn('enum', { enum: ['live', 'test'] })
  mode!: Mode;
  @PrimaryColumn('text')
  hierarchy!: Hierarchy;
  @Column('text', { name: 'crl_index_url' })
  crlIndexUrl!: string;
  @Column('text')
  layout!: CrlLayout;
  @Column('text', { name: 'ocsp_url', nullable: true })
  ocspUrl!: string | null;
  /** Minute of the day in Japan. */
  @Column('smallint', { name: 'nightly_minute' })
  nightlyMinute!: number;
  @Column('boolean')
  enabled!: boolean;
  @Column('timestamptz', { name: 'last_attempt_at', nullable: true })
  lastAttemptAt!: Date | null;
  @Column('timestamptz', { name: 'last_listed_at', nullable: true })
  lastListedAt!: Date | null;
  /** Partitions of the index whose issuer is no anchor of the mode. */
  @Column('int')
  skipped!: number;
  @Column('int')
  failures!: number;
  @Column('text', { name: 'last_failure', nullable: true })
  lastFailure!: string | null;
}

/** One list of a source: what it is about, which list is its head, and how fetching it went last. */
@Entity('crl_partition')
export class CrlPartitionRow {
  @PrimaryColumn('enum', { enum: ['live', 'test'] })
  mode!: Mode;
  /** bigint. */
  @PrimaryColumn('bigint', { insert: false })
  id!: string;
  @Column('text')
  hierarchy!: Hierarchy;
  @Column('bytea', { name: 'anchor_fingerprint' })
  anchorFingerprint!: Buffer;
  /** DER Name; null: everything the anchor's key issued. */
  @Column('bytea', { name: 'distribution_point', nullable: true })
  distributionPoint!: Buffer | null;
  /** Comparison form of `distributionPoint` (RFC 5280 §7.1). */
  @Column('text', { name: 'distribution_point_key', nullable: true })
  distributionPointKey!: string | null;
  @Column('text')
  name!: string;
  @Column('text')
  path!: string;
  @Column('timestamptz', { name: 'listed_at' })
  listedAt!: Date;
  @Column('bigint', { name: 'head_crl_id', nullable: true })
  headCrlId!: string | null;
  /** bigint. */
  @Column('bigint')
  epoch!: string;
  @Column('timestamptz', { name: 'last_attempt_at', nullable: true })
  lastAttemptAt!: Date | null;
  @Column('timestamptz', { name: 'last_success_at', nullable: true })
  lastSuccessAt!: Date | null;
  @Column('int')
  failures!: number;
  @Column('text', { name: 'last_failure', nullable: true })
  lastFailure!: string | null;
}

/** An accepted list. Rows are added and never changed. */
@Entity('crl')
export class CrlRow {
  @PrimaryColumn('enum', { enum: ['live', 'test'] })
  mode!: Mode;
  /** bigint. */
  @PrimaryColumn('bigint', { insert: false })
  id!: string;
  /** bigint. */
  @Column('bigint', { name: 'partition_id' })
  partitionId!: string;
  /** Decimal. */
  @Column('numeric', { name: 'crl_number', nullable: true })
  crlNumber!: string | null;
  @Column('timestamptz', { name: 'this_update' })
  thisUpdate!: Date;
  @Column('timestamptz', { name: 'next_update' })
  nextUpdate!: Date;
  /** Of the file. */
  @Column('bytea')
  sha256!: Buffer;
  /** bigint. */
  @Column('bigint')
  bytes!: string;
  @Column('int', { name: 'entry_count' })
  entryCount!: number;
  @Column({ type: 'timestamptz', name: 'accepted_at', insert: false })
  acceptedAt!: Date;
}

export const REVOCATION_ENTITIES = [TrustAnchorRow, RevocationSourceRow, CrlPartitionRow, CrlRow];
