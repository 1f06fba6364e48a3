import { createHash, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { type Certificate, parseCertificate } from './certificate.js';
import { contextConstructed, DerReader, TAG } from './der.js';
import { encodeElement, encodeOid } from './der-encode.js';

/** Digests that identify an issuer in a CertID. They identify only; nothing rests on their strength. */
export type CertIdDigest = 'sha1' | 'sha256';

const DIGEST_OIDS: Readonly<Record<CertIdDigest, string>> = { sha1: '1.3.14.3.2.26', sha256: '2.16.840.1.101.3.4.2.1' };
export const OCSP_NONCE = '1.3.6.1.5.5.7.48.1.2';
/** RFC 8954 §2.1: 1 to 32 octets. */
export const OCSP_NONCE_MAX_OCTETS = 32;

/** What of a certificate an OCSP responder is asked by: also known where only its serial number is. */
export type OcspSubject = Pick<Certificate, 'issuer' | 'serial' | 'notAfter'>;

/** Issuer name hash and key hash of a CertID (RFC 6960 §4.1.1): over the name in the certificate asked about. */
export function issuerHashes(certificate: Pick<OcspSubject, 'issuer'>, issuer: Certificate, digest: CertIdDigest) {
  const hash = (bytes: Uint8Array): Uint8Array => createHash(digest).update(bytes).digest();
  return { nameHash: hash(certificate.issuer.der), keyHash: hash(issuer.publicKey.keyBits) };
}

export interface OcspQuestion {
  certificate: OcspSubject;
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

/** sha256WithRSAEncryption. */
const SIGNATURE_OID = '1.2.840.113549.1.1.11';

export interface OcspRequestSigner {
  /** RSA private key. */
  key: KeyObject;
  /** DER certificates that lead from the signer's own, which comes first, to a root the responder knows. */
  certificates: readonly [Uint8Array, ...Uint8Array[]];
}

/**
 * The request with a signature over it (RFC 6960 §4.1.1, §4.1.2), for responders that answer `sig_required` otherwise.
 * A signed request must name its requestor: the subject of the signer's certificate is written in.
 * @param request an unsigned request without requestorName, as made by {@link buildOcspRequest}
 * @throws Malformed for any other bytes; RangeError when the key is not the certificate's.
 */
export function signOcspRequest(request: Uint8Array, { key, certificates }: OcspRequestSigner): Uint8Array {
  const [own] = certificates;
  const { subject, publicKey } = parseCertificate(own);
  if (key.asymmetricKeyType !== 'rsa' || !publicKey.rsa || !publicKey.keyObject().equals(createPublicKey(key)))
    throw new RangeError('the key that signs an OCSP request is the RSA key of the first certificate');
  const outer = new DerReader(request, 'ocsp.request').enter(TAG.SEQUENCE);
  const fields = outer.enter(TAG.SEQUENCE);
  outer.finish();
  if (fields.peek() !== TAG.SEQUENCE) fields.fail('unexpected_tag');
  const rest = request.subarray(fields.offset, fields.end);
  // GeneralName [4] is explicit because a Name is a CHOICE (X.680 §31.2.7).
  const requestor = encodeElement(contextConstructed(1), encodeElement(contextConstructed(4), subject.der));
  const tbs = encodeElement(TAG.SEQUENCE, requestor, rest);
  const signature = encodeElement(
    TAG.SEQUENCE,
    encodeElement(TAG.SEQUENCE, encodeOid(SIGNATURE_OID), encodeElement(TAG.NULL)),
    encodeElement(TAG.BIT_STRING, Uint8Array.of(0), sign('sha256', tbs, key)),
    encodeElement(contextConstructed(0), encodeElement(TAG.SEQUENCE, ...certificates)),
  );
  return encodeElement(TAG.SEQUENCE, tbs, encodeElement(contextConstructed(0), signature));
}
