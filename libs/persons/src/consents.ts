import { Inject, Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { appendAudit } from '#lib/audit';
import { JlisServices, JlisUnavailable } from '#lib/jlis';
import { claimKey, Clock, findMade, InFlight, newId, Problem, withTenant, type Call } from '#lib/platform';
import { readContract, requireFeature, type Feature, type Principal } from '#lib/tenancy';
import { appendEvent } from '#lib/webhook';
import {
  checkStatedConsent,
  consentExpiry,
  NEEDED_COVERS,
  type ConsentPurpose,
  type StatedConsent,
} from './consent-check.js';
import {
  findConsent,
  findConsentOfJlis,
  listConsents,
  recordConsent,
  type Consent,
  type ConsentFilter,
} from './consent.js';
import { registrationId, toSignedConsent } from './consent-registration.js';
import { jlisCaller } from './jlis-caller.js';
import { KnownCertificates } from './known-certificates.js';
import { findLivingPerson, sharePersons, type By } from './person.js';
import type { SignedProof } from './signed-proof.js';

export interface ConsentRequest {
  personId: string;
  purpose: ConsentPurpose;
  stated: StatedConsent;
  /** The consent document and the check of the person's signature over it. */
  evidence?: { verificationId: string; document: Buffer };
}

/** What of the contract each purpose is for. */
const FEATURE: Readonly<Record<ConsentPurpose, Feature>> = {
  serial_linkage: 'identify',
  counterpart: 'counterpart',
  latest_attributes: 'latest_attributes',
};

/** Consents that are registered before they are needed, and their withdrawal. Nothing of one is ever changed. */
@Injectable()
export class Consents {
  private readonly inFlight = new InFlight();

  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(JlisServices) private readonly jlis: JlisServices,
    @Inject(KnownCertificates) private readonly certificates: KnownCertificates,
  ) {}

  /**
   * Records a consent; one to latest attributes is first registered with J-LIS.
   * @param prove opens the check of the signature over the consent document; called when there is evidence
   * @throws Problem `feature_not_contracted`, `person_unknown`, the faults of a stated consent,
   *   `consent_evidence_missing`, `proof_of_other_person`, `consent_document_mismatch`,
   *   `consent_signature_unsupported`, `consent_refused`, `jlis_unavailable`; whatever `prove` throws.
   */
  async create(
    principal: Principal,
    request: ConsentRequest,
    prove: (verificationId: string) => Promise<SignedProof>,
    call: Call,
  ): Promise<{ consent: Consent; replayed: boolean }> {
    return this.inFlight.guard(principal, call.idempotency, async () => {
      const at = this.clock.now(principal.mode);
      const allowed = await withTenant(this.dataSource, principal, async (manager) => {
        const replay = await findReplay(manager, call);
        return replay ? { replay } : { personId: await this.check(manager, principal, request, at) };
      });
      if (allowed.replay) return { consent: allowed.replay, replayed: true };
      const registered = await this.register(principal, { ...request, personId: allowed.personId }, prove, call);
      return withTenant(this.dataSource, principal, (manager) =>
        this.store(manager, principal, request, registered, call, at),
      );
    });
  }

  /** @throws Problem `not_found`, also for another tenant's. */
  async get(principal: Principal, id: string): Promise<Consent> {
    const consent = await withTenant(this.dataSource, principal, (manager) => findConsent(manager, id));
    if (!consent) throw new Problem('not_found');
    return consent;
  }

  /**
   * Newest first.
   * @param filter.personId also finds those of persons merged into it, and by the id of one that was merged
   */
  async list(principal: Principal, filter: ConsentFilter): Promise<Consent[]> {
    return withTenant(this.dataSource, principal, async (manager) => {
      if (filter.personId === undefined) return listConsents(manager, filter);
      const person = await findLivingPerson(manager, filter.personId);
      return person ? listConsents(manager, { ...filter, personId: person.id }) : [];
    });
  }

  /** The consent is not used from now on; withdrawing it again changes nothing. @throws Problem `not_found`. */
  async withdraw(principal: Principal, id: string, requestId: string): Promise<Consent> {
    const at = this.clock.now(principal.mode);
    const by = { actor: `api_key:${principal.apiKeyId}`, requestId };
    return withTenant(this.dataSource, principal, async (manager) => {
      const consent = await findConsent(manager, id);
      if (!consent) throw new Problem('not_found');
      await appendWithdrawal(manager, principal, { consent, source: 'tenant', withdrawnAt: at, at, by });
      return (await findConsent(manager, id))!;
    });
  }

  /** @returns the person who now stands for the one named. */
  private async check(
    manager: EntityManager,
    principal: Principal,
    { personId, purpose, stated, evidence }: ConsentRequest,
    at: number,
  ): Promise<string> {
    requireFeature(await readContract(manager, principal), FEATURE[purpose]);
    const person = await findLivingPerson(manager, personId);
    if (!person) throw new Problem('person_unknown');
    const fault = checkStatedConsent(purpose, stated, at);
    if (fault !== undefined) throw new Problem(fault, { needs: NEEDED_COVERS[purpose] });
    if (purpose === 'latest_attributes' && !evidence) throw new Problem('consent_evidence_missing');
    return person.id;
  }

  /** Checks the evidence, and has J-LIS register what is registered there. */
  private async register(
    principal: Principal,
    { personId, purpose, stated, evidence }: ConsentRequest,
    prove: (verificationId: string) => Promise<SignedProof>,
    call: Call,
  ): Promise<{ expiresAt: number; jlisConsentId?: string }> {
    const expiresAt = consentExpiry(stated.givenAt);
    if (!evidence) return { expiresAt };
    const { verificationId, document } = evidence;
    const proof = await prove(verificationId);
    const holder = await withTenant(this.dataSource, principal, (manager) =>
      this.certificates.findByHash(manager, proof.certificateHash),
    );
    if (holder?.personId !== personId) throw new Problem('proof_of_other_person');
    const signed = toSignedConsent({ ...stated, expiresAt }, document, proof);
    if (purpose !== 'latest_attributes') return { expiresAt };
    const caller = {
      ...jlisCaller(principal, { requestId: call.requestId, subjectHash: proof.certificateHash }),
      callId: registrationId(principal, { ...stated, verificationId }),
    };
    const registration = await this.jlis.registerConsent(caller, signed).catch((error: unknown) => {
      throw error instanceof JlisUnavailable ? new Problem('jlis_unavailable', { detail: error.detail }) : error;
    });
    if (registration.state === 'refused') throw new Problem('consent_refused');
    const { consentId: jlisConsentId } = registration;
    return { jlisConsentId, expiresAt: Math.min(expiresAt, Date.parse(registration.expiresAt)) };
  }

  private async store(
    manager: EntityManager,
    principal: Principal,
    request: ConsentRequest,
    registered: { expiresAt: number; jlisConsentId?: string },
    call: Call,
    at: number,
  ): Promise<{ consent: Consent; replayed: boolean }> {
    await sharePersons(manager, principal);
    const { jlisConsentId } = registered;
    const known = jlisConsentId === undefined ? undefined : await lockJlisConsent(manager, principal, jlisConsentId);
    const id = known?.id ?? newId(Date.now());
    if (call.idempotency && !(await claimKey(manager, principal, call.idempotency, { resource: 'consent', id }))) {
      const winner = await findReplay(manager, call);
      if (!winner) throw new Problem('idempotency_in_flight');
      return { consent: winner, replayed: true };
    }
    // The same document signed once is one consent, by whatever key it is sent.
    if (known) return { consent: known, replayed: true };
    const person = await findLivingPerson(manager, request.personId);
    if (!person) throw new Problem('person_unknown');
    const { purpose, stated, evidence } = request;
    await recordConsent(
      manager,
      principal,
      {
        ...stated,
        ...registered,
        id,
        personId: person.id,
        purpose,
        source: 'registered',
        ...(evidence === undefined ? {} : { evidenceVerificationId: evidence.verificationId }),
      },
      at,
    );
    await appendAudit(manager, {
      actor: `api_key:${principal.apiKeyId}`,
      action: 'consent.create',
      target: `consent:${id}`,
      requestId: call.requestId,
      detail: { person: person.id, purpose, text_version: stated.textVersion },
      tenancy: principal,
    });
    return { consent: (await findConsent(manager, id))!, replayed: false };
  }
}

/** Keeps the withdrawal of a consent and tells the tenant, once: false when it was withdrawn before. */
export async function appendWithdrawal(
  manager: EntityManager,
  tenancy: Pick<Principal, 'tenantId' | 'mode'>,
  withdrawal: {
    consent: Consent;
    source: 'tenant' | 'jlis';
    withdrawnAt: number;
    /** When we learned of it, milliseconds by the clock of the mode. */
    at: number;
    by: By;
  },
): Promise<boolean> {
  const { consent, source, withdrawnAt, at, by } = withdrawal;
  const made: unknown[] = await manager.query(
    `insert into consent_withdrawal (tenant_id, mode, consent_id, source, withdrawn_at)
     values ($1, $2, $3, $4, $5) on conflict do nothing returning consent_id`,
    [tenancy.tenantId, tenancy.mode, consent.id, source, new Date(withdrawnAt)],
  );
  if (made.length === 0) return false;
  const data = { consent_id: consent.id, person_id: consent.personId };
  await appendEvent(manager, tenancy, { type: 'consent.withdrawn', at, data });
  await appendAudit(manager, {
    ...by,
    action: 'consent.withdraw',
    target: `consent:${consent.id}`,
    detail: { source },
    tenancy,
  });
  return true;
}

/** The consent recorded for one of J-LIS's, whom nobody else records until the end of the transaction. */
async function lockJlisConsent(
  manager: EntityManager,
  { tenantId, mode }: Principal,
  jlisConsentId: string,
): Promise<Consent | undefined> {
  await manager.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [
    `consent|${tenantId}|${mode}|${jlisConsentId}`,
  ]);
  return findConsentOfJlis(manager, jlisConsentId);
}

async function findReplay(manager: EntityManager, call: Call): Promise<Consent | undefined> {
  const id = call.idempotency && (await findMade(manager, call.idempotency, 'consent'));
  return id === undefined ? undefined : findConsent(manager, id);
}
