import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { diffRevocations, longRow, type RevocationColumns, RevocationColumnsBuilder, shortSerial } from '#lib/pki';
import { applyChanges, changesOf, diffOf, historyForm } from './crl-changes.js';

type State = Map<string, { seconds: number; reason: number }>;

function columns(state: State): RevocationColumns {
  const builder = new RevocationColumnsBuilder();
  for (const [hex, { seconds, reason }] of state) {
    const serial = Buffer.from(hex, 'hex');
    const short = shortSerial(serial);
    if (short >= 0) builder.append(short, seconds, reason);
    else builder.appendLong(longRow(serial), seconds, reason);
  }
  return builder.build('test');
}

/** Serials of all kinds: short, with a leading zero, 20 octets, negative; few, so that states overlap. */
const serial = fc.constantFrom('01', '7f', '0080', '12345678', '00ffffffff', '0100000000', 'ff', 'aa'.repeat(20));
const entry = fc.record({ seconds: fc.integer({ min: 0, max: 5 }), reason: fc.constantFrom(0, 1, 4, 6) });
const state = fc.array(fc.tuple(serial, entry), { maxLength: 8 }).map((entries): State => new Map(entries));
const bytes = (of: RevocationColumns): Buffer => Buffer.from(of.encode());

describe('changes', () => {
  it('lead from any state to any other, whatever the serials', () => {
    fc.assert(
      fc.property(state, state, (from, to) => {
        const [before, after] = [columns(from), columns(to)];
        const changes = [...changesOf(diffRevocations(before, after))];
        expect(bytes(applyChanges(before, changes))).toEqual(bytes(after));
      }),
    );
  });

  it('are the diff they came from', () => {
    fc.assert(
      fc.property(state, state, (from, to) => {
        const diff = diffRevocations(columns(from), columns(to));
        const again = diffOf(changesOf(diff));
        for (const kind of ['added', 'changed', 'gone'] as const) expect(bytes(again[kind])).toEqual(bytes(diff[kind]));
      }),
    );
  });

  it('of nothing leave the very same state', () => {
    const base = columns(new Map([['01', { seconds: 1, reason: 4 }]]));
    expect(applyChanges(base, [])).toBe(base);
  });
});

describe('the form in which a list enters the history', () => {
  const added = (count: number): RevocationColumns => {
    const builder = new RevocationColumnsBuilder();
    for (let i = 0; i < count; i++) builder.append(i, 0, 0);
    return builder.build('test');
  };
  const none = added(0);

  it.each([
    [10, 10, 'changes'],
    [1_000, 1_000, 'changes'],
    [1_001, 8_008, 'changes'],
    [1_001, 8_007, 'baseline'],
  ] as const)('is, for %i changes of %i entries, %s', (changes, entries, form) => {
    expect(historyForm({ added: added(changes), changed: none, gone: none }, entries)).toBe(form);
  });
});
