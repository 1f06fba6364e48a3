import { randomBytes } from 'node:crypto';
import { hash, verify } from '@node-rs/argon2';

/** Argon2id with 19 MiB, two passes, one lane (OWASP Password Storage Cheat Sheet); the package's default is Argon2id. */
const PARAMETERS = { memoryCost: 19_456, timeCost: 2, parallelism: 1, outputLen: 32 } as const;

export const MAX_PASSWORD_LENGTH = 128;
/** NIST SP 800-63B-4 asks for 8 beside a second factor and 15 without; between them, since the factor can be reset. */
export const MIN_PASSWORD_LENGTH = 12;

export const hashPassword = (password: string): Promise<string> => hash(normalize(password), PARAMETERS);

/** Of no account: compared with when there is none, so that both take the same time. */
let nobody: Promise<string> | undefined;

/** Whether `password` is that of `passwordHash`; always the cost of one hash, also without an account. */
export async function verifyPassword(passwordHash: string | undefined, password: string): Promise<boolean> {
  nobody ??= hashPassword(randomBytes(32).toString('base64'));
  const matches = await verify(passwordHash ?? (await nobody), normalize(password));
  return matches && passwordHash !== undefined;
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
