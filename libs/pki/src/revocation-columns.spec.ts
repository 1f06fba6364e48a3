import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Malformed } from './der.js';
import { longRow, RevocationColumns, serialOctets, shortSerial } from './revocation-columns.js';
import { RevocationColumnsBuilder } from './revocation-columns-builder.js';
import { diffRevocations } from './revocation-diff.js';
import { CRL_REASONS } from './verdict.js';

interface Entry {
  serial: Uint8Array;
  seconds: number;
  code: number;
}

const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');

function columns(entries: Iterable<Entry>): RevocationColumns {
  const builder = new RevocationColumnsBuilder();
  for (const { serial, seconds, code } of entries) {
    const short = shortSerial(serial);
    if (short >= 0) builder.append(short, seconds, code);
    else builder.appendLong(longRow(serial), seconds, code);
  }
  return builder.build('test');
}

/** Content octets of an INTEGER, minimal. */
const minimal = (octets: Uint8Array): boolean =>
  octets.length === 1 || !((octets[0] === 0 && octets[1]! < 0x80) || (octets[0] === 0xff && octets[1]! >= 0x80));
const serials = fc.oneof(
  fc.nat({ max: 40 }).map(serialOctets),
  fc.integer({ min: 0, max: 0xffffffff }).map(serialOctets),
  fc.uint8Array({ minLength: 1, maxLength: 20 }).filter(minimal),
);
const entry = fc.record({
  serial: serials,
  seconds: fc.integer({ min: 0, max: 0xffffffff }),
  code: fc.constantFrom(0, 1, 2, 3, 4, 5, 6, 9, 10),
});
const entrySets = fc.uniqueArray(entry, { selector: ({ serial }) => hex(serial), maxLength: 200 });

const rule = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (error instanceof Malformed) return error.rule;
    throw error;
  }
  return 'accepted';
};

describe('RevocationColumns', () => {
  it('finds exactly what was put in, in whatever order, before and after encoding', () => {
    fc.assert(
      fc.property(entrySets, fc.array(serials), (entries, others) => {
        const set = columns(entries);
        const copy = RevocationColumns.decode(set.encode());
        const expected = new Map(entries.map(({ serial, seconds, code }) => [hex(serial), { seconds, code }]));
        expect([set.size, copy.size]).toEqual([entries.length, entries.length]);
        for (const serial of [...others, ...entries.map((each) => each.serial)]) {
          const held = expected.get(hex(serial));
          const statement = held && { revokedAt: held.seconds * 1000, reason: CRL_REASONS[held.code] };
          expect(set.find(serial)).toEqual(statement);
          expect(copy.find(serial)).toEqual(statement);
        }
        expect([...copy].map(({ serial }) => hex(serial)).sort()).toEqual([...expected.keys()].sort());
      }),
    );
  });

  it('holds an unsorted million in at most ten octets an entry', () => {
    const builder = new RevocationColumnsBuilder();
    const count = 1_000_000;
    for (let i = 0; i < count; i++) {
      builder.append(Math.imul(i, 0x9e3779b1) >>> 0, 1_700_000_000 + i, i % 7);
    }
    const set = builder.build('test');
    const { serials: keys, times, reasons } = set.data;
    expect((keys.buffer.byteLength + times.buffer.byteLength + reasons.buffer.byteLength) / count).toBeLessThan(10);
    for (const i of [0, 1, 2, 77, 999_999]) {
      const found = set.find(serialOctets(Math.imul(i, 0x9e3779b1) >>> 0));
      expect(found).toEqual({ revokedAt: (1_700_000_000 + i) * 1000, reason: CRL_REASONS[i % 7] });
    }
  });

  it('does not mistake one serial for another of the same last octets', () => {
    const set = columns([{ serial: serialOctets(0xff), seconds: 1, code: 1 }]);
    expect(set.find(Buffer.from('00ff', 'hex'))).toBeDefined();
    for (const other of ['ff', '01ff', '0100000000ff', '']) expect(set.find(Buffer.from(other, 'hex'))).toBeUndefined();
  });

  it('refuses a serial said twice', () => {
    const twice = (serial: Uint8Array): string =>
      rule(() => columns([1, 2].map((code) => ({ serial, seconds: code, code }))));
    expect(twice(serialOctets(7))).toBe('duplicate_serial');
    expect(twice(Buffer.alloc(20, 0x11))).toBe('duplicate_serial');
  });
});

describe('A blob is refused', () => {
  const set = columns([
    { serial: serialOctets(5), seconds: 9, code: 4 },
    { serial: serialOctets(6), seconds: 9, code: 4 },
    { serial: Buffer.alloc(16, 0x22), seconds: 9, code: 4 },
  ]);
  const blob = set.encode();
  /** Changes octets and makes the digest fit again: the fault alone is left to be found. */
  const resealed = (change: (copy: Buffer) => void): Buffer => {
    const copy = Buffer.from(blob);
    change(copy);
    const end = copy.length - 32;
    createHash('sha256').update(copy.subarray(0, end)).digest().copy(copy, end);
    return copy;
  };
  const serialsAt = 24;
  const reasonsAt = serialsAt + 2 * 8 + 4;
  const rowAt = reasonsAt + 3;

  it.each<[string, Uint8Array, string]>([
    ['that is empty', Buffer.alloc(0), 'truncated'],
    ['cut off', blob.subarray(0, blob.length - 1), 'length_mismatch'],
    ['with an octet more', Buffer.concat([blob, Buffer.alloc(1)]), 'length_mismatch'],
    ['of another kind', resealed((copy) => copy.write('X', 0)), 'bad_magic'],
    ['of the other byte order', resealed((copy) => copy.subarray(8, 12).reverse()), 'foreign_byte_order'],
    ['of a later version', resealed((copy) => copy.fill(9, 12, 13)), 'unknown_version'],
    ['with a count that lies', resealed((copy) => copy.fill(0xff, 16, 20)), 'length_mismatch'],
    ['whose digest does not fit', Buffer.from(blob).fill(1, serialsAt, serialsAt + 1), 'digest_mismatch'],
    [
      'with serials out of order',
      resealed((copy) => copy.copyWithin(serialsAt, serialsAt + 4, serialsAt + 8)),
      'not_ascending',
    ],
    ['with a row too long', resealed((copy) => copy.fill(21, rowAt, rowAt + 1)), 'not_ascending'],
    ['with a short serial among the long', resealed((copy) => copy.fill(1, rowAt, rowAt + 1)), 'not_ascending'],
    ['with padding that is not zero', resealed((copy) => copy.fill(1, rowAt + 20, rowAt + 21)), 'not_ascending'],
    ['with reason 7', resealed((copy) => copy.fill(7, reasonsAt, reasonsAt + 1)), 'bad_reason'],
    [
      'with reason 200 for a long serial',
      resealed((copy) => copy.fill(200, reasonsAt + 2, reasonsAt + 3)),
      'bad_reason',
    ],
  ])('%s', (_why, bytes, expected) => expect(rule(() => RevocationColumns.decode(bytes))).toBe(expected));

  it('never for its place in memory, and an aligned one is not copied', () => {
    const moved = Buffer.concat([Buffer.alloc(1), blob]).subarray(1);
    expect(RevocationColumns.decode(moved).find(serialOctets(6))).toBeDefined();
    const aligned = Uint8Array.from(blob);
    expect(RevocationColumns.decode(aligned).data.serials.buffer).toBe(aligned.buffer);
  });
});

describe('diffRevocations', () => {
  it('leads from the earlier state to the later one and names nothing else', () => {
    fc.assert(
      fc.property(entrySets, entrySets, (left, right) => {
        const after = [...right, ...left.filter((_, i) => i % 2 === 0)];
        const unique = [...new Map(after.map((each) => [hex(each.serial), each])).values()];
        const { added, changed, gone } = diffRevocations(columns(left), columns(unique));
        const state = new Map(
          left.map(({ serial, seconds, code }) => [hex(serial), `${seconds * 1000} ${CRL_REASONS[code]}`]),
        );
        for (const { serial } of gone) expect(state.delete(hex(serial))).toBe(true);
        for (const { serial, revokedAt, reason } of changed) {
          expect(state.get(hex(serial))).not.toBe(`${revokedAt} ${reason}`);
          expect(state.has(hex(serial))).toBe(true);
          state.set(hex(serial), `${revokedAt} ${reason}`);
        }
        for (const { serial, revokedAt, reason } of added) {
          expect(state.has(hex(serial))).toBe(false);
          state.set(hex(serial), `${revokedAt} ${reason}`);
        }
        expect(state).toEqual(
          new Map(unique.map(({ serial, seconds, code }) => [hex(serial), `${seconds * 1000} ${CRL_REASONS[code]}`])),
        );
      }),
    );
  });
});
