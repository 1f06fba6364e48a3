import { ATTRIBUTE } from './attributes.js';
import type { Certificate } from './certificate.js';
import { KEY_USAGE } from './extensions.js';
import type { Hierarchy } from './path.js';
import type { Reason } from './verdict.js';

export type CertificateKind = 'jpki_sign' | 'jpki_auth';

/** What a certificate of one kind looks like. Kinds are data: a new card or medium is a new row. */
export interface Profile {
  kind: CertificateKind;
  hierarchy: Hierarchy;
  mode: 'live' | 'test';
  medium: 'card' | 'phone';
  /** One of these must be among the certificate's policies. */
  policyOids: readonly string[];
  /** Exactly these bits of `KEY_USAGE`. */
  keyUsage: number;
  /** Exactly these purposes; empty means that the extension is absent. */
  extendedKeyUsage: readonly string[];
  /** Attribute types of the subject, in order. */
  subject: readonly string[];
  /** otherName OIDs that must each be in the subject alternative name once, as text. */
  subjectAltName: readonly string[];
}

const COUNTRY = '2.5.4.6';
const LOCALITY = '2.5.4.7';
const COMMON_NAME = '2.5.4.3';
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
/** Arc of the certificate policies of JPKI. */
const POLICY = '1.2.392.200149.8.5.1';

const SIGN = {
  kind: 'jpki_sign',
  hierarchy: 'sign',
  keyUsage: KEY_USAGE.digitalSignature | KEY_USAGE.nonRepudiation,
  extendedKeyUsage: [],
  subject: [COUNTRY, LOCALITY, LOCALITY, COMMON_NAME],
  subjectAltName: [ATTRIBUTE.name, ATTRIBUTE.dateOfBirth, ATTRIBUTE.sex, ATTRIBUTE.address],
} as const;
const AUTH = {
  kind: 'jpki_auth',
  hierarchy: 'auth',
  keyUsage: KEY_USAGE.digitalSignature,
  extendedKeyUsage: [CLIENT_AUTH],
  subject: [COUNTRY, COMMON_NAME],
  subjectAltName: [],
} as const;

/** The kinds accepted by default. */
export const PROFILES: readonly Profile[] = [
  { ...SIGN, mode: 'live', medium: 'card', policyOids: [`${POLICY}.1.20`] },
  { ...AUTH, mode: 'live', medium: 'card', policyOids: [`${POLICY}.3.30`] },
  { ...SIGN, mode: 'test', medium: 'card', policyOids: [`${POLICY}.0.20`] },
  // The test policy of authentication certificates is not public; this number is the sandbox's own choice.
  { ...AUTH, mode: 'test', medium: 'card', policyOids: [`${POLICY}.0.30`] },
];

/** Kinds whose policy OID is only believed; accepted where an operator adds them to the profiles in use. */
export const BELIEVED_PROFILES: readonly Profile[] = [
  { ...SIGN, mode: 'live', medium: 'phone', policyOids: [`${POLICY}.1.40`] },
];

/**
 * The profile a certificate is to be held against: of the hierarchy and mode asked for, the one whose policy it states,
 * else the first, so that the check can say what is wrong.
 */
export function profileFor(
  certificate: Certificate,
  wanted: { hierarchy: Hierarchy; mode: 'live' | 'test' },
  profiles: readonly Profile[] = PROFILES,
): Profile {
  const stated = certificate.extensions.certificatePolicies?.oids ?? [];
  const usable = profiles.filter(({ hierarchy, mode }) => hierarchy === wanted.hierarchy && mode === wanted.mode);
  const profile = usable.find(({ policyOids }) => policyOids.some((oid) => stated.includes(oid))) ?? usable[0];
  if (profile === undefined) throw new Error(`no profile for ${wanted.hierarchy} in ${wanted.mode}`);
  return profile;
}

const mismatch = (field: string): Reason => ({ code: 'profile_mismatch', operands: { field } });

/** Everything about the certificate that differs from the profile; empty when it fits. */
export function checkProfile(certificate: Certificate, profile: Profile): Reason[] {
  const { extensions } = certificate;
  const reasons: Reason[] = extensions.unknownCritical.map((oid) => ({
    code: 'critical_extension_unknown',
    operands: { oid },
  }));
  if (certificate.version !== 3) reasons.push(mismatch('version'));
  // RFC 5280 §4.1.2.2: a positive integer.
  if (certificate.serialNumber === '0' || certificate.serialNumber.startsWith('-'))
    reasons.push(mismatch('serial_number'));
  reasons.push(...checkPolicies(certificate, profile), ...checkUsage(certificate, profile));
  if (extensions.basicConstraints?.ca) reasons.push({ code: 'end_entity_is_ca' });
  if (extensions.authorityKeyIdentifier?.keyId === undefined) reasons.push(mismatch('authority_key_identifier'));
  if (!subjectFits(certificate, profile)) reasons.push(mismatch('subject'));
  if (!alternativeNameFits(certificate, profile)) reasons.push(mismatch('subject_alt_name'));
  return reasons;
}

function checkPolicies(certificate: Certificate, profile: Profile): Reason[] {
  const policies = certificate.extensions.certificatePolicies;
  if (policies === undefined) return [{ code: 'policy_not_allowed', operands: { found: '' } }];
  const reasons: Reason[] = [];
  if (!policies.oids.some((oid) => profile.policyOids.includes(oid)))
    reasons.push({ code: 'policy_not_allowed', operands: { found: policies.oids.join(' ') } });
  if (!policies.critical) reasons.push(mismatch('certificate_policies'));
  return reasons;
}

function checkUsage(certificate: Certificate, profile: Profile): Reason[] {
  const { keyUsage, extendedKeyUsage } = certificate.extensions;
  const reasons: Reason[] = [];
  if (keyUsage?.bits !== profile.keyUsage)
    reasons.push({ code: 'key_usage_not_allowed', operands: { found: keyUsageNames(keyUsage?.bits ?? 0) } });
  if (keyUsage?.critical === false) reasons.push(mismatch('key_usage'));
  const purposes = extendedKeyUsage?.oids ?? [];
  if (
    purposes.length !== profile.extendedKeyUsage.length ||
    !profile.extendedKeyUsage.every((oid) => purposes.includes(oid))
  )
    reasons.push({ code: 'extended_key_usage_not_allowed', operands: { found: purposes.join(' ') } });
  return reasons;
}

function keyUsageNames(bits: number): string {
  return Object.entries(KEY_USAGE)
    .filter(([, bit]) => bits & bit)
    .map(([name]) => name)
    .join(' ');
}

function subjectFits(certificate: Certificate, profile: Profile): boolean {
  const { rdns } = certificate.subject;
  return (
    rdns.length === profile.subject.length &&
    rdns.every((rdn, i) => rdn.length === 1 && rdn[0]!.oid === profile.subject[i] && rdn[0]!.value !== '') &&
    rdns[0]?.[0]?.value === 'JP'
  );
}

/** More names than required are no fault: the authority has announced further attributes. */
function alternativeNameFits(certificate: Certificate, profile: Profile): boolean {
  const names = certificate.extensions.subjectAltName?.otherNames ?? [];
  return profile.subjectAltName.every((oid) => {
    const found = names.filter((name) => name.oid === oid);
    return found.length === 1 && found[0]!.isText;
  });
}
