import { createSecretKey, randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { BoxOpener, plaintextOf, type SealedPlace } from './box-opener.js';
import { seal } from './crypto-box.js';

const key = createSecretKey(randomBytes(32));
const opener = new BoxOpener(key);

interface Value {
  plain: Uint8Array;
  context: string;
}
const value = fc.record({ plain: fc.uint8Array({ maxLength: 90 }), context: fc.string({ maxLength: 120 }) });

/** Sealed one after the other, after some octets that are something else. */
function sealed(values: readonly Value[]): { octets: Buffer; places: SealedPlace[] } {
  const parts: Buffer[] = [Buffer.alloc(5, 0xff)];
  const places = values.map(({ plain, context }) => {
    const start = parts.reduce((sum, part) => sum + part.length, 0);
    const part = seal(key, plain, context);
    parts.push(part);
    return { start, end: start + part.length };
  });
  return { octets: Buffer.concat(parts), places };
}
const open = (octets: Buffer, places: readonly SealedPlace[], values: readonly Value[], by = opener): void =>
  by.open(octets, places, (index) => Buffer.from(values[index]!.context));

describe('many sealed values', () => {
  it('are opened as OpenSSL has sealed them, of whatever length and context', () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 12 }), (values) => {
        const { octets, places } = sealed(values);
        open(octets, places, values);
        for (const [index, { plain }] of values.entries()) {
          const { start, end } = plaintextOf(places[index]!);
          expect(octets.subarray(start, end).equals(plain)).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('do not open when a single bit of one of them, of its context or of the key is another', () => {
    const values = ['1234567890', '', 'x'.repeat(16), 'y'.repeat(33)].map((text, n) => ({
      plain: Buffer.from(text),
      context: `context|${n}`,
    }));
    const { octets, places } = sealed(values);
    for (const { start, end } of places)
      for (let bit = 8 * start; bit < 8 * end; bit++) {
        const changed = Buffer.from(octets);
        changed[bit >> 3]! ^= 1 << (bit & 7);
        expect(() => open(changed, places, values)).toThrow(/does not open|unknown form/);
      }
    for (let wrong = 0; wrong < values.length; wrong++) {
      const others = values.map((each, n) => (n === wrong ? { ...each, context: `context|${n + 1}` } : each));
      expect(() => open(Buffer.from(octets), places, others)).toThrow('does not open');
    }
    expect(() => open(Buffer.from(octets), places, values, new BoxOpener(createSecretKey(randomBytes(32))))).toThrow(
      'does not open',
    );
  });

  it('that are too short to be sealed have an unknown form', () => {
    const { octets } = sealed([{ plain: Buffer.from('1'), context: 'a' }]);
    expect(() => opener.open(octets, [{ start: 5, end: 33 }], () => Buffer.alloc(0))).toThrow('unknown form');
  });
});
