import { describe, expect, it } from '@jest/globals';
import { clearedCookie, readSessionCookie, sessionCookie } from './session-cookie.js';

const HTTPS = 'https://console.example.com';
const PLAIN = 'http://127.0.0.1:3001';

describe('the cookie of a session', () => {
  it('is bound to its host and to TLS where the console has TLS', () => {
    expect(sessionCookie(HTTPS, 'token')).toBe(
      '__Host-shomei_session=token; Path=/; HttpOnly; SameSite=Strict; Secure',
    );
    expect(sessionCookie(PLAIN, 'token')).toBe('shomei_session=token; Path=/; HttpOnly; SameSite=Strict');
    expect(clearedCookie(HTTPS)).toBe('__Host-shomei_session=; Max-Age=0; Path=/; HttpOnly; SameSite=Strict; Secure');
  });

  it.each([
    [undefined, undefined],
    ['', undefined],
    ['other=1', undefined],
    ['a=b; __Host-shomei_session=token; c=d', 'token'],
    ['shomei_session=token', undefined],
    ['x__Host-shomei_session=token', undefined],
    ['__Host-shomei_session=one; __Host-shomei_session=two', undefined],
    ['__Host-shomei_session=', ''],
  ])('is read from %j as %j', (header, token) => expect(readSessionCookie(header, HTTPS)).toBe(token));
});
