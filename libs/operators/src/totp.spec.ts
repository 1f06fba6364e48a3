import { describe, expect, it } from '@jest/globals';
import { base32, findTotpStep, makeTotpSecret, totpCode, totpUri } from './totp.js';

/** RFC 6238 appendix B, SHA-1; six of its eight digits. */
const SECRET = Buffer.from('12345678901234567890');
const VECTORS: [number, string][] = [
  [59, '287082'],
  [1111111109, '081804'],
  [1111111111, '050471'],
  [1234567890, '005924'],
  [2000000000, '279037'],
  [20000000000, '353130'],
];
const at = (seconds: number): number => seconds * 1000;

describe('a code of an authenticator', () => {
  it.each(VECTORS)('at %d s is %s', (seconds, code) => {
    expect(totpCode(SECRET, Math.floor(seconds / 30))).toBe(code);
    expect(findTotpStep(SECRET, code, at(seconds), undefined)).toBe(Math.floor(seconds / 30));
  });

  it('is taken one step early or late and no more', () => {
    const code = totpCode(SECRET, 1000);
    const taken = [998, 999, 1000, 1001, 1002].map((step) => findTotpStep(SECRET, code, at(step * 30 + 15), undefined));
    expect(taken).toEqual([undefined, 1000, 1000, 1000, undefined]);
  });

  it('is taken once, and none before it after it', () => {
    const now = at(1000 * 30);
    expect(findTotpStep(SECRET, totpCode(SECRET, 1000), now, 1000)).toBeUndefined();
    expect(findTotpStep(SECRET, totpCode(SECRET, 999), now, 1000)).toBeUndefined();
    expect(findTotpStep(SECRET, totpCode(SECRET, 1001), now, 1000)).toBe(1001);
  });

  it.each(['', '28708', '2870822', '28708a', '２８７０８２', ' 287082', '287082\n'])('is not %j', (text) => {
    expect(findTotpStep(SECRET, text, at(59), undefined)).toBeUndefined();
  });
});

describe('a secret', () => {
  it('is given to authenticators in base32 (RFC 4648 §10) within a key URI', () => {
    expect(['f', 'fo', 'foo', 'foob', 'fooba', 'foobar'].map((text) => base32(Buffer.from(text)))).toEqual([
      'MY',
      'MZXQ',
      'MZXW6',
      'MZXW6YQ',
      'MZXW6YTB',
      'MZXW6YTBOI',
    ]);
    const uri = new URL(totpUri(SECRET, 'a b+c@example.com', 'Shomei'));
    expect([uri.protocol, decodeURIComponent(uri.pathname)]).toEqual(['otpauth:', '/Shomei:a b+c@example.com']);
    expect(uri.searchParams.get('secret')).toBe(base32(SECRET));
  });

  it('has 160 bits, and no two are the same', () => {
    expect(makeTotpSecret()).toHaveLength(20);
    expect(new Set(Array.from({ length: 100 }, () => makeTotpSecret().toString('hex'))).size).toBe(100);
  });
});
