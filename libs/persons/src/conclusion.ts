import type { CrlReason } from '#lib/pki';

/** What is known of a person's certificate of one kind. Times in milliseconds. */
export type CertificateState =
  /** Unexpired, and not revoked by data made at `thisUpdate`. */
  | { state: 'good'; thisUpdate: number }
  | { state: 'revoked'; reason: CrlReason }
  /** Past its end: the lists say nothing about it any more. */
  | { state: 'expired' }
  /** The data that would tell is missing, stale or silent about it. */
  | { state: 'unknown' }
  /** None of this kind is known to the tenant. */
  | { state: 'absent' };

export const CONCLUSIONS = [
  'unchanged',
  'attributes_changed',
  'change_unexplained',
  'renewed',
  'death_or_emigration',
  'card_stopped',
  'compromised',
  'auth_only',
  'auth_unusable',
  'sign_unusable',
  'too_old',
  'anomaly',
  'undetermined',
  'nothing_known',
  'alive',
  'attributes_unchanged',
] as const;
export type ConclusionCode = (typeof CONCLUSIONS)[number];

export interface Conclusion {
  code: ConclusionCode;
  /** The list's time as of which the person is certainly alive, in milliseconds; undefined: not confirmed. */
  aliveAsOf: number | undefined;
}

/** What a certificate's state means for the pair; the reasons of a revocation that mean the same are one. */
type Meaning =
  'good' | 'absent' | 'expired' | 'unknown' | 'changed' | 'superseded' | 'stopped' | 'compromised' | 'anomalous';

const BY_REASON: Partial<Record<CrlReason, Meaning>> = {
  keyCompromise: 'compromised',
  cACompromise: 'compromised',
  affiliationChanged: 'changed',
  superseded: 'superseded',
  cessationOfOperation: 'stopped',
  certificateHold: 'stopped',
};

/** Destroyed before hand-over, or a reason that JPKI does not use: nobody should have presented such a certificate. */
const meaningOf = (certificate: CertificateState): Meaning =>
  certificate.state === 'revoked' ? (BY_REASON[certificate.reason] ?? 'anomalous') : certificate.state;

const AUTH: readonly Meaning[] = [
  'good',
  'absent',
  'expired',
  'unknown',
  'changed',
  'superseded',
  'stopped',
  'compromised',
  'anomalous',
];

const row = (...codes: ConclusionCode[]): Record<Meaning, ConclusionCode> =>
  Object.fromEntries(AUTH.map((meaning, index) => [meaning, codes[index]!])) as Record<Meaning, ConclusionCode>;
const always = (code: ConclusionCode): Record<Meaning, ConclusionCode> => ({
  ...row(...AUTH.map(() => code)),
  compromised: 'compromised',
});

/**
 * The pairs of J-LIS's reasons (CRLReason of sign × auth), columns in the order of `AUTH`. Where the pair is not in the
 * published table, the auth certificate decides, because it outlives the other; where that is not known either, the more
 * cautious reading holds.
 */
const PAIRS: Record<Meaning, Record<Meaning, ConclusionCode>> = {
  good: row(
    'unchanged',
    'auth_unusable',
    'auth_unusable',
    'undetermined',
    'auth_unusable',
    'auth_unusable',
    'auth_unusable',
    'compromised',
    'anomaly',
  ),
  absent: row(
    'auth_only',
    'nothing_known',
    'too_old',
    'undetermined',
    'death_or_emigration',
    'renewed',
    'card_stopped',
    'compromised',
    'anomaly',
  ),
  expired: { ...always('too_old'), anomalous: 'anomaly' },
  unknown: row(
    'undetermined',
    'undetermined',
    'too_old',
    'undetermined',
    'death_or_emigration',
    'renewed',
    'card_stopped',
    'compromised',
    'anomaly',
  ),
  changed: row(
    'attributes_changed',
    'change_unexplained',
    'change_unexplained',
    'change_unexplained',
    'death_or_emigration',
    'attributes_changed',
    'card_stopped',
    'compromised',
    'anomaly',
  ),
  superseded: row(
    'renewed',
    'renewed',
    'too_old',
    'renewed',
    'death_or_emigration',
    'renewed',
    'card_stopped',
    'compromised',
    'anomaly',
  ),
  stopped: row(
    'sign_unusable',
    'card_stopped',
    'card_stopped',
    'card_stopped',
    'death_or_emigration',
    'renewed',
    'card_stopped',
    'compromised',
    'anomaly',
  ),
  compromised: always('compromised'),
  anomalous: always('anomaly'),
};

/**
 * What the states of a person's two certificates mean together. An unexpired, unrevoked auth certificate means that the
 * person is alive, whatever the sign certificate says.
 */
export const conclude = (sign: CertificateState, auth: CertificateState): Conclusion => ({
  code: PAIRS[meaningOf(sign)][meaningOf(auth)],
  aliveAsOf: auth.state === 'good' ? auth.thisUpdate : undefined,
});

/** Whose certificates a status check asks about. */
export const ASKED_KINDS = ['auth', 'sign', 'both'] as const;
export type AskedKinds = (typeof ASKED_KINDS)[number];

/**
 * The same where one kind alone was asked about. What the other would say is not known, so a good certificate proves its
 * own half: that the person is alive, or that the attributes are as they were.
 */
export function concludeFrom(asked: AskedKinds, sign: CertificateState, auth: CertificateState): Conclusion {
  if (asked === 'both') return conclude(sign, auth);
  const state = asked === 'auth' ? auth : sign;
  if (state.state === 'good' && asked === 'auth') return { code: 'alive', aliveAsOf: state.thisUpdate };
  if (state.state === 'good') return { code: 'attributes_unchanged', aliveAsOf: undefined };
  const notAsked: CertificateState = { state: state.state === 'absent' ? 'absent' : 'unknown' };
  return asked === 'auth' ? conclude(notAsked, auth) : conclude(sign, notAsked);
}
