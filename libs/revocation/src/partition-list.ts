import type { DataSource } from 'typeorm';
import type { Hierarchy } from '#lib/pki';
import { type Mode, readingOf } from '#lib/platform';

export const PARTITION_STATES = ['late', 'stale', 'failing', 'missing', 'unlisted'] as const;
export type PartitionState = (typeof PARTITION_STATES)[number];

/** By what partitions are sorted. Nothing comes before everything. */
const KEYS = {
  name: { expression: 'p.name', type: 'text' },
  next_update: { expression: `coalesce((extract(epoch from c.next_update) * 1e6)::bigint, -1)`, type: 'bigint' },
  entries: { expression: 'coalesce(c.entry_count, 0)::bigint', type: 'bigint' },
  last_success_at: {
    expression: `coalesce((extract(epoch from p.last_success_at) * 1e6)::bigint, -1)`,
    type: 'bigint',
  },
} as const;
export type PartitionKey = keyof typeof KEYS;
export const PARTITION_KEYS = Object.keys(KEYS) as PartitionKey[];

/** Where a page ends: what its last partition was sorted by, as it was then, and its number. */
export interface PartitionCursor {
  key: string;
  id: string;
}

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
  cursor: PartitionCursor;
}

interface Row {
  id: string;
  sort_key: string;
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

export interface PartitionSearch {
  mode: Mode;
  hierarchy?: Hierarchy;
  /** Milliseconds by the clock of the mode. */
  at: number;
  /** A list with less than this to its nextUpdate is late. */
  lateMs: number;
  state?: PartitionState;
  /** Part of its name. */
  name?: string;
  sort: { by: PartitionKey; descending: boolean };
  after?: PartitionCursor;
  limit: number;
}

/** Whether a cursor can be of a list that is sorted by `by`. */
export const fitsKey = (by: PartitionKey, { key, id }: PartitionCursor): boolean =>
  /^\d{1,18}$/.test(id) && (KEYS[by].type === 'text' ? !key.includes('\0') : /^-?\d{1,18}$/.test(key));

/** Partitions of a mode in an order, page by page. There are some thousands, and their states are of this moment. */
export async function listPartitions(dataSource: DataSource, search: PartitionSearch): Promise<ListedPartition[]> {
  const { expression, type } = KEYS[search.sort.by];
  const { direction, beyond } = readingOf(search.sort.descending);
  const rows: Row[] = await dataSource.query(
    `select * from (
       select p.id, ${expression} as sort_key, p.hierarchy, p.name, a.generation, c.crl_number, c.this_update,
         c.next_update, c.entry_count, p.last_attempt_at, p.last_success_at, p.failures, p.last_failure,
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
       where p.mode = $1 and ($4::text is null or p.hierarchy = $4)
         and ($6::text is null or position(lower($6) in lower(p.name)) > 0)) as listed
     where ($5::text is null or $5 = any(states))
       and ($7::bigint is null or (sort_key, id) ${beyond} ($8::${type}, $7::bigint))
     order by sort_key ${direction}, id ${direction} limit $9`,
    [
      search.mode,
      new Date(search.at),
      new Date(search.at + search.lateMs),
      search.hierarchy ?? null,
      search.state ?? null,
      search.name ?? null,
      search.after?.id ?? null,
      search.after?.key ?? null,
      search.limit,
    ],
  );
  return rows.map((row) => ({
    hierarchy: row.hierarchy,
    name: row.name,
    generation: row.generation,
    states: row.states,
    entries: row.entry_count ?? 0,
    failures: row.failures,
    cursor: { key: row.sort_key, id: row.id },
    ...(row.crl_number === null ? {} : { crlNumber: row.crl_number }),
    ...(row.this_update === null ? {} : { thisUpdate: row.this_update }),
    ...(row.next_update === null ? {} : { nextUpdate: row.next_update }),
    ...(row.last_attempt_at === null ? {} : { lastAttemptAt: row.last_attempt_at }),
    ...(row.last_success_at === null ? {} : { lastSuccessAt: row.last_success_at }),
    ...(row.last_failure === null ? {} : { lastFailure: row.last_failure }),
  }));
}
