import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { appendAudit } from '#lib/audit';
import type { KeyedTenancy } from '#lib/tenancy';
import { holderHashOf } from './certificate-hash.js';
import { KnownCertificates } from './known-certificates.js';
import type { By } from './person.js';
import type { Linking } from './person-links.js';
import type { Proof } from './proof.js';

/** Undoes the savepoint; never leaves this file. */
class NotLinked extends Error {
  constructor(readonly linking: Linking) {
    super(linking.state);
  }
}

/**
 * Certificates seen for the first time whose holder J-LIS has named. They go to that person at once: nobody is made only
 * to be merged away, and no id is told that stops being one.
 */
@Injectable()
export class FirstSights {
  constructor(@Inject(KnownCertificates) private readonly certificates: KnownCertificates) {}

  /**
   * Puts the certificate of `proof` to the person of another, provided that `link` connects the two; else nothing was
   * written. Under the exclusive lock of the tenant's persons.
   * @returns undefined when the certificate is known, or the other one is not
   */
  async link(
    manager: EntityManager,
    tenancy: KeyedTenancy,
    sight: { proof: Proof; otherId: string | undefined; at: number; by: By },
    link: (manager: EntityManager, certificateId: string) => Promise<Linking>,
  ): Promise<Linking | undefined> {
    const { proof, otherId, at, by } = sight;
    const other = otherId === undefined ? undefined : await this.certificates.find(manager, otherId);
    if (!other) return undefined;
    const holderHash = holderHashOf(await this.certificates.lookupKey(manager, tenancy), proof.certificate);
    try {
      // Nested: a savepoint.
      return await manager.transaction(async (nested) => {
        const { personId } = other;
        const seen = { ...proof, personId, holderHash, at };
        const certificateId = await this.certificates.insertForPerson(nested, tenancy, seen);
        if (certificateId === undefined) return undefined;
        const linking = await link(nested, certificateId);
        if (linking.state !== 'linked') throw new NotLinked(linking);
        await appendAudit(nested, {
          ...by,
          action: 'person.present_certificate',
          target: `person:${personId}`,
          detail: { certificate: certificateId, verification: proof.verificationId },
          tenancy,
        });
        return linking;
      });
    } catch (error) {
      if (error instanceof NotLinked) return error.linking;
      throw error;
    }
  }
}
