import { yearsLater } from '#lib/platform';
import type { Contract } from '#lib/tenancy';

/** What a person can consent to. */
export const CONSENT_PURPOSES = ['serial_linkage', 'counterpart', 'latest_attributes'] as const;
export type ConsentPurpose = (typeof CONSENT_PURPOSES)[number];

/** Parts of a consent: that J-LIS uses its records about the person, and what the business obtains. */
export const CONSENT_COVERS = [
  'jlis_use',
  'obtain_previous_serial',
  'obtain_counterpart',
  'obtain_latest_attributes',
] as const;
export type ConsentCover = (typeof CONSENT_COVERS)[number];

/** What the text has to cover before J-LIS may be asked for the purpose. */
export const NEEDED_COVERS: Readonly<Record<ConsentPurpose, readonly ConsentCover[]>> = {
  serial_linkage: ['jlis_use', 'obtain_previous_serial'],
  counterpart: ['jlis_use', 'obtain_counterpart'],
  latest_attributes: ['jlis_use', 'obtain_latest_attributes'],
};

/** Name of a version of a consent text; goes to J-LIS as it is. */
export const CONSENT_TEXT_VERSION = /^[A-Za-z0-9._-]{1,64}$/;

const LIFE_YEARS = 10;
/** When a consent ends by itself, milliseconds. */
export const consentExpiry = (givenAt: number): number => yearsLater(givenAt, LIFE_YEARS);

/** A consent as the service provider states it: collected from the person before the call. */
export interface StatedConsent {
  textVersion: string;
  /** Milliseconds. */
  givenAt: number;
  covers: readonly ConsentCover[];
}

/** What a call brings: a consent, or that the person accepted the contract's sign-up text. */
export type GivenConsent = StatedConsent | { signUp: true };

export interface UsableConsent extends StatedConsent {
  source: 'call' | 'sign_up';
  /** Milliseconds. */
  expiresAt: number;
}

/** What is wrong with a consent. */
export const CONSENT_FAULTS = [
  'consent_missing',
  'consent_given_in_future',
  'consent_expired',
  'consent_covers_missing',
  'consent_sign_up_not_contracted',
] as const;
export type ConsentFault = (typeof CONSENT_FAULTS)[number];
/** What can be wrong with one as it is stated; also problem codes. */
export type StatedConsentFault = Extract<
  ConsentFault,
  'consent_given_in_future' | 'consent_expired' | 'consent_covers_missing'
>;

/** Usable for the purpose, or what is wrong with it and what a consent has to cover. */
export type ConsentCheck =
  { usable: true; consent: UsableConsent } | { usable: false; fault: ConsentFault; needs: readonly ConsentCover[] };

/**
 * Holds a stated consent against a purpose. Without a usable one J-LIS is not asked.
 * @param at milliseconds, by the clock of the mode
 */
export function checkStatedConsent(
  purpose: ConsentPurpose,
  stated: StatedConsent,
  at: number,
): StatedConsentFault | undefined {
  if (stated.givenAt > at) return 'consent_given_in_future';
  if (consentExpiry(stated.givenAt) <= at) return 'consent_expired';
  return NEEDED_COVERS[purpose].every((cover) => stated.covers.includes(cover)) ? undefined : 'consent_covers_missing';
}

/**
 * Whether what a call brings allows asking J-LIS for the purpose. Latest attributes never come this way: they need a
 * consent registered beforehand (`findValidConsent`).
 * @param at milliseconds, by the clock of the mode
 * @param signedUpAt when the person was first seen, which was at or after sign-up; absent for one seen for the first
 *   time: then the text counts as accepted now, no earlier than it can be shown
 */
export function checkConsent(
  purpose: Exclude<ConsentPurpose, 'latest_attributes'>,
  given: GivenConsent | undefined,
  contract: Contract,
  at: number,
  signedUpAt = at,
): ConsentCheck {
  const needs = NEEDED_COVERS[purpose];
  const refuse = (fault: ConsentFault): ConsentCheck => ({ usable: false, fault, needs });
  if (given === undefined) return refuse('consent_missing');
  const text = contract.signUpConsent;
  if ('signUp' in given && !text?.purposes.includes(purpose)) return refuse('consent_sign_up_not_contracted');
  const stated: StatedConsent =
    'signUp' in given ? { textVersion: text!.textVersion, givenAt: signedUpAt, covers: needs } : given;
  const fault = checkStatedConsent(purpose, stated, at);
  if (fault !== undefined) return refuse(fault);
  const source = 'signUp' in given ? 'sign_up' : 'call';
  return { usable: true, consent: { ...stated, source, expiresAt: consentExpiry(stated.givenAt) } };
}
