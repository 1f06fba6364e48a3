import { z } from 'zod';
import { type Dated, withPeriods } from './dated.js';
import { type Day, overlap, type Period } from './japan-month.js';
import { TAX_CATEGORIES } from './jlis-tariff.js';
import { fault, type PriceFault } from './price-fault.js';
import { tierFaults, yenFaults } from './tiers.js';
import { METERS, PURPOSES, type UsageEvent } from './usage-event.js';
import { parsePercent } from './yen.js';

/** How often the same person or certificate costs something under one price. */
export const DEDUPE_WINDOWS = ['none', 'month', 'calendar_year', 'fiscal_year'] as const;
export type DedupeWindow = (typeof DEDUPE_WINDOWS)[number];

const yen = z.string().max(20);
const day = z.iso.date();
const label = z.strictObject({ ja: z.string().min(1).max(100), en: z.string().min(1).max(100) });

const tier = z.strictObject({ up_to: z.int().min(1).max(1_000_000_000_000).nullable(), unit_price: yen });

const price = z.strictObject({
  meter: z.enum(METERS),
  /** Absent: for every purpose that has no price of its own. */
  purpose: z.enum(PURPOSES).optional(),
  /** `graduated`: each unit by its own tier. `volume`: all by the tier of the last. One tier is a flat price. */
  tiering: z.enum(['graduated', 'volume']),
  tiers: z.array(tier).min(1).max(20),
  /** Units of a whole month that cost nothing. */
  free: z.int().min(0).max(1_000_000_000_000),
  dedupe: z.enum(DEDUPE_WINDOWS),
});
export type Price = z.output<typeof price>;

const discount = z.strictObject({
  label,
  applies_to: z.enum(['base_fee', 'usage', 'all']),
  kind: z.enum(['amount', 'percent']),
  /** Yen a month, or percent of what is left after the discounts before. */
  value: yen,
  valid_from: day,
  valid_until: day,
});
export type Discount = z.output<typeof discount>;

/** What a contract costs, besides the fees of J-LIS. */
export const pricePlanTerms = z.strictObject({
  label,
  /** A month. */
  base_fee: yen,
  prices: z.array(price).min(1).max(60),
  /** What a month comes to at least: base fee, usage and discounts together. */
  minimum: yen,
  discounts: z.array(discount).max(20),
  /** Once, on a day. */
  setup: z.array(z.strictObject({ label, amount: yen, on: day })).max(20),
  /** Which outcomes of a check cost something. `invalid`: revoked, as the status is asked for nothing else. */
  billed_outcomes: z.array(z.enum(['valid', 'invalid'])).max(2),
  /** Whether the fees of J-LIS are charged on, in lines of their own. */
  pass_through: z.boolean(),
  tax_category: z.enum(TAX_CATEGORIES),
  /** The first day that is not covered any more; absent: until another plan begins or the tenant is terminated. */
  ends_on: day.optional(),
});
export type PricePlanTerms = z.output<typeof pricePlanTerms>;

export interface PricePlan extends Dated {
  terms: PricePlanTerms;
}

export function pricePlanFaults(terms: PricePlanTerms, validFrom: Day): PriceFault[] {
  const seen = new Set<string>();
  return [
    ...yenFaults(terms.base_fee, 'base_fee'),
    ...yenFaults(terms.minimum, 'minimum'),
    ...terms.prices.flatMap(({ meter, purpose, tiers }, index) => {
      const key = `${meter}|${purpose ?? ''}`;
      const twice = seen.has(key);
      seen.add(key);
      return [...fault(`prices.${index}`, !twice, 'price_twice'), ...tierFaults(tiers, `prices.${index}.tiers`)];
    }),
    ...METERS.flatMap((meter) => fault(`prices.${meter}`, seen.has(`${meter}|`), 'meter_not_priced')),
    ...terms.discounts.flatMap((each, index) => discountFaults(each, `discounts.${index}`)),
    ...terms.setup.flatMap(({ amount }, index) => yenFaults(amount, `setup.${index}.amount`)),
    ...fault('ends_on', terms.ends_on === undefined || terms.ends_on > validFrom, 'period_empty'),
  ];
}

/** A discount is one of whole months, so that a tier never has to be cut at its border. */
const discountFaults = ({ kind, value, valid_from, valid_until }: Discount, field: string): PriceFault[] => [
  ...(kind === 'amount'
    ? yenFaults(value, `${field}.value`)
    : fault(`${field}.value`, parsePercent(value) !== undefined, 'not_percent')),
  ...fault(`${field}.valid_from`, valid_from.endsWith('-01'), 'not_month_border'),
  ...fault(`${field}.valid_until`, valid_until.endsWith('-01'), 'not_month_border'),
  ...fault(`${field}.valid_until`, valid_from < valid_until, 'period_empty'),
];

/** A plan on the days of a month on which it is in force. */
export interface PlanSegment extends Period {
  plan: PricePlan;
}

/**
 * The plans of a month, each with its days.
 * @param plans oldest first
 * @param end the first day on which there is no contract any more
 */
export const planSegments = (plans: readonly PricePlan[], month: Period, end?: Day): PlanSegment[] =>
  withPeriods(plans).flatMap(({ from, until, validFrom, terms }) => {
    const ends = [until, terms.ends_on, end].filter((each) => each !== undefined).sort()[0]!;
    const days = overlap({ from, until: ends }, month);
    return days === undefined ? [] : [{ ...days, plan: { validFrom, terms } }];
  });

/** The price of what was used: that of its purpose, else that of its meter. */
export const priceFor = (
  { prices }: PricePlanTerms,
  { meter, purpose }: Pick<UsageEvent, 'meter' | 'purpose'>,
): Price | undefined =>
  prices.find((each) => each.meter === meter && each.purpose === purpose) ??
  prices.find((each) => each.meter === meter && each.purpose === undefined);

/** Purposes that a price is for. */
export const purposesOf = ({ prices }: PricePlanTerms, { meter, purpose }: Price): UsageEvent['purpose'][] =>
  purpose !== undefined
    ? [purpose]
    : PURPOSES.filter((each) => !prices.some((other) => other.meter === meter && other.purpose === each));
