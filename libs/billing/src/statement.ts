import type { Mode } from '#lib/platform';
import type { Day, Month, Period } from './japan-month.js';
import type { TaxCategory } from './jlis-tariff.js';
import type { UsageEvent } from './usage-event.js';

/** `jlis`: fees of J-LIS. `contract`: the platform operator's own prices. The two never mix in a line or a sum. */
export type Layer = 'jlis' | 'contract';

/** Why an event costs nothing in a layer. */
export const UNBILLED_REASONS = [
  'indeterminate',
  'not_billable',
  'no_contract',
  'outcome_not_billed',
  'already_counted',
] as const;
export type UnbilledReason = (typeof UNBILLED_REASONS)[number];

/**
 * Usage events of one tenant, mode and closing that are alike for their price. `first`, `again`: status checks that count
 * once a year and person. Days are those on which the prices of the events began or the month did, whichever is later.
 */
export interface UsageCount extends Pick<UsageEvent, 'meter' | 'method' | 'purpose' | 'outcome' | 'billable'> {
  certificateKind: 'sign' | 'auth';
  /** Decided in a month that was closed before the event was stored. */
  late: boolean;
  jlisDay: Day;
  /** Of late events the first day of the month. */
  contractDay: Day;
  jlis: 'each' | 'first' | 'again';
  /** Whether the contract's own window has counted the same person or certificate before. */
  contractAgain: boolean;
  events: number;
}

/** Which events a line is made of: alike ones by (time, id), from the `skip`-th on `take` of them. */
export interface EventSelection extends Period {
  layer: Layer;
  meter: UsageEvent['meter'];
  /** Contract: those of the price. J-LIS: all. */
  purposes: UsageEvent['purpose'][] | null;
  outcomes: UsageEvent['outcome'][];
  /** J-LIS: whether those that count, or those counted before this year. */
  again: boolean;
  late: boolean;
  skip: number;
  take: number;
}

export const LINE_KINDS = ['fee', 'base_fee', 'usage', 'discount', 'reduction', 'minimum', 'setup'] as const;

/** A line, as it is stored and answered: what an invoice needs of it. */
export interface StatementLine {
  number: number;
  layer: Layer;
  kind: (typeof LINE_KINDS)[number];
  /** False: shown, not charged. */
  billed: boolean;
  meter: UsageEvent['meter'] | null;
  /** Null: every purpose without a price of its own. */
  purpose: UsageEvent['purpose'] | null;
  description: { ja: string; en: string };
  /** Days the line is for, `until` not among them. */
  from: Day;
  until: Day;
  quantity: number;
  /** Yen, at most three decimals. */
  unit_price: string;
  /** Whole yen; below zero for what is taken off. */
  amount_yen: number;
  tax_category: TaxCategory;
  /** First day of the tariff or plan, or id of the reduction, that says so. */
  price_reference: string;
  events: EventSelection | null;
}

/** A closed month of one tenant and mode. A pure function of its events and the prices of its time. */
export interface StatementContent {
  version: 1;
  tenant_id: string;
  mode: Mode;
  month: Month;
  from: Day;
  until: Day;
  lines: StatementLine[];
  /** How many events cost nothing in each layer, and why. */
  unbilled: { layer: Layer; meter: UsageEvent['meter']; reason: UnbilledReason; events: number }[];
  usage: (Pick<UsageCount, 'meter' | 'method' | 'purpose' | 'outcome' | 'jlis' | 'late' | 'events'> & {
    certificate_kind: 'sign' | 'auth';
  })[];
  totals: {
    events: number;
    late_events: number;
    /** Own prices. */
    contract_yen: number;
    /** Fees of J-LIS, charged on or not. */
    jlis_yen: number;
    /** What an invoice adds up, without tax. */
    billed_yen: number;
    billed_by_tax_category: { tax_category: TaxCategory; amount_yen: number }[];
  };
}

/** Whether a line is cut from events like this one; which of them are in it is told by their order. */
export function isAmong(
  line: EventSelection,
  event: Pick<UsageCount, 'meter' | 'outcome' | 'billable' | 'purpose' | 'late' | 'jlis' | 'contractAgain'> & {
    day: Day;
  },
  monthFrom: Day,
): boolean {
  if (line.meter !== event.meter || !event.billable || !line.outcomes.includes(event.outcome)) return false;
  if (line.layer === 'jlis')
    return (
      event.day >= line.from &&
      event.day < line.until &&
      (event.jlis === 'again') === line.again &&
      event.late === line.late
    );
  // A late event comes to the contract at the start of the month.
  const day = event.day > monthFrom ? event.day : monthFrom;
  return day >= line.from && day < line.until && line.purposes!.includes(event.purpose) && !event.contractAgain;
}

/** Why an event costs nothing to J-LIS's tariff; undefined: it is in a line. */
export const unbilledByJlis = ({
  outcome,
  billable,
}: Pick<UsageEvent, 'outcome' | 'billable'>): UnbilledReason | undefined =>
  outcome === 'indeterminate' ? 'indeterminate' : billable ? undefined : 'not_billable';

/** Why an event costs nothing by the contract; undefined: it is in a line. */
export function unbilledByContract(
  event: Pick<UsageEvent, 'outcome' | 'billable'> & { contractAgain: boolean },
  terms: { billed_outcomes: readonly string[] } | undefined,
): UnbilledReason | undefined {
  const reason = unbilledByJlis(event);
  if (reason !== undefined) return reason;
  if (terms === undefined) return 'no_contract';
  if (!terms.billed_outcomes.includes(event.outcome)) return 'outcome_not_billed';
  return event.contractAgain ? 'already_counted' : undefined;
}
