import { describe, expect, it } from '@jest/globals';
import { signingKey } from '../../../test/support/audit.js';
import {
  check,
  dayOf,
  DAYS,
  eventOf,
  exportOf,
  faultsOf,
  KEY,
  LINES,
  rowAt,
  statementOf,
  textOf,
  trustedKeys,
  withRow,
  type Row,
} from '../../../test/support/audit-export.js';
import { nextHead, rowHashOf } from './audit-form.js';
import { type ExportLine, exportLine } from './export-form.js';
import { publicKeyOf } from './signing-key.js';

describe('a whole export', () => {
  it('is whole, and says what it covers and who signed it', () => {
    expect(check(textOf(LINES))).toMatchObject({
      whole: true,
      keys_confirmed: true,
      from: dayOf(0),
      to: dayOf(3),
      events: 8,
      hidden: 0,
      after_seq: 0,
      seq: 8,
      signed_at: `${dayOf(3)}T15:00:00.000Z`,
      faults: [],
    });
  });

  it('is whole with rows of others that only keep their place', () => {
    const lines = exportOf({ key: KEY, days: DAYS, hide: ({ target }) => target !== 'thing:5' });
    expect(check(textOf(lines))).toMatchObject({ whole: true, events: 1, hidden: 7 });
  });

  it('is whole across a change of keys when both are trusted', () => {
    const next = signingKey('a2');
    const lines = exportOf({ key: KEY, days: DAYS, keyOf: (day) => (day < 2 ? KEY : next) });
    const both = new Map([...trustedKeys, ['a2', publicKeyOf(next)] as const]);
    expect(check(textOf(lines), { trustedKeys: both })).toMatchObject({ whole: true, keys_confirmed: true });
    expect(faultsOf(lines)).toEqual(['key_untrusted', 'key_untrusted', 'range_short']);
  });

  it('is not confirmed when nobody said whose keys to trust', () => {
    expect(check(textOf(LINES), {})).toMatchObject({ whole: true, keys_confirmed: false });
  });

  it('passes through a head that was noted', () => {
    const noted = LINES[rowAt(5)] as Row;
    const head = { seq: 5, head: noted.head };
    expect(faultsOf(LINES, { trustedKeys, head })).toEqual([]);
    expect(faultsOf(LINES, { trustedKeys, head: { ...head, seq: 4 } })).toEqual(['head_differs 4']);
  });
});

describe('finds a row that was altered', () => {
  it.each([
    ['in its actor', (row: Row) => ({ ...row, event: { ...row.event, actor: 'operator:other' } })],
    ['in its time', (row: Row) => ({ ...row, event: { ...row.event, recorded_at: '2026-11-23T01:02:03.000005Z' } })],
    ['in a digit of its detail', (row: Row) => ({ ...row, event: { ...row.event, detail: '{"n": 6}' } })],
    ['in its hash', (row: Row) => ({ ...row, hash: 'ab'.repeat(32) })],
  ])('%s', (_where, change) => {
    for (const seq of [1, 3, 5, 6, 8])
      expect(faultsOf(withRow(seq, (row) => [change(row)]))).toEqual([`altered ${seq}`]);
  });

  it('in its head', () => {
    const changed = (seq: number) => withRow(seq, (row) => [{ ...row, head: 'ab'.repeat(32) }]);
    expect(faultsOf(changed(2))).toEqual(['place_altered 2']);
    expect(faultsOf(changed(3))[0]).toEqual('place_altered 3');
  });

  it('together with its hash', () => {
    const event = eventOf(99);
    const lines = withRow(5, (row) => [{ ...row, event, hash: rowHashOf(event) }]);
    expect(faultsOf(lines)).toEqual(['replaced 4-5']);
  });

  it('together with its hash and its head', () => {
    const event = eventOf(99);
    const hash = rowHashOf(event);
    const before = LINES[rowAt(4)] as Row;
    const lines = withRow(5, (row) => [{ ...row, event, hash, ...nextHead(before, row.day, hash) }]);
    expect(faultsOf(lines)).toEqual(['replaced 5-6']);
  });

  it('together with everything that follows it, by what was signed', () => {
    const forged = exportOf({
      key: KEY,
      days: DAYS.map((day) => day.map((e) => (e.target === 'thing:5' ? eventOf(99) : e))),
    });
    const lines = forged.map((line, i) => (line.type === 'statement' ? LINES[i]! : line));
    expect(faultsOf(lines)).toEqual(['rewritten 4-6', 'replaced 6-7', 'rewritten 7-8', 'cut_off 8']);
  });

  it('that is hidden', () => {
    const lines = exportOf({ key: KEY, days: DAYS, hide: () => true });
    const changed = lines.map((line) =>
      line.type === 'hidden' && line.seq === 5 ? { ...line, hash: 'ab'.repeat(32) } : line,
    );
    expect(faultsOf(changed)).toEqual(['replaced 4-5']);
  });

  it('by so much as a space', () => {
    const text = textOf(LINES);
    text[rowAt(5)] = text[rowAt(5)]!.replace('"mode":', '"mode": ');
    const { faults } = check(text);
    expect(faults).toEqual([{ code: 'unreadable', line: rowAt(5) + 1 }]);
  });
});

describe('finds rows that were', () => {
  it.each([
    ['removed', 5, ['missing 5-5']],
    ['removed at the beginning', 1, ['missing 1-1']],
    ['removed at the end of a day', 6, ['missing 6-6']],
  ])('%s', (_what, seq, expected) => {
    const faults = faultsOf(withRow(seq, () => []));
    expect(faults).toEqual(expected);
  });

  it('removed and the rest renumbered', () => {
    const lines = LINES.filter((_, i) => i !== rowAt(5)).map((line) =>
      line.type === 'event' && line.seq > 5 ? { ...line, seq: line.seq - 1 } : line,
    );
    expect(faultsOf(lines).slice(0, 2)).toEqual(['replaced 4-5', 'missing 6-6']);
  });

  it('added', () => {
    const added = withRow(5, (row) => [row, { ...row, event: eventOf(99) }]);
    expect(faultsOf(added)).toEqual(['out_of_order 5']);
    const event = eventOf(99);
    const hash = rowHashOf(event);
    const numbered = withRow(5, (row) => [row, { ...row, event, hash, ...nextHead(row, row.day, hash) }]);
    // The added row takes the number of the next one, which then comes too late.
    expect(faultsOf(numbered)).toEqual(['out_of_order 6', 'rewritten 4-6']);
  });

  it('added after the last row', () => {
    const event = eventOf(99);
    const hash = rowHashOf(event);
    const last = LINES[rowAt(8)] as Row;
    const lines = withRow(8, (row) => [row, { ...row, event, hash, ...nextHead(last, row.day, hash) }]);
    expect(faultsOf(lines)[0]).toBe('rewritten 7-8');
    const behind = [...LINES.slice(0, -1), { ...last, event, hash, ...nextHead(last, last.day, hash) }, LINES.at(-1)!];
    expect(faultsOf(behind)).toEqual(['out_of_order 9']);
  });

  it('reordered', () => {
    const lines = [...LINES];
    const at = rowAt(5);
    [lines[at], lines[at + 1]] = [lines[at + 1]!, lines[at]!];
    expect(faultsOf(lines)).toEqual(['missing 5-5', 'out_of_order 5']);
  });

  it('moved to another day', () => {
    const lines = withRow(3, () => []);
    lines.splice(statementOf(0), 0, LINES[rowAt(3)]!);
    expect(faultsOf(lines)).toEqual(['missing 3-3', 'out_of_order 3']);
  });

  it('lost in the database', () => {
    const lines = withRow(5, ({ event, seq, day, hash, head }) => [
      { type: 'lost', seq, day, hash, head, id: event.id },
    ]);
    const { faults } = check(textOf(lines));
    expect(faults).toEqual([{ code: 'lost', line: rowAt(5) + 1, seq: 5, id: eventOf(5).id }]);
  });
});

describe('finds that the tail is missing', () => {
  it.each([
    ['in the middle of a day', rowAt(5)],
    ['at the boundary of a day', statementOf(2) + 1],
    ['of the open day', rowAt(7)],
    ['but for the end', LINES.length - 1],
  ])('%s', (_where, length) => {
    const faults = faultsOf(LINES.slice(0, length));
    expect(faults.some((fault) => fault.startsWith('cut_off'))).toBe(true);
  });

  it('at the boundary of a day, with an end made for it', () => {
    const cut = LINES.slice(0, statementOf(2) + 1);
    const last = LINES[rowAt(6)] as Row;
    const ended: ExportLine[] = [...cut, { type: 'end', seq: last.seq, head: last.head }];
    expect(faultsOf(ended)).toEqual(['range_short']);
    // An export up to that day is a true one. Who wanted more says so.
    const shorter = [{ ...(LINES[0] as Extract<ExportLine, { type: 'header' }>), to: dayOf(2) }, ...ended.slice(1)];
    expect(faultsOf(shorter)).toEqual([]);
    expect(faultsOf(shorter, { trustedKeys, to: dayOf(3) })).toEqual(['range_short']);
    expect(faultsOf(shorter, { trustedKeys, head: { seq: 8, head: (LINES[rowAt(8)] as Row).head } })).toEqual([
      'head_differs 8',
    ]);
  });

  it('and its first days, against the days that were asked for', () => {
    expect(faultsOf(LINES, { trustedKeys, from: '2026-11-01' })).toEqual(['range_short']);
  });

  it('when the statement of the open day goes with it', () => {
    const lines = LINES.filter((_, i) => i < rowAt(7) || i === LINES.length - 1);
    expect(faultsOf(lines)).toEqual(['cut_off 6', 'range_short']);
  });
});

describe('finds that a statement', () => {
  it.each([0, 1, 2, 3])('is missing: that of day %d', (day) => {
    const faults = faultsOf(LINES.filter((_, i) => i !== statementOf(day)));
    expect(faults.length).toBeGreaterThan(0);
    expect(faults.some((fault) => /^(day_not_closed|range_short)/.test(fault))).toBe(true);
  });

  it.each(['head', 'after_head', 'day', 'signed_at', 'seq', 'after_seq', 'kind'] as const)(
    'was changed in its %s',
    (member) => {
      const change = {
        head: 'ab'.repeat(32),
        after_head: 'ab'.repeat(32),
        day: dayOf(9),
        signed_at: '',
        seq: 5,
        after_seq: 2,
        kind: 'checkpoint',
      };
      const lines = LINES.map((line, i) =>
        i === statementOf(2) && line.type === 'statement'
          ? exportLine.parse({ ...line, statement: { ...line.statement, [member]: change[member] } })
          : line,
      );
      expect(faultsOf(lines)).toContain('signature_wrong');
    },
  );

  it('is of another day', () => {
    const lines = [...LINES];
    [lines[statementOf(0)], lines[statementOf(2)]] = [lines[statementOf(2)]!, lines[statementOf(0)]!];
    expect(check(textOf(lines)).whole).toBe(false);
  });

  it('has a signature with bits that mean nothing', () => {
    const lines = LINES.map((line, i) => {
      if (i !== statementOf(0) || line.type !== 'statement') return line;
      const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
      const last = digits[digits.indexOf(line.signature.at(-1)!) ^ 1]!;
      return { ...line, signature: line.signature.slice(0, -1) + last };
    });
    expect(faultsOf(lines)).toEqual(['signature_wrong']);
  });
});
