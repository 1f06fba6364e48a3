import { composeInvoice, type InvoiceDocument, type StatementLine } from '#lib/billing';
import { ISSUER, TERMS } from './invoice-terms.js';
import { planTerms } from './prices.js';

const UUID = '0193b2c4-0000-7000-8000-000000000001';

const line = (number: number, ja: string, quantity: number, unit: number): StatementLine => ({
  number,
  layer: 'contract',
  kind: 'usage',
  billed: true,
  meter: 'sign_check',
  purpose: null,
  description: { ja, en: 'Validity check, sign certificate' },
  from: '2026-10-01',
  until: '2026-11-01',
  quantity,
  unit_price: String(unit),
  amount_yen: quantity * unit,
  tax_category: planTerms().tax_category,
  price_reference: '2026-10-01',
  events: null,
});

/** An invoice of October 2026: three lines of 105 yen at 10 %, 31 yen of tax. */
export function givenInvoice(lines = 3): InvoiceDocument {
  const content = composeInvoice({
    statement: {
      id: UUID,
      tenantId: UUID,
      mode: 'live',
      month: '2026-10',
      sha256: '00'.repeat(32),
      text: '',
      writtenAt: new Date(0),
      content: {
        version: 1,
        tenant_id: UUID,
        mode: 'live',
        month: '2026-10',
        from: '2026-10-01',
        until: '2026-11-01',
        lines: Array.from({ length: lines }, (_, index) => line(index + 1, `PF利用料 署名検証〜${index + 1}`, 1, 105)),
        unbilled: [],
        usage: [],
        totals: {
          events: lines,
          late_events: 0,
          contract_yen: lines * 105,
          jlis_yen: 0,
          billed_yen: lines * 105,
          billed_by_tax_category: [],
        },
      },
    },
    items: [],
    issuer: ISSUER,
    terms: TERMS,
    taxSettings: [
      { validFrom: '2019-10-01', terms: { rates: { standard: '10', reduced: '8' }, rounding: 'floor', source: 'law' } },
    ],
  });
  return { id: UUID, number: 'INV-2026-000001', issued_on: '2026-11-04', ...content };
}
