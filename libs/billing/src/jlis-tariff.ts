import { z } from 'zod';
import { Problem } from '#lib/platform';
import { type Dated, inForceOn } from './dated.js';
import type { Day } from './japan-month.js';
import { fault, type PriceFault } from './price-fault.js';
import { yenFaults } from './tiers.js';
import { METERS } from './usage-event.js';

/** How a line is taxed; which rate that is on a day, the invoice says. */
export const TAX_CATEGORIES = ['standard', 'reduced', 'exempt', 'out_of_scope'] as const;
export type TaxCategory = (typeof TAX_CATEGORIES)[number];

/**
 * What J-LIS has a fee for. `serial_linkage` and `age_check` leave no usage event of their own: what they may cost is the
 * validity check made with them.
 */
export const JLIS_ITEMS = [...METERS, 'serial_linkage', 'age_check'] as const;
export type JlisItem = (typeof JLIS_ITEMS)[number];

const price = z.string().max(20);

/** Without an id: it is part of several named schemas. */
export const jlisTariffTerms = z.strictObject({
  /** Fee of one, in yen; an item that is absent cannot be had. Zero is a fee. */
  rates: z.partialRecord(z.enum(JLIS_ITEMS), price),
  /** When the year of the status checks begins, MM-DD. */
  year_start: z.string().max(5),
  tax_category: z.enum(TAX_CATEGORIES),
  /** Where it says so. */
  source: z.string().min(3).max(300),
});
export type JlisTariffTerms = z.output<typeof jlisTariffTerms>;

export interface JlisTariff extends Dated {
  terms: JlisTariffTerms;
}

/** MM-DD of every year: 29 February is none. */
export function isDayOfEveryYear(text: string): boolean {
  const match = /^([0-9]{2})-([0-9]{2})$/.exec(text);
  if (!match) return false;
  return new Date(Date.UTC(2023, Number(match[1]) - 1, Number(match[2]))).toISOString().slice(5, 10) === text;
}

export const jlisTariffFaults = ({ rates, year_start }: JlisTariffTerms): PriceFault[] => [
  ...Object.entries(rates).flatMap(([item, rate]) => yenFaults(rate, `rates.${item}`)),
  ...fault('year_start', isDayOfEveryYear(year_start), 'year_start'),
];

/** @throws Problem `rate_missing`: what was used had no fee on that day, which has to be cleared up before anything is charged. */
export function rateOn(tariffs: readonly JlisTariff[], item: JlisItem, day: Day): string {
  const rate = inForceOn(tariffs, day)?.terms.rates[item];
  if (rate === undefined) throw new Problem('rate_missing', { meter: item, day });
  return rate;
}
