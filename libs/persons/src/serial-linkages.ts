import { Inject, Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { appendAudit } from '#lib/audit';
import { Clock, findMade, InFlight, Problem, withTenant, type Call } from '#lib/platform';
import { readContract, requireFeature, type Principal } from '#lib/tenancy';
import { CertificateTurns } from './certificate-turns.js';
import { claimOrLose, unlessClaimed } from './claim-or-lose.js';
import { type BasisCheck, type ConsentBasis, findConsentBasis, keepConsent } from './consent-basis.js';
import type { GivenConsent } from './consent-check.js';
import { KnownCertificates } from './known-certificates.js';
import { type By, findPerson } from './person.js';
import type { Proof } from './proof.js';
import {
  findLinkage,
  findPendingLinkage,
  findRecordedPrevious,
  insertLinkage,
  listNewer,
  type NewerCertificate,
  newLinkageId,
  type SerialLinkage,
} from './serial-linkage-record.js';
import { nextAttempt } from './serial-linkage-schedule.js';
import { type Found, SerialLinkageSettlement, type Settled } from './serial-linkage-settlement.js';
import { SerialWalker } from './serial-walker.js';

/** A question for the certificate before a presented one. */
export interface LinkageQuestion {
  proof: Proof;
  consent: GivenConsent | undefined;
  /** Milliseconds, by the clock of the mode. */
  at: number;
  by: By;
}

/** What is found before anything is written. */
export interface LinkageFinding {
  found: Found;
  /** Serials that J-LIS named. */
  named: readonly string[];
  /** On which it was asked. */
  basis?: ConsentBasis;
}

/** Connects new auth certificates with the ones before them. */
@Injectable()
export class SerialLinkages {
  private readonly inFlight = new InFlight();

  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(KnownCertificates) private readonly certificates: KnownCertificates,
    @Inject(CertificateTurns) private readonly turns: CertificateTurns,
    @Inject(SerialWalker) private readonly walker: SerialWalker,
    @Inject(SerialLinkageSettlement) private readonly settlement: SerialLinkageSettlement,
  ) {}

  /**
   * The certificate before the one of a fresh proof, from the tenant's own records or, with a consent, from J-LIS.
   * @param prove gives the proof at a time; not called when the same request was answered before
   * @throws Problem `feature_not_contracted`; what `prove` throws
   */
  async create(
    principal: Principal,
    { consent }: { consent?: GivenConsent },
    call: Call,
    prove: (at: number) => Promise<Proof>,
  ): Promise<{ linkage: SerialLinkage; replayed: boolean }> {
    return this.inFlight.guard(principal, call.idempotency, async () => {
      const replay = await this.findReplay(principal, call);
      if (replay) return { linkage: replay, replayed: true };
      const at = this.clock.now(principal.mode);
      await withTenant(this.dataSource, principal, async (manager) =>
        requireFeature(await readContract(manager, principal), 'identify'),
      );
      const by = { actor: `api_key:${principal.apiKeyId}`, requestId: call.requestId };
      const question = { proof: await prove(at), consent, at, by };
      const made = await this.turns.take(principal, question.proof, async () => {
        const finding = await this.find(principal, question);
        return unlessClaimed(
          withTenant(this.dataSource, principal, async (manager) => {
            const linkage =
              'waiting' in finding
                ? finding.waiting
                : (await this.record(manager, principal, question, finding)).linkage;
            await claimOrLose(manager, principal, call, { resource: 'serial_linkage', id: linkage.id });
            return linkage;
          }),
        );
      });
      if (made) return { linkage: made, replayed: false };
      const winner = await this.findReplay(principal, call);
      if (!winner) throw new Problem('idempotency_in_flight');
      return { linkage: winner, replayed: true };
    });
  }

  /** @throws Problem `not_found`, also for another tenant's and for a deleted person's. */
  async get(principal: Principal, id: string, requestId: string): Promise<SerialLinkage> {
    const found = await withTenant(this.dataSource, principal, async (manager) => {
      const linkage = await findLinkage(manager, id);
      if (linkage) await this.auditRead(manager, principal, `serial_linkage:${id}`, requestId);
      return linkage;
    });
    if (!found) throw new Problem('not_found');
    return found;
  }

  /**
   * What a known auth certificate was renewed to, from the tenant's own records; J-LIS is not asked.
   * @throws Problem `certificate_unknown`, `certificate_of_other_kind`
   */
  async newerOf(
    principal: Principal,
    certificateId: string,
    requestId: string,
  ): Promise<{ personId: string; newer: NewerCertificate[] }> {
    return withTenant(this.dataSource, principal, async (manager) => {
      const known = await this.certificates.find(manager, certificateId);
      if (!known || known.hop) throw new Problem('certificate_unknown', { field: 'previous' });
      if (known.kind !== 'auth') throw new Problem('certificate_of_other_kind', { field: 'previous', needs: 'auth' });
      await this.auditRead(manager, principal, `person:${known.personId}`, requestId);
      return { personId: known.personId, newer: await listNewer(manager, certificateId) };
    });
  }

  /** Asks own records first, and J-LIS only with a consent. Writes nothing. */
  async find(principal: Principal, question: LinkageQuestion): Promise<LinkageFinding | { waiting: SerialLinkage }> {
    const own = await withTenant(this.dataSource, principal, (manager) => this.look(manager, principal, question));
    if (!('consent' in own)) return own;
    if (!own.consent.usable) return { found: { state: 'consent_required', detail: own.consent.fault }, named: [] };
    const { basis } = own.consent;
    const { proof, at, by } = question;
    const { serialNumber } = proof.certificate;
    const { end, named } = await this.walker.walk(principal, { serialNumber, consent: basis, at, by });
    return { found: end, named, basis };
  }

  /**
   * Writes what was found, in the caller's transaction. When a question about the same certificate has begun to wait
   * meanwhile, that one is the answer.
   */
  async record(
    manager: EntityManager,
    principal: Principal,
    { proof, at, by }: LinkageQuestion,
    { found, named, basis }: LinkageFinding,
  ): Promise<{ linkage: SerialLinkage; settled: Settled }> {
    const linkageId = newLinkageId();
    const settling = { linkageId, subject: { proof }, found, named, at, by, ...(basis ? { basis } : {}) };
    const settled = await this.settlement.settle(manager, principal, settling);
    const { state, detail, personId, certificateId, previousCertificateId, source, retryAfterMs } = settled;
    const isPending = state === 'pending';
    const waiting =
      isPending && certificateId !== undefined ? await findPendingLinkage(manager, certificateId) : undefined;
    if (waiting) return { linkage: waiting, settled };
    const consentId =
      basis && personId !== undefined
        ? await keepConsent(manager, principal, { basis, purpose: 'serial_linkage', personId, at })
        : undefined;
    const attempts = basis ? 1 : 0;
    const waitMs = retryAfterMs === undefined ? {} : { retryAfterMs };
    const nextAttemptAt = isPending ? nextAttempt({ createdAt: at, attempts, at, ...waitMs }) : undefined;
    const linkage: SerialLinkage = {
      id: linkageId,
      verificationId: proof.verificationId,
      state,
      attempts,
      createdAt: at,
      updatedAt: at,
      ...(detail === undefined ? {} : { detail }),
      ...(personId === undefined ? {} : { personId }),
      ...(certificateId === undefined ? {} : { certificateId }),
      ...(previousCertificateId === undefined ? {} : { previousCertificateId }),
      ...(source === undefined ? {} : { source }),
      ...(consentId === undefined ? {} : { consentId }),
      ...(nextAttemptAt === undefined ? {} : { nextAttemptAt }),
    };
    await insertLinkage(manager, principal, linkage);
    return { linkage, settled };
  }

  /** What the tenant's own records say, or on what consent J-LIS may be asked. */
  private async look(
    manager: EntityManager,
    principal: Principal,
    { proof, consent, at }: LinkageQuestion,
  ): Promise<LinkageFinding | { waiting: SerialLinkage } | { consent: BasisCheck }> {
    const { certificateHash } = proof;
    if (await this.certificates.isSevered(manager, [certificateHash], at))
      return { found: { state: 'severed' }, named: [] };
    const known = await this.certificates.findByHash(manager, certificateHash);
    if (known && (await findRecordedPrevious(manager, known.id)) !== undefined)
      return { found: { state: 'own_record' }, named: [] };
    const waiting = known && (await findPendingLinkage(manager, known.id));
    if (waiting) return { waiting };
    const contract = await readContract(manager, principal);
    const person = known && (await findPerson(manager, known.personId));
    const question = { purpose: 'serial_linkage', given: consent, contract, person, at } as const;
    return { consent: await findConsentBasis(manager, question) };
  }

  private async auditRead(
    manager: EntityManager,
    principal: Principal,
    target: string,
    requestId: string,
  ): Promise<void> {
    await appendAudit(manager, {
      actor: `api_key:${principal.apiKeyId}`,
      action: 'serial_linkage.read',
      target,
      requestId,
      tenancy: principal,
    });
  }

  private async findReplay(principal: Principal, { idempotency }: Call): Promise<SerialLinkage | undefined> {
    if (!idempotency) return undefined;
    return withTenant(this.dataSource, principal, async (manager) => {
      const id = await findMade(manager, idempotency, 'serial_linkage');
      if (id === undefined) return undefined;
      const linkage = await findLinkage(manager, id);
      // Its person was deleted since.
      if (!linkage) throw new Problem('not_found');
      return linkage;
    });
  }
}
