import type { Hierarchy } from '#lib/pki';
import type { Mode } from '#lib/platform';
import { type Freshness, nextNightly, readFreshness, runProgress } from '#lib/revocation';
import type { OperatorContext } from './context.js';

interface PartitionStatus {
  hierarchy: Hierarchy;
  name: string;
  /** Named in the index that was read last. */
  listed: boolean;
  /** Milliseconds; absent before the first success. */
  lastSuccessAt?: number;
  /** Milliseconds of real time since the last success. */
  ageMs?: number;
  /** Milliseconds: the next nightly refresh. */
  nextDueAt: number;
  crlNumber?: string;
  /** Milliseconds. */
  thisUpdate?: number;
  nextUpdate?: number;
  entries: number;
  failures: number;
  lastFailure?: string;
}

interface Row {
  hierarchy: Hierarchy;
  name: string;
  listed: boolean;
  last_success_at: Date | null;
  nightly_minute: number;
  crl_number: string | null;
  this_update: Date | null;
  next_update: Date | null;
  entry_count: number | null;
  failures: number;
  last_failure: string | null;
  now: Date;
}

const time = (ms: number | undefined): string =>
  ms === undefined ? '-' : new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');

/** `3 d`, `5 h`, `12 min`: the largest whole unit. */
export function shortAge(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} d`;
}

/** Below this many partitions each has its line; of more, those that need a look. */
const LISTED_SINGLY = 200;

const count = (value: number): string => value.toLocaleString('en');
const duration = (seconds: number): string =>
  seconds < 100
    ? `${seconds.toFixed(1)} s`
    : seconds < 6_000
      ? `${Math.round(seconds / 60)} min`
      : shortAge(seconds * 1000);

/** How far the refresh that began with the last index is, and how fresh the lists of one key are. */
export function summaryLine({ hierarchy, generation, run, now, ...state }: Freshness): string {
  const { perSecond, secondsTaken, secondsLeft } = runProgress(run, now);
  const rate = perSecond === undefined ? '-' : `${perSecond.toFixed(1)}/s`;
  const left = secondsLeft === undefined ? '-' : duration(secondsLeft);
  const pace =
    run.done === run.total ? `took=${duration(secondsTaken)}` : `running=${duration(secondsTaken)} left=${left}`;
  return (
    `key ${hierarchy} ${generation} run: ${run.done}/${run.total} done, ${run.failed} failed, rate=${rate} ${pace}; ` +
    `entries=${count(state.entries)} missing=${state.missing} failing=${state.failing} late=${state.late} ` +
    `stale=${state.stale} unlisted=${state.unlisted} oldest_success=${time(state.oldestSuccessAt)} soonest_next_update=${time(state.soonestNextUpdate)}`
  );
}

export interface StatusRequest {
  mode: Mode;
  /** A line for each partition however many there are. */
  all?: boolean;
  /** How close to its nextUpdate a list is late, milliseconds. */
  lateMs: number;
}

/**
 * Shows how fresh the revocation data of a mode are: sources first, then one line for each authority key with the
 * progress of its refresh, then the partitions, the oldest first.
 */
export async function revocationStatus(
  context: OperatorContext,
  { mode, all = false, lateMs }: StatusRequest,
): Promise<void> {
  const sources: {
    hierarchy: Hierarchy;
    crl_index_url: string;
    enabled: boolean;
    last_listed_at: Date | null;
    skipped: number;
    failures: number;
    last_failure: string | null;
  }[] = await context.dataSource.query(
    `select hierarchy, crl_index_url, enabled, last_listed_at, skipped, failures, last_failure
     from revocation_source where mode = $1 order by hierarchy`,
    [mode],
  );
  if (sources.length === 0) context.out(`no revocation source is set for mode ${mode}`);
  for (const source of sources)
    context.out(
      `source ${source.hierarchy} ${source.enabled ? 'enabled' : 'disabled'} ${source.crl_index_url} ` +
        `index_read=${time(source.last_listed_at?.getTime())} skipped=${source.skipped} ` +
        `failures=${source.failures} last_failure=${source.last_failure ?? '-'}`,
    );
  const at = await modeTime(context, mode);
  for (const freshness of await readFreshness(context.dataSource, mode, at, lateMs))
    context.out(summaryLine(freshness));
  const rows: Row[] = await context.dataSource.query(
    `select p.hierarchy, p.name, coalesce(p.listed_at = s.last_listed_at, false) as listed, p.last_success_at,
       s.nightly_minute, c.crl_number, c.this_update, c.next_update, c.entry_count, p.failures, p.last_failure,
       clock_timestamp() as now
     from crl_partition p
     join revocation_source s on s.mode = p.mode and s.hierarchy = p.hierarchy
     left join crl c on c.mode = p.mode and c.id = p.head_crl_id
     where p.mode = $1 order by p.last_success_at nulls first, p.hierarchy, p.name`,
    [mode],
  );
  const statuses = rows.map(toStatus);
  const shown =
    all || statuses.length <= LISTED_SINGLY ? statuses : statuses.filter((each) => needsLook(each, at, lateMs));
  for (const each of shown) context.out(partitionLine(each));
  if (shown.length < statuses.length)
    context.out(`${statuses.length - shown.length} partitions in order are not shown (--all shows them)`);
}

/** The clock of the mode: real time, in test moved by what the operator has set. */
async function modeTime(context: OperatorContext, mode: Mode): Promise<number> {
  if (mode === 'live') return Date.now();
  const rows: { offset_ms: string }[] = await context.dataSource.query('select offset_ms from test_clock');
  return Date.now() + Number(rows[0]!.offset_ms);
}

const needsLook = ({ ageMs, failures, listed, nextUpdate }: PartitionStatus, at: number, lateMs: number): boolean =>
  ageMs === undefined || failures > 0 || !listed || nextUpdate === undefined || nextUpdate <= at + lateMs;

const partitionLine = (each: PartitionStatus): string =>
  `${each.hierarchy} ${each.name} ${each.listed ? '' : 'unlisted '}` +
  `age=${each.ageMs === undefined ? 'never' : shortAge(each.ageMs)} last_success=${time(each.lastSuccessAt)} ` +
  `next_due=${time(each.nextDueAt)} crl=${each.crlNumber ?? '-'} next_update=${time(each.nextUpdate)} ` +
  `entries=${each.entries} failures=${each.failures} last_failure=${each.lastFailure ?? '-'}`;

function toStatus(row: Row): PartitionStatus {
  const now = row.now.getTime();
  const success = row.last_success_at?.getTime();
  return {
    hierarchy: row.hierarchy,
    name: row.name,
    listed: row.listed,
    ...(success === undefined ? {} : { lastSuccessAt: success, ageMs: now - success }),
    nextDueAt: nextNightly(row.nightly_minute, now),
    ...(row.crl_number === null ? {} : { crlNumber: row.crl_number }),
    ...(row.this_update === null ? {} : { thisUpdate: row.this_update.getTime() }),
    ...(row.next_update === null ? {} : { nextUpdate: row.next_update.getTime() }),
    entries: row.entry_count ?? 0,
    failures: row.failures,
    ...(row.last_failure === null ? {} : { lastFailure: row.last_failure }),
  };
}
