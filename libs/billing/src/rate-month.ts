import { type Mode, toPublicId } from '#lib/platform';
import type { Day, Month } from './japan-month.js';
import { periodOf } from './japan-month.js';
import type { PlanSegment } from './price-plan.js';
import { contractReason, rateContract } from './rate-contract.js';
import { type AllocatedReduction, type JlisPrices, rateJlis, sumOf } from './rate-jlis.js';
import { type StatementContent, type StatementLine, unbilledByJlis, type UsageCount } from './statement.js';

/** Everything a statement is a function of. */
export interface MonthOfTenant {
  tenantId: string;
  mode: Mode;
  month: Month;
  counts: readonly UsageCount[];
  /** First days of the times that have J-LIS fees of their own, oldest first. */
  starts: readonly Day[];
  jlis: JlisPrices;
  segments: readonly PlanSegment[];
  allocated?: readonly AllocatedReduction[];
}

/**
 * The statement of a month. The order of the counts does not matter, and how they are cut does not either.
 * @throws Problem `rate_missing`
 */
export function rateMonth(input: MonthOfTenant): StatementContent {
  const { counts, segments, month } = input;
  const period = periodOf(month);
  const passThrough = segments.at(-1)?.plan.terms.pass_through ?? false;
  const jlis = rateJlis(counts, input.jlis, period, input.starts, passThrough, input.allocated);
  const lines = [...jlis, ...rateContract(counts, segments, period)].map((line, index) => ({
    number: index + 1,
    ...line,
  }));
  const billed = lines.filter((line) => line.billed);
  return {
    version: 1,
    tenant_id: toPublicId('ten', input.tenantId),
    mode: input.mode,
    month,
    ...period,
    lines,
    unbilled: unbilledOf(counts, segments),
    usage: usageOf(counts),
    totals: {
      events: eventsOf(counts),
      late_events: eventsOf(counts.filter(({ late }) => late)),
      contract_yen: sumOf(lines.filter(({ layer }) => layer === 'contract')),
      jlis_yen: sumOf(jlis),
      billed_yen: sumOf(billed),
      billed_by_tax_category: byTaxCategory(billed),
    },
  };
}

/** One text for one statement: its hash is over these bytes. */
export const statementText = (content: StatementContent): string => JSON.stringify(content);

const eventsOf = (counts: readonly Pick<UsageCount, 'events'>[]): number =>
  counts.reduce((sum, { events }) => sum + events, 0);

function unbilledOf(counts: readonly UsageCount[], segments: readonly PlanSegment[]): StatementContent['unbilled'] {
  return summed(
    counts.flatMap((count) => {
      const { meter, events } = count;
      const [jlis, contract] = [unbilledByJlis(count), contractReason(segments, count)];
      return [
        ...(jlis === undefined ? [] : [{ layer: 'jlis' as const, meter, reason: jlis, events }]),
        ...(contract === undefined ? [] : [{ layer: 'contract' as const, meter, reason: contract, events }]),
      ];
    }),
  );
}

const usageOf = (counts: readonly UsageCount[]): StatementContent['usage'] =>
  summed(
    counts.map(({ meter, method, purpose, outcome, certificateKind, jlis, late, events }) => ({
      meter,
      method,
      purpose,
      outcome,
      certificate_kind: certificateKind,
      jlis,
      late,
      events,
    })),
  );

/** Adds up what differs in its number of events alone, in one order. */
function summed<T extends { events: number }>(rows: readonly T[]): T[] {
  const sums = new Map<string, T>();
  for (const row of rows) {
    const key = JSON.stringify({ ...row, events: 0 });
    sums.set(key, { ...row, events: row.events + (sums.get(key)?.events ?? 0) });
  }
  return [...sums].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}

function byTaxCategory(lines: readonly StatementLine[]): StatementContent['totals']['billed_by_tax_category'] {
  const categories = [...new Set(lines.map(({ tax_category }) => tax_category))].sort();
  return categories.map((tax_category) => ({
    tax_category,
    amount_yen: sumOf(lines.filter((line) => line.tax_category === tax_category)),
  }));
}
