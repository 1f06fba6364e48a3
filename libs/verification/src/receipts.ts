import { randomBytes, type JsonWebKey } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { MODES, OperatorMustAct, type Mode, type ModeSigningKeys, type SigningKeys } from '#lib/platform';
import { receiptClaims, SALT_OCTETS, signReceipt, type ReceiptSubject } from './receipt.js';

/** A JSON Web Key Set (RFC 7517 §5). */
export interface KeySet {
  keys: (JsonWebKey & { kid: string; alg: 'ES256'; use: 'sig' })[];
}

/** The keys of a set by their ids. */
export const keySetOf = ({ published }: Pick<ModeSigningKeys, 'published'>): KeySet => ({
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

  /** Keeps the public halves for as long as there are receipts. @throws OperatorMustAct when an id or key had another meaning */
  async publish(dataSource: DataSource): Promise<void> {
    for (const mode of MODES)
      for (const [id, key] of this.keys[mode].published) {
        const half = key.export({ format: 'der', type: 'spki' });
        await dataSource.query(
          'insert into receipt_key (mode, id, public_key) values ($1, $2, $3) on conflict do nothing',
          [mode, id, half],
        );
        const known: unknown[] = await dataSource.query(
          'select 1 from receipt_key where mode = $1 and id = $2 and public_key = $3',
          [mode, id, half],
        );
        if (known.length === 0)
          throw new OperatorMustAct(`SIGNING_KEYS: the id "${id}" or its key was used with another before`);
      }
  }

  /** Public halves of all keys whose receipts are to be believed. */
  keySet(mode: Mode): KeySet {
    return this.keySets[mode];
  }
}
