import { z } from 'zod';
import { dayAfter, type Mode, Problem } from '#lib/platform';
import { dueDay } from './business-day.js';
import {
  type InvoiceIssuerTerms,
  type InvoiceTermsTerms,
  taxOf,
  type TaxRounding,
  taxRateOn,
  type TaxSetting,
} from './invoice-settings.js';
import { inForceOn } from './dated.js';
import type { Day, Month } from './japan-month.js';
import { TAX_CATEGORIES, type TaxCategory } from './jlis-tariff.js';
import type { Statement } from './statements.js';
import type { Layer, StatementLine } from './statement.js';

/** Something put on an invoice besides the statement: below zero a credit. Whole yen without tax. */
const words = z
  .string()
  .min(1)
  .max(100)
  .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must not contain control characters');
export const invoiceItem = z.strictObject({
  description: z.strictObject({ ja: words, en: words }),
  amount_yen: z.int().min(-1_000_000_000).max(1_000_000_000),
  tax_category: z.enum(TAX_CATEGORIES),
  /** When what is credited, or charged, was delivered: says the tax rate. */
  on: z.iso.date(),
});
export type InvoiceItem = z.output<typeof invoiceItem> & { credits?: InvoiceReference };

/** Another invoice, as an invoice names it. */
export interface InvoiceReference {
  /** UUID */
  id: string;
  number: string;
  issued_on: Day;
}

export interface InvoiceLine extends Pick<
  StatementLine,
  'description' | 'from' | 'until' | 'quantity' | 'unit_price' | 'amount_yen' | 'tax_category'
> {
  number: number;
  kind: StatementLine['kind'] | 'credit' | 'extra';
  layer: Layer | null;
  /** Where the line of the statement leads to usage events. */
  statement_line: number | null;
  /** Percent; null: no tax is reckoned. */
  tax_rate: string | null;
  /** The invoice that a credit is of. */
  credits: InvoiceReference | null;
}

/** All of one category and rate, with the tax of it, rounded here and nowhere else. */
export interface InvoiceTax {
  tax_category: TaxCategory;
  tax_rate: string | null;
  amount_yen: number;
  tax_yen: number;
}

/**
 * What two people agree on: everything an invoice says but its number and its day. A pure function of the statement and of
 * what was in force.
 */
export interface InvoiceContent {
  version: 1;
  tenant_id: string;
  mode: Mode;
  month: Month;
  /** Days that are billed, `until` not among them. */
  from: Day;
  until: Day;
  statement: { id: string; sha256: string };
  issuer: InvoiceIssuerTerms;
  recipient: { name: string; address: string };
  closed_on: Day;
  due_on: Day;
  /** The void invoice in whose place this one comes. */
  corrects: InvoiceReference | null;
  lines: InvoiceLine[];
  taxes: InvoiceTax[];
  tax_rounding: TaxRounding;
  totals: { amount_yen: number; tax_yen: number; total_yen: number };
}

/** A finalized invoice: what was agreed on, with its number and its day. */
export interface InvoiceDocument extends InvoiceContent {
  /** UUID */
  id: string;
  number: string;
  /** In Japan, by the clock of the mode. */
  issued_on: Day;
}

/** What an invoice is made of. */
export interface InvoiceParts {
  statement: Statement;
  items: readonly InvoiceItem[];
  issuer: InvoiceIssuerTerms;
  terms: InvoiceTermsTerms;
  /** Oldest first. */
  taxSettings: readonly TaxSetting[];
  corrects?: InvoiceReference;
}

/** @throws Problem `tax_rate_missing`, `holidays_unknown`, `nothing_to_invoice`, `invoice_below_zero` */
export function composeInvoice({
  statement,
  items,
  issuer,
  terms,
  taxSettings,
  corrects,
}: InvoiceParts): InvoiceContent {
  const { content } = statement;
  const lines = [...content.lines.filter(({ billed }) => billed).map(statementLine), ...items.map(itemLine)].map(
    (line, index): InvoiceLine => ({
      number: index + 1,
      ...line,
      tax_rate: taxRateOn(taxSettings, line.tax_category, line.from),
    }),
  );
  if (lines.every(({ amount_yen }) => amount_yen === 0)) throw new Problem('nothing_to_invoice');
  // The rule of the month, so that an invoice made anew for it comes out as before.
  const rule = inForceOn(taxSettings, content.from);
  if (!rule) throw new Problem('tax_rate_missing', { tax_category: 'standard', day: content.from });
  const taxes = taxesOf(lines, rule.terms.rounding);
  const { closedOn, dueOn } = dueDay(content.month, terms);
  const amount = sum(taxes.map(({ amount_yen }) => amount_yen));
  const tax = sum(taxes.map(({ tax_yen }) => tax_yen));
  return {
    version: 1,
    tenant_id: statement.tenantId,
    mode: statement.mode,
    month: content.month,
    from: content.from,
    until: content.until,
    statement: { id: statement.id, sha256: statement.sha256 },
    issuer,
    recipient: { name: terms.recipient_name, address: terms.recipient_address },
    closed_on: closedOn,
    due_on: dueOn,
    corrects: corrects ?? null,
    lines,
    taxes,
    tax_rounding: rule.terms.rounding,
    totals: { amount_yen: amount, tax_yen: tax, total_yen: amount + tax },
  };
}

type Untaxed = Omit<InvoiceLine, 'number' | 'tax_rate'>;

const statementLine = (line: StatementLine): Untaxed => ({
  kind: line.kind,
  layer: line.layer,
  statement_line: line.number,
  description: line.description,
  from: line.from,
  until: line.until,
  quantity: line.quantity,
  unit_price: line.unit_price,
  amount_yen: line.amount_yen,
  tax_category: line.tax_category,
  credits: null,
});

const itemLine = ({ description, amount_yen, tax_category, on, credits }: InvoiceItem): Untaxed => ({
  kind: amount_yen < 0 ? 'credit' : 'extra',
  layer: null,
  statement_line: null,
  description,
  from: on,
  until: dayAfter(on),
  quantity: 1,
  unit_price: String(amount_yen),
  amount_yen,
  tax_category,
  credits: credits ?? null,
});

const sum = (yen: readonly number[]): number => {
  const total = yen.reduce((before, each) => before + each, 0);
  if (!Number.isSafeInteger(total)) throw new RangeError('the sum is beyond 2^53 yen');
  return total;
};

/** Lines are added up by category and rate first; each sum is taxed and rounded once (NTA Q&A no. 57). */
function taxesOf(lines: readonly InvoiceLine[], rounding: TaxRounding): InvoiceTax[] {
  const groups = new Map<string, InvoiceLine[]>();
  for (const line of lines) groups.set(keyOf(line), [...(groups.get(keyOf(line)) ?? []), line]);
  return [...groups.keys()].sort().map((key) => {
    const [{ tax_category, tax_rate }] = groups.get(key) as [InvoiceLine];
    const amount_yen = sum(groups.get(key)!.map((line) => line.amount_yen));
    if (amount_yen < 0) throw new Problem('invoice_below_zero', { tax_category });
    return { tax_category, tax_rate, amount_yen, tax_yen: taxOf(amount_yen, tax_rate, rounding) };
  });
}

/** In the order of the categories, higher rates first. */
const keyOf = ({ tax_category, tax_rate }: InvoiceLine): string =>
  `${TAX_CATEGORIES.indexOf(tax_category)}|${String(10_000 - Number(tax_rate ?? 0) * 100).padStart(5, '0')}`;
