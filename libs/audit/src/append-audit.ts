import type { DataSource, EntityManager } from 'typeorm';
import { newId, type Tenancy } from '#lib/platform';

/** One act: who did what to which thing. `detail` never holds personal data or secrets. */
export interface AuditEntry {
  /** `operator:<name>`, `api_key:<uuid>` or `system:<process>`. */
  actor: string;
  /** `<noun>.<verb>`, for example `trust_anchor.import`. */
  action: string;
  /** `<noun>:<id>`. */
  target: string;
  requestId?: string;
  detail?: Record<string, unknown>;
  /** Whose data it concerns; absent for acts on the platform itself. */
  tenancy?: Tenancy;
}

/**
 * Records an act in the transaction of `manager`, so that neither exists without the other. The time is the
 * database's real time, whatever the clock of the mode says.
 */
export async function appendAudit(manager: EntityManager | DataSource, entry: AuditEntry): Promise<void> {
  await manager.query(
    `insert into audit_event (id, tenant_id, mode, actor, action, target, request_id, detail)
     values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      newId(Date.now()),
      entry.tenancy?.tenantId ?? null,
      entry.tenancy?.mode ?? null,
      entry.actor,
      entry.action,
      entry.target,
      entry.requestId ?? null,
      JSON.stringify(entry.detail ?? {}),
    ],
  );
}
