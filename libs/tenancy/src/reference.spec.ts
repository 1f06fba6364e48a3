import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { checkReference, fitsFormat, hasMyNumberCheckDigit, mayHoldMyNumber } from './reference.js';

/** Twelve digits whose last is the check digit of an Individual Number; nobody's. */
const LIKE_MY_NUMBER = '123456789018';

describe('references never hold an Individual Number', () => {
  it('knows the check digit', () => {
    expect(hasMyNumberCheckDigit(LIKE_MY_NUMBER)).toBe(true);
    for (let digit = 0; digit <= 9; digit++) expect(hasMyNumberCheckDigit(`12345678901${digit}`)).toBe(digit === 8);
  });

  it('gives 0 for the remainders 0 and 1', () => {
    expect(hasMyNumberCheckDigit('000000000000')).toBe(true);
    expect(hasMyNumberCheckDigit('000000000060')).toBe(true);
  });

  it.each([
    ['plain', LIKE_MY_NUMBER],
    ['in groups of four', '1234 5678 9018'],
    ['with hyphens', '1234-5678-9018'],
    ['with Japanese hyphens', '1234ー5678ー9018'],
    ['in full-width digits', '１２３４５６７８９０１８'],
    ['inside other text', 'customer 123456789018/2'],
    ['with slashes', '1234/5678/9018'],
    ['in groups of three', '123-456-789-018'],
    ['in pairs', '12 34 56 78 90 18'],
    ['with double spaces', '1234  5678  9018'],
    ['with mixed separators', '1234-5678 9018'],
    ['with zero-width spaces', '1234\u200b5678\u200b9018'],
    ['with soft hyphens inside', '12345\u00ad6789018'],
    ['with no-break hyphens', '1234\u2011\u20115678\u2011\u20119018'],
  ])('refuses it %s', (_form, reference) => {
    expect(mayHoldMyNumber(reference)).toBe(true);
    expect(checkReference(reference, null)).toBe('reference_is_my_number');
  });

  it.each([
    ['another check digit', '123456789017'],
    ['thirteen digits, as a corporate number has', '1234567890180'],
    ['eleven digits', '12345678901'],
    ['an account and a date', 'KY-2026-12345678'],
    ['a year and a serial that make twelve digits together', '2026-12345671'],
    ['text', '顧客 Ａ−１２'],
  ])('takes %s', (_form, reference) => expect(checkReference(reference, null)).toBeUndefined());
});

describe('machine-made references', () => {
  it('are never taken for an Individual Number by chance: UUIDs and hexadecimal digests', () => {
    const made = Array.from({ length: 20_000 }, () => randomUUID()).flatMap((uuid) => [uuid, uuid.replaceAll('-', '')]);
    expect(made.filter((reference) => checkReference(reference, null) !== undefined)).toEqual([]);
    expect(checkReference('aaaaaaaa-1234-5678-9018-aaaaaaaaaaaa', null)).toBeUndefined();
    expect(checkReference('aaaaaaaa-aaaa-aaaa-aaaa-123456789018', null)).toBeUndefined();
  });
});

describe('a registered format', () => {
  it('is what references are held to, also when they look like an Individual Number', () => {
    expect(checkReference(LIKE_MY_NUMBER, '999999999999')).toBeUndefined();
    expect(checkReference('A-12345', '999999999999')).toBe('reference_format_wrong');
  });

  it('reads 9 as a digit, A as a letter and the rest as itself', () => {
    expect(fitsFormat('KB-1234', 'AA-9999')).toBe(true);
    expect(fitsFormat('kb-1234', 'AA-9999')).toBe(false);
    expect(fitsFormat('KB_1234', 'AA-9999')).toBe(false);
    expect(fitsFormat('KB-12345', 'AA-9999')).toBe(false);
    expect(fitsFormat('KB-１234', 'AA-9999')).toBe(false);
  });
});
