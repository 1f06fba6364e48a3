import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { hashRaw } from '@node-rs/argon2';

/** Argon2id with 19 MiB, two passes, one lane (OWASP Password Storage Cheat Sheet); the package's default is Argon2id. */
const PARAMETERS = { memoryCost: 19_456, timeCost: 2, parallelism: 1, outputLen: 32 } as const;

export const MAX_PASSWORD_LENGTH = 128;
/** NIST SP 800-63B-4 asks for 8 beside a second factor and 15 without; between them, since the factor can be reset. */
export const MIN_PASSWORD_LENGTH = 12;

/** Algorithm and parameters of every hash, as the PHC string format has them. */
const PHC_HEAD = '$argon2id$v=19$m=19456,t=2,p=1$';
const SALT_BYTES = 16;

const unpadded = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64').replace(/=+$/, '');
const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();

/** The 32 bytes that Argon2id makes of a password: they prove to the database that somebody has typed it. */
const deriveKey = (password: string, salt: Uint8Array): Promise<Buffer> =>
  hashRaw(normalize(password), { ...PARAMETERS, salt });

/**
 * What is stored of a password, in PHC form, with the SHA-256 of the key in the place of the key: who reads it has
 * neither the password nor what opens a session.
 */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  return `${PHC_HEAD}${unpadded(salt)}$${unpadded(sha256(await deriveKey(password, salt)))}`;
}

/** Of no account: compared with when there is none, so that both take the same time. */
let nobody: Promise<string> | undefined;

/** The key of `password` if it is that of `passwordHash`; always the cost of one hash, also without an account. */
export async function findPasswordKey(passwordHash: string | undefined, password: string): Promise<Buffer | undefined> {
  nobody ??= hashPassword(randomBytes(32).toString('base64'));
  const stored = passwordHash ?? (await nobody);
  if (!stored.startsWith(PHC_HEAD)) throw new Error('a password hash has an unknown form');
  const [salt = '', expected = ''] = stored.slice(PHC_HEAD.length).split('$');
  const key = await deriveKey(password, Buffer.from(salt, 'base64'));
  const matches = timingSafeEqual(sha256(key), Buffer.from(expected, 'base64'));
  return matches && passwordHash !== undefined ? key : undefined;
}

/** One form for what keyboards compose differently (NIST SP 800-63B-4 §3.1.1.2). */
const normalize = (password: string): string => password.normalize('NFKC');

export type PasswordFault = 'too_short' | 'too_uniform' | 'names_you' | 'common' | 'unchanged';

/** Beginnings of passwords that are tried first; with twelve characters at least, whole lists add little. */
const COMMON =
  /^(?:password|passw0rd|qwerty|letmein|welcome|admin|shomei|changeme|iloveyou|asdfgh|zxcvbn|123456|abcdef)/;

/** Why a new password is refused; undefined when it is not. */
export function checkNewPassword(
  password: string,
  person: { email: string; name: string; current?: string },
): PasswordFault | undefined {
  const plain = normalize(password).toLowerCase();
  if ([...plain].length < MIN_PASSWORD_LENGTH) return 'too_short';
  if (new Set(plain).size < 6) return 'too_uniform';
  if (person.current !== undefined && plain === normalize(person.current).toLowerCase()) return 'unchanged';
  const names = [person.email.split('@')[0]!, ...person.name.split(/\s+/)].map((name) => normalize(name).toLowerCase());
  if (names.some((name) => name.length >= 4 && plain.includes(name))) return 'names_you';
  return COMMON.test(plain) ? 'common' : undefined;
}

/** A password to be shown once: 120 random bits. */
export const makePassword = (): string => randomBytes(15).toString('base64url');
