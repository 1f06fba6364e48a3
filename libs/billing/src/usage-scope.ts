import type { EntityManager } from 'typeorm';
import { japanDay, type Mode } from '#lib/platform';
import { type Day, type Period, startOf, yearStart } from './japan-month.js';
import type { JlisReduction } from './jlis-reduction.js';
import type { JlisTariff } from './jlis-tariff.js';
import { inForceOn } from './dated.js';
import { type JlisRecognition, readRecognitions, readReductions, readTariffs } from './price-book.js';
import { planSegments, type PlanSegment, type PricePlan, purposesOf, type DedupeWindow } from './price-plan.js';

const DAY_MS = 86_400_000;

/** What a closing sees of the events; `seen` null: everything there is now. */
export interface Sight {
  seen: string | null;
  seenBefore: string | null;
  seenBeforeAt: Date | null;
}

/** The prices of one tenant in a month. */
export interface TenantPrices {
  tenantId: string;
  plans: readonly PricePlan[];
  segments: readonly PlanSegment[];
}

export interface ModePrices {
  tariffs: readonly JlisTariff[];
  reductions: readonly JlisReduction[];
  recognitions: readonly JlisRecognition[];
}

/** What J-LIS takes in a mode, as it stands. */
export async function readModePrices(manager: Pick<EntityManager, 'query'>, mode: Mode): Promise<ModePrices> {
  return {
    tariffs: await readTariffs(manager, mode),
    reductions: await readReductions(manager, mode),
    recognitions: await readRecognitions(manager, mode),
  };
}

/** The plans of a tenant in a month. @param terminatedAt milliseconds; the day of it is the last one of the contract */
export function tenantPrices(
  tenantId: string,
  plans: readonly PricePlan[],
  month: Period,
  terminatedAt?: number,
): TenantPrices {
  const end = terminatedAt === undefined ? undefined : japanDay(terminatedAt + DAY_MS);
  return { tenantId, plans, segments: planSegments(plans, month, end) };
}

/** Before every tariff. */
const FIRST_DAY: Day = '1900-01-01';
/** Months before this one that a late event has a line of its own for. */
const LATE_MONTHS = 12;

/** First days of the times that have J-LIS fees of their own, of months before too: an event may be late. */
export function jlisStarts({ tariffs, reductions }: Pick<ModePrices, 'tariffs' | 'reductions'>, month: Period): Day[] {
  const borders = [
    ...tariffs.map(({ validFrom }) => validFrom),
    ...reductions.filter(({ terms }) => terms.applies_to === 'unit_price').flatMap(({ from, until }) => [from, until]),
  ];
  const months: Day[] = [];
  const [year, number] = month.from.split('-').map(Number) as [number, number];
  for (let back = LATE_MONTHS; back >= 0; back--)
    months.push(new Date(Date.UTC(year, number - 1 - back, 1)).toISOString().slice(0, 10));
  return [...new Set([FIRST_DAY, ...months, ...borders.filter((day) => day < month.until)])].sort();
}

/** First days of the times of a month that have contract prices of their own, over all tenants. */
export const contractStarts = (tenants: readonly TenantPrices[], month: Period): Day[] =>
  [...new Set([month.from, ...tenants.flatMap(({ segments }) => segments.flatMap(({ from, until }) => [from, until]))])]
    .filter((day) => day < month.until)
    .sort();

const WINDOW_START: Record<DedupeWindow, (day: Day) => Day | undefined> = {
  none: () => undefined,
  month: (day) => `${day.slice(0, 7)}-01`,
  calendar_year: (day) => yearStart(day, '01-01'),
  fiscal_year: (day) => yearStart(day, '04-01'),
};

const iso = (day: Day): string => new Date(startOf(day)).toISOString();

/** What each contract's own windows cover, as the database's functions take it. */
export function windowRules(tenants: readonly TenantPrices[]): Record<string, unknown>[] {
  let no = 0;
  return tenants.flatMap(({ tenantId, plans, segments }) =>
    segments.flatMap(({ plan: { terms }, from, until }) =>
      terms.prices.flatMap((price) => {
        const start = WINDOW_START[price.dedupe](from);
        if (start === undefined) return [];
        // What was used before the contract began has used up nothing.
        const since = start > plans[0]!.validFrom ? start : plans[0]!.validFrom;
        return {
          no: no++,
          tenant_id: tenantId,
          starts_at: iso(from),
          ends_at: iso(until),
          since: iso(since),
          meter: price.meter,
          purposes: purposesOf(terms, price),
          outcomes: terms.billed_outcomes,
        };
      }),
    ),
  );
}

/** The year around a day in which J-LIS counts a status check once. */
export function checkYearOf(tariffs: readonly JlisTariff[], day: Day): Period {
  const from = yearStart(day, inForceOn(tariffs, day)?.terms.year_start ?? '04-01');
  return { from, until: `${Number(from.slice(0, 4)) + 1}${from.slice(4)}` };
}

/** Starts of the years in which status checks count once: those that touch this month and the year before it. */
export function checkYears(tariffs: readonly JlisTariff[], month: Period): Day[] {
  const yearOf = (day: Day): Day => checkYearOf(tariffs, day).from;
  const current = yearOf(month.from);
  const last = yearOf(new Date(Date.parse(month.until) - DAY_MS).toISOString().slice(0, 10));
  const before = yearOf(new Date(Date.parse(current) - DAY_MS).toISOString().slice(0, 10));
  return [...new Set([before, current, last])].sort();
}

/** Arguments that the database's functions share, from `of_mode` on. */
export function usageArguments(
  mode: Mode,
  month: Period,
  { seen, seenBefore, seenBeforeAt }: Sight,
  prices: ModePrices,
  tenants: readonly TenantPrices[],
): unknown[] {
  return [
    mode,
    iso(month.from),
    iso(month.until),
    seen,
    seenBefore,
    seenBeforeAt,
    checkYears(prices.tariffs, month).map(iso),
    JSON.stringify(
      prices.recognitions.map(({ tenantId, from, until }) => ({
        ...(tenantId === undefined ? {} : { tenant_id: tenantId }),
        starts_at: iso(from),
        ends_at: iso(until),
      })),
    ),
    JSON.stringify(windowRules(tenants)),
  ];
}

/** Placeholders of {@link usageArguments} from `$first` on. */
export const usageParameters = (first: number): string =>
  [
    'tenant_mode',
    'timestamptz',
    'timestamptz',
    'pg_snapshot',
    'pg_snapshot',
    'timestamptz',
    'timestamptz[]',
    'jsonb',
    'jsonb',
  ]
    .map((type, index) =>
      type === 'pg_snapshot' && index === 3
        ? `coalesce($${first + index}::pg_snapshot, pg_current_snapshot())`
        : `$${first + index}::${type}`,
    )
    .join(', ');
