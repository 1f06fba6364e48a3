import { randomBytes, type JsonWebKey } from 'node:crypto';
import type { Mode, ModeSigningKeys, SigningKeys } from '#lib/platform';
import { receiptClaims, SALT_OCTETS, signReceipt, type ReceiptSubject } from './receipt.js';

/** A JSON Web Key Set (RFC 7517 §5). */
export interface KeySet {
  keys: (JsonWebKey & { kid: string; alg: 'ES256'; use: 'sig' })[];
}

const keySetOf = ({ published }: ModeSigningKeys): KeySet => ({
  keys: [...published].map(([kid, key]) => ({ ...key.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' })),
});

/** Signs a receipt for each verdict, with the keys of its mode. */
export class Receipts {
  private readonly keySets: Readonly<Record<Mode, KeySet>>;

  constructor(
    private readonly issuer: string,
    private readonly keys: SigningKeys,
  ) {
    this.keySets = { live: keySetOf(keys.live), test: keySetOf(keys.test) };
  }

  /** The receipt, to be stored: ECDSA gives other bytes each time. The salt belongs beside the certificate. */
  issue(subject: Omit<ReceiptSubject, 'issuer' | 'salt'>): { receipt: string; salt: Buffer } {
    const salt = randomBytes(SALT_OCTETS);
    const claims = receiptClaims({ ...subject, issuer: this.issuer, salt });
    return { receipt: signReceipt(this.keys[subject.mode].active, claims), salt };
  }

  /** Public halves of all keys whose receipts are to be believed. */
  keySet(mode: Mode): KeySet {
    return this.keySets[mode];
  }
}
