import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { appendAudit } from '#lib/audit';
import { newRandomId } from '#lib/platform';
import type { KeyedTenancy } from '#lib/tenancy';
import { holderHashOf } from './certificate-hash.js';
import { findHolderConflict, type JoinConflict } from './join-conflict.js';
import { KnownCertificates, type KnownCertificate } from './known-certificates.js';
import { sharePersons, type By } from './person.js';
import type { Proof } from './proof.js';

/** Whose certificate was presented. */
export type Identification =
  | { state: 'identified'; personId: string; certificateId: string; isNew: boolean }
  /** It belonged to a person who was deleted. */
  | { state: 'severed' }
  /** J-LIS named it for a person whose other certificates contradict what it says now that it is seen. */
  | { state: 'ambiguous'; detail: JoinConflict };

/** Tells whose a presented certificate is, from the tenant's own records alone. */
@Injectable()
export class PersonRegister {
  constructor(@Inject(KnownCertificates) private readonly certificates: KnownCertificates) {}

  /**
   * The person of a certificate that has just been presented; somebody unseen becomes a new person. However many see a
   * certificate for the first time at once, one person is made.
   * @param at milliseconds, by the clock of the mode
   */
  async identify(
    manager: EntityManager,
    tenancy: KeyedTenancy,
    { proof, at, by }: { proof: Proof; at: number; by: By },
  ): Promise<Identification> {
    await sharePersons(manager, tenancy);
    const { certificateHash } = proof;
    if (await this.certificates.isSevered(manager, [certificateHash], at)) return { state: 'severed' };
    const known = await this.certificates.findByHash(manager, certificateHash);
    if (known) return this.recognize(manager, tenancy, known, { proof, at, by });
    const personId = newRandomId();
    const holderHash = holderHashOf(await this.certificates.lookupKey(manager, tenancy), proof.certificate);
    const certificateId = await this.certificates.insertWithPerson(manager, tenancy, {
      ...proof,
      personId,
      holderHash,
      at,
    });
    if (certificateId === undefined) {
      const winner = await this.certificates.findByHash(manager, certificateHash);
      if (!winner) throw new Error('a certificate lost its first sight to one that is not there');
      return this.recognize(manager, tenancy, winner, { proof, at, by });
    }
    await appendAudit(manager, {
      ...by,
      action: 'person.create',
      target: `person:${personId}`,
      detail: { certificate: certificateId, verification: proof.verificationId },
      tenancy,
    });
    return { state: 'identified', personId, certificateId, isNew: true };
  }

  private async recognize(
    manager: EntityManager,
    tenancy: KeyedTenancy,
    known: KnownCertificate,
    { proof, at, by }: { proof: Proof; at: number; by: By },
  ): Promise<Identification> {
    const { id: certificateId, personId } = known;
    if (known.provenance !== 'presented') {
      const holderHash = holderHashOf(await this.certificates.lookupKey(manager, tenancy), proof.certificate);
      const others = await this.certificates.ofPersons(manager, [personId]);
      const conflict = findHolderConflict([holderHash, ...others.map((other) => other.holderHash)]);
      if (conflict) return { state: 'ambiguous', detail: conflict };
      const { certificate, anchor } = proof;
      await this.certificates.markPresented(manager, tenancy, certificateId, { certificate, anchor, holderHash, at });
      await appendAudit(manager, {
        ...by,
        action: 'person.present_certificate',
        target: `person:${personId}`,
        detail: { certificate: certificateId, before: known.provenance, verification: proof.verificationId },
        tenancy,
      });
    }
    return { state: 'identified', personId, certificateId, isNew: false };
  }
}
