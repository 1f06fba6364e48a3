import { setImmediate as nextTurn } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { usageEventOf } from '#lib/billing';
import { certificateHashOf, type Proof } from '#lib/persons';
import { Clock, InFlight, newId, Problem, type Call } from '#lib/platform';
import {
  judge,
  JUDGING_POLICY,
  profileFor,
  readAttributes,
  type Evidence,
  type Hierarchy,
  type RevocationFinding,
} from '#lib/pki';
import { AnchorStore, RevocationService, type OcspExchange, type RevocationMethod } from '#lib/revocation';
import { checkReference, requireMethod, TenantKeys, type Principal } from '#lib/tenancy';
import { Challenges } from './challenges.js';
import { readCmsSignature } from './cms-input.js';
import type { Decision } from './decision.js';
import { DecisionWriter } from './decision-writer.js';
import { sealEvidence, type VerdictFacts } from './evidence.js';
import { examine } from './examine.js';
import { Identifications } from './identifications.js';
import { Receipts } from './receipts.js';
import type { AuthenticationRequest, PersonRequest, SignatureRequest } from './request.js';
import { readRawSignature, type SignatureInput } from './signature-input.js';
import { disclosesAttributes, Verifications, type Verification } from './verifications.js';

/** A verification and whether it was made by an earlier request with the same Idempotency-Key. */
export interface Answered {
  verification: Verification;
  replayed: boolean;
}

/** What was decided, and what that proves unless an earlier request decided it. */
interface Checked extends Answered {
  proof?: Proof;
}

/** What differs between the two kinds of check. */
interface Subject {
  kind: Verification['kind'];
  hierarchy: Hierarchy;
  input: SignatureInput;
  revocation: RevocationMethod;
  reference?: string;
  challengeId?: string;
}

/**
 * The main use case. The order is the privacy rule: status and attributes are asked and told only for a certificate
 * whose path, profile, validity and signature passed.
 */
@Injectable()
export class Verifier {
  private readonly inFlight = new InFlight();

  constructor(
    @Inject(Clock) private readonly clock: Clock,
    @Inject(TenantKeys) private readonly tenantKeys: TenantKeys,
    @Inject(AnchorStore) private readonly anchors: AnchorStore,
    @Inject(RevocationService) private readonly revocation: RevocationService,
    @Inject(Challenges) private readonly challenges: Challenges,
    @Inject(Verifications) private readonly verifications: Verifications,
    @Inject(DecisionWriter) private readonly writer: DecisionWriter,
    @Inject(Identifications) private readonly identifications: Identifications,
    @Inject(Receipts) private readonly receipts: Receipts,
  ) {}

  /** Verifies a signature made with a sign certificate. @throws Problem for a request that cannot be checked. */
  async verifySignature(principal: Principal, request: SignatureRequest, call: Call): Promise<Answered> {
    return this.answer(principal, call, request.person, async () => {
      // Local data costs nothing to ask again, so the unique index finds a replay; the network is not asked twice.
      const local = request.revocation === 'crl' && principal.revocationMethods.includes('crl');
      const replay = local ? undefined : await this.findReplay(principal, call);
      if (replay) return replay;
      requireMethod(principal, request.revocation);
      const input =
        request.format === 'raw'
          ? readRawSignature({ ...request, signed: request })
          : readCmsSignature(request, this.clock.now(principal.mode));
      const { revocation, reference } = request;
      return this.decide(principal, call, {
        kind: 'signature',
        hierarchy: 'sign',
        input,
        revocation,
        ...(reference === undefined ? {} : { reference }),
      });
    });
  }

  /** Verifies a card's answer to a challenge. @throws Problem for a challenge that cannot be answered. */
  async authenticate(principal: Principal, request: AuthenticationRequest, call: Call): Promise<Answered> {
    return this.answer(principal, call, request.person, async () => {
      const replay = await this.findReplay(principal, call);
      if (replay) return replay;
      requireMethod(principal, request.revocation);
      const challenge = await this.challenges.getOpen(principal, request.challengeId, this.clock.now(principal.mode));
      const { revocation, reference } = request;
      return this.decide(principal, call, {
        kind: 'authentication',
        hierarchy: 'auth',
        input: readRawSignature({ ...request, signed: { content: challenge.nonce } }),
        revocation,
        challengeId: challenge.id,
        ...(reference === undefined ? {} : { reference }),
      });
    });
  }

  /** Checks, and after that tells whose certificate it was, if that was asked. */
  private answer(
    principal: Principal,
    call: Call,
    person: PersonRequest | undefined,
    check: () => Promise<Checked>,
  ): Promise<Answered> {
    return this.inFlight.guard(principal, call.idempotency, async () => {
      try {
        if (person) await this.identifications.requireContracted(principal, person);
      } catch (refusal) {
        // What was answered under the contract of then is told again.
        const replay = refusal instanceof Problem ? await this.findReplay(principal, call) : undefined;
        if (!replay) throw refusal;
        return replay;
      }
      const { verification, replayed, proof } = await check();
      if (!person) return { verification, replayed };
      const asked = { ...person, requestId: call.requestId, ...(proof ? { proof } : {}) };
      return { verification: await this.identifications.complete(principal, verification, asked), replayed };
    });
  }

  private async findReplay(principal: Principal, call: Call): Promise<Answered | undefined> {
    if (!call.idempotency) return undefined;
    const verification = await this.verifications.findReplay(principal, call.idempotency, call.requestId);
    return verification && { verification, replayed: true };
  }

  private async decide(principal: Principal, call: Call, subject: Subject): Promise<Checked> {
    if (subject.reference !== undefined) {
      const refused = checkReference(subject.reference, principal.referenceFormat);
      if (refused) throw new Problem(refused, { field: 'reference' });
    }
    const decidedAt = this.clock.now(principal.mode);
    const { evidence, attempts, anchor, ocsp } = await this.gather(principal, subject, decidedAt);
    const { unverifiedCertificate: certificate, facts: signature } = subject.input;
    const { outcome, reasons, checks } = judge(evidence);
    const facts: VerdictFacts = {
      outcome,
      reasons,
      checks,
      revocation: attempts,
      signature,
      certificate: {
        kind: subject.hierarchy,
        notBefore: certificate.notBefore,
        notAfter: certificate.notAfter,
        ...(anchor === undefined ? {} : { anchor }),
      },
      policy: JUDGING_POLICY,
    };
    const key = await this.tenantKeys.get(principal, principal.tenantKeyId);
    const lookupKey = await this.tenantKeys.get(principal, principal.lookupKeyId);
    const issuedAt = Date.now();
    const id = newId(issuedAt);
    const { receipt, salt } = this.receipts.issue({
      tenantId: principal.tenantId,
      mode: principal.mode,
      verificationId: id,
      outcome,
      decidedAt,
      issuedAt,
      certificate: certificate.raw,
      ...(signature.digestAlgorithm === undefined
        ? {}
        : { content: { algorithm: signature.digestAlgorithm, digest: subject.input.evidence.digest } }),
    });
    const sealed = {
      certificate: certificate.raw,
      ...subject.input.evidence,
      salt,
      receipt,
      ...(ocsp ? { ocsp } : {}),
    };
    const decision: Decision = {
      principal,
      id,
      kind: subject.kind,
      decidedAt,
      facts,
      certificateHash: certificateHashOf(lookupKey, subject.hierarchy, certificate.serialNumber),
      sealedEvidence: sealEvidence(key, principal, id, sealed),
      usage: attempts.map((attempt, index) =>
        usageEventOf({
          id: newId(Date.now()),
          certificateKind: subject.hierarchy,
          method: attempt.method,
          purpose: subject.kind === 'signature' ? 'signature_verification' : 'authentication',
          // An attempt that another one had to follow did not decide anything.
          outcome: index === attempts.length - 1 ? outcome : 'indeterminate',
        }),
      ),
      auditId: newId(Date.now()),
      requestId: call.requestId,
      ...(subject.reference === undefined ? {} : { reference: subject.reference }),
      ...(subject.challengeId === undefined ? {} : { challengeId: subject.challengeId }),
      ...(call.idempotency === undefined ? {} : { idempotency: call.idempotency }),
    };
    const answered = await this.store(decision, subject, receipt);
    if (answered.replayed || outcome !== 'valid' || anchor === undefined) return answered;
    const { certificateHash } = decision;
    const proof = { verificationId: id, kind: subject.hierarchy, certificate, certificateHash, anchor, decidedAt };
    return { ...answered, proof };
  }

  /** Runs the checks in order and stops at the first that fails. */
  private async gather(
    principal: Principal,
    subject: Subject,
    at: number,
  ): Promise<{ evidence: Evidence; attempts: RevocationFinding[]; anchor?: string; ocsp?: OcspExchange }> {
    const { mode } = principal;
    const { unverifiedCertificate: certificate } = subject.input;
    const { anchor, ...evidence }: ReturnType<typeof examine> = examine({
      certificate,
      hierarchy: subject.hierarchy,
      profile: profileFor(certificate, { hierarchy: subject.hierarchy, mode }),
      anchors: this.anchors.of(mode),
      anchorsOfOtherMode: this.anchors.of(mode === 'live' ? 'test' : 'live'),
      at,
    });
    if (anchor === undefined) return { evidence, attempts: [] };
    const signature = subject.input.check();
    // Two RSA operations were done in this turn of the event loop: let waiting input in before going on.
    await nextTurn();
    if (signature.length > 0) return { evidence: { ...evidence, signature }, attempts: [], anchor: anchor.fingerprint };
    const asked = await this.revocation.statusOf({ mode, certificate, anchor, method: subject.revocation, at });
    const ocsp = asked.find(({ exchange }) => exchange)?.exchange;
    const attempts = asked.map(({ exchange: _exchange, ...finding }): RevocationFinding => finding);
    return {
      evidence: { ...evidence, signature, revocation: attempts.at(-1)! },
      attempts,
      anchor: anchor.fingerprint,
      ...(ocsp ? { ocsp } : {}),
    };
  }

  private async store(decision: Decision, subject: Subject, receipt: string): Promise<Answered> {
    const { principal, idempotency, requestId } = decision;
    const conflict = await this.writer.append(decision);
    switch (conflict) {
      case undefined:
        return { verification: toVerification(decision, subject, receipt), replayed: false };
      case 'idempotency_key_used':
      case 'challenge_used': {
        // The race may have been lost to the same request in another process: then its answer is the answer.
        const replay = idempotency && (await this.verifications.findReplay(principal, idempotency, requestId));
        if (replay) return { verification: replay, replayed: true };
        throw new Problem(conflict === 'challenge_used' ? 'challenge_used' : 'idempotency_in_flight');
      }
      case 'api_key_invalid':
        throw new Problem('api_key_invalid');
      case 'challenge_unknown':
        throw new Problem('challenge_unknown');
      case 'tenant_key_unknown':
        throw new Error(`tenant key ${principal.tenantKeyId} does not exist`);
    }
  }
}

function toVerification(decision: Decision, subject: Subject, receipt: string): Verification {
  const { id, kind, decidedAt, facts, certificateHash, usage, reference, challengeId, principal } = decision;
  const attributes = disclosesAttributes(facts) ? readAttributes(subject.input.unverifiedCertificate) : undefined;
  return {
    id,
    kind,
    mode: principal.mode,
    decidedAt,
    facts,
    certificateHash,
    usage,
    receipt,
    ...(reference === undefined ? {} : { reference }),
    ...(challengeId === undefined ? {} : { challengeId }),
    ...(attributes?.present ? { attributes: attributes.attributes } : {}),
  };
}
