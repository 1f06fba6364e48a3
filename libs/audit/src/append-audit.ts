import type { DataSource, EntityManager } from 'typeorm';
import { newId, originOf, type Tenancy } from '#lib/platform';

/** What an act changed: the fields that differ, as they were and as they are. Null: there was, or is, no such thing. */
export interface AuditChange {
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
}

/** One act: who did what to which thing. `detail` and `change` never hold personal data or secrets in the clear. */
export interface AuditEntry {
  /** `operator:<name>`, `api_key:<uuid>` or `system:<process>`. */
  actor: string;
  /** `<noun>.<verb>`, for example `trust_anchor.import`. */
  action: string;
  /** Of the fields in `detail` and `change` of this action; counts up when their meaning changes. */
  schemaVersion?: number;
  /** `<noun>:<id>`. */
  target: string;
  requestId?: string;
  /** The address the request came from, IPv4 or IPv6. Absent: as `originOf` knows it. */
  ip?: string;
  detail?: Record<string, unknown>;
  /** Personal values in it are ciphertext or keyed hashes, see `changedFields`. */
  change?: AuditChange;
  /** Whose data it concerns; absent for acts on the platform itself. */
  tenancy?: Tenancy;
}

/** How a request came in; a command at a terminal has neither. */
export type Origin = Pick<AuditEntry, 'requestId' | 'ip'>;
/** Who does something, and how it came in. */
export type Acting = Pick<AuditEntry, 'actor' | 'requestId' | 'ip'>;

/**
 * Records an act in the transaction of `manager`, so that neither exists without the other. The time is the
 * database's real time, whatever the clock of the mode says.
 */
export async function appendAudit(manager: EntityManager | DataSource, entry: AuditEntry): Promise<void> {
  await manager.query(
    `insert into audit_event
       (id, tenant_id, mode, actor, action, schema_version, target, request_id, ip, detail, change)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
    [
      newId(Date.now()),
      entry.tenancy?.tenantId ?? null,
      entry.tenancy?.mode ?? null,
      entry.actor,
      entry.action,
      entry.schemaVersion ?? 1,
      entry.target,
      entry.requestId ?? null,
      entry.ip ?? (entry.requestId === undefined ? null : (originOf(entry.requestId) ?? null)),
      JSON.stringify(entry.detail ?? {}),
      entry.change === undefined ? null : JSON.stringify(entry.change),
    ],
  );
}
