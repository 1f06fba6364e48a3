import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Mode } from '#lib/platform';
import type { Outcome } from '#lib/pki';
import type { VerdictFacts } from './evidence.js';

/** A stored check. Rows are only ever added, through `append_decided`. */
@Entity({ name: 'verification' })
export class VerificationRow {
  @PrimaryColumn({ type: 'uuid', name: 'tenant_id' })
  tenantId!: string;
  @PrimaryColumn({ type: 'text' })
  mode!: Mode;
  @PrimaryColumn({ type: 'uuid' })
  id!: string;
  @Column({ type: 'text' })
  kind!: 'signature' | 'authentication';
  @Column({ type: 'timestamptz', name: 'decided_at' })
  decidedAt!: Date;
  /** Real time. */
  @Column({ type: 'timestamptz', name: 'recorded_at' })
  recordedAt!: Date;
  @Column({ type: 'text' })
  outcome!: Outcome;
  @Column({ type: 'text', name: 'reason_code', nullable: true })
  reasonCode!: string | null;
  @Column({ type: 'jsonb' })
  verdict!: VerdictFacts;
  @Column({ type: 'bytea', name: 'certificate_hash' })
  certificateHash!: Buffer;
  @Column({ type: 'text', nullable: true })
  reference!: string | null;
  @Column({ type: 'uuid', name: 'challenge_id', nullable: true })
  challengeId!: string | null;
  @Column({ type: 'uuid', name: 'tenant_key_id' })
  tenantKeyId!: string;
  /** Null: erased. */
  @Column({ type: 'bytea', nullable: true })
  evidence!: Buffer | null;
}
