import { Inject, Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { PersonRegister, PersonStatuses, type PersonStatus, type Proof } from '#lib/persons';
import { Clock, withTenant, type Call } from '#lib/platform';
import { readContract, requireFeature, TenantKeys, type Principal } from '#lib/tenancy';
import { openProof } from './open-proof.js';
import {
  findVerificationPerson,
  storePersonStatus,
  storeVerificationPerson,
  type VerificationPerson,
} from './verification-person.js';
import type { Verification } from './verifications.js';
import { findVisibleVerification } from './visible-verification.js';

/**
 * Finds whose certificate a verification was made with, after the verification is durable: the verdict stands whatever
 * happens here, and a repeated request goes on where the first one ended.
 */
@Injectable()
export class Identifications {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(TenantKeys) private readonly tenantKeys: TenantKeys,
    @Inject(PersonRegister) private readonly register: PersonRegister,
    @Inject(PersonStatuses) private readonly statuses: PersonStatuses,
  ) {}

  /** @throws Problem `feature_not_contracted` */
  async requireContracted(principal: Principal): Promise<void> {
    const contract = await withTenant(this.dataSource, principal, (manager) => readContract(manager, principal));
    requireFeature(contract, 'identify');
  }

  /**
   * The verification with its person. Only a valid one has a person: a certificate that failed says nothing about who
   * sent it.
   * @param proof what the verification proves; absent, it is opened from what is stored
   */
  async complete(
    principal: Principal,
    verification: Verification,
    call: Call,
    proof: Proof | undefined,
  ): Promise<Verification> {
    if (verification.facts.outcome !== 'valid' || verification.person) return verification;
    const person = await withTenant(this.dataSource, principal, (manager) =>
      this.identify(manager, principal, verification.id, call, proof),
    );
    if (!person) return verification;
    const status = await this.concludeBeside(principal, verification, person, call);
    return { ...verification, person: { ...person, ...(status ? { status } : {}) } };
  }

  /** The other certificate's status, where it is known, says more than one alone. */
  private async concludeBeside(
    principal: Principal,
    { id, facts, certificateHash }: Verification,
    person: VerificationPerson,
    { requestId }: Call,
  ): Promise<PersonStatus | undefined> {
    const finding = facts.revocation.at(-1);
    if (person.id === undefined || !finding) return undefined;
    return this.statuses.beside(principal, person.id, {
      at: this.clock.now(principal.mode),
      by: { actor: `api_key:${principal.apiKeyId}`, requestId },
      just: { certificateHash, finding },
      store: (manager, status) => storePersonStatus(manager, id, status),
    });
  }

  private async identify(
    manager: EntityManager,
    principal: Principal,
    verificationId: string,
    { requestId }: Call,
    given: Proof | undefined,
  ): Promise<VerificationPerson | undefined> {
    const proof = given ?? (await this.openStored(manager, principal, verificationId, requestId));
    if (!proof) return undefined;
    const found = await this.register.identify(manager, principal, {
      proof,
      at: this.clock.now(principal.mode),
      by: { actor: `api_key:${principal.apiKeyId}`, requestId },
    });
    await storeVerificationPerson(manager, principal, verificationId, found);
    // Read again: a request of the same key in another process may have been first, and both tell the same.
    return findVerificationPerson(manager, verificationId);
  }

  private async openStored(
    manager: EntityManager,
    principal: Principal,
    verificationId: string,
    requestId: string,
  ): Promise<Proof | undefined> {
    const row = await findVisibleVerification(manager, principal, verificationId);
    return row && openProof(manager, this.tenantKeys, principal, row, requestId);
  }
}
