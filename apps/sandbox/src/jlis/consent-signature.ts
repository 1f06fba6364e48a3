import { constants, publicDecrypt, X509Certificate, type KeyObject } from 'node:crypto';
import type { Padding } from '../card-signature.js';
import { DIGEST_OCTETS, digestInfo, hash, isPssOf, type Digest } from '../emsa.js';

export interface ConsentSignature {
  /** The consent document, or its digest. */
  document: Buffer;
  signature: Buffer;
  /** DER. */
  certificate: Buffer;
  digest: Exclude<Digest, 'sha1'>;
  padding: Padding;
}

function signs(key: KeyObject, { digest, padding, signature }: ConsentSignature, value: Buffer): boolean {
  try {
    if (padding === 'pss')
      return isPssOf(digest, value, publicDecrypt({ key, padding: constants.RSA_NO_PADDING }, signature));
    const block = publicDecrypt({ key, padding: constants.RSA_PKCS1_PADDING }, signature);
    return block.equals(padding === 'pkcs1_v15' ? digestInfo(digest, value) : value);
  } catch {
    // OpenSSL throws for every way in which the block is not padded as it must be: then it is no signature.
    return false;
  }
}

/** The document is signed, or it is a digest and that is signed. */
export function verifiesConsent(consent: ConsentSignature): boolean {
  const key = new X509Certificate(consent.certificate).publicKey;
  const { document, digest } = consent;
  if (signs(key, consent, hash(digest, document))) return true;
  return document.length === DIGEST_OCTETS[digest] && signs(key, consent, document);
}
