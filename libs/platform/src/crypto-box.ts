import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  randomBytes,
  type KeyObject,
} from 'node:crypto';
import type { KeyRing } from './config.js';
import { takeRandom } from './random-pool.js';

const VERSION = 1;
const IV = 12;
const TAG = 16;
/** Where the parts of a sealed value begin, and how long its end is. */
export const BOX_LAYOUT = { version: VERSION, iv: 1, ciphertext: 1 + IV, tag: TAG } as const;

/**
 * AES-256-GCM with a random 96-bit IV (NIST SP 800-38D §8.2.2): `version(1) | iv(12) | ciphertext | tag(16)`.
 * `context` says what the bytes are and whose; opening under another context fails.
 */
export function seal(key: KeyObject, plaintext: Uint8Array, context: string | Uint8Array): Buffer {
  const iv = takeRandom(IV);
  const cipher = createCipheriv('aes-256-gcm', key, iv);
  cipher.setAAD(typeof context === 'string' ? Buffer.from(context) : context);
  return Buffer.concat([Buffer.of(VERSION), iv, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

/**
 * @param context as octets where many are opened
 * @throws Error when key, context or a single bit differs from what was sealed.
 */
export function open(key: KeyObject, sealed: Uint8Array, context: string | Uint8Array): Buffer {
  if (sealed[0] !== VERSION || sealed.length < 1 + IV + TAG) throw new Error('sealed value has an unknown form');
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(1, 1 + IV));
  decipher.setAAD(typeof context === 'string' ? Buffer.from(context) : context);
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG));
  const plaintext = decipher.update(sealed.subarray(1 + IV, sealed.length - TAG));
  // Of a stream cipher nothing is left: it only judges the tag.
  decipher.final();
  return plaintext;
}

/** A tenant's key of one mode: `encryption` seals its personal data, `lookup` makes keyed hashes for finding it. */
export interface TenantKey {
  id: string;
  encryption: KeyObject;
  lookup: KeyObject;
}

const wrapContext = (keyId: string): string => `tenant-key|${keyId}`;

/** Makes a tenant's key and wraps it under the ring's active key. */
export function newWrappedKey(ring: KeyRing, keyId: string): { ringKeyId: string; wrapped: Buffer } {
  const master = ring.keys.get(ring.active)!;
  return { ringKeyId: ring.active, wrapped: seal(master, randomBytes(32), wrapContext(keyId)) };
}

/** @throws Error when the ring lacks the key or the wrapping does not open. */
export function unwrapKey(ring: KeyRing, keyId: string, ringKeyId: string, wrapped: Uint8Array): TenantKey {
  const master = ring.keys.get(ringKeyId);
  if (!master) throw new Error(`key ring has no key "${ringKeyId}"`);
  const root = open(master, wrapped, wrapContext(keyId));
  // Key objects: the key is not expanded again for each value.
  const derive = (use: string): KeyObject =>
    createSecretKey(Buffer.from(hkdfSync('sha256', root, Buffer.alloc(0), use, 32)));
  return { id: keyId, encryption: derive('shomei encryption'), lookup: derive('shomei lookup') };
}

/** The same tenant key, wrapped under the ring's active key. @throws Error when the ring cannot unwrap it. */
export function rewrapKey(ring: KeyRing, keyId: string, ringKeyId: string, wrapped: Uint8Array): Buffer {
  const [master, active] = [ring.keys.get(ringKeyId), ring.keys.get(ring.active)!];
  if (!master) throw new Error(`key ring has no key "${ringKeyId}"`);
  return seal(active, open(master, wrapped, wrapContext(keyId)), wrapContext(keyId));
}

/** HMAC-SHA-256: equal values of one tenant and mode are found, values of two tenants never compare equal. */
export const keyedHash = (key: TenantKey, value: string | Uint8Array): Buffer =>
  createHmac('sha256', key.lookup).update(value).digest();
