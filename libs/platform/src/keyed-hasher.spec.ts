import { createHmac, createSecretKey, randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { keyedHash, type TenantKey } from './crypto-box.js';
import { KeyedHasher } from './keyed-hasher.js';

const keyOf = (lookup: Uint8Array): TenantKey => ({
  id: 'k',
  encryption: createSecretKey(randomBytes(32)),
  lookup: createSecretKey(lookup),
});
const hashOf = (hasher: KeyedHasher, value: string): string => {
  const into = Buffer.alloc(40, 0xaa);
  hasher.put(value, into, 3);
  expect([...into.subarray(0, 3), ...into.subarray(35)]).toEqual(Array.from({ length: 8 }, () => 0xaa));
  return into.toString('hex', 3, 35);
};

describe('a keyed hasher', () => {
  it('makes the hashes that OpenSSL makes, of any key and text, one after the other', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 64 }),
        fc.array(fc.string({ unit: 'grapheme', maxLength: 300 }), { minLength: 1, maxLength: 5 }),
        (octets, values) => {
          const key = keyOf(octets);
          const hasher = new KeyedHasher(key);
          for (const value of [...values, values[0]!])
            expect(hashOf(hasher, value)).toBe(keyedHash(key, value).toString('hex'));
        },
      ),
    );
  });
  it('makes those of RFC 4231 §4.2 and §4.3', () => {
    expect(hashOf(new KeyedHasher(keyOf(Buffer.alloc(20, 0x0b))), 'Hi There')).toBe(
      'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
    );
    expect(hashOf(new KeyedHasher(keyOf(Buffer.from('Jefe'))), 'what do ya want for nothing?')).toBe(
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    );
  });
  it('refuses a key longer than a block, which HMAC would hash first', () => {
    const long = randomBytes(65);
    expect(createHmac('sha256', long).update('').digest()).toHaveLength(32);
    expect(() => new KeyedHasher(keyOf(long))).toThrow();
  });
});
