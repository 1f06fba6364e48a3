import { Injectable } from '@nestjs/common';
import type { Tenancy } from '#lib/platform';
import type { Proof } from './proof.js';

/**
 * Lets one question about a certificate follow another: who asks at the same time finds a record of it, instead of
 * having J-LIS answer, and charge, a second time. Within this process; between processes the transactions decide.
 */
@Injectable()
export class CertificateTurns {
  private readonly last = new Map<string, Promise<unknown>>();

  async take<T>({ tenantId, mode }: Tenancy, { certificateHash }: Proof, work: () => Promise<T>): Promise<T> {
    const key = `${tenantId}|${mode}|${certificateHash.toString('hex')}`;
    const before = this.last.get(key) ?? Promise.resolve();
    // The one before tells its failure to its own caller.
    const mine = before.then(work, work);
    this.last.set(key, mine);
    try {
      return await mine;
    } finally {
      if (this.last.get(key) === mine) this.last.delete(key);
    }
  }
}
