import type { DataSource } from 'typeorm';
import { type Mode, MODES, Problem } from '#lib/platform';
import { type CountedTenant, type MonthClosing, rateAll, rateTenant } from './close-month.js';
import { type Month, monthAt, periodOf } from './japan-month.js';
import type { MonthScope } from './month-counts.js';
import { readModePrices } from './usage-scope.js';
import { readSight } from './usage-view.js';

/** Yen without tax that a month comes to so far, over all tenants. */
export interface MonthEstimate {
  month: Month;
  contractYen: number;
  jlisYen: number;
  billedYen: number;
  /** How many are in the sums, and how many are not because something of theirs has no price yet. */
  tenants: number;
  unpriced: number;
  /** Real time. */
  madeAt: Date;
}

/** An estimate is this old at least when it is made anew, and so many times as old as making it takes. */
const LEAST_AGE = '1 minute';
const AGE_OF_WORK = 20;

/**
 * Makes the estimates that are old, of the month that each mode is in: each event counted as a closing would count it now.
 * As shomei_worker; several at once share them.
 * @param nowOf the clock of a mode, milliseconds
 */
export async function refreshEstimates(
  dataSource: DataSource,
  closing: MonthClosing,
  nowOf: (mode: Mode) => number,
): Promise<void> {
  for (const mode of MODES) {
    const [claimed]: [unknown[], number] = await dataSource.query(
      `update month_estimate set begun_at = clock_timestamp()
       where mode = $1 and begun_at < clock_timestamp() - greatest($2::interval, $3 * took_ms * interval '1 ms')
       returning 1`,
      [mode, LEAST_AGE, AGE_OF_WORK],
    );
    if (claimed.length === 0) continue;
    const began = performance.now();
    const { month, contractYen, jlisYen, billedYen, tenants, unpriced } = await estimateMonth(
      dataSource,
      closing,
      mode,
      monthAt(nowOf(mode)),
    );
    await dataSource.query(
      `update month_estimate set month = $2, contract_yen = $3, jlis_yen = $4, billed_yen = $5, tenants = $6, unpriced = $7,
         made_at = begun_at, took_ms = $8 where mode = $1`,
      [mode, month, contractYen, jlisYen, billedYen, tenants, unpriced, Math.round(performance.now() - began)],
    );
  }
}

/** What the statements of an open month would say now; nothing is written. */
async function estimateMonth(
  dataSource: DataSource,
  closing: MonthClosing,
  mode: Mode,
  month: Month,
): Promise<Omit<MonthEstimate, 'madeAt'>> {
  const { sight } = await readSight(dataSource, { mode }, month);
  const prices = await readModePrices(dataSource, mode);
  const scope = { mode, month: periodOf(month), sight, prices, tenants: await closing.readContracts(mode, month) };
  const priced: CountedTenant[] = [];
  let unpriced = 0;
  for await (const each of closing.tenants(scope))
    if (hasPrices(scope, each)) priced.push(each);
    else unpriced++;
  const totals = rateAll(scope, priced).map((content) => content.totals);
  const sum = (of: (each: (typeof totals)[number]) => number): number =>
    totals.reduce((yen, each) => yen + of(each), 0);
  return {
    month,
    contractYen: sum((each) => each.contract_yen),
    jlisYen: sum((each) => each.jlis_yen),
    billedYen: sum((each) => each.billed_yen),
    tenants: totals.length,
    unpriced,
  };
}

function hasPrices(scope: MonthScope, { tenant, counts }: CountedTenant): boolean {
  try {
    rateTenant(scope, tenant, counts);
    return true;
  } catch (error) {
    if (error instanceof Problem && error.code === 'rate_missing') return false;
    throw error;
  }
}

/** The estimate of the month that a mode is in. Role of the admin process. @returns undefined when none was made yet */
export async function readEstimate(dataSource: DataSource, mode: Mode): Promise<MonthEstimate | undefined> {
  const rows: {
    month: Month;
    contract_yen: string;
    jlis_yen: string;
    billed_yen: string;
    tenants: number;
    unpriced: number;
    made_at: Date;
  }[] = await dataSource.query(
    `select month, contract_yen, jlis_yen, billed_yen, tenants, unpriced, made_at from month_estimate
     where mode = $1 and month is not null`,
    [mode],
  );
  const row = rows[0];
  return (
    row && {
      month: row.month,
      contractYen: Number(row.contract_yen),
      jlisYen: Number(row.jlis_yen),
      billedYen: Number(row.billed_yen),
      tenants: row.tenants,
      unpriced: row.unpriced,
      madeAt: row.made_at,
    }
  );
}
