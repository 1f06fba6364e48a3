import { type AlgorithmPolicy, checkSignatureAlgorithm, DEFAULT_ALGORITHM_POLICY, sha256Hex } from './algorithms.js';
import { type Certificate, parseCertificate } from './certificate.js';
import { prepareText, sameName } from './name.js';
import { checkIssuerForm } from './issuer.js';
import { type Hierarchy, type TrustAnchor, verifyCertificateSignature } from './path.js';
import type { ReasonCode } from './verdict.js';

export type AnchorRule = ReasonCode | 'not_self_issued' | 'no_subject_key_identifier' | 'self_signature_invalid';

/** A well-formed certificate that cannot be a JPKI trust anchor. */
export class AnchorRefused extends Error {
  override readonly name = 'AnchorRefused';
  constructor(readonly rule: AnchorRule) {
    super(`trust anchor refused: ${rule}`);
  }
}

/**
 * A trust anchor from the DER of a self-signed root. Throws `Malformed` or `AnchorRefused`. The signature proves only
 * that the file is whole: that it is the right root is for the operator to confirm by fingerprint. Its validity is not
 * asked here, because old signatures are judged at their own time.
 */
export function createAnchor(
  der: Uint8Array,
  hierarchy: Hierarchy,
  policy: AlgorithmPolicy = DEFAULT_ALGORITHM_POLICY,
): TrustAnchor {
  const certificate = parseCertificate(der);
  const rule = findAnchorFault(certificate, policy);
  if (rule) throw new AnchorRefused(rule);
  certificate.publicKey.keyObject();
  return { certificate, hierarchy, fingerprint: sha256Hex(der) };
}

function findAnchorFault(certificate: Certificate, policy: AlgorithmPolicy): AnchorRule | undefined {
  if (certificate.subject.attributes.length === 0 || !sameName(certificate.issuer, certificate.subject))
    return 'not_self_issued';
  if (!certificate.algorithmsAgree) return 'algorithm_mismatch';
  const fault =
    checkSignatureAlgorithm(certificate.signatureAlgorithm, policy) ?? checkIssuerForm(certificate, policy)[0];
  if (fault) return fault.code;
  // Without it no certificate could say by which generation of the authority it was issued.
  if (certificate.extensions.subjectKeyIdentifier === undefined) return 'no_subject_key_identifier';
  return verifyCertificateSignature(certificate, certificate.publicKey, policy) ? undefined : 'self_signature_invalid';
}

export interface KnownRoot {
  hierarchy: Hierarchy;
  /** Year from which the authority issued with this key. */
  generation: 2015 | 2019 | 2023;
}

/**
 * The public JPKI roots by fingerprint. Those of `auth` were read from the published files and not confirmed against an
 * official list of fingerprints.
 */
export const KNOWN_ROOTS: ReadonlyMap<string, KnownRoot> = new Map([
  ['4dcfc4ca0aaf9fb2a3081b3f0c991c320b3acc008667a341eeaec5af1d58ca7d', { hierarchy: 'auth', generation: 2015 }],
  ['0d98de47fc11b7f67126874b7028b6026a803d2638d6edfe53176953961fade6', { hierarchy: 'auth', generation: 2019 }],
  ['64114f29620c24ed2631d46476a040e7ee740d956089c00b036a6a8118c322b5', { hierarchy: 'auth', generation: 2023 }],
  ['19645405a1fe14377434bd55957628ac4038557c542403a2243f21c706fc9355', { hierarchy: 'sign', generation: 2015 }],
  ['79679c33e4cc9319440f1ad120a597ff1844e2ef217063adb176966fd5e6fbeb', { hierarchy: 'sign', generation: 2019 }],
  ['d227f6cde11d35c5252178f106f843d24651944975413b539fa2fb68dbfa365f', { hierarchy: 'sign', generation: 2023 }],
]);

const ORGANIZATION = '2.5.4.10';

/** True for a root of a test hierarchy, which says so in its name (O=JPKI-TEST). */
export function isTestAnchor(certificate: Certificate): boolean {
  return certificate.subject.attributes.some(
    ({ oid, value }) => oid === ORGANIZATION && prepareText(value) === 'jpki-test',
  );
}
