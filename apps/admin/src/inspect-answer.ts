import type { InspectResult, Reason, ReasonCode, RevocationFinding } from '#lib/pki';
import type { RequestMalformed } from './inspect-request.js';

/** A reason of a verdict, or of there being none. */
export interface ReasonAnswer {
  code: ReasonCode | 'malformed' | 'request_malformed' | 'internal_error';
  operands: Record<string, string | number>;
}

const reasonAnswer = ({ code, operands }: Reason): ReasonAnswer => ({ code, operands: operands ?? {} });
const iso = (ms: number | undefined): string | null => (ms === undefined ? null : new Date(ms).toISOString());

/** The fields that the API answers with. */
const statusAnswer = (finding: RevocationFinding) => ({
  method: finding.method,
  status: finding.status,
  reason: finding.reason ?? (finding.status === 'revoked' ? 'unspecified' : null),
  revoked_at: iso(finding.revokedAt),
  this_update: iso(finding.thisUpdate),
  next_update: iso(finding.nextUpdate),
  produced_at: iso(finding.producedAt),
  crl_number: finding.crlNumber ?? null,
  source_sha256: finding.sourceSha256 ?? null,
  detail: finding.detail ?? null,
});

/** The verdict as one JSON value, in the API's vocabulary. A malformed certificate is invalid: no issuer made it so. */
export function inspectAnswer(result: InspectResult): Record<string, unknown> {
  const { verdict, malformed, unreadable } = result;
  if (malformed !== undefined || verdict === undefined) {
    const { structure = 'certificate', rule = 'unreadable', offset = 0 } = malformed ?? {};
    return { ...withoutVerdict('invalid', { code: 'malformed', operands: { structure, rule, offset } }), unreadable };
  }
  const reasons = verdict.reasons.map(reasonAnswer);
  return {
    outcome: verdict.outcome,
    reason: reasons[0] ?? null,
    reasons,
    checks: verdict.checks,
    path: result.path.map(({ subject, issuer, serialNumber, fingerprint }) => ({
      subject,
      issuer,
      serial_number: serialNumber,
      fingerprint,
    })),
    valid_policies: result.validPolicies,
    revocation: result.statuses.map(({ depth, finding }) => ({ depth, ...statusAnswer(finding) })),
    unreadable,
  };
}

const withoutVerdict = (outcome: 'invalid' | 'indeterminate', reason: ReasonAnswer) => ({
  outcome,
  reason,
  reasons: [reason],
  checks: [],
});

export const requestMalformedAnswer = ({ rule, field }: RequestMalformed): Record<string, unknown> =>
  withoutVerdict('indeterminate', { code: 'request_malformed', operands: { rule, field } });

/** For a bug of ours: the line is answered, the next one is read. */
export const internalErrorAnswer = (): Record<string, unknown> =>
  withoutVerdict('indeterminate', { code: 'internal_error', operands: {} });
