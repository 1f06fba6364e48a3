/** Outcome of the check that was metered. */
type Outcome = 'valid' | 'invalid' | 'indeterminate';

/**
 * `sign_check`, `auth_check`: a validity check of a certificate of that kind. `counterpart_delivered`: the serial of the
 * other certificate was given. `attributes_delivered`: newer attributes were given (J-LIS fee table).
 */
export const METERS = ['sign_check', 'auth_check', 'counterpart_delivered', 'attributes_delivered'] as const;
/** `service`: a J-LIS service other than the status of a certificate. */
export const METHODS = ['crl', 'ocsp', 'service'] as const;
export const PURPOSES = [
  'signature_verification',
  'authentication',
  'status_check',
  'identification',
  'attribute_update',
  'reverification',
] as const;

/** A metered fact. What it costs is decided later by dated tariffs, so it carries no price. */
export interface UsageEvent {
  id: string;
  meter: (typeof METERS)[number];
  method: (typeof METHODS)[number];
  purpose: (typeof PURPOSES)[number];
  outcome: Outcome;
  /** False: may never be charged, whatever a contract says. */
  billable: boolean;
}

/** What one check leaves in the meter. Doubt is counted and never charged; the database refuses anything else too. */
export function usageEventOf(check: {
  id: string;
  certificateKind: 'sign' | 'auth';
  method: 'crl' | 'ocsp';
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
