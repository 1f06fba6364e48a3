/** valid, invalid, or not decidable now (ETSI EN 319 102-1 §5.1.3: TOTAL-PASSED, TOTAL-FAILED, INDETERMINATE). */
export type Outcome = 'valid' | 'invalid' | 'indeterminate';

/**
 * The rules by which evidence is judged, as one name that is kept with each verdict. Change it whenever a rule changes
 * that could turn one verdict into another, and say in docs/evidence.md what changed.
 */
export const JUDGING_POLICY = 'jpki-2026-11';

/** The five things every verification looks at, in the order they are done. */
export const CHECKS = ['path', 'profile', 'validity', 'signature', 'revocation'] as const;
export type CheckName = (typeof CHECKS)[number];

interface ReasonRow {
  check: CheckName;
  outcome: Exclude<Outcome, 'valid'>;
}
const invalid = (check: CheckName): ReasonRow => ({ check, outcome: 'invalid' });
const indeterminate = (check: CheckName): ReasonRow => ({ check, outcome: 'indeterminate' });

/**
 * Every reason a verdict can carry. The order is the rank: the first one found is the headline. What is certainly
 * wrong ranks above what could not be decided.
 */
export const REASONS = {
  wrong_mode: invalid('path'),
  wrong_hierarchy: invalid('path'),
  issuer_unknown: invalid('path'),
  issuer_signature_invalid: invalid('path'),
  issuer_not_ca: invalid('path'),
  issuer_expired: invalid('path'),
  issuer_not_yet_valid: invalid('path'),
  algorithm_refused: invalid('path'),
  algorithm_mismatch: invalid('path'),
  key_refused: invalid('path'),
  path_length_exceeded: invalid('path'),
  extension_malformed: invalid('path'),
  critical_extension_unknown: invalid('profile'),
  policy_not_allowed: invalid('profile'),
  key_usage_not_allowed: invalid('profile'),
  extended_key_usage_not_allowed: invalid('profile'),
  end_entity_is_ca: invalid('profile'),
  profile_mismatch: invalid('profile'),
  certificate_not_yet_valid: invalid('validity'),
  certificate_expired: invalid('validity'),
  signer_not_found: invalid('signature'),
  content_type_mismatch: invalid('signature'),
  digest_algorithm_refused: invalid('signature'),
  padding_mismatch: invalid('signature'),
  message_digest_mismatch: invalid('signature'),
  signature_mismatch: invalid('signature'),
  signing_time_out_of_range: invalid('signature'),
  revoked: invalid('revocation'),
  unsupported_name_constraints: indeterminate('path'),
  budget_exceeded: indeterminate('path'),
  unsupported_signature: indeterminate('signature'),
  unsupported_revocation_data: indeterminate('revocation'),
  status_unknown: indeterminate('revocation'),
  revocation_stale: indeterminate('revocation'),
  revocation_unavailable: indeterminate('revocation'),
  confirmed_use_missing: indeterminate('signature'),
} as const satisfies Record<string, ReasonRow>;
export type ReasonCode = keyof typeof REASONS;

/** A finding with its operands: facts a reader needs to act on it. Values are public or the presenter's own. */
export interface Reason {
  code: ReasonCode;
  operands?: Record<string, string | number>;
}

export interface Check {
  name: CheckName;
  result: 'passed' | 'failed' | 'not_run';
}

export interface Verdict {
  outcome: Outcome;
  /** The headline; absent when valid. */
  reason?: Reason;
  /** All findings, ranked. */
  reasons: Reason[];
  checks: Check[];
}

/** CRLReason (RFC 5280 §5.3.1) by its code point; 7 is not used. */
export const CRL_REASONS = [
  'unspecified',
  'keyCompromise',
  'cACompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'certificateHold',
  undefined,
  'removeFromCRL',
  'privilegeWithdrawn',
  'aACompromise',
] as const;
export type CrlReason = Exclude<(typeof CRL_REASONS)[number], undefined>;

/**
 * What is known about revocation, and on what it rests. `good` and `revoked` are statements of the issuer that are
 * fresh at the time asked; everything else is doubt of one named kind.
 */
export interface RevocationFinding {
  method: 'crl' | 'ocsp';
  status: 'good' | 'revoked' | 'unknown' | 'stale' | 'unavailable' | 'unsupported';
  /** Present with `revoked`. Milliseconds. */
  revokedAt?: number;
  /** Absent on the list means unspecified (RFC 5280 §5.3.1). */
  reason?: CrlReason;
  /** Times of the statement used, or of the last one held. Milliseconds. */
  thisUpdate?: number;
  nextUpdate?: number;
  /** OCSP only (RFC 6960 §4.2.1). Milliseconds. */
  producedAt?: number;
  /** Decimal, CRL only: numbers have up to 20 octets (RFC 5280 §5.2.3). */
  crlNumber?: string;
  /** Hex SHA-256 of the CRL file or OCSP response. */
  sourceSha256?: string;
  /** Why it is not known; stable snake_case, for the operator and the evidence. */
  detail?: string;
}

/** What the steps of one verification found. A step that was not reached is absent. */
export interface Evidence {
  path?: Reason[];
  profile?: Reason[];
  validity?: Reason[];
  signature?: Reason[];
  revocation?: RevocationFinding;
}

const RANK = new Map<string, number>(Object.keys(REASONS).map((code, index) => [code, index]));

/** The reason a revocation finding gives, if any. `certificateHold` is final in JPKI and counts as revoked. */
export function revocationReason(finding: RevocationFinding): Reason | undefined {
  switch (finding.status) {
    case 'good':
      return undefined;
    case 'revoked':
      return {
        code: 'revoked',
        operands: {
          reason: finding.reason ?? 'unspecified',
          ...(finding.revokedAt === undefined ? {} : { revoked_at: new Date(finding.revokedAt).toISOString() }),
        },
      };
    case 'unknown':
      return { code: 'status_unknown', operands: { detail: finding.detail ?? 'not_said' } };
    case 'stale':
      return {
        code: 'revocation_stale',
        ...(finding.nextUpdate === undefined
          ? {}
          : { operands: { next_update: new Date(finding.nextUpdate).toISOString() } }),
      };
    case 'unavailable':
      return { code: 'revocation_unavailable', operands: { detail: finding.detail ?? 'not_said' } };
    case 'unsupported':
      return { code: 'unsupported_revocation_data', operands: { detail: finding.detail ?? 'not_said' } };
  }
}

/**
 * Evidence → verdict. Valid needs every check present and without a finding; a missing step is `not_run`, and a
 * verification in which a step is missing without any finding is a programming error, never a pass.
 */
export function judge(evidence: Evidence): Verdict {
  const { revocation, ...found } = evidence;
  const reason = revocation && revocationReason(revocation);
  return judgeFindings(revocation === undefined ? found : { ...found, revocation: reason ? [reason] : [] });
}

/**
 * The findings of each check that was done → verdict.
 * @param required checks without which nothing is valid; the diagnostic tool leaves out what it was not asked
 */
export function judgeFindings(
  found: { readonly [Name in CheckName]?: readonly Reason[] },
  required: readonly CheckName[] = CHECKS,
): Verdict {
  const checks = CHECKS.map((name): Check => {
    const reasons = found[name];
    return { name, result: reasons === undefined ? 'not_run' : reasons.length === 0 ? 'passed' : 'failed' };
  });
  const reasons = CHECKS.flatMap((name) => found[name] ?? []).sort((a, b) => RANK.get(a.code)! - RANK.get(b.code)!);
  const headline = reasons[0];
  if (headline) return { outcome: REASONS[headline.code].outcome, reason: headline, reasons, checks };
  if (checks.some(({ name, result }) => required.includes(name) && result !== 'passed'))
    throw new Error('judge: a check is missing and nothing failed');
  return { outcome: 'valid', reasons, checks };
}
