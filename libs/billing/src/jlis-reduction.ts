import { z } from 'zod';
import type { Period } from './japan-month.js';
import { type PriceFault, fault } from './price-fault.js';
import { yenFaults } from './tiers.js';
import { METERS } from './usage-event.js';
import { type MilliYen, parsePercent, parseYen, percentOf, smaller } from './yen.js';

export const REDUCTION_GROUNDS = ['volume', 'public_interest', 'other'] as const;

/** Off the fee of one (`unit_price`), or off what a month comes to (`total`). */
export const jlisReductionTerms = z.strictObject({
  applies_to: z.enum(['unit_price', 'total']),
  /** Absent: all meters. A reduction of the total is of all meters. */
  meter: z.enum(METERS).optional(),
  kind: z.enum(['amount', 'percent']),
  /** Yen, or percent of what is left after the reductions before. */
  value: z.string().max(20),
  ground: z.enum(REDUCTION_GROUNDS),
  /** Of the letter by which J-LIS granted it. */
  approval_reference: z.string().min(1).max(100),
});
export type JlisReductionTerms = z.output<typeof jlisReductionTerms>;

/** In force on some days, for one tenant or, without one, for everything the platform reports. */
export interface JlisReduction extends Period {
  id: string;
  tenantId?: string;
  terms: JlisReductionTerms;
}

export function jlisReductionFaults(terms: JlisReductionTerms, { from, until }: Period): PriceFault[] {
  const border = (field: string, day: string): PriceFault[] =>
    // A total is one of a whole month.
    fault(field, terms.applies_to === 'unit_price' || day.endsWith('-01'), 'not_month_border');
  return [
    ...(terms.kind === 'amount'
      ? yenFaults(terms.value, 'value')
      : fault('value', parsePercent(terms.value) !== undefined, 'not_percent')),
    ...fault('valid_until', from < until, 'period_empty'),
    ...border('valid_from', from),
    ...border('valid_until', until),
    ...fault('meter', terms.applies_to === 'unit_price' || terms.meter === undefined, 'price_twice'),
  ];
}

/**
 * What reductions take off an amount, one after the other: those of an amount before those of a percentage, the older
 * before the newer, and never below zero.
 */
export function takeOff(
  amount: MilliYen,
  reductions: readonly JlisReduction[],
): { left: MilliYen; taken: { reduction: JlisReduction; amount: MilliYen }[] } {
  let left = amount;
  const taken = inOrder(reductions).map((reduction) => {
    const { kind, value } = reduction.terms;
    const off = kind === 'amount' ? parseYen(value) : percentOf(left, parsePercent(value)!);
    const possible = smaller(off, left);
    left -= possible;
    return { reduction, amount: possible };
  });
  return { left, taken };
}

/** The order of application, which has to be the same every time. */
const inOrder = (reductions: readonly JlisReduction[]): JlisReduction[] =>
  [...reductions].sort(
    (a, b) =>
      Number(a.terms.kind === 'percent') - Number(b.terms.kind === 'percent') ||
      compare(a.from, b.from) ||
      compare(a.id, b.id),
  );

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/**
 * Divides whole yen among tenants in proportion to what each comes to, by the largest remainder; equal remainders go to the
 * smaller id first. What is given out is exactly `yen`, or nothing where nobody owes anything.
 */
export function allocate(yen: number, owed: ReadonlyMap<string, number>): Map<string, number> {
  const tenants = [...owed].filter(([, share]) => share > 0).sort(([a], [b]) => compare(a, b));
  const sum = tenants.reduce((total, [, share]) => total + BigInt(share), 0n);
  if (sum === 0n) return new Map();
  const parts = tenants.map(([tenant, share]) => {
    const exact = BigInt(yen) * BigInt(share);
    return { tenant, yen: exact / sum, remainder: exact % sum };
  });
  let rest = BigInt(yen) - parts.reduce((total, part) => total + part.yen, 0n);
  const byRemainder = [...parts].sort((a, b) => (a.remainder < b.remainder ? 1 : a.remainder > b.remainder ? -1 : 0));
  for (const part of byRemainder) {
    if (rest === 0n) break;
    part.yen += 1n;
    rest -= 1n;
  }
  return new Map(parts.map((part) => [part.tenant, Number(part.yen)]));
}
