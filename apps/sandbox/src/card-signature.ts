import { constants, privateEncrypt, type KeyObject } from 'node:crypto';
import { digestInfo, pssEncoded, type Digest } from './emsa.js';

export const PADDINGS = ['pkcs1_v15', 'pkcs1_v15_bare', 'pss'] as const;
export type Padding = (typeof PADDINGS)[number];

/** Octets of the cards' RSA-2048 moduli. */
const MODULUS_OCTETS = 256;

/**
 * What the card does with a digest. `pkcs1_v15` signs the DigestInfo; `pkcs1_v15_bare` signs the digest without one,
 * as some client software makes cards do; `pss` is RSASSA-PSS with a salt as long as the digest.
 */
export function cardSignature(key: KeyObject, padding: Padding, digest: Digest, value: Uint8Array): Buffer {
  switch (padding) {
    case 'pkcs1_v15':
      return privateEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, digestInfo(digest, value));
    case 'pkcs1_v15_bare':
      return privateEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, value);
    case 'pss':
      return privateEncrypt({ key, padding: constants.RSA_NO_PADDING }, pssEncoded(digest, value, MODULUS_OCTETS));
  }
}
