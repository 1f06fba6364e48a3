import { createHash } from 'node:crypto';
import type { Certificate } from './certificate.js';
import { contextConstructed, TAG } from './der.js';
import { encodeElement, encodeOid } from './der-encode.js';

/** Digests that identify an issuer in a CertID. They identify only; nothing rests on their strength. */
export type CertIdDigest = 'sha1' | 'sha256';

const DIGEST_OIDS: Readonly<Record<CertIdDigest, string>> = { sha1: '1.3.14.3.2.26', sha256: '2.16.840.1.101.3.4.2.1' };
export const OCSP_NONCE = '1.3.6.1.5.5.7.48.1.2';
/** RFC 8954 §2.1: 1 to 32 octets. */
export const OCSP_NONCE_MAX_OCTETS = 32;

/** Issuer name hash and key hash of a CertID (RFC 6960 §4.1.1): over the name in the certificate asked about. */
export function issuerHashes(certificate: Certificate, issuer: Certificate, digest: CertIdDigest) {
  const hash = (bytes: Uint8Array): Uint8Array => createHash(digest).update(bytes).digest();
  return { nameHash: hash(certificate.issuer.der), keyHash: hash(issuer.publicKey.keyBits) };
}

export interface OcspQuestion {
  certificate: Certificate;
  issuer: Certificate;
  /** RFC 5019 §2.1.1 clients send SHA-1, and most responders answer no other. */
  hash: CertIdDigest;
  /** 1 to 32 random octets, never used before. */
  nonce?: Uint8Array;
}

/** DER of an unsigned OCSPRequest about one certificate (RFC 6960 §4.1.1, RFC 5019 §2.1.1). */
export function buildOcspRequest({ certificate, issuer, hash, nonce }: OcspQuestion): Uint8Array {
  if (nonce && (nonce.length === 0 || nonce.length > OCSP_NONCE_MAX_OCTETS))
    throw new RangeError(`an OCSP nonce has 1 to ${OCSP_NONCE_MAX_OCTETS} octets, not ${nonce.length}`);
  const { nameHash, keyHash } = issuerHashes(certificate, issuer, hash);
  const certId = encodeElement(
    TAG.SEQUENCE,
    encodeElement(TAG.SEQUENCE, encodeOid(DIGEST_OIDS[hash]), encodeElement(TAG.NULL)),
    encodeElement(TAG.OCTET_STRING, nameHash),
    encodeElement(TAG.OCTET_STRING, keyHash),
    encodeElement(TAG.INTEGER, certificate.serial),
  );
  const requestList = encodeElement(TAG.SEQUENCE, encodeElement(TAG.SEQUENCE, certId));
  const parts = [requestList];
  if (nonce) {
    const value = encodeElement(TAG.OCTET_STRING, encodeElement(TAG.OCTET_STRING, nonce));
    const extension = encodeElement(TAG.SEQUENCE, encodeOid(OCSP_NONCE), value);
    parts.push(encodeElement(contextConstructed(2), encodeElement(TAG.SEQUENCE, extension)));
  }
  return encodeElement(TAG.SEQUENCE, encodeElement(TAG.SEQUENCE, ...parts));
}
