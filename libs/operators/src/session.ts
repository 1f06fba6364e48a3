import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Permission, Role } from './permissions.js';

/** Longest time without a request, and longest life, milliseconds. */
export const SESSION_IDLE_MS = 30 * 60_000;
export const SESSION_LIFE_MS = 10 * 3_600_000;
/** A session's idle time is moved on when it would gain this much: not a write for each request. */
const TOUCH_MS = 60_000;

/** An operator as one session shows him. Rights are those of this moment, not of the sign-in. */
export interface OperatorSession {
  id: string;
  operatorId: string;
  email: string;
  name: string;
  roles: readonly Role[];
  /** Empty until both factors are shown and the password is the operator's own. */
  permissions: readonly Permission[];
  secondFactor: boolean;
  secondFactorEnrolled: boolean;
  passwordExpired: boolean;
  /** SHA-256 of the token: what the database takes as proof of who acts. */
  tokenSha256: Buffer;
  /** To be sent back with each request that changes something. */
  csrfToken: string;
  /** Milliseconds. */
  idleUntil: number;
  endsAt: number;
}

/** 256 random bits; the cookie's value. */
export const makeSessionToken = (): string => randomBytes(32).toString('base64url');

/** Undefined for a text that `makeSessionToken` cannot have made. */
export const hashSessionToken = (token: string): Buffer | undefined =>
  /^[\w-]{43}$/.test(token) ? createHash('sha256').update(token).digest() : undefined;

/** Bound to the session: who does not have the cookie cannot make it, and a cookie planted by another has another one. */
export const csrfTokenOf = (token: string): string =>
  createHmac('sha256', token).update('shomei csrf').digest('base64url');

/** Compares in the time of the right length, whatever was sent. */
export function isCsrfToken(session: Pick<OperatorSession, 'csrfToken'>, sent: unknown): boolean {
  if (typeof sent !== 'string') return false;
  const expected = Buffer.from(session.csrfToken);
  const given = Buffer.from(sent);
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/** The times of a session opened at `now`, milliseconds. */
export const newSessionTimes = (now: number): { idleUntil: number; endsAt: number } => ({
  idleUntil: now + SESSION_IDLE_MS,
  endsAt: now + SESSION_LIFE_MS,
});

type Times = Pick<OperatorSession, 'idleUntil' | 'endsAt'>;

export const isSessionAlive = ({ idleUntil, endsAt }: Times, now: number): boolean => now < idleUntil && now < endsAt;

/** Until when a session that is used at `now` may idle; undefined when the stored time is good enough. */
export function movedIdleUntil({ idleUntil, endsAt }: Times, now: number): number | undefined {
  const moved = Math.min(now + SESSION_IDLE_MS, endsAt);
  return moved - idleUntil >= TOUCH_MS ? moved : undefined;
}
