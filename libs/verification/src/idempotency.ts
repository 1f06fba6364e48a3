import type { EntityManager } from 'typeorm';
import { Problem, type Tenancy } from '#lib/platform';
import type { Idempotency } from './request.js';

export type Resource = 'verification' | 'challenge';

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
