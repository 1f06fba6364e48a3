import {
  type AlgorithmPolicy,
  checkKey,
  checkSignatureAlgorithm,
  DEFAULT_ALGORITHM_POLICY,
  digestOf,
  type PublicKeyInfo,
} from './algorithms.js';
import type { Certificate } from './certificate.js';
import { equalBytes } from './der.js';
import { checkIssuer } from './issuer.js';
import { sameName } from './name.js';
import { type RawSignature, verifyRawSignature } from './raw-signature.js';
import type { Reason } from './verdict.js';

/** The two independent hierarchies of JPKI: signature certificates and user authentication certificates. */
export type Hierarchy = 'sign' | 'auth';

export interface TrustAnchor {
  certificate: Certificate;
  hierarchy: Hierarchy;
  /** Lower-case hex SHA-256 of the certificate's DER. */
  fingerprint: string;
}

export interface PathResult {
  /** Present exactly when there is no reason: nobody can take a failed path for an anchor. */
  anchor?: TrustAnchor;
  reasons: Reason[];
}

/** Anchors whose signature is tried; JPKI has three generations under one name. */
export const MAX_SIGNATURE_TRIES = 8;

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** True when `key` made the certificate's signature; the algorithm must have passed `checkSignatureAlgorithm`. */
export function verifyCertificateSignature(
  certificate: Pick<Certificate, 'tbs' | 'signature' | 'signatureAlgorithm'>,
  key: PublicKeyInfo,
  policy: AlgorithmPolicy = DEFAULT_ALGORITHM_POLICY,
): boolean {
  const { padding, digest: digestAlgorithm, saltLength } = certificate.signatureAlgorithm;
  if (padding === undefined || digestAlgorithm === undefined) return false;
  const input: RawSignature = {
    publicKey: key,
    padding,
    digestAlgorithm,
    digest: digestOf(digestAlgorithm, certificate.tbs),
    signature: certificate.signature,
  };
  if (saltLength !== undefined) input.saltLength = saltLength;
  return verifyRawSignature(input, policy).length === 0;
}

/** Whether `issuer` may have issued the certificate, as far as both say: its key identifier, then its name. */
function mayHaveIssued(issuer: Certificate, certificate: Certificate): boolean {
  // The key first: comparing identifiers is cheap and leaves one anchor, comparing unequal names is not.
  return keyMatches(certificate, issuer) && sameName(certificate.issuer, issuer.subject);
}

/** For identifiers: they differ in the first octets, before a call into the runtime would have begun. */
function sameOctets(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/**
 * Whether the issuer may be the one the certificate names by key (RFC 5280 §4.2.1.1). Names do not tell the generations
 * of a JPKI authority apart, only its key does.
 */
function keyMatches(certificate: Certificate, issuer: Certificate): boolean {
  const identifier = certificate.extensions.authorityKeyIdentifier;
  if (identifier === undefined) return true;
  const { keyId, issuer: names, serial } = identifier;
  const held = issuer.extensions.subjectKeyIdentifier;
  if (keyId !== undefined && (held === undefined || !sameOctets(keyId, held))) return false;
  if (serial !== undefined && !equalBytes(serial, issuer.serial)) return false;
  return names === undefined || names.some((name) => sameName(name, issuer.issuer));
}

export interface PathInput {
  certificate: Certificate;
  /** Of one mode; both hierarchies, so that a certificate of the other one is named as such. */
  anchors: readonly TrustAnchor[];
  hierarchy: Hierarchy;
  /** Milliseconds. */
  at: number;
  policy?: AlgorithmPolicy;
}

/**
 * The path of one certificate to an anchor that issued it directly: JPKI is one-tier. The anchor is chosen by name and
 * authority key identifier and then proved by signature. The certificate's own validity is `checkValidity`'s.
 */
export function validatePath(input: PathInput): PathResult {
  const { certificate, anchors, hierarchy, at, policy = DEFAULT_ALGORITHM_POLICY } = input;
  const reasons = checkAlgorithms(certificate, policy);
  if (reasons.length > 0) return { reasons };

  const candidates = anchors
    .filter((anchor) => mayHaveIssued(anchor.certificate, certificate))
    // The wanted hierarchy first, so that anchors of the other one cannot use up the tries.
    .sort((a, b) => Number(b.hierarchy === hierarchy) - Number(a.hierarchy === hierarchy))
    .slice(0, MAX_SIGNATURE_TRIES);
  if (candidates.length === 0) {
    const keyId = certificate.extensions.authorityKeyIdentifier?.keyId;
    return {
      reasons: [{ code: 'issuer_unknown', ...(keyId ? { operands: { authority_key_id: hex(keyId) } } : {}) }],
    };
  }
  const anchor = candidates.find((each) => verifyCertificateSignature(certificate, each.certificate.publicKey, policy));
  if (anchor === undefined) {
    const refused = candidates.length === 1 ? checkKey(candidates[0]!.certificate.publicKey, policy) : undefined;
    return { reasons: [refused ?? { code: 'issuer_signature_invalid' }] };
  }
  if (anchor.hierarchy !== hierarchy)
    reasons.push({ code: 'wrong_hierarchy', operands: { expected: hierarchy, found: anchor.hierarchy } });
  reasons.push(...checkIssuer(anchor.certificate, at, policy));
  return reasons.length === 0 ? { anchor, reasons } : { reasons };
}

/** What can be said about a certificate's algorithms and key before any issuer is known. */
function checkAlgorithms(certificate: Certificate, policy: AlgorithmPolicy): Reason[] {
  const reasons: Reason[] = [];
  if (!certificate.algorithmsAgree) reasons.push({ code: 'algorithm_mismatch' });
  const algorithm = checkSignatureAlgorithm(certificate.signatureAlgorithm, policy);
  if (algorithm) reasons.push(algorithm);
  const key = checkKey(certificate.publicKey, policy);
  if (key) reasons.push(key);
  return reasons;
}
