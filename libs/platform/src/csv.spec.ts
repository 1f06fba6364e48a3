import { describe, expect, it } from '@jest/globals';
import { csvRow } from './csv.js';

describe('a row of CSV', () => {
  it('quotes texts, doubles quotes, keeps numbers, and ends with CRLF', () => {
    expect(csvRow(['a', 'say "x", y', '二行\nある', 7, -1, null, ''])).toBe(
      '"a","say ""x"", y","二行\nある",7,-1,,""\r\n',
    );
  });

  it.each(['=1+1', '+81', '-1', '@SUM(A1)', '\t=1', '\r=1', '＝1', '＠x', '=HYPERLINK("http://x")'])(
    'never starts a field that a spreadsheet would run: %j',
    (text) => expect(csvRow([text]).startsWith(`"'`)).toBe(true),
  );

  it('leaves what only looks dangerous', () => expect(csvRow(['a=1', ' x', '123'])).toBe('"a=1"," x","123"\r\n'));
});
