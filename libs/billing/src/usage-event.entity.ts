import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Mode } from '#lib/platform';
import type { UsageEvent } from './usage-event.js';

/** A stored usage event, joined to the verification that caused it. */
@Entity({ name: 'usage_event' })
export class UsageEventRow implements UsageEvent {
  @PrimaryColumn({ type: 'uuid', name: 'tenant_id' })
  tenantId!: string;
  @PrimaryColumn({ type: 'text' })
  mode!: Mode;
  @PrimaryColumn({ type: 'uuid' })
  id!: string;
  @Column({ type: 'uuid', name: 'verification_id' })
  verificationId!: string;
  @Column({ type: 'text' })
  meter!: UsageEvent['meter'];
  @Column({ type: 'text' })
  method!: UsageEvent['method'];
  @Column({ type: 'text' })
  purpose!: UsageEvent['purpose'];
  @Column({ type: 'text' })
  outcome!: UsageEvent['outcome'];
  @Column({ type: 'boolean' })
  billable!: boolean;
}
