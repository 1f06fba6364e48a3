import type { EntityManager } from 'typeorm';
import { japanDay, Problem, type Tenancy } from '#lib/platform';
import { monthAt } from './japan-month.js';
import type { UsageEvent } from './usage-event.js';
import { openUsageMonth, rateUsage, readUsage, reasonsOf, type UsageOfDay } from './usage-view.js';

/** What may be used beside what was, today: alike checks that come to a decision. */
export interface FurtherUse extends Pick<UsageEvent, 'meter' | 'method' | 'purpose'> {
  certificateKind: UsageOfDay['certificateKind'];
  events: number;
  /** So many of them the year has counted already, should they be status checks that J-LIS counts once. */
  countedBefore: number;
}

/** Yen without tax, each what a month comes to beyond what it comes to now. */
export interface EstimatedCost {
  contractYen: number;
  jlisYen: number;
  billedYen: number;
}

/**
 * What further use would add to the present month of a tenant: to its tiers, free units and minimum as they stand. At most
 * that where a window of the contract counts a person once, since who was counted is not looked at here.
 * @param manager of a transaction of this tenant
 * @returns undefined when something has no fee yet, so that nothing can be said
 */
export async function estimateUse(
  manager: Pick<EntityManager, 'query'>,
  tenancy: Tenancy,
  nowMs: number,
  further: readonly FurtherUse[],
): Promise<EstimatedCost | undefined> {
  const month = await openUsageMonth(manager, 'tenant', tenancy, monthAt(nowMs));
  const used = await readUsage(manager, month);
  const day = japanDay(nowMs);
  const recognised = month.scope.prices.recognitions.some(
    ({ tenantId, from, until }) => (tenantId ?? tenancy.tenantId) === tenancy.tenantId && day >= from && day < until,
  );
  const coming = further.flatMap(({ events, countedBefore, ...use }) => {
    const once = recognised && use.purpose === 'status_check' && use.method === 'crl';
    const of = (jlis: UsageOfDay['jlis'], count: number): UsageOfDay[] => {
      const usage = { ...use, day, outcome: 'valid', billable: true, late: false, contractAgain: false, jlis } as const;
      return count === 0 ? [] : [{ ...usage, events: count, ...reasonsOf(month, { ...usage, events: count }) }];
    };
    return once ? [...of('first', events - countedBefore), ...of('again', countedBefore)] : of('each', events);
  });
  try {
    const [before, after] = [used, [...used, ...coming]].map((usage) => rateUsage(month, usage).totals);
    return {
      contractYen: after!.contract_yen - before!.contract_yen,
      jlisYen: after!.jlis_yen - before!.jlis_yen,
      billedYen: after!.billed_yen - before!.billed_yen,
    };
  } catch (error) {
    if (error instanceof Problem && error.code === 'rate_missing') return undefined;
    throw error;
  }
}
