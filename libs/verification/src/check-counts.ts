import type { DataSource } from 'typeorm';
import type { Outcome } from '#lib/pki';
import type { Mode } from '#lib/platform';

/** Audit events of one transaction. */
const BATCH = 20_000;
/** What an overview looks back on. */
export const OVERVIEW_HOURS = 24;
export const OVERVIEW_DAYS = 30;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Verifications of an hour or of a day in Japan, over all tenants of a mode. */
export interface CheckCount {
  /** When the hour or day begins. */
  from: Date;
  kind: 'signature' | 'authentication';
  outcome: Outcome;
  checks: number;
}

export interface CheckCounts {
  /** Everything that was durable then is counted; absent: nothing was counted yet. */
  countedAt?: Date;
  hours: CheckCount[];
  days: CheckCount[];
}

/**
 * Counts the verifications that were not counted yet, each once. As role shomei_worker; several at once take turns.
 * @param mayGoOn asked between two transactions
 */
export async function countChecks(dataSource: DataSource, mayGoOn: () => boolean = () => true): Promise<void> {
  for (;;) {
    const [row]: { more: boolean }[] = await dataSource.query('select count_checks($1) as more', [BATCH]);
    if (!row!.more || !mayGoOn()) return;
  }
}

/** The hour that `now` is in and those before it, and the same of days in Japan, milliseconds. */
export const overviewStarts = (now: number): { hours: number; days: number } => ({
  hours: now - (now % HOUR_MS) - (OVERVIEW_HOURS - 1) * HOUR_MS,
  // Japan's days begin at 15:00 UTC.
  days: now - ((now + 9 * HOUR_MS) % DAY_MS) - (OVERVIEW_DAYS - 1) * DAY_MS,
});

/** The day in Japan that an hour is in; for statements. */
const DAY_OF_HOUR = `date_trunc('day', hour, 'Asia/Tokyo')`;

/** Counts of the last hours and days, real time. Role of the admin process. @param now milliseconds */
export async function readCheckCounts(dataSource: DataSource, mode: Mode, now: number): Promise<CheckCounts> {
  const starts = overviewStarts(now);
  const read = async (slot: string, since: number): Promise<CheckCount[]> => {
    const rows: (Omit<CheckCount, 'checks'> & { checks: string })[] = await dataSource.query(
      `select ${slot} as "from", kind, outcome, sum(checks) as checks from check_count
       where mode = $1 and hour >= $2 group by 1, 2, 3 order by 1, 2, 3`,
      [mode, new Date(since)],
    );
    return rows.map((row) => ({ ...row, checks: Number(row.checks) }));
  };
  const [progress]: { counted_at: Date | null }[] = await dataSource.query(
    'select counted_at from check_count_progress',
  );
  const countedAt = progress?.counted_at;
  return {
    ...(countedAt ? { countedAt } : {}),
    hours: await read('hour', starts.hours),
    days: await read(DAY_OF_HOUR, starts.days),
  };
}
