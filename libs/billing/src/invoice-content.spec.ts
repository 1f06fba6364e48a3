import { describe, expect, it } from '@jest/globals';
import { composeInvoice, type InvoiceItem, type InvoiceParts } from './invoice-content.js';
import { invoiceIssuerFaults, taxOf, type TaxSetting, taxSettingFaults } from './invoice-settings.js';
import type { StatementLine } from './statement.js';

const TAXES: readonly TaxSetting[] = [
  { validFrom: '2014-04-01', terms: { rates: { standard: '8' }, rounding: 'floor', source: 'a test' } },
  { validFrom: '2019-10-01', terms: { rates: { standard: '10', reduced: '8' }, rounding: 'floor', source: 'a test' } },
];
const line = (amount_yen: number, change: Partial<StatementLine> = {}): StatementLine => ({
  number: 1,
  layer: 'contract',
  kind: 'usage',
  billed: true,
  meter: 'sign_check',
  purpose: null,
  description: { ja: '利用料', en: 'Usage' },
  from: '2026-10-01',
  until: '2026-11-01',
  quantity: 1,
  unit_price: String(amount_yen),
  amount_yen,
  tax_category: 'standard',
  price_reference: '2026-10-01',
  events: null,
  ...change,
});
const compose = (lines: StatementLine[], items: InvoiceItem[] = [], change: Partial<InvoiceParts> = {}) =>
  composeInvoice({
    statement: {
      id: 's',
      tenantId: 't',
      mode: 'live',
      month: '2026-10',
      sha256: '00',
      text: '',
      writtenAt: new Date(0),
      content: { month: '2026-10', from: '2026-10-01', until: '2026-11-01', lines } as never,
    },
    items,
    issuer: {} as never,
    terms: {
      recipient_name: 'x',
      recipient_address: 'y',
      closing_day: 'end',
      due_months: 1,
      due_day: 'end',
      due_shift: 'none',
    },
    taxSettings: TAXES,
    ...change,
  });
const rounded = (rounding: TaxSetting['terms']['rounding']): Partial<InvoiceParts> => ({
  taxSettings: [...TAXES, { validFrom: '2026-01-01', terms: { ...TAXES[1]!.terms, rounding } }],
});
const credit = (amount_yen: number, change: Partial<InvoiceItem> = {}): InvoiceItem => ({
  description: { ja: '返還', en: 'Credit' },
  amount_yen,
  tax_category: 'standard',
  on: '2026-10-10',
  ...change,
});
const codeOf = (work: () => unknown): string => {
  try {
    work();
    return 'done';
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe('the tax of an invoice', () => {
  it('is rounded once: three lines of 105 yen at 10 % are 31 yen, not three times 10', () =>
    expect(compose([line(105), line(105), line(105)])).toMatchObject({
      taxes: [{ tax_rate: '10', amount_yen: 315, tax_yen: 31 }],
      totals: { amount_yen: 315, tax_yen: 31, total_yen: 346 },
    }));
  it.each([
    // 315 × 10 % = 31.5; 311 × 10 % = 31.1; 310 × 10 % = 31.
    ['floor', [31, 31, 31]],
    ['half_up', [32, 31, 31]],
    ['ceiling', [32, 32, 31]],
  ] as const)('goes by the rule of the issuer: %s', (rounding, expected) =>
    expect([315, 311, 310].map((yen) => compose([line(yen)], [], rounded(rounding)).totals.tax_yen)).toEqual(expected),
  );
  it('is reckoned of each rate by itself', () =>
    // 155 × 10 % = 15.5; 157 × 8 % = 12.56.
    expect(
      compose([line(100), line(157, { tax_category: 'reduced' }), line(55), line(9, { tax_category: 'exempt' })]).taxes,
    ).toEqual([
      { tax_category: 'standard', tax_rate: '10', amount_yen: 155, tax_yen: 15 },
      { tax_category: 'reduced', tax_rate: '8', amount_yen: 157, tax_yen: 12 },
      { tax_category: 'exempt', tax_rate: null, amount_yen: 9, tax_yen: 0 },
    ]));
  it('is that of the day on which something was delivered', () =>
    expect(compose([line(1000), line(1000, { from: '2019-09-30', until: '2019-10-01' })]).taxes).toEqual([
      { tax_category: 'standard', tax_rate: '10', amount_yen: 1000, tax_yen: 100 },
      { tax_category: 'standard', tax_rate: '8', amount_yen: 1000, tax_yen: 80 },
    ]));
  it('is missing on a day without a rate, and that is said', () => {
    expect(codeOf(() => compose([line(1, { from: '2014-03-31' })]))).toBe('tax_rate_missing');
    expect(codeOf(() => compose([line(1, { from: '2019-09-30', tax_category: 'reduced' })]))).toBe('tax_rate_missing');
  });
  it('is exact where floating-point numbers are not', () =>
    expect(taxOf(9_007_199_254_740_991, '10', 'floor')).toBe(900_719_925_474_099));
});

describe('what is on an invoice', () => {
  it('is what is billed of the statement, and leads back to its lines', () => {
    const { lines } = compose([line(5, { billed: false, number: 1 }), line(7, { number: 2 })]);
    expect(lines.map(({ number, statement_line, amount_yen }) => [number, statement_line, amount_yen])).toEqual([
      [1, 2, 7],
    ]);
  });
  it('and credits, at the rate of what they are of, with that invoice', () => {
    const credits = { id: 'i', number: 'INV-2019-000001', issued_on: '2019-10-05' };
    const { lines, taxes } = compose(
      [line(1000), line(500, { from: '2019-09-01', until: '2019-10-01' })],
      [credit(-300, { on: '2019-09-15', credits })],
    );
    expect(lines[2]).toMatchObject({ kind: 'credit', amount_yen: -300, tax_rate: '8', credits, statement_line: null });
    expect(taxes.map(({ tax_rate, amount_yen, tax_yen }) => [tax_rate, amount_yen, tax_yen])).toEqual([
      ['10', 1000, 100],
      ['8', 200, 16],
    ]);
  });
  it('is never below zero at a rate, nor nothing at all', () => {
    expect(codeOf(() => compose([line(1000)], [credit(-1001)]))).toBe('invoice_below_zero');
    expect(codeOf(() => compose([line(1000)], [credit(-1, { tax_category: 'reduced' })]))).toBe('invoice_below_zero');
    expect(codeOf(() => compose([line(0)]))).toBe('nothing_to_invoice');
    expect(codeOf(() => compose([line(9, { billed: false })]))).toBe('nothing_to_invoice');
  });
});

describe('settings of invoices', () => {
  const issuer = { name: 'x', address: 'y', payment: 'z', fiscal_year_start: '04-01' };
  const rules = (registration_number: string, start = '04-01') =>
    invoiceIssuerFaults({ ...issuer, registration_number, fiscal_year_start: start }).map(({ rule }) => rule);

  it('need a registration number of a corporation', () => {
    expect(rules('T4011001098993')).toEqual([]);
    expect(rules('T4011001098994')).toEqual(['check_digit']);
    for (const wrong of ['4011001098993', 'T401100109899', 'T０011001098993', ''])
      expect(rules(wrong)).toEqual(['registration_form']);
  });
  it('need a day on which the fiscal year begins every year', () =>
    expect(rules('T4011001098993', '02-29')).toEqual(['year_start']));
  it('change rates at the beginning of a month', () => {
    const terms = { rates: { standard: '10', reduced: '108' }, rounding: 'floor', source: 'law' } as const;
    expect(taxSettingFaults(terms, '2027-04-02')).toEqual([
      { field: 'rates.reduced', rule: 'not_percent' },
      { field: 'valid_from', rule: 'not_month_border' },
    ]);
  });
});
