import { fault, type PriceFault } from './price-fault.js';
import { parseYen, YEN_PATTERN } from './yen.js';

/** A step of a price: for units up to and with the `up_to`-th of a month; null: without end. */
export interface Tier {
  up_to: number | null;
  /** Yen with at most three decimals. */
  unit_price: string;
}

/** Units of one price: the first one's number, counted from zero, how many, and what each costs. */
export interface Slice {
  first: number;
  count: number;
  unitPrice: string;
}

/** Each unit costs what its own tier says. */
export function graduatedSlices(tiers: readonly Tier[], quantity: number): Slice[] {
  const slices: Slice[] = [];
  let first = 0;
  for (const { up_to, unit_price } of tiers) {
    const end = Math.min(quantity, up_to ?? quantity);
    if (end > first) slices.push({ first, count: end - first, unitPrice: unit_price });
    first = Math.max(first, end);
  }
  return slices;
}

/** Every unit costs what the tier of the last one says. */
export function volumeSlices(tiers: readonly Tier[], quantity: number): Slice[] {
  const tier = tiers.find(({ up_to }) => up_to === null || quantity <= up_to);
  return quantity === 0 || !tier ? [] : [{ first: 0, count: quantity, unitPrice: tier.unit_price }];
}

/** Faults of a table of tiers at `field`. */
export function tierFaults(tiers: readonly Tier[], field: string): PriceFault[] {
  const faults = tiers.flatMap(({ unit_price }, index) => yenFaults(unit_price, `${field}.${index}.unit_price`));
  let before = 0;
  for (const [index, { up_to }] of tiers.entries()) {
    const last = index === tiers.length - 1;
    faults.push(...fault(`${field}.${index}.up_to`, (up_to === null) === last, 'tiers_not_open'));
    if (up_to === null) continue;
    faults.push(...fault(`${field}.${index}.up_to`, up_to > before, 'tiers_not_increasing'));
    before = up_to;
  }
  return faults;
}

/** A price is yen and not negative; zero is a price. */
export const yenFaults = (text: string, field: string): PriceFault[] =>
  YEN_PATTERN.test(text) ? fault(field, parseYen(text) >= 0n, 'negative') : [{ field, rule: 'not_yen' }];
