import { type Day, daysIn, type Period } from './japan-month.js';
import { baseFeeText, discountText, minimumText, setupText, usageText } from './line-texts.js';
import { type Discount, type PlanSegment, type Price, priceFor, purposesOf } from './price-plan.js';
import { sumOf, type UnnumberedLine } from './rate-jlis.js';
import { unbilledByContract, type UnbilledReason, type UsageCount } from './statement.js';
import { graduatedSlices, type Slice, volumeSlices } from './tiers.js';
import { formatYen, parsePercent, parseYen, percentOf, portion, smaller, wholeYen } from './yen.js';

/** The part of the month with the plan that a count is priced by; undefined on days without a contract. */
const segmentOf = (segments: readonly PlanSegment[], day: Day): PlanSegment | undefined =>
  segments.find(({ from, until }) => from <= day && day < until);

/** Why the events of a count are in no line of the contract's prices. */
export const contractReason = (segments: readonly PlanSegment[], count: UsageCount): UnbilledReason | undefined =>
  unbilledByContract(count, segmentOf(segments, count.contractDay)?.plan.terms);

/**
 * Lines of the contract's own prices. Each plan that is in force in the month has its own base fee, usage, discounts and
 * minimum; what is a sum a month is divided by days, and tiers begin anew.
 * @param segments from `planSegments`
 */
export function rateContract(
  counts: readonly UsageCount[],
  segments: readonly PlanSegment[],
  month: Period,
): UnnumberedLine[] {
  return segments.flatMap((segment) => {
    const billed = counts.filter(
      (count) =>
        segmentOf(segments, count.contractDay) === segment &&
        unbilledByContract(count, segment.plan.terms) === undefined,
    );
    const part: Part = { segment, days: daysIn(segment), of: daysIn(month) };
    const charges = [...baseFee(part), ...usage(billed, part)];
    const reduced = [...charges, ...discounts(charges, part, month)];
    return [...reduced, ...minimum(reduced, part), ...setup(segment)];
  });
}

interface Part {
  segment: PlanSegment;
  days: number;
  /** Days of the whole month. */
  of: number;
}

const partial = ({ segment, days, of }: Part): Period | undefined => (days < of ? segment : undefined);

const lineOf = (
  { from, until, plan }: PlanSegment,
  line: Pick<UnnumberedLine, 'kind' | 'description' | 'quantity' | 'unit_price' | 'amount_yen'> &
    Partial<UnnumberedLine>,
): UnnumberedLine => ({
  layer: 'contract',
  billed: true,
  meter: null,
  purpose: null,
  from,
  until,
  tax_category: plan.terms.tax_category,
  price_reference: plan.validFrom,
  events: null,
  ...line,
});

/** A line of one whole amount; nothing for no yen. */
const single = (
  segment: PlanSegment,
  kind: UnnumberedLine['kind'],
  description: UnnumberedLine['description'],
  yen: number,
): UnnumberedLine[] =>
  yen === 0
    ? []
    : [
        lineOf(segment, {
          kind,
          description,
          quantity: 1,
          unit_price: formatYen(BigInt(yen) * 1000n),
          amount_yen: yen,
        }),
      ];

function baseFee(part: Part): UnnumberedLine[] {
  const { label, base_fee } = part.segment.plan.terms;
  const yen = wholeYen(portion(parseYen(base_fee), part.days, part.of));
  return single(part.segment, 'base_fee', baseFeeText(label, partial(part)), yen);
}

/** Free units first, then the tiers, counted from the first unit that costs something. */
function usage(counts: readonly UsageCount[], { segment, days, of }: Part): UnnumberedLine[] {
  const { terms } = segment.plan;
  return terms.prices.flatMap((price) => {
    const quantity = counts
      .filter((count) => priceFor(terms, count) === price)
      .reduce((sum, { events }) => sum + events, 0);
    const free = Math.min(quantity, Number(portion(BigInt(price.free), days, of)));
    const slicesOf = price.tiering === 'graduated' ? graduatedSlices : volumeSlices;
    const paid = slicesOf(price.tiers, quantity - free).map((slice) => ({ ...slice, first: slice.first + free }));
    const allowance = free > 0 ? [usageLine(segment, price, { first: 0, count: free, unitPrice: '0' }, true)] : [];
    return [...allowance, ...paid.map((slice) => usageLine(segment, price, slice, false))];
  });
}

function usageLine(
  segment: PlanSegment,
  price: Price,
  { first, count, unitPrice }: Slice,
  free: boolean,
): UnnumberedLine {
  const { meter, purpose } = price;
  return lineOf(segment, {
    kind: 'usage',
    meter,
    purpose: purpose ?? null,
    description: usageText(meter, purpose, free),
    quantity: count,
    unit_price: unitPrice,
    amount_yen: wholeYen(BigInt(count) * parseYen(unitPrice)),
    events: {
      layer: 'contract',
      meter,
      purposes: purposesOf(segment.plan.terms, price),
      outcomes: segment.plan.terms.billed_outcomes,
      again: false,
      late: false,
      from: segment.from,
      until: segment.until,
      skip: first,
      take: count,
    },
  });
}

const BASE_OF: Record<Discount['applies_to'], readonly ('base_fee' | 'usage')[]> = {
  base_fee: ['base_fee'],
  usage: ['usage'],
  all: ['base_fee', 'usage'],
};

/** In the order of the plan; each of what the ones before have left of the same charges, and never more than that. */
function discounts(charges: readonly UnnumberedLine[], { segment, days, of }: Part, month: Period): UnnumberedLine[] {
  const left = { base_fee: sumOf(ofKinds(charges, ['base_fee'])), usage: sumOf(ofKinds(charges, ['usage'])) };
  return segment.plan.terms.discounts
    .filter(({ valid_from, valid_until }) => valid_from <= month.from && month.from < valid_until)
    .flatMap((discount) => {
      const kinds = BASE_OF[discount.applies_to];
      const base = BigInt(kinds.reduce((sum, kind) => sum + left[kind], 0)) * 1000n;
      const off =
        discount.kind === 'amount'
          ? portion(parseYen(discount.value), days, of)
          : percentOf(base, parsePercent(discount.value)!);
      const yen = wholeYen(smaller(off, base));
      let rest = yen;
      for (const kind of kinds) {
        const taken = Math.min(rest, left[kind]);
        left[kind] -= taken;
        rest -= taken;
      }
      return single(segment, 'discount', discountText(discount.label), -yen);
    });
}

const ofKinds = (lines: readonly UnnumberedLine[], kinds: readonly UnnumberedLine['kind'][]): UnnumberedLine[] =>
  lines.filter(({ kind }) => kinds.includes(kind));

function minimum(charges: readonly UnnumberedLine[], part: Part): UnnumberedLine[] {
  const least = wholeYen(portion(parseYen(part.segment.plan.terms.minimum), part.days, part.of));
  return single(part.segment, 'minimum', minimumText(partial(part)), Math.max(0, least - sumOf(charges)));
}

const setup = (segment: PlanSegment): UnnumberedLine[] =>
  segment.plan.terms.setup
    .filter(({ on }) => segment.from <= on && on < segment.until)
    .flatMap(({ label, amount }) => single(segment, 'setup', setupText(label), wholeYen(parseYen(amount))));
