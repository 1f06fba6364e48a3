import type { z } from 'zod';
import { type CheckName, type Reason, REASONS, type RevocationFinding, type Verdict } from '#lib/pki';
import { toPublicId } from '#lib/platform';
import { type FoundVerification, REASON_TEXTS } from '#lib/verification';
import type { Explanation, foundVerification } from './search-schemas.js';

/** What each check looks at, in the order in which they are done. */
const TITLES: Record<CheckName, { ja: string; en: string }> = {
  path: { ja: '認証局からの証明書チェーン', en: 'Path to a trusted root' },
  profile: { ja: '証明書の種類と用途', en: 'Kind and purpose of the certificate' },
  validity: { ja: '有効期間', en: 'Validity period' },
  signature: { ja: '署名値', en: 'Signature' },
  revocation: { ja: '失効状態', en: 'Revocation status' },
};

const isoOrNull = (ms: number | undefined): string | null => (ms === undefined ? null : new Date(ms).toISOString());

export const foundAnswer = (found: FoundVerification): z.output<typeof foundVerification> => ({
  id: toPublicId('ver', found.id),
  tenant_id: toPublicId('ten', found.tenantId),
  mode: found.mode,
  api_key_id: toPublicId('key', found.apiKeyId),
  kind: found.kind,
  decided_at: found.decidedAt.toISOString(),
  recorded_at: found.recordedAt.toISOString(),
  outcome: found.outcome,
  reason: found.reasonCode ?? null,
  reference: found.reference ?? null,
});

function explainReason(reason: Reason): Explanation['steps'][number]['reasons'][number] {
  const { message, remedy, user } = REASON_TEXTS[reason.code];
  return { code: reason.code, operands: { ...reason.operands }, message, remedy, user_message: user };
}

export const explainAttempt = (finding: RevocationFinding): Explanation['revocation_attempts'][number] => ({
  method: finding.method,
  status: finding.status,
  reason: finding.reason ?? null,
  revoked_at: isoOrNull(finding.revokedAt),
  this_update: isoOrNull(finding.thisUpdate),
  next_update: isoOrNull(finding.nextUpdate),
  produced_at: isoOrNull(finding.producedAt),
  crl_number: finding.crlNumber ?? null,
  source_sha256: finding.sourceSha256 ?? null,
  detail: finding.detail ?? null,
});

/** Each check with what it looks at and what spoke against it. */
export const explainSteps = ({ checks, reasons }: Pick<Verdict, 'checks' | 'reasons'>): Explanation['steps'] =>
  checks.map(({ name, result }) => ({
    check: name,
    result,
    title: TITLES[name],
    reasons: reasons.filter(({ code }) => REASONS[code].check === name).map(explainReason),
  }));

/** A verification step by step, from what is stored in the clear: nothing in it names the holder. */
export function explain(found: FoundVerification): Explanation {
  const { signature, certificate, revocation } = found.facts;
  return {
    ...foundAnswer(found),
    steps: explainSteps(found.facts),
    signature: {
      format: signature.format,
      padding: signature.padding ?? null,
      digest_algorithm: signature.digestAlgorithm ?? null,
      signing_time: isoOrNull(signature.signingTime),
    },
    certificate: {
      kind: certificate.kind,
      not_before: new Date(certificate.notBefore).toISOString(),
      not_after: new Date(certificate.notAfter).toISOString(),
      issuer_fingerprint: certificate.anchor ?? null,
    },
    revocation_attempts: revocation.map(explainAttempt),
  };
}
