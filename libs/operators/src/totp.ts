import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** Seconds of one step, and digits of a code: what every authenticator assumes (RFC 6238 §4, RFC 4226 §5.3). */
const STEP_SECONDS = 30;
const DIGITS = 6;
/** Steps before and after the present one: one for the typing, one for a clock that is off (RFC 6238 §5.2). */
const WINDOW = 1;

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** RFC 4648 §6 without padding, as authenticators want it. */
export function base32(bytes: Uint8Array): string {
  let bits = '';
  for (const byte of bytes) bits += byte.toString(2).padStart(8, '0');
  return (bits.match(/.{1,5}/g) ?? []).map((five) => BASE32[parseInt(five.padEnd(5, '0'), 2)]!).join('');
}

/** 160 bits, the length of the hash (RFC 4226 §4 R6). */
export const makeTotpSecret = (): Buffer => randomBytes(20);

/** The code of one step (RFC 4226 §5.3 with HMAC-SHA-1, which is what authenticators implement). */
export function totpCode(secret: Uint8Array, step: number): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const digest = createHmac('sha1', secret).update(counter).digest();
  const offset = digest[19]! & 0x0f;
  const value = digest.readUInt32BE(offset) & 0x7fff_ffff;
  return String(value % 10 ** DIGITS).padStart(DIGITS, '0');
}

/**
 * The step whose code `code` is; undefined when it is of none of the steps around `at`, or of one that is not later than
 * `lastStep`: a code is taken once.
 * @param at milliseconds since 1970
 */
export function findTotpStep(
  secret: Uint8Array,
  code: string,
  at: number,
  lastStep: number | undefined,
): number | undefined {
  if (!/^\d{6}$/.test(code)) return undefined;
  const present = Math.floor(at / 1000 / STEP_SECONDS);
  let found: number | undefined;
  for (let step = present - WINDOW; step <= present + WINDOW; step++)
    if (timingSafeEqual(Buffer.from(totpCode(secret, step)), Buffer.from(code))) found ??= step;
  return found !== undefined && (lastStep === undefined || found > lastStep) ? found : undefined;
}

/** What an authenticator reads from a QR code: Key URI Format of Google Authenticator. */
export function totpUri(secret: Uint8Array, email: string, issuer: string): string {
  const label = `${encodeURIComponent(issuer)}:${encodeURIComponent(email)}`;
  return `otpauth://totp/${label}?secret=${base32(secret)}&issuer=${encodeURIComponent(issuer)}&algorithm=SHA1&digits=${DIGITS}&period=${STEP_SECONDS}`;
}
