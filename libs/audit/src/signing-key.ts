import { createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import type { SigningKey } from '#lib/platform';
import { type Statement, statementBytes } from './audit-form.js';

/** ECDSA with P-256 and SHA-256, r and s one after the other (IEEE P1363, as in a JWS of ES256). */
const ENCODING = 'ieee-p1363';

/** The public half as SubjectPublicKeyInfo in DER. */
export const publicKeyOf = (key: SigningKey): Buffer =>
  createPublicKey(key.privateKey).export({ format: 'der', type: 'spki' });

export const signStatement = (key: SigningKey, statement: Statement): Buffer =>
  sign('sha256', statementBytes(statement), { key: key.privateKey, dsaEncoding: ENCODING });

/** Whether `signature` is over this statement by this key. */
export const verifyStatement = (publicKey: KeyObject, statement: Statement, signature: Buffer): boolean =>
  verify('sha256', statementBytes(statement), { key: publicKey, dsaEncoding: ENCODING }, signature);

/** A P-256 public key from SubjectPublicKeyInfo; undefined for anything else. */
export function readPublicKey(der: Buffer): KeyObject | undefined {
  try {
    const key = createPublicKey({ key: der, format: 'der', type: 'spki' });
    return key.asymmetricKeyDetails?.namedCurve === 'prime256v1' ? key : undefined;
  } catch {
    return undefined;
  }
}
