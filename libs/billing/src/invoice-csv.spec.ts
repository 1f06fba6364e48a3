import { describe, expect, it } from '@jest/globals';
import { CSV_BOM, unmappableInCp932 } from '#lib/platform';
import { INVOICE_CSV_COLUMNS, inEncoding, invoiceCsv } from './invoice-csv.js';
import { invoiceFiles } from './invoice-files.js';
import { givenInvoice } from '../../../test/support/given-invoice.js';
import { parseCsv } from '../../../test/support/parse-csv.js';

const rowsOf = (bytes: Buffer, encoding = 'utf-8'): Record<string, string>[] => {
  const [header, ...rows] = parseCsv(new TextDecoder(encoding).decode(bytes));
  return rows.map((row) => Object.fromEntries(header!.map((name, index) => [name, row[index]!])));
};
const named = (name: string): Buffer => {
  const invoice = givenInvoice();
  return invoiceCsv([{ ...invoice, recipient: { ...invoice.recipient, name } }]);
};

describe('the CSV of an invoice', () => {
  it('is UTF-8 with a byte order mark, and every row ends with CRLF', () => {
    const text = invoiceCsv([givenInvoice()]).toString('utf8');
    expect(text.startsWith(CSV_BOM)).toBe(true);
    expect(text.endsWith('\r\n')).toBe(true);
    expect(text.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
  });
  it('has a row for each line and each tax, with what belongs to the whole in every one', () => {
    const invoice = givenInvoice();
    const rows = rowsOf(invoiceCsv([invoice]));
    expect(Object.keys(rows[0]!)).toEqual([...INVOICE_CSV_COLUMNS]);
    expect(rows.map(({ row_type }) => row_type)).toEqual(['line', 'line', 'line', 'tax']);
    for (const row of rows)
      expect(row).toMatchObject({
        invoice_number: 'INV-2026-000001',
        invoice_total_yen: String(invoice.totals.total_yen),
        period_from: '2026-10-01',
        period_to: '2026-10-31',
        issuer_registration_number: 'T4011001098993',
      });
    const sum = (name: string) => rows.reduce((total, row) => total + Number(row[name]), 0);
    expect(sum('amount_yen')).toBe(invoice.totals.amount_yen);
    expect(sum('taxable_yen')).toBe(invoice.totals.amount_yen);
    expect(sum('tax_yen')).toBe(invoice.totals.tax_yen);
  });
  it('holds quotes, commas and what looks like a formula or a number as the text that it is', () => {
    for (const [name, read] of [
      ['A "B", C', 'A "B", C'],
      ['=HYPERLINK("http://x")', `'=HYPERLINK("http://x")`],
      ['0012', `'0012`],
      ['1234567890123456', `'1234567890123456`],
      ['1E5', `'1E5`],
      ['2026-10', `'2026-10`],
      ['3/4', `'3/4`],
      ['1号店', '1号店'],
    ])
      expect(rowsOf(named(name!))[0]!['recipient_name']).toBe(read);
  });
  it('has no number with more digits than a spreadsheet keeps', () => {
    const invoice = givenInvoice();
    const [line] = invoice.lines;
    const long = {
      ...line!,
      quantity: 999_999_999_999,
      unit_price: '123456789012.125',
      amount_yen: 999_999_999_999_999,
    };
    const [row] = rowsOf(invoiceCsv([{ ...invoice, lines: [long] }]));
    expect(row).toMatchObject({ unit_price_yen: '123456789012.125', amount_yen: '999999999999999' });
    for (const value of Object.values(row!))
      if (/^-?[0-9.]+$/.test(value)) expect(value.replace(/[^0-9]/g, '').length).toBeLessThanOrEqual(15);
  });
});

describe('the CSV in CP932', () => {
  it('has 髙 and 﨑, and reads back the same', () => {
    const bytes = inEncoding(named('髙﨑商事'), 'cp932');
    expect(bytes.includes(Buffer.from([0xfb, 0xfc, 0xfa, 0xb1]))).toBe(true);
    expect(rowsOf(bytes, 'shift_jis')[0]!['recipient_name']).toBe('髙﨑商事');
  });
  it('fails with every character that it lacks, and writes none as a question mark', () => {
    const work = () => inEncoding(named('𠮷野家 é 𠮷😀'), 'cp932');
    expect(work).toThrow(
      expect.objectContaining({
        code: 'characters_unmappable',
        members: {
          characters: [
            { character: '𠮷', code_point: 'U+20BB7' },
            { character: 'é', code_point: 'U+00E9' },
            { character: '😀', code_point: 'U+1F600' },
          ],
        },
      }),
    );
  });
  it('has the wave dash and its like as the signs that Windows has', () => {
    const bytes = inEncoding(named('〜−‖—¢£¬¥'), 'cp932');
    expect(bytes.includes(Buffer.from('8160817c8161815c81918192'.replaceAll(' ', ''), 'hex'))).toBe(true);
    expect(rowsOf(bytes, 'shift_jis')[0]!['recipient_name']).toBe('～－∥―￠￡￢￥');
  });
  it('holds every character that the two have in common', () =>
    expect(unmappableInCp932('①㈱Ⅲ纊彅神羽ﾊﾝｶｸ、。ー～')).toEqual([]));
});

describe('files of an invoice', () => {
  it('are the same bytes however often they are made', async () => {
    const [first, second] = [await invoiceFiles(givenInvoice()), await invoiceFiles(givenInvoice())];
    expect(first.map(({ kind }) => kind)).toEqual(['json', 'csv', 'pdf']);
    for (const [index, { bytes }] of first.entries()) expect(bytes.equals(second[index]!.bytes)).toBe(true);
  });
});
