import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { signingKey } from '../../../test/support/audit.js';
import {
  check,
  DAYS,
  exportOf,
  faultsOf,
  KEY,
  LINES,
  statementOf,
  textOf,
} from '../../../test/support/audit-export.js';
import { canonical } from './audit-form.js';
import { publicKeyOf, signStatement } from './signing-key.js';

describe('a chain signed again with another key', () => {
  const other = signingKey('a1');
  const forged = exportOf({ key: other, days: DAYS.map((day) => day.slice(0, 1)) });

  it('is whole in itself, and found by the trusted key', () => {
    expect(check(textOf(forged), {})).toMatchObject({ whole: true, keys_confirmed: false });
    expect(faultsOf(forged)).toEqual([
      'key_replaced',
      'signature_wrong',
      'signature_wrong',
      'signature_wrong',
      'signature_wrong',
      'range_short',
    ]);
  });

  it('is found also when it keeps the true public key', () => {
    const keys = { a1: publicKeyOf(KEY).toString('base64') };
    const lines = forged.map((line) => (line.type === 'header' ? { ...line, keys } : line));
    expect(faultsOf(lines)).toContain('signature_wrong');
    expect(check(textOf(lines), {}).whole).toBe(false);
  });

  it('is found when it names a key that nobody has', () => {
    const lines = LINES.map((line) => (line.type === 'header' ? { ...line, keys: {} } : line));
    expect(check(textOf(lines), {}).faults[0]).toMatchObject({ code: 'key_unknown', key: 'a1' });
  });

  it('is found when one day only is signed by it', () => {
    const lines = LINES.map((line, i) =>
      i === statementOf(2) && line.type === 'statement'
        ? { ...line, signature: signStatement(other, line.statement).toString('base64url') }
        : line,
    );
    expect(faultsOf(lines)).toEqual(['signature_wrong']);
  });
});

describe('garbage', () => {
  it.each([
    ['nothing', []],
    ['an empty line', ['']],
    ['no JSON', ['{']],
    ['no object', ['[]', 'null', '1']],
    ['endless nesting', ['['.repeat(500_000)]],
    ['endless nesting that ends', ['['.repeat(400_000) + ']'.repeat(400_000)]],
    ['another format', [canonical({ ...LINES[0]!, format: 'shomei-audit-export/9' })]],
    ['an export without its header', textOf(LINES).slice(1)],
    ['lines that cannot be one', [undefined, undefined]],
  ])('is no export: %s', (_what, lines) => {
    const report = check(lines);
    expect(report.whole).toBe(false);
    expect(report.faults).toHaveLength(1);
    expect(report.faults[0]!.code).toBe('not_an_export');
  });

  it('between the lines is told by its line', () => {
    const text: (string | undefined)[] = textOf(LINES);
    text.splice(3, 0, '{"type":"event"}', undefined, 'x');
    expect(check(text).faults.map(({ code, line }) => [code, line])).toEqual([
      ['unreadable', 4],
      ['unreadable', 5],
      ['unreadable', 6],
    ]);
  });

  it('after the end, and a second export, are told', () => {
    expect(faultsOf([...LINES, ...LINES]).slice(0, 2)).toEqual(['after_the_end', 'after_the_end']);
  });

  it('reports a hundred faults and counts all', () => {
    const report = check([textOf(LINES)[0]!, ...Array.from({ length: 1000 }, () => 'x')]);
    expect(report.faults).toHaveLength(100);
    expect(report.fault_count).toBeGreaterThanOrEqual(1001);
  });
});

describe('whatever is done to an export', () => {
  const whole = textOf(LINES);

  it.each<[string, (digit: string) => string]>([
    ['bits that mean nothing', (digit) => `${DIGITS[DIGITS.indexOf(digit) + 1]}==`],
    ['padding too little', (digit) => `${digit}=`],
    ['no padding', (digit) => digit],
    ['something behind the padding', (digit) => `${digit}==A`],
    ['a letter for padding', (digit) => `${digit}=A`],
    ['a space', (digit) => ` ${digit}==`],
  ])('a key written in another way is found: %s', (_how, ending) => {
    const header = whole[0]!.replace(/(.)==/, (_all, digit: string) => ending(digit));
    expect(check(whole.with(0, header)).faults[0]).toMatchObject({ code: 'not_an_export' });
  });

  it('a changed octet is found', () => {
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(2_000), fc.integer({ min: 1, max: 127 }), (line, at, mask) => {
        const octets = Buffer.from(whole[line]!);
        octets[at % octets.length]! ^= mask;
        const text = octets.toString('utf8');
        fc.pre(text !== whole[line]);
        // Of the header nothing is signed that the rest of the export does not say: when it was made is its own word.
        fc.pre(line !== 0 || !sameButMadeAt(text, whole[0]!));
        expect(check(whole.with(line, text)).whole).toBe(false);
      }),
      { numRuns: 400 },
    );
  });

  it('lines removed, repeated and moved are found', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(whole.length - 1), { maxLength: whole.length + 2 }), (order) => {
        const lines = order.map((i) => whole[i]!);
        fc.pre(lines.length !== whole.length || lines.some((line, i) => line !== whole[i]));
        expect(check(lines).whole).toBe(false);
      }),
      { numRuns: 500 },
    );
    for (let i = 0; i < whole.length; i++) expect(check(whole.toSpliced(i, 1)).whole).toBe(false);
    for (let i = 0; i < whole.length; i++) expect(check(whole.toSpliced(i, 0, whole[i]!)).whole).toBe(false);
  });
});

const sameButMadeAt = (a: string, b: string): boolean => {
  const blank = (text: string): string => text.replace(/"made_at":"[^"]*"/, '');
  return blank(a) === blank(b);
};

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
