import { describe, expect, it } from '@jest/globals';
import {
  csrfTokenOf,
  hashSessionToken,
  isCsrfToken,
  isSessionAlive,
  makeSessionToken,
  movedIdleUntil,
  newSessionTimes,
} from './session.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

describe('the life of a session', () => {
  it('ends after half an hour without a request', () => {
    const times = newSessionTimes(0);
    expect(isSessionAlive(times, 30 * MINUTE - 1)).toBe(true);
    expect(isSessionAlive(times, 30 * MINUTE)).toBe(false);
  });

  it('ends after ten hours however much it is used', () => {
    let times = newSessionTimes(0);
    let now = 0;
    for (; isSessionAlive(times, now); now += 10 * MINUTE)
      times = { ...times, idleUntil: movedIdleUntil(times, now) ?? times.idleUntil };
    expect(now).toBe(10 * HOUR);
    expect(times.idleUntil).toBe(10 * HOUR);
  });

  it('is not written down again for each request', () => {
    const times = newSessionTimes(0);
    expect(movedIdleUntil(times, MINUTE - 1)).toBeUndefined();
    expect(movedIdleUntil(times, MINUTE)).toBe(31 * MINUTE);
  });
});

describe('tokens', () => {
  it('have 256 bits and are known by their hash', () => {
    const token = makeSessionToken();
    expect(Buffer.from(token, 'base64url')).toHaveLength(32);
    expect(hashSessionToken(token)).toHaveLength(32);
    expect(hashSessionToken(token)!.toString('base64url')).not.toBe(token);
  });

  it.each(['', 'x', 'A'.repeat(42), 'A'.repeat(44), `${'A'.repeat(42)}=`, `${'A'.repeat(42)} `, `${'A'.repeat(43)}\n`])(
    'are not %j',
    (text) => expect(hashSessionToken(text)).toBeUndefined(),
  );

  it('against forged requests belong to one session', () => {
    const [mine, other] = [makeSessionToken(), makeSessionToken()];
    const session = { csrfToken: csrfTokenOf(mine) };
    expect(isCsrfToken(session, csrfTokenOf(mine))).toBe(true);
    for (const sent of [csrfTokenOf(other), mine, '', undefined, [csrfTokenOf(mine)], `${csrfTokenOf(mine)} `])
      expect(isCsrfToken(session, sent)).toBe(false);
  });
});
