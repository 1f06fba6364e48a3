import { createPublicKey, verify } from 'node:crypto';
import {
  type AlgorithmPolicy,
  checkKey,
  checkSignatureAlgorithm,
  DEFAULT_ALGORITHM_POLICY,
  type DigestAlgorithm,
  type PublicKeyInfo,
  type SignatureAlgorithm,
} from './algorithms.js';
import type { Certificate } from './certificate.js';
import { DerReader, equalBytes, TAG } from './der.js';
import { encodeElement, encodeOid } from './der-encode.js';
import { verifyCertificateSignature } from './path.js';
import type { Reason } from './verdict.js';

/** Keys other than RSA, by what their SubjectPublicKeyInfo names. */
export type CurveName = 'P-256' | 'P-384' | 'P-521' | 'Ed25519';

/** Algorithms of a path of the general profile; the RSA part is that of the JPKI profiles. */
export interface PathAlgorithmPolicy extends AlgorithmPolicy {
  curves: readonly CurveName[];
}

/** RSA as everywhere, the NIST curves of RFC 5480 §2.1.1.1 and Ed25519 (RFC 8410). */
export const PATH_ALGORITHM_POLICY: PathAlgorithmPolicy = {
  ...DEFAULT_ALGORITHM_POLICY,
  curves: ['P-256', 'P-384', 'P-521', 'Ed25519'],
};

const EC_PUBLIC_KEY = '1.2.840.10045.2.1';
const ED25519 = '1.3.101.112';
/** The AlgorithmIdentifier of a key on each curve: named, never by explicit parameters (RFC 5480 §2.1.1, RFC 8410 §3). */
const KEY_ALGORITHMS: readonly [CurveName, Uint8Array][] = [
  ['P-256', encodeElement(TAG.SEQUENCE, encodeOid(EC_PUBLIC_KEY), encodeOid('1.2.840.10045.3.1.7'))],
  ['P-384', encodeElement(TAG.SEQUENCE, encodeOid(EC_PUBLIC_KEY), encodeOid('1.3.132.0.34'))],
  ['P-521', encodeElement(TAG.SEQUENCE, encodeOid(EC_PUBLIC_KEY), encodeOid('1.3.132.0.35'))],
  ['Ed25519', encodeElement(TAG.SEQUENCE, encodeOid(ED25519))],
];
const ECDSA = new Map<string, DigestAlgorithm>([
  ['1.2.840.10045.4.3.2', 'sha256'],
  ['1.2.840.10045.4.3.3', 'sha384'],
  ['1.2.840.10045.4.3.4', 'sha512'],
]);

/** The curve of a key; undefined for RSA and for curves not listed. */
function curveOf({ spki }: PublicKeyInfo): CurveName | undefined {
  const reader = new DerReader(spki, 'certificate').enter(TAG.SEQUENCE);
  reader.expect(TAG.SEQUENCE);
  return KEY_ALGORITHMS.find(([, algorithm]) => equalBytes(algorithm, reader.element))?.[0];
}

/** `key_refused` for a key of a kind, curve or size that is not accepted. Whether a point lies on its curve is not asked. */
export function checkPathKey(key: PublicKeyInfo, policy: PathAlgorithmPolicy): Reason | undefined {
  if (key.rsa !== undefined) return checkKey(key, policy);
  const curve = curveOf(key);
  if (curve !== undefined && policy.curves.includes(curve)) return undefined;
  return { code: 'key_refused', operands: { algorithm: key.algorithmOid } };
}

/** ECDSA and EdDSA identifiers have no parameters (RFC 5758 §3.2, RFC 8410 §3). */
function isBare({ oid, der }: SignatureAlgorithm): boolean {
  return equalBytes(der, encodeElement(TAG.SEQUENCE, encodeOid(oid)));
}

/** `algorithm_refused` for SHA-1, MD5, DSA and everything else that is not listed. */
export function checkPathSignatureAlgorithm(
  algorithm: SignatureAlgorithm,
  policy: PathAlgorithmPolicy,
): Reason | undefined {
  const { oid } = algorithm;
  const digest = ECDSA.get(oid);
  const accepted =
    (digest !== undefined && policy.digests.includes(digest) && policy.curves.some((curve) => curve !== 'Ed25519')) ||
    (oid === ED25519 && policy.curves.includes('Ed25519'));
  if (accepted && isBare(algorithm)) return undefined;
  return checkSignatureAlgorithm(algorithm, policy);
}

/** A certificate, or something else that is signed like one. */
export type Signed = Pick<Certificate, 'tbs' | 'signature' | 'signatureAlgorithm'>;

/**
 * `key_refused` or `issuer_signature_invalid` unless `key` made the certificate's signature. The algorithm must have
 * passed `checkPathSignatureAlgorithm`.
 */
export function checkPathSignature(
  certificate: Signed,
  key: PublicKeyInfo,
  policy: PathAlgorithmPolicy,
): Reason | undefined {
  const refused = checkPathKey(key, policy);
  if (refused) return refused;
  const holds = key.rsa ? verifyCertificateSignature(certificate, key, policy) : verifyOnCurve(certificate, key);
  return holds ? undefined : { code: 'issuer_signature_invalid' };
}

/** OpenSSL throws on a point that is not on its curve, and with such a key no signature holds. */
function verifyOnCurve({ signatureAlgorithm: { oid }, tbs, signature }: Signed, key: PublicKeyInfo): boolean {
  const isEdwards = key.algorithmOid === ED25519;
  const digest = ECDSA.get(oid);
  // The algorithm must be one for this kind of key: a signature by another says nothing about it.
  if (isEdwards ? oid !== ED25519 : digest === undefined) return false;
  try {
    const keyObject = createPublicKey({ key: Buffer.from(key.spki), format: 'der', type: 'spki' });
    return verify(isEdwards ? null : digest, tbs, keyObject, signature);
  } catch {
    return false;
  }
}
