import { describe, expect, it } from '@jest/globals';
import { API_KEY_PATTERN, hashApiKey, isApiKey, makeApiKey } from './api-key.js';

describe('an API key', () => {
  it('names its mode, fits the published pattern and is stored as a hash only', () => {
    for (const mode of ['live', 'test'] as const) {
      const { secret, sha256, lastFour } = makeApiKey(mode);
      expect(secret.startsWith(`shm_${mode}_`)).toBe(true);
      expect(API_KEY_PATTERN.test(secret)).toBe(true);
      expect(isApiKey(secret)).toBe(true);
      expect(sha256.equals(hashApiKey(secret))).toBe(true);
      expect(secret.endsWith(lastFour)).toBe(true);
    }
  });

  it('is refused after any single character is changed, before the database is asked', () => {
    const { secret } = makeApiKey('test');
    for (let i = 0; i < secret.length; i++) {
      const changed = secret.slice(0, i) + (secret[i] === 'A' ? 'B' : 'A') + secret.slice(i + 1);
      expect(isApiKey(changed)).toBe(false);
    }
  });

  it('cannot change its mode: the checksum covers the prefix', () => {
    expect(isApiKey(makeApiKey('test').secret.replace('shm_test_', 'shm_live_'))).toBe(false);
  });

  it.each(['', 'shm_test_', 'x'.repeat(10_000), 'shm_test_' + 'é'.repeat(49), `${makeApiKey('test').secret}\n`])(
    'is not %#',
    (text) => expect(isApiKey(text)).toBe(false),
  );

  it('has 256 random bits: a thousand keys share no secret', () => {
    expect(new Set(Array.from({ length: 1000 }, () => makeApiKey('test').secret)).size).toBe(1000);
  });
});
