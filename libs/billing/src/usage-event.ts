/** Outcome of the check that was metered. */
type Outcome = 'valid' | 'invalid' | 'indeterminate';

/**
 * A metered fact: one revocation check of one certificate. What it costs is decided later by dated tariffs, so it
 * carries no price.
 */
export interface UsageEvent {
  id: string;
  /** `sign_check`, `auth_check`: a validity check of a certificate of that kind (J-LIS fee table). */
  meter: 'sign_check' | 'auth_check';
  method: 'crl' | 'ocsp';
  purpose: 'signature_verification' | 'authentication';
  outcome: Outcome;
  /** False: may never be charged, whatever a contract says. */
  billable: boolean;
}

/** What one check leaves in the meter. Doubt is counted and never charged; the database refuses anything else too. */
export function usageEventOf(check: {
  id: string;
  certificateKind: 'sign' | 'auth';
  method: UsageEvent['method'];
  purpose: UsageEvent['purpose'];
  outcome: Outcome;
}): UsageEvent {
  return {
    id: check.id,
    meter: check.certificateKind === 'sign' ? 'sign_check' : 'auth_check',
    method: check.method,
    purpose: check.purpose,
    outcome: check.outcome,
    billable: check.outcome !== 'indeterminate',
  };
}
