import { z } from 'zod';
import { hasCorporateCheckDigit, Problem } from '#lib/platform';
import { SHIFTS } from './business-day.js';
import { type Dated, inForceOn } from './dated.js';
import type { Day } from './japan-month.js';
import { isDayOfEveryYear, type TaxCategory } from './jlis-tariff.js';
import { fault, type PriceFault } from './price-fault.js';
import { parsePercent } from './yen.js';

/** What an invoice says besides a statement's lines. Without ids: they are part of several named schemas. */
export const TAX_ROUNDINGS = ['floor', 'half_up', 'ceiling'] as const;
export type TaxRounding = (typeof TAX_ROUNDINGS)[number];

const percent = z.string().max(6);
/** A line of print: no control characters and no halves of surrogate pairs. */
const line = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must not contain control characters');

/** Rates of consumption tax, and the issuer's rule for what is below a yen. */
export const taxSettingTerms = z.strictObject({
  rates: z.strictObject({ standard: percent, reduced: percent.optional() }),
  rounding: z.enum(TAX_ROUNDINGS),
  /** Where it says so. */
  source: z.string().min(3).max(300),
});
export type TaxSettingTerms = z.output<typeof taxSettingTerms>;
export interface TaxSetting extends Dated {
  terms: TaxSettingTerms;
}

export const invoiceIssuerTerms = z.strictObject({
  name: line,
  /** T and the corporate number of the issuer. */
  registration_number: z.string().max(20),
  address: line,
  /** The account that is paid into, as it is printed. */
  payment: z
    .string()
    .min(1)
    .max(400)
    .regex(/^(?:[^\p{Cc}\p{Cs}]|\n)*$/u, 'must not contain control characters'),
  /** MM-DD: numbers begin anew with it. */
  fiscal_year_start: z.string().max(5),
});
export type InvoiceIssuerTerms = z.output<typeof invoiceIssuerTerms>;
export interface InvoiceIssuer extends Dated {
  terms: InvoiceIssuerTerms;
}

const dayOfMonth = z.union([z.literal('end'), z.int().min(1).max(28)]);

export const invoiceTermsTerms = z.strictObject({
  /** The company that is billed, by its full name. */
  recipient_name: line,
  recipient_address: line,
  /** 締日: the end of the month of use, or a day of the next one. */
  closing_day: dayOfMonth,
  /** So many months after the closing day's. */
  due_months: z.int().min(1).max(6),
  due_day: dayOfMonth,
  /** When banks rest on that day. */
  due_shift: z.enum(SHIFTS),
});
export type InvoiceTermsTerms = z.output<typeof invoiceTermsTerms>;
export interface InvoiceTerms extends Dated {
  terms: InvoiceTermsTerms;
}

/** Rates change on the first of a month, so that no line lies under two. */
export const taxSettingFaults = ({ rates }: TaxSettingTerms, validFrom: Day): PriceFault[] => [
  ...Object.entries(rates).flatMap(([name, rate]) =>
    fault(`rates.${name}`, rate === undefined || parsePercent(rate) !== undefined, 'not_percent'),
  ),
  ...fault('valid_from', validFrom.endsWith('-01'), 'not_month_border'),
];

export const invoiceIssuerFaults = ({ registration_number, fiscal_year_start }: InvoiceIssuerTerms): PriceFault[] => {
  const isForm = /^T[1-9][0-9]{12}$/.test(registration_number);
  return [
    ...fault('registration_number', isForm, 'registration_form'),
    ...fault('registration_number', !isForm || hasCorporateCheckDigit(registration_number.slice(1)), 'check_digit'),
    ...fault('fiscal_year_start', isDayOfEveryYear(fiscal_year_start), 'year_start'),
  ];
};

/**
 * Percent of a category on a day; null where no tax is reckoned.
 * @param settings oldest first
 * @throws Problem `tax_rate_missing`
 */
export function taxRateOn(settings: readonly TaxSetting[], category: TaxCategory, day: Day): string | null {
  if (category === 'exempt' || category === 'out_of_scope') return null;
  const rate = inForceOn(settings, day)?.terms.rates[category];
  if (rate === undefined) throw new Problem('tax_rate_missing', { tax_category: category, day });
  return rate;
}

/** Whole yen of tax on an amount that is not negative. */
export function taxOf(amountYen: number, rate: string | null, rounding: TaxRounding): number {
  const hundredths = rate === null ? 0n : parsePercent(rate);
  if (hundredths === undefined || amountYen < 0) throw new RangeError('no amount or rate that tax is reckoned of');
  const added = { floor: 0n, half_up: 5_000n, ceiling: 9_999n }[rounding];
  return Number((BigInt(amountYen) * hundredths + added) / 10_000n);
}
