import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { z } from 'zod';

const generate = promisify(generateKeyPair);

/** RSA-2048, e = 65537, made on the thread pool. DER: PKCS#8 and SubjectPublicKeyInfo. */
export function newKeyPair(): Promise<{ privateKey: Buffer; publicKey: Buffer }> {
  return generate('rsa', {
    modulusLength: 2048,
    publicExponent: 0x10001,
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'der' },
  });
}

/** A private key and the certificate of its public key as they are kept: base64 of PKCS#8 and DER. */
export const materialSchema = z.object({ privateKey: z.base64(), certificate: z.base64() });
export type Material = z.infer<typeof materialSchema>;

export const toMaterial = (privateKey: Buffer, certificate: Buffer): Material => ({
  privateKey: privateKey.toString('base64'),
  certificate: certificate.toString('base64'),
});

/** From PKCS#8 DER, or base64 of it. */
export const readPrivateKey = (pkcs8: Buffer | string): KeyObject =>
  createPrivateKey({
    key: typeof pkcs8 === 'string' ? Buffer.from(pkcs8, 'base64') : pkcs8,
    format: 'der',
    type: 'pkcs8',
  });

/** DER SubjectPublicKeyInfo. */
export const publicKeyOf = (privateKey: KeyObject): Buffer =>
  createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
