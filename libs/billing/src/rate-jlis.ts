import type { Day, Period } from './japan-month.js';
import { inForceOn } from './dated.js';
import { type JlisReduction, takeOff } from './jlis-reduction.js';
import { type JlisTariff, rateOn } from './jlis-tariff.js';
import { feeText, reductionText } from './line-texts.js';
import { type StatementLine, unbilledByJlis, type UsageCount } from './statement.js';
import { METERS, type UsageEvent } from './usage-event.js';
import { formatYen, type MilliYen, parseYen, wholeYen } from './yen.js';

export type UnnumberedLine = Omit<StatementLine, 'number'>;

export interface JlisPrices {
  /** Oldest first. */
  tariffs: readonly JlisTariff[];
  /** Those of the tenant and of the whole platform. */
  reductions: readonly JlisReduction[];
}

/** What reductions of the whole platform's total take off this tenant's. */
export interface AllocatedReduction {
  reduction: JlisReduction;
  yen: number;
}

/**
 * Lines of J-LIS's fees: events times the fee of their day. Order of application: reductions of the unit price, whole yen
 * for each line, the tenant's reductions of the total, its shares of the platform's.
 * @param starts first days of the times that have prices of their own, oldest first; each count is of one of them
 * @throws Problem `rate_missing`
 */
export function rateJlis(
  counts: readonly UsageCount[],
  prices: JlisPrices,
  month: Period,
  starts: readonly Day[],
  billed: boolean,
  allocated: readonly AllocatedReduction[] = [],
): UnnumberedLine[] {
  const counted = counts.filter((count) => unbilledByJlis(count) === undefined);
  const lost = counted.find(({ jlisDay }) => !starts.includes(jlisDay));
  if (lost) throw new Error(`no prices begin on ${lost.jlisDay}`);
  const fees = METERS.flatMap((meter) =>
    [false, true].flatMap((late) =>
      [false, true].flatMap((again) => {
        const of = counted.filter(
          (count) => count.meter === meter && count.late === late && (count.jlis === 'again') === again,
        );
        return of.length === 0 ? [] : feeLines(of, { meter, again, late, billed }, prices, month, starts);
      }),
    ),
  );
  return [...fees, ...totalReductions(fees, prices, month, billed), ...shares(allocated, prices, month, billed)];
}

interface FeeOf {
  meter: UsageEvent['meter'];
  again: boolean;
  late: boolean;
  billed: boolean;
}

/** One line for each stretch of days on which the fee stays the same. */
function feeLines(
  counts: readonly UsageCount[],
  { meter, again, late, billed }: FeeOf,
  prices: JlisPrices,
  month: Period,
  starts: readonly Day[],
): UnnumberedLine[] {
  const lines: UnnumberedLine[] = [];
  let open: UnnumberedLine | undefined;
  for (const [index, from] of starts.entries()) {
    const events = counts.filter(({ jlisDay }) => jlisDay === from).reduce((sum, count) => sum + count.events, 0);
    const until = starts[index + 1] ?? month.until;
    const fee = feeOn(prices, meter, from, events > 0);
    if (fee === undefined) {
      open = undefined;
      continue;
    }
    const unit_price = formatYen(again ? 0n : fee.price);
    if (open && !from.endsWith('-01') && open.unit_price === unit_price && open.price_reference === fee.reference) {
      open.until = until;
      open.quantity += events;
    } else {
      open = {
        layer: 'jlis',
        kind: 'fee',
        billed,
        meter,
        purpose: null,
        description: feeText(meter, again, late),
        from,
        until,
        quantity: events,
        unit_price,
        amount_yen: 0,
        tax_category: fee.tax,
        price_reference: fee.reference,
        events: null,
      };
      lines.push(open);
    }
  }
  return lines
    .filter(({ quantity }) => quantity > 0)
    .map((line) => ({
      ...line,
      amount_yen: wholeYen(BigInt(line.quantity) * parseYen(line.unit_price)),
      events: {
        layer: 'jlis',
        meter,
        purposes: null,
        outcomes: ['valid', 'invalid'],
        again,
        late,
        from: line.from,
        until: line.until,
        skip: 0,
        take: line.quantity,
      },
    }));
}

/** The fee of one on a day after the reductions of the unit price; undefined where there is none and none is needed. */
function feeOn(
  { tariffs, reductions }: JlisPrices,
  meter: UsageEvent['meter'],
  day: Day,
  needed: boolean,
): { price: MilliYen; reference: string; tax: StatementLine['tax_category'] } | undefined {
  const tariff = inForceOn(tariffs, day);
  if (tariff?.terms.rates[meter] === undefined && !needed) return undefined;
  const rate = rateOn(tariffs, meter, day);
  const applying = reductions.filter(
    ({ from, until, terms }) =>
      terms.applies_to === 'unit_price' && from <= day && day < until && (terms.meter ?? meter) === meter,
  );
  const { left, taken } = takeOff(parseYen(rate), applying);
  return {
    price: left,
    reference: [tariff!.validFrom, ...taken.map(({ reduction }) => reduction.terms.approval_reference)].join(' '),
    tax: tariff!.terms.tax_category,
  };
}

/** Reductions of the whole month's total in force in it. */
export const totalReductionsIn = (reductions: readonly JlisReduction[], month: Period): JlisReduction[] =>
  reductions.filter(
    ({ from, until, terms }) => terms.applies_to === 'total' && from <= month.from && month.from < until,
  );

/** Whole yen. */
export const sumOf = (lines: readonly Pick<StatementLine, 'amount_yen'>[]): number =>
  lines.reduce((sum, { amount_yen }) => sum + amount_yen, 0);

function totalReductions(
  fees: readonly UnnumberedLine[],
  prices: JlisPrices,
  month: Period,
  billed: boolean,
): UnnumberedLine[] {
  const own = totalReductionsIn(prices.reductions, month).filter(({ tenantId }) => tenantId !== undefined);
  const { taken } = takeOff(BigInt(sumOf(fees)) * 1000n, own);
  return taken.map(({ reduction, amount }) => reductionLine(reduction, wholeYen(amount), prices, month, billed));
}

const shares = (
  allocated: readonly AllocatedReduction[],
  prices: JlisPrices,
  month: Period,
  billed: boolean,
): UnnumberedLine[] =>
  allocated
    .filter(({ yen }) => yen > 0)
    .map(({ reduction, yen }) => reductionLine(reduction, yen, prices, month, billed));

const reductionLine = (
  { id, tenantId, terms }: JlisReduction,
  yen: number,
  { tariffs }: JlisPrices,
  { from, until }: Period,
  billed: boolean,
): UnnumberedLine => ({
  layer: 'jlis',
  kind: 'reduction',
  billed,
  meter: null,
  purpose: null,
  description: reductionText(terms.approval_reference, tenantId === undefined),
  from,
  until,
  quantity: 1,
  unit_price: formatYen(-BigInt(yen) * 1000n),
  amount_yen: yen === 0 ? 0 : -yen,
  tax_category: inForceOn(tariffs, from)?.terms.tax_category ?? 'standard',
  price_reference: id,
  events: null,
});
