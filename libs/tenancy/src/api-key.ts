import { createHash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { Mode } from '#lib/platform';

/** What a key may do. */
export const SCOPES = [
  'verifications:write',
  'verifications:read',
  'authentications:write',
  'persons:write',
  'persons:read',
  'sweeps:write',
  'sweeps:read',
  'events:read',
  'webhooks:write',
  'webhooks:read',
  'audit:read',
  'billing:read',
  'admin',
] as const;
export type Scope = (typeof SCOPES)[number];

/** What a key may do when nobody says: all but manage keys. */
export const DEFAULT_SCOPES: readonly Scope[] = SCOPES.filter((scope) => scope !== 'admin');

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const SECRET_LENGTH = 43; // 62^43 > 2^256
const CHECKSUM_LENGTH = 6; // 62^6 > 2^32

/** For secret scanners: every key of either mode, and nothing else of ours. */
export const API_KEY_PATTERN = /^shm_(live|test)_([0-9A-Za-z]{43})([0-9A-Za-z]{6})$/;

function base62(value: bigint, length: number): string {
  let text = '';
  for (let rest = value; text.length < length; rest /= 62n) text = ALPHABET[Number(rest % 62n)]! + text;
  return text;
}

const checksum = (body: string): string => base62(BigInt(crc32(body)), CHECKSUM_LENGTH);

/** A new key: 256 random bits in base62 and a checksum over everything before it. Only the hash is ever stored. */
export function makeApiKey(mode: Mode): { secret: string; sha256: Buffer; lastFour: string } {
  const body = `shm_${mode}_${base62(BigInt(`0x${randomBytes(32).toString('hex')}`), SECRET_LENGTH)}`;
  const secret = body + checksum(body);
  return { secret, sha256: hashApiKey(secret), lastFour: secret.slice(-4) };
}

/** The secret has 256 bits of entropy, so a plain hash cannot be searched and needs no salt. */
export const hashApiKey = (secret: string): Buffer => createHash('sha256').update(secret).digest();

/** True for a text that `makeApiKey` can have made; a typing mistake never reaches the database. */
export function isApiKey(text: string): boolean {
  const match = API_KEY_PATTERN.exec(text);
  return match !== null && checksum(text.slice(0, -CHECKSUM_LENGTH)) === match[3];
}
