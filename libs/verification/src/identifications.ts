import { Inject, Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import {
  type By,
  CertificateTurns,
  type CounterpartFinding,
  CounterpartLookups,
  type Healing,
  Healings,
  lockPersons,
  PersonRegister,
  type PersonStatus,
  PersonStatuses,
  type Proof,
  SerialLinkages,
} from '#lib/persons';
import { Clock, Problem, withTenant } from '#lib/platform';
import { readContract, requireFeature, TenantKeys, type Principal } from '#lib/tenancy';
import { isFresh } from './fresh-proofs.js';
import { openProof } from './open-proof.js';
import type { PersonRequest } from './request.js';
import {
  findVerificationPerson,
  type FoundPerson,
  storePersonStatus,
  storeVerificationPerson,
  type VerificationPerson,
} from './verification-person.js';
import type { Verification } from './verifications.js';
import { findVisibleVerification } from './visible-verification.js';

export interface PersonQuestion extends PersonRequest {
  requestId: string;
  /** What the verification proves; absent, it is opened from what is stored. */
  proof?: Proof;
}

/** What J-LIS or own records gave before anything is written. */
interface Findings {
  healing: Healing | undefined;
  counterpart: CounterpartFinding | undefined;
}

interface Question {
  proof: Proof;
  consent: PersonRequest['consent'];
  at: number;
  by: By;
}

/**
 * Finds whose certificate a verification was made with, after the verification is durable: the verdict stands whatever
 * happens here, and a request repeated while it still proves who is here goes on where the first one ended.
 */
@Injectable()
export class Identifications {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(TenantKeys) private readonly tenantKeys: TenantKeys,
    @Inject(PersonRegister) private readonly register: PersonRegister,
    @Inject(PersonStatuses) private readonly statuses: PersonStatuses,
    @Inject(CertificateTurns) private readonly turns: CertificateTurns,
    @Inject(Healings) private readonly healings: Healings,
    @Inject(SerialLinkages) private readonly linkages: SerialLinkages,
    @Inject(CounterpartLookups) private readonly lookups: CounterpartLookups,
  ) {}

  /** @throws Problem `feature_not_contracted` */
  async requireContracted(principal: Principal, { counterpart }: PersonRequest): Promise<void> {
    const contract = await withTenant(this.dataSource, principal, (manager) => readContract(manager, principal));
    requireFeature(contract, 'identify');
    if (counterpart) requireFeature(contract, 'counterpart');
  }

  /**
   * The verification with its person. Only a valid one has a person: a certificate that failed says nothing about who
   * sent it. J-LIS is asked before anything is written, and what it cannot answer leaves the person as known here.
   */
  async complete(principal: Principal, verification: Verification, asked: PersonQuestion): Promise<Verification> {
    const { person: before } = verification;
    if (verification.facts.outcome !== 'valid') return verification;
    if (before && (before.counterpart || !asked.counterpart)) return verification;
    const at = this.clock.now(principal.mode);
    // A repeated request asks about the holder who was here then.
    if (!asked.proof && !isFresh(verification.decidedAt, at)) return verification;
    const proof = asked.proof ?? (await this.openStored(principal, verification.id, asked.requestId));
    if (!proof) return verification;
    const by = { actor: `api_key:${principal.apiKeyId}`, requestId: asked.requestId };
    const question = { proof, consent: asked.consent, at, by };
    const person = await this.turns.take(principal, proof, async () => {
      const healing = before || proof.kind !== 'auth' ? undefined : await this.healings.find(principal, question);
      const counterpart = asked.counterpart ? await this.counterpart(principal, question) : undefined;
      return withTenant(this.dataSource, principal, (manager) =>
        this.identify(manager, principal, question, { healing, counterpart }),
      );
    });
    if (!person) return verification;
    const status = person.status ?? (await this.concludeBeside(principal, verification, person, by));
    return { ...verification, person: { ...person, ...(status ? { status } : {}) } };
  }

  /** The other certificate's status, where it is known, says more than one alone. */
  private async concludeBeside(
    principal: Principal,
    { id, facts, certificateHash }: Verification,
    person: VerificationPerson,
    by: By,
  ): Promise<PersonStatus | undefined> {
    const finding = facts.revocation.at(-1);
    if (person.id === undefined || !finding) return undefined;
    return this.statuses.beside(principal, person.id, {
      at: this.clock.now(principal.mode),
      by,
      just: { certificateHash, finding },
      store: (manager, status) => storePersonStatus(manager, id, status),
    });
  }

  /** Undefined when J-LIS gives nothing usable: then it is asked again when the request is repeated. */
  private async counterpart(principal: Principal, question: Question): Promise<CounterpartFinding | undefined> {
    try {
      return await this.lookups.find(principal, question);
    } catch (error) {
      if (error instanceof Problem && error.code === 'jlis_unavailable') return undefined;
      throw error;
    }
  }

  private async identify(
    manager: EntityManager,
    principal: Principal,
    question: Question,
    findings: Findings,
  ): Promise<VerificationPerson | undefined> {
    const { verificationId } = question.proof;
    if (findings.healing || findings.counterpart) {
      await lockPersons(manager, principal);
      // The same request in another process was faster: what it found is the answer.
      const before = await findVerificationPerson(manager, verificationId);
      if (before && (before.counterpart || !findings.counterpart)) return before;
    }
    const found = await this.settle(manager, principal, question, findings);
    await storeVerificationPerson(manager, principal, verificationId, found);
    // Read again: a request of the same key in another process may have been first, and both tell the same.
    return findVerificationPerson(manager, verificationId);
  }

  /** What links persons comes first: it takes the exclusive lock. */
  private async settle(
    manager: EntityManager,
    principal: Principal,
    question: Question,
    { healing, counterpart }: Findings,
  ): Promise<FoundPerson> {
    const linked =
      healing && !('standing' in healing)
        ? await this.linkages.record(manager, principal, question, healing)
        : undefined;
    const linkageId = linked?.linkage.id ?? (healing && 'standing' in healing ? healing.standing.id : undefined);
    const paired = counterpart ? await this.lookups.record(manager, principal, question, counterpart) : undefined;
    const { proof, at, by } = question;
    const person = await this.register.identify(manager, principal, { proof, at, by });
    return {
      state: person.state,
      isNew: (linked ?? paired)?.settled.isNew ?? (person.state === 'identified' && person.isNew),
      ...(person.state === 'identified' ? { personId: person.personId } : {}),
      ...(linkageId === undefined ? {} : { linkageId }),
      ...(paired ? { counterpartId: paired.lookup.id } : {}),
    };
  }

  private openStored(principal: Principal, verificationId: string, requestId: string): Promise<Proof | undefined> {
    return withTenant(this.dataSource, principal, async (manager) => {
      const row = await findVisibleVerification(manager, principal, verificationId);
      return row && openProof(manager, this.tenantKeys, principal, row, requestId);
    });
  }
}
