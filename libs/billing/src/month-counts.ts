import type { PoolClient } from 'pg';
import type { Mode } from '#lib/platform';
import type { Day, Period } from './japan-month.js';
import type { UsageCount } from './statement.js';
import {
  contractStarts,
  jlisStarts,
  type ModePrices,
  type Sight,
  type TenantPrices,
  usageArguments,
  usageParameters,
} from './usage-scope.js';

interface Row extends Pick<UsageCount, 'meter' | 'method' | 'purpose' | 'outcome' | 'billable' | 'late' | 'jlis'> {
  tenant_id: string;
  certificate_kind: UsageCount['certificateKind'];
  jlis_part: number;
  contract_part: number;
  contract_again: boolean;
  events: string;
}

/** Rows held at a time, whatever the month holds. */
const BATCH = 5_000;
/** One statement counts a whole month. */
const TIMEOUT_MS = 30 * 60_000;

export interface MonthScope {
  mode: Mode;
  month: Period;
  sight: Sight;
  prices: ModePrices;
  tenants: readonly TenantPrices[];
}

/**
 * Counts of a month tenant by tenant, in the order of their ids; tenants with nothing are left out. The database counts
 * and this process holds one tenant.
 * @param client of a connection of its own, as shomei_worker
 */
export async function* countMonth(
  client: PoolClient,
  { mode, month, sight, prices, tenants }: MonthScope,
): AsyncGenerator<{ tenantId: string; counts: UsageCount[] }> {
  const starts = { jlis: jlisStarts(prices, month), contract: contractStarts(tenants, month) };
  await client.query('begin');
  try {
    await client.query(`set local statement_timeout = ${TIMEOUT_MS}`);
    await client.query(
      `declare month_counts no scroll cursor for select * from month_usage(${usageParameters(1)}, $10, $11) order by tenant_id`,
      [...usageArguments(mode, month, sight, prices, tenants), dayStarts(starts.jlis), dayStarts(starts.contract)],
    );
    let open: { tenantId: string; counts: UsageCount[] } | undefined;
    for (;;) {
      // The driver's own limit is for ordinary statements.
      const fetch = { text: `fetch ${BATCH} from month_counts`, query_timeout: TIMEOUT_MS };
      const { rows } = await client.query<Row>(fetch);
      for (const row of rows) {
        if (open?.tenantId !== row.tenant_id) {
          if (open) yield open;
          open = { tenantId: row.tenant_id, counts: [] };
        }
        open.counts.push(countOf(row, starts));
      }
      if (rows.length < BATCH) break;
    }
    if (open) yield open;
  } finally {
    // Nothing was written here.
    await client.query('rollback');
  }
}

const dayStarts = (days: readonly Day[]): string[] => days.map((day) => `${day} 00:00:00+09`);

const countOf = (row: Row, starts: { jlis: readonly Day[]; contract: readonly Day[] }): UsageCount => ({
  meter: row.meter,
  method: row.method,
  purpose: row.purpose,
  outcome: row.outcome,
  billable: row.billable,
  certificateKind: row.certificate_kind,
  late: row.late,
  jlisDay: starts.jlis[row.jlis_part - 1] ?? starts.jlis[0]!,
  contractDay: starts.contract[row.contract_part - 1] ?? starts.contract[0]!,
  jlis: row.jlis,
  contractAgain: row.contract_again,
  events: Number(row.events),
});
