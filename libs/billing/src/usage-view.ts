import type { EntityManager } from 'typeorm';
import { Problem, type Tenancy } from '#lib/platform';
import { type Day, type Month, periodOf } from './japan-month.js';
import { readPlans } from './price-book.js';
import { contractReason } from './rate-contract.js';
import { rateTenant } from './close-month.js';
import { type StatementContent, unbilledByJlis, type UnbilledReason, type UsageCount } from './statement.js';
import type { MonthScope } from './month-counts.js';
import {
  jlisStarts,
  readModePrices,
  type Sight,
  tenantPrices,
  type TenantPrices,
  usageArguments,
  usageParameters,
} from './usage-scope.js';

type Queries = Pick<EntityManager, 'query'>;

/** Under whose eyes: a tenant's process reads its own events, the operators' reads any through the door. */
export type Reader = 'tenant' | 'operators';
const SOURCE: Record<Reader, string> = { tenant: 'tenant_usage', operators: 'any_tenant_usage' };

/** A month of one tenant, as its events and prices are seen. */
export interface UsageMonth {
  reader: Reader;
  tenancy: Tenancy;
  scope: MonthScope;
  tenant: TenantPrices;
  /** Undefined: not closed, so that everything is an estimate. */
  closed: boolean;
}

/** What was used on a day, and what it costs in each layer or why it costs nothing. */
export interface UsageOfDay extends Omit<UsageCount, 'jlisDay' | 'contractDay'> {
  day: Day;
  jlisReason: UnbilledReason | undefined;
  contractReason: UnbilledReason | undefined;
}

/**
 * The month of a tenant.
 * @param manager of a transaction of this tenant, or of operators
 * @throws Problem `not_found` for a tenant that does not exist
 */
export async function openUsageMonth(
  manager: Queries,
  reader: Reader,
  tenancy: Tenancy,
  month: Month,
): Promise<UsageMonth> {
  const { tenantId, mode } = tenancy;
  const period = periodOf(month);
  const ended: { terminated_at: Date | null }[] = await manager.query(
    'select terminated_at from tenant where id = $1',
    [tenantId],
  );
  if (!ended[0]) throw new Problem('not_found');
  const terminatedAt = ended[0].terminated_at?.getTime();
  const tenant = tenantPrices(tenantId, await readPlans(manager, tenancy), period, terminatedAt);
  const { sight, closed } = await readSight(manager, tenancy, month);
  const prices = await readModePrices(manager, mode);
  return { reader, tenancy, scope: { mode, month: period, sight, prices, tenants: [tenant] }, tenant, closed };
}

/** An open month goes on from the last that was closed; one further on is seen by itself. */
export async function readSight(
  manager: Queries,
  { mode }: Pick<Tenancy, 'mode'>,
  month: Month,
): Promise<{ sight: Sight; closed: boolean }> {
  const rows: {
    month: Month;
    seen: string;
    seen_before: string | null;
    seen_before_at: Date | null;
    begun_at: Date;
    follows: boolean;
    closed: boolean;
  }[] = await manager.query(
    `select month, seen, seen_before, seen_before_at, begun_at, closed_at is not null as closed,
         to_char(ends_at at time zone 'Asia/Tokyo', 'YYYY-MM') = $2 as follows
       from month_close where mode = $1 and month <= $2 order by month desc limit 1`,
    [mode, month],
  );
  const latest = rows[0];
  if (latest?.month === month)
    return {
      sight: { seen: latest.seen, seenBefore: latest.seen_before, seenBeforeAt: latest.seen_before_at },
      closed: latest.closed,
    };
  const follows = latest?.follows ?? false;
  return {
    sight: {
      seen: null,
      seenBefore: follows ? latest!.seen : null,
      seenBeforeAt: follows ? latest!.begun_at : null,
    },
    closed: false,
  };
}

/** What to select the events of a month from, as `e`, and the parameters of it. @param more of `from`, behind those */
export const eventsOf = ({ reader }: UsageMonth, from = SOURCE[reader], more = ''): string =>
  `${from}($1, ${usageParameters(2)}${more}) e`;
export const argumentsOf = ({ tenancy, scope }: UsageMonth): unknown[] => [
  tenancy.tenantId,
  ...usageArguments(tenancy.mode, scope.month, scope.sight, scope.prices, scope.tenants),
];
/** The parameter behind those of {@link eventsOf}. */
export const NEXT = 11;

/** What was used, day by day in Japan. */
export async function readUsage(manager: Queries, month: UsageMonth): Promise<UsageOfDay[]> {
  const rows: (Omit<UsageCount, 'events' | 'certificateKind' | 'contractAgain' | 'jlisDay' | 'contractDay'> & {
    day: Day;
    certificate_kind: UsageCount['certificateKind'];
    contract_again: boolean;
    events: string;
  })[] = await manager.query(
    `select to_char(e.occurred_at at time zone 'Asia/Tokyo', 'YYYY-MM-DD') as day, e.meter, e.method, e.purpose, e.outcome,
       e.billable, e.certificate_kind, e.late, e.jlis, e.contract_again, count(*) as events
     from ${eventsOf(month)} group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 order by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10`,
    argumentsOf(month),
  );
  return rows.map(({ certificate_kind, contract_again, events, ...row }) => {
    const usage = { ...row, certificateKind: certificate_kind, contractAgain: contract_again, events: Number(events) };
    return { ...usage, ...reasonsOf(month, usage) };
  });
}

/** Why an event costs nothing in each layer; undefined: it is in a line. */
export function reasonsOf(
  { tenant, scope }: UsageMonth,
  usage: Omit<UsageCount, 'jlisDay' | 'contractDay'> & { day: Day },
): Pick<UsageOfDay, 'jlisReason' | 'contractReason'> {
  const contractDay = usage.day > scope.month.from ? usage.day : scope.month.from;
  return {
    jlisReason: unbilledByJlis(usage),
    contractReason: contractReason(tenant.segments, { ...usage, contractDay, jlisDay: usage.day }),
  };
}

/**
 * What the month comes to, from what there is: for a closed month its statement over again, for an open one an estimate.
 * Shares of reductions of the whole platform are not in it.
 * @throws Problem `rate_missing`
 */
export function rateUsage({ scope, tenant }: UsageMonth, usage: readonly UsageOfDay[]): StatementContent {
  const starts = jlisStarts(scope.prices, scope.month);
  const counts = usage.map(({ day, ...count }) => ({
    ...count,
    jlisDay: starts.findLast((start) => start <= day)!,
    contractDay: day > scope.month.from ? day : scope.month.from,
  }));
  return rateTenant(scope, tenant, counts);
}
