import type { EntityManager } from 'typeorm';
import type { Tenancy } from '#lib/platform';
import type { UsageEvent } from './usage-event.js';

/** A usage event that no verification carries with it. */
export interface SourcedUsage extends UsageEvent {
  source: 'counterpart_lookup' | 'attribute_update' | 'status_check' | 'reverification' | 'presentation';
  sourceId: string;
  /** Absent: of nobody the tenant knows. */
  personId?: string;
  certificateKind: 'sign' | 'auth';
  certificateHash: Buffer;
  /** Milliseconds, by the clock of the mode. */
  occurredAt: number;
}

/** Meters in the transaction of what is metered. The same source, meter and certificate count once. */
export async function appendUsage(
  manager: EntityManager,
  { tenantId, mode }: Tenancy,
  usage: SourcedUsage,
): Promise<void> {
  await manager.query(
    `insert into usage_event (tenant_id, mode, id, source, source_id, person_id, meter, method, purpose, outcome,
       billable, certificate_kind, certificate_hash, occurred_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
     on conflict do nothing`,
    [
      tenantId,
      mode,
      usage.id,
      usage.source,
      usage.sourceId,
      usage.personId ?? null,
      usage.meter,
      usage.method,
      usage.purpose,
      usage.outcome,
      usage.billable,
      usage.certificateKind,
      usage.certificateHash,
      new Date(usage.occurredAt),
    ],
  );
}
