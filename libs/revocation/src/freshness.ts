import type { DataSource } from 'typeorm';
import type { Hierarchy } from '#lib/pki';
import type { Mode } from '#lib/platform';

/** Failures in a row after which a list that was never had counts as unobtainable: about three minutes of trying. */
const UNOBTAINABLE_AFTER = 6;

/** How current the lists of one authority key are. Times in milliseconds. */
export interface Freshness {
  hierarchy: Hierarchy;
  /** Year from which the authority issues with this key. */
  generation: string;
  /** Minute of the day in Japan at which the source is read. */
  nightlyMinute: number;
  /** Partitions named in the index that was read last; all figures but `unlisted` are of these. */
  partitions: number;
  entries: number;
  /** Never fetched with success. */
  missing: number;
  /** Never fetched with success although tried again and again. */
  unobtainable: number;
  /** Whose last attempt failed. */
  failing: number;
  /** Past nextUpdate, by the clock of the mode. */
  stale: number;
  /** Close to nextUpdate and not past it. */
  late: number;
  /** Not named in the index any more although their lists have not ended: what they cover will be stale. */
  unlisted: number;
  /** The success that lies back furthest, and the first nextUpdate to come; absent when nothing was ever fetched. */
  oldestSuccessAt?: number;
  soonestNextUpdate?: number;
  run: RefreshRun;
  /** The database's real time at which all this held. */
  now: number;
}

/** The refresh that began when the index was read last. Times in milliseconds, real. */
export interface RefreshRun {
  startedAt: number;
  /** Partitions with an attempt since, whatever its end. */
  done: number;
  failed: number;
  total: number;
  /** Of the last success since. */
  lastSuccessAt?: number;
}

interface Row {
  hierarchy: Hierarchy;
  generation: string;
  nightly_minute: number;
  partitions: number;
  entries: string;
  missing: number;
  unobtainable: number;
  failing: number;
  stale: number;
  late: number;
  unlisted: number;
  oldest_success: Date | null;
  soonest_next_update: Date | null;
  run_started: Date;
  run_done: number;
  run_failed: number;
  run_last: Date | null;
  now: Date;
}

/**
 * The state of every enabled source of `mode`, one element for each authority key with lists in its index or in force.
 * @param at milliseconds by the clock of the mode
 * @param lateMs a list with less than this to its nextUpdate is late
 */
export async function readFreshness(
  dataSource: DataSource,
  mode: Mode,
  at: number,
  lateMs: number,
): Promise<Freshness[]> {
  const rows: Row[] = await dataSource.query(
    `select p.hierarchy, a.generation, p.nightly_minute, p.last_listed_at as run_started, clock_timestamp() as now,
       count(*) filter (where listed)::int as partitions,
       coalesce(sum(c.entry_count) filter (where listed), 0)::bigint as entries,
       count(*) filter (where listed and p.last_success_at is null)::int as missing,
       count(*) filter (where listed and p.last_success_at is null and p.failures >= $4)::int as unobtainable,
       count(*) filter (where listed and p.failures > 0)::int as failing,
       count(*) filter (where listed and c.next_update <= $2)::int as stale,
       count(*) filter (where listed and c.next_update > $2 and c.next_update <= $3)::int as late,
       count(*) filter (where not listed and c.next_update > $2)::int as unlisted,
       min(p.last_success_at) filter (where listed) as oldest_success,
       min(c.next_update) filter (where listed) as soonest_next_update,
       count(*) filter (where listed and p.last_attempt_at >= p.last_listed_at)::int as run_done,
       count(*) filter (where listed and p.last_attempt_at >= p.last_listed_at and p.failures > 0)::int as run_failed,
       max(p.last_success_at) filter (where listed and p.last_attempt_at >= p.last_listed_at) as run_last
     from (
       select p.*, s.nightly_minute, s.last_listed_at, p.listed_at = s.last_listed_at as listed
       from crl_partition p
       join revocation_source s on s.mode = p.mode and s.hierarchy = p.hierarchy
       where p.mode = $1 and s.enabled and s.last_listed_at is not null) p
     join trust_anchor a on a.mode = p.mode and a.fingerprint = p.anchor_fingerprint
     left join crl c on c.mode = p.mode and c.id = p.head_crl_id
     group by p.hierarchy, a.generation, p.nightly_minute, p.last_listed_at
     having bool_or(listed or c.next_update > $2)
     order by p.hierarchy, a.generation`,
    [mode, new Date(at), new Date(at + lateMs), UNOBTAINABLE_AFTER],
  );
  return rows.map((row) => ({
    hierarchy: row.hierarchy,
    generation: row.generation,
    nightlyMinute: row.nightly_minute,
    partitions: row.partitions,
    entries: Number(row.entries),
    missing: row.missing,
    unobtainable: row.unobtainable,
    failing: row.failing,
    stale: row.stale,
    late: row.late,
    unlisted: row.unlisted,
    ...(row.oldest_success === null ? {} : { oldestSuccessAt: row.oldest_success.getTime() }),
    ...(row.soonest_next_update === null ? {} : { soonestNextUpdate: row.soonest_next_update.getTime() }),
    run: {
      startedAt: row.run_started.getTime(),
      done: row.run_done,
      failed: row.run_failed,
      total: row.partitions,
      ...(row.run_last === null ? {} : { lastSuccessAt: row.run_last.getTime() }),
    },
    now: row.now.getTime(),
  }));
}

/** Partitions a second, and the seconds that are left at that rate; undefined where there is nothing to tell it from. */
export function runProgress(
  { startedAt, done, total, lastSuccessAt }: RefreshRun,
  now: number,
): { perSecond?: number; secondsTaken: number; secondsLeft?: number } {
  const end = done === total && lastSuccessAt !== undefined ? lastSuccessAt : now;
  const secondsTaken = Math.max(0, (end - startedAt) / 1000);
  if (done === 0 || secondsTaken === 0) return { secondsTaken };
  const perSecond = done / secondsTaken;
  return { perSecond, secondsTaken, ...(done === total ? {} : { secondsLeft: (total - done) / perSecond }) };
}
