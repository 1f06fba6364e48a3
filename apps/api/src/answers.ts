import type { Reason, RevocationFinding } from '#lib/pki';
import { toPublicId } from '#lib/platform';
import { REASON_TEXTS, type Challenge, type VerdictFacts, type Verification } from '#lib/verification';
import { counterpartLookupAnswer } from './counterpart-lookups.answers.js';
import { verificationPersonAnswer } from './persons.answers.js';
import { serialLinkageAnswer } from './serial-linkages.answers.js';
import type { VerificationAnswer, VerificationSummaryAnswer } from './schemas.js';

const iso = (ms: number): string => new Date(ms).toISOString();
const isoOrNull = (ms: number | undefined): string | null => (ms === undefined ? null : iso(ms));

export function reasonAnswer(reason: Reason, publicUrl: string): VerificationAnswer['reasons'][number] {
  const { message, user } = REASON_TEXTS[reason.code];
  return {
    code: reason.code,
    operands: reason.operands ?? {},
    message,
    user_message: user,
    doc_url: `${publicUrl}/codes/${reason.code}`,
  };
}

export function revocationAnswer(finding: RevocationFinding): VerificationAnswer['revocation_attempts'][number] {
  return {
    method: finding.method,
    status: finding.status,
    reason: finding.reason ?? (finding.status === 'revoked' ? 'unspecified' : null),
    revoked_at: isoOrNull(finding.revokedAt),
    this_update: isoOrNull(finding.thisUpdate),
    next_update: isoOrNull(finding.nextUpdate),
    produced_at: isoOrNull(finding.producedAt),
    crl_number: finding.crlNumber ?? null,
    source_sha256: finding.sourceSha256 ?? null,
    detail: finding.detail ?? null,
  };
}

export const certificateAnswer = (facts: VerdictFacts['certificate']): VerificationSummaryAnswer['certificate'] => ({
  kind: facts.kind,
  not_before: iso(facts.notBefore),
  not_after: iso(facts.notAfter),
  issuer_fingerprint: facts.anchor ?? null,
});

/** The verification as a list shows it. Built from stored facts alone, so a replay gives the same bytes. */
export function summaryAnswer(verification: Verification, publicUrl: string): VerificationSummaryAnswer {
  const { facts } = verification;
  const reasons = facts.reasons.map((reason) => reasonAnswer(reason, publicUrl));
  const attempts = facts.revocation.map(revocationAnswer);
  return {
    id: toPublicId('ver', verification.id),
    kind: verification.kind,
    mode: verification.mode,
    decided_at: iso(verification.decidedAt),
    outcome: facts.outcome,
    reason: reasons[0] ?? null,
    reasons,
    checks: facts.checks,
    signature: {
      format: facts.signature.format,
      padding: facts.signature.padding ?? null,
      digest_algorithm: facts.signature.digestAlgorithm ?? null,
      signing_time: isoOrNull(facts.signature.signingTime),
    },
    certificate: certificateAnswer(facts.certificate),
    revocation: attempts.at(-1) ?? null,
    revocation_attempts: attempts,
    reference: verification.reference ?? null,
    challenge_id: verification.challengeId === undefined ? null : toPublicId('chl', verification.challengeId),
    usage: verification.usage.map(({ id, meter, method }) => ({ id: toPublicId('use', id), meter, method })),
  };
}

/** The whole verification, with the attributes it may show. */
export const verificationAnswer = (verification: Verification, publicUrl: string): VerificationAnswer => ({
  ...summaryAnswer(verification, publicUrl),
  receipt: verification.receipt ?? null,
  attributes: verification.attributes ?? null,
  person: verification.person ? verificationPersonAnswer(verification.person) : null,
  linkage: verification.person?.linkage ? serialLinkageAnswer(verification.person.linkage) : null,
  counterpart: verification.person?.counterpart ? counterpartLookupAnswer(verification.person.counterpart) : null,
});

export const challengeAnswer = (
  challenge: Challenge,
): Record<'id' | 'nonce' | 'created_at' | 'expires_at', string> => ({
  id: toPublicId('chl', challenge.id),
  nonce: challenge.nonce.toString('base64'),
  created_at: iso(challenge.createdAt),
  expires_at: iso(challenge.expiresAt),
});
