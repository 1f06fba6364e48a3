import type { EntityManager } from 'typeorm';
import type { Tenancy } from './database.js';
import { Problem } from './problem.js';

/** How the request came in: for the audit trail, and for repeating it safely. */
export interface Call {
  requestId: string;
  idempotency?: Idempotency;
}

export interface Idempotency {
  /** Hex SHA-256 of the Idempotency-Key. */
  keyHash: string;
  /** Hex SHA-256 of method, path and body. */
  requestHash: string;
}

/** What a request can make, as the table `idempotency_key` names it. */
export type Resource =
  | 'verification'
  | 'challenge'
  | 'serial_linkage'
  | 'counterpart_lookup'
  | 'age_check'
  | 'consent'
  | 'attribute_update'
  | 'api_key'
  | 'status_sweep'
  | 'webhook_endpoint'
  | 'webhook_secret'
  | 'webhook_test'
  | 'webhook_replay'
  | 'presentation';

/**
 * What was made under this key before, if anything.
 * @throws Problem `idempotency_key_reused` when the key stands for another request.
 */
export async function findMade(
  manager: EntityManager,
  idempotency: Idempotency,
  resource: Resource,
): Promise<string | undefined> {
  const rows: { request_sha256: Buffer; resource: Resource; resource_id: string }[] = await manager.query(
    'select request_sha256, resource, resource_id from idempotency_key where key_sha256 = $1',
    [Buffer.from(idempotency.keyHash, 'hex')],
  );
  const row = rows[0];
  if (row && (row.resource !== resource || row.request_sha256.toString('hex') !== idempotency.requestHash))
    throw new Problem('idempotency_key_reused');
  return row?.resource_id;
}

/**
 * Binds the key to what is being made, in its transaction: both become durable or neither does. False when the key is
 * taken, by a request that won the race; nothing was written then.
 */
export async function claimKey(
  manager: EntityManager,
  { tenantId, mode }: Tenancy,
  idempotency: Idempotency,
  made: { resource: Resource; id: string },
): Promise<boolean> {
  const claimed: unknown[] = await manager.query(
    `insert into idempotency_key (tenant_id, mode, key_sha256, request_sha256, resource, resource_id)
     values ($1, $2, $3, $4, $5, $6) on conflict do nothing returning 1`,
    [
      tenantId,
      mode,
      Buffer.from(idempotency.keyHash, 'hex'),
      Buffer.from(idempotency.requestHash, 'hex'),
      made.resource,
      made.id,
    ],
  );
  return claimed.length === 1;
}

/** Keys this process is working on. A second process finds out at the unique index instead, when it writes. */
export class InFlight {
  private readonly keys = new Set<string>();

  /** @throws Problem `idempotency_in_flight` while another request with the same key is being worked on. */
  async guard<T>(tenancy: Tenancy, idempotency: Idempotency | undefined, work: () => Promise<T>): Promise<T> {
    if (!idempotency) return work();
    const key = `${tenancy.tenantId}|${tenancy.mode}|${idempotency.keyHash}`;
    if (this.keys.has(key)) throw new Problem('idempotency_in_flight');
    this.keys.add(key);
    try {
      return await work();
    } finally {
      this.keys.delete(key);
    }
  }
}
