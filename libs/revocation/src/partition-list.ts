import type { DataSource } from 'typeorm';
import type { Hierarchy } from '#lib/pki';
import type { Mode } from '#lib/platform';

export const PARTITION_STATES = ['late', 'stale', 'failing', 'missing', 'unlisted'] as const;
export type PartitionState = (typeof PARTITION_STATES)[number];

/** Where one list stands. */
export interface ListedPartition {
  hierarchy: Hierarchy;
  name: string;
  generation: string;
  /** What is not in order about it; empty: nothing. */
  states: PartitionState[];
  crlNumber?: string;
  thisUpdate?: Date;
  nextUpdate?: Date;
  entries: number;
  lastAttemptAt?: Date;
  lastSuccessAt?: Date;
  failures: number;
  lastFailure?: string;
}

interface Row {
  hierarchy: Hierarchy;
  name: string;
  generation: string;
  states: PartitionState[];
  crl_number: string | null;
  this_update: Date | null;
  next_update: Date | null;
  entry_count: number | null;
  last_attempt_at: Date | null;
  last_success_at: Date | null;
  failures: number;
  last_failure: string | null;
}

/**
 * Partitions of a mode, those that need a look first: without a list, then the nearest nextUpdate.
 * @param at milliseconds by the clock of the mode
 * @param lateMs a list with less than this to its nextUpdate is late
 */
export async function listPartitions(
  dataSource: DataSource,
  {
    mode,
    hierarchy,
    at,
    lateMs,
    state,
    limit,
  }: {
    mode: Mode;
    hierarchy?: Hierarchy;
    at: number;
    lateMs: number;
    state?: PartitionState;
    limit: number;
  },
): Promise<ListedPartition[]> {
  const rows: Row[] = await dataSource.query(
    `select * from (
       select p.hierarchy, p.name, a.generation, c.crl_number, c.this_update, c.next_update, c.entry_count,
         p.last_attempt_at, p.last_success_at, p.failures, p.last_failure,
         array_remove(array[
           case when c.id is null then 'missing' end,
           case when c.next_update <= $2 then 'stale' end,
           case when c.next_update > $2 and c.next_update <= $3 then 'late' end,
           case when p.failures > 0 then 'failing' end,
           case when p.listed_at is distinct from s.last_listed_at then 'unlisted' end], null) as states
       from crl_partition p
       join trust_anchor a on a.mode = p.mode and a.fingerprint = p.anchor_fingerprint
       join revocation_source s on s.mode = p.mode and s.hierarchy = p.hierarchy
       left join crl c on c.mode = p.mode and c.id = p.head_crl_id
       where p.mode = $1 and ($4::text is null or p.hierarchy = $4)) as listed
     where $5::text is null or $5 = any(states)
     order by next_update nulls first, hierarchy, generation, name limit $6`,
    [mode, new Date(at), new Date(at + lateMs), hierarchy ?? null, state ?? null, limit],
  );
  return rows.map((row) => ({
    hierarchy: row.hierarchy,
    name: row.name,
    generation: row.generation,
    states: row.states,
    entries: row.entry_count ?? 0,
    failures: row.failures,
    ...(row.crl_number === null ? {} : { crlNumber: row.crl_number }),
    ...(row.this_update === null ? {} : { thisUpdate: row.this_update }),
    ...(row.next_update === null ? {} : { nextUpdate: row.next_update }),
    ...(row.last_attempt_at === null ? {} : { lastAttemptAt: row.last_attempt_at }),
    ...(row.last_success_at === null ? {} : { lastSuccessAt: row.last_success_at }),
    ...(row.last_failure === null ? {} : { lastFailure: row.last_failure }),
  }));
}
