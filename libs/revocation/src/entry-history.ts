import type { DataSource } from 'typeorm';
import { CRL_REASONS, type CrlReason, type Hierarchy } from '#lib/pki';
import type { Mode } from '#lib/platform';
import type { ChangeKind } from './crl-changes.js';

/** How far back: the month that runs and the twelve before. */
const MONTHS_BACK = 12;

/** How many entries the lists of a hierarchy had when a month of Japan ended; of the month that runs, have now. */
export interface MonthEntries {
  /** `2026-11` */
  month: string;
  hierarchy: Hierarchy;
  entries: number;
  /** Lists that they stand in. */
  lists: number;
}

/**
 * Of each partition that was listed then, the list accepted last before the end of the month. Every list that was ever
 * accepted is kept with its count, so nothing is added up from changes; each is found by one step in an index.
 * @param now milliseconds, real: lists are accepted by real time in both modes
 */
export async function readMonthEntries(dataSource: DataSource, mode: Mode, now: number): Promise<MonthEntries[]> {
  const rows: { month: string; hierarchy: Hierarchy; entries: string; lists: number }[] = await dataSource.query(
    `with month as (
       select to_char(first, 'YYYY-MM') as month, (first + interval '1 month') at time zone 'Asia/Tokyo' as until
       from date_trunc('month', $2::timestamptz at time zone 'Asia/Tokyo') as this,
         generate_series(this - $3::int * interval '1 month', this, interval '1 month') as first)
     select m.month, p.hierarchy, sum(c.entry_count)::bigint as entries, count(*)::int as lists
     from crl_partition p
     join revocation_source s on s.mode = p.mode and s.hierarchy = p.hierarchy
     join month m on p.listed_at >= m.until or p.listed_at = s.last_listed_at
     cross join lateral (
       select entry_count from crl
       where crl.mode = p.mode and crl.partition_id = p.id and crl.accepted_at < m.until
       order by crl.accepted_at desc limit 1) c
     where p.mode = $1
     group by m.month, p.hierarchy order by m.month, p.hierarchy`,
    [mode, new Date(now), MONTHS_BACK],
  );
  return rows.map((row) => ({ ...row, entries: Number(row.entries) }));
}

/** What the lists in force changed against those before them, of one hierarchy. */
export interface LastChanges {
  hierarchy: Hierarchy;
  /** When the newest of these lists was accepted; real. */
  newestAt: Date;
  /** Lists without one before them, or so different that they were kept as a whole: they are not among the changes. */
  wholeLists: number;
  changes: { kind: ChangeKind; reason: CrlReason; count: number }[];
}

/** What came with the list in force of each partition that is listed. */
export async function readLastChanges(dataSource: DataSource, mode: Mode): Promise<LastChanges[]> {
  const heads = `crl_partition p
     join revocation_source s on s.mode = p.mode and s.hierarchy = p.hierarchy and s.last_listed_at = p.listed_at`;
  const lists: { hierarchy: Hierarchy; newest_at: Date; whole: number }[] = await dataSource.query(
    `select p.hierarchy, max(c.accepted_at) as newest_at,
       count(*) filter (where exists (
         select 1 from crl_snapshot n
         where n.mode = p.mode and n.partition_id = p.id and n.crl_id = p.head_crl_id and n.baseline))::int as whole
     from ${heads} join crl c on c.mode = p.mode and c.id = p.head_crl_id
     where p.mode = $1 group by p.hierarchy order by p.hierarchy`,
    [mode],
  );
  const changes: { hierarchy: Hierarchy; kind: ChangeKind; reason: number; count: number }[] = await dataSource.query(
    `select p.hierarchy, x.kind, x.reason, count(*)::int as count
     from ${heads} join crl_change x on x.mode = p.mode and x.crl_id = p.head_crl_id
     where p.mode = $1 group by p.hierarchy, x.kind, x.reason order by count desc, x.kind, x.reason`,
    [mode],
  );
  return lists.map(({ hierarchy, newest_at: newestAt, whole: wholeLists }) => ({
    hierarchy,
    newestAt,
    wholeLists,
    changes: changes
      .filter((change) => change.hierarchy === hierarchy)
      .map(({ kind, reason, count }) => ({ kind, reason: CRL_REASONS[reason] ?? 'unspecified', count })),
  }));
}
