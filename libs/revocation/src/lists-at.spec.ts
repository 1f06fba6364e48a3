import { describe, expect, it } from '@jest/globals';
import { RevocationColumnsBuilder, type TrustAnchor } from '#lib/pki';
import { ListsAt } from './lists-at.js';
import type { ResidentCrl } from './resident-set.js';
import { SerialFilter } from './serial-filter.js';
import { serialOctets, statusInAll } from './serial-status.js';

const AT = Date.UTC(2026, 10, 23);
const HOUR = 3_600_000;

function list(serials: readonly number[], change: Partial<ResidentCrl> = {}): ResidentCrl {
  const builder = new RevocationColumnsBuilder();
  for (const serial of serials) builder.append(serial, AT / 1000 - 7_200, 4);
  return {
    crlId: '1',
    anchorFingerprint: 'a',
    columns: builder.build('test'),
    thisUpdate: AT - HOUR,
    nextUpdate: AT + HOUR,
    sha256: 'ff',
    ...change,
  };
}
const anchor = { hierarchy: 'auth', fingerprint: 'a', certificate: { notAfter: AT + 1e12 } } as TrustAnchor;
const ask = (lists: ListsAt, serialNumber: string, notAfter = AT + 1e10) =>
  lists.ofSerial({ hierarchy: 'auth', serialNumber, anchor: 'a', notAfter, at: AT });

describe('lists of one moment', () => {
  it('answer about a serial number as all of them together do', () => {
    const all = [list([1, 5, 900_000]), list([7, 4_000_000_000], { crlId: '2', thisUpdate: AT - 2 * HOUR })];
    const lists = new ListsAt('1', [anchor], all, []);
    for (const serial of ['1', '2', '5', '6', '7', '900000', '900001', '4000000000', '4000000001', '99999999999999'])
      for (const notAfter of [AT + 1e10, AT - 1])
        expect(ask(lists, serial, notAfter)).toEqual(statusInAll({ serial: serialOctets(serial), notAfter }, all, AT));
  });
  it('say nothing by their silence while one is stale or was never had', () => {
    expect(ask(new ListsAt('1', [anchor], [list([1]), list([2], { nextUpdate: AT })], []), '3').status).toBe('stale');
    expect(ask(new ListsAt('1', [anchor], [list([1])], ['a']), '3').detail).toBe('list_missing');
    expect(ask(new ListsAt('1', [anchor], [list([1])], ['a']), '1').status).toBe('revoked');
    expect(ask(new ListsAt('1', [anchor], [], []), '1').status).toBe('unavailable');
  });
  it('are told by hashes that are equal exactly when they are', () => {
    const of = (...hashes: string[]): string =>
      new ListsAt(
        '1',
        [anchor],
        hashes.map((sha256) => list([], { sha256 })),
        [],
      ).summary('auth', AT).sha256;
    expect(of('aa', 'bb')).toBe(of('bb', 'aa'));
    expect(of('aa', 'bb')).not.toBe(of('aa', 'bc'));
  });
});

describe('the filter before the lists', () => {
  it('never denies a serial that a list holds, and denies most others', () => {
    const held = Array.from({ length: 5_000 }, (_, n) => (n * 2_654_435 + 17) % 4_294_967_296).sort((a, b) => a - b);
    const filter = new SerialFilter([list([...new Set(held)])]);
    for (const serial of held) expect(filter.mayHold(serialOctets(String(serial)))).toBe(true);
    const others = Array.from({ length: 5_000 }, (_, n) => n * 858_993 + 3).filter((n) => !held.includes(n));
    expect(others.filter((n) => filter.mayHold(serialOctets(String(n)))).length).toBeLessThan(others.length / 4);
  });
});
