import { createSecretKey, randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { BoxOpener, plaintextOf, type SealedPlace } from './box-opener.js';
import { seal } from './crypto-box.js';

const key = createSecretKey(randomBytes(32));

interface Value {
  plain: Uint8Array;
  /** Of the context. */
  end: Uint8Array;
}
const plain = fc.uint8Array({ maxLength: 90 });
/** Values whose contexts begin alike and are of one length. */
const box = fc.tuple(fc.uint8Array({ maxLength: 70 }), fc.nat({ max: 70 })).chain(([beginning, length]) =>
  fc.record({
    beginning: fc.constant(beginning),
    endOctets: fc.constant(length),
    values: fc.array(fc.record({ plain, end: fc.uint8Array({ minLength: length, maxLength: length }) }), {
      maxLength: 12,
    }),
  }),
);

/** Sealed one after the other, after some octets that are something else. */
function sealed(beginning: Uint8Array, values: readonly Value[]): { octets: Buffer; places: SealedPlace[] } {
  const parts: Buffer[] = [Buffer.alloc(5, 0xff)];
  const places = values.map(({ plain, end }) => {
    const start = parts.reduce((sum, part) => sum + part.length, 0);
    const part = seal(key, plain, Buffer.concat([beginning, end]));
    parts.push(part);
    return { start, end: start + part.length };
  });
  return { octets: Buffer.concat(parts), places };
}
const open = (by: BoxOpener, octets: Buffer, places: readonly SealedPlace[], values: readonly Value[]): void =>
  by.open(octets, places, (index, context, at) => context.set(values[index]!.end, at));

describe('many sealed values', () => {
  it('are opened as OpenSSL has sealed them, of whatever length and context', () => {
    fc.assert(
      fc.property(box, ({ beginning, endOctets, values }) => {
        const { octets, places } = sealed(beginning, values);
        open(new BoxOpener(key, beginning, endOctets), octets, places, values);
        for (const [index, { plain }] of values.entries()) {
          const { start, end } = plaintextOf(places[index]!);
          expect(octets.subarray(start, end).equals(plain)).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('do not open when a single bit of one of them, of its context or of the key is another', () => {
    const beginning = Buffer.from('a context of more than a block|');
    const values = ['1234567890', '', 'x'.repeat(16), 'y'.repeat(33)].map((text, n) => ({
      plain: Buffer.from(text),
      end: Buffer.from(`row ${n}`),
    }));
    const { octets, places } = sealed(beginning, values);
    const opener = new BoxOpener(key, beginning, 5);
    open(opener, Buffer.from(octets), places, values);
    for (const { start, end } of places)
      for (let bit = 8 * start; bit < 8 * end; bit++) {
        const changed = Buffer.from(octets);
        changed[bit >> 3]! ^= 1 << (bit & 7);
        expect(() => open(opener, changed, places, values)).toThrow(/does not open|unknown form/);
      }
    for (let wrong = 0; wrong < values.length; wrong++) {
      const others = values.map((each, n) => (n === wrong ? { ...each, end: Buffer.from(`row ${n + 1}`) } : each));
      expect(() => open(opener, Buffer.from(octets), places, others)).toThrow('does not open');
    }
    for (let bit = 0; bit < 8 * beginning.length; bit++) {
      const other = Buffer.from(beginning);
      other[bit >> 3]! ^= 1 << (bit & 7);
      expect(() => open(new BoxOpener(key, other, 5), Buffer.from(octets), places, values)).toThrow('does not open');
    }
    const another = new BoxOpener(createSecretKey(randomBytes(32)), beginning, 5);
    expect(() => open(another, Buffer.from(octets), places, values)).toThrow('does not open');
  });

  it('that are too short to be sealed have an unknown form', () => {
    const values = [{ plain: Buffer.from('1'), end: Buffer.alloc(0) }];
    const { octets } = sealed(Buffer.of(), values);
    const opener = new BoxOpener(key, Buffer.of(), 0);
    expect(() => open(opener, octets, [{ start: 5, end: 33 }], values)).toThrow('unknown form');
  });
});
