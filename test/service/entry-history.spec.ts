import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DataSource } from 'typeorm';
import {
  listPartitions,
  type MonthEntries,
  PARTITION_KEYS,
  type PartitionCursor,
  type PartitionSearch,
  readFreshness,
  readLastChanges,
  readMonthEntries,
} from '#lib/revocation';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { ListBench } from '../support/lists.js';
import { AUTHORITIES, fingerprintOf } from '../support/persons.js';
import { connect } from '../support/tenants.js';

const NOW = Date.parse('2026-11-29T03:00:00Z');
/** 1 October in Japan. */
const OCTOBER = '2026-09-30T15:00:00Z';
const TIMES = { thisUpdate: NOW - 86_400_000, nextUpdate: NOW + 86_400_000 };
const PARTITIONS = 300;

let database: TestDatabase;
let owner: DataSource;
let admin: DataSource;
let bench: ListBench;

beforeAll(async () => {
  database = await createTestDatabase();
  [owner, admin] = await Promise.all([connect(database.urls.owner), connect(database.urls.admin)]);
  bench = await ListBench.start(owner);
});
afterAll(async () => {
  await Promise.all([owner?.destroy(), admin?.destroy()]);
  await database?.drop();
});

/** A new list of a hierarchy, accepted then. */
async function publish(kind: 'sign' | 'auth', at: string): Promise<void> {
  await bench.publish(kind, TIMES);
  await owner.query('update crl set accepted_at = $1 where id = (select max(id) from crl)', [at]);
}

/** Partitions of sign with a list of `entries` each, accepted at each of these times, and listed last at `listedAt`. */
const addPartitions = (name: string, count: number, entries: number, at: readonly string[], listedAt?: string) =>
  owner.query(
    `with added as (
       insert into crl_partition (mode, hierarchy, anchor_fingerprint, distribution_point, distribution_point_key, name, path, listed_at)
       select 'test', 'sign', $1, '\\x3000', $2 || i, $2 || lpad(i::text, 4, '0'), '/', coalesce($3::timestamptz, s.last_listed_at)
       from generate_series(1, $4::int) as i, revocation_source s where s.mode = 'test' and s.hierarchy = 'sign'
       returning id, name),
     list as (
       insert into crl (mode, partition_id, this_update, next_update, sha256, bytes, entry_count, accepted_at)
       select 'test', p.id, at, at + interval '2 days', sha256(p.name::bytea), 1, $5 + right(p.name, 1)::int % 2, at
       from added p, unnest($6::timestamptz[]) as at returning partition_id, id)
     select count(*) from list`,
    [Buffer.from(fingerprintOf(AUTHORITIES.sign.der), 'hex'), name, listedAt ?? null, count, entries, at],
  );
const useLastLists = (name: string) =>
  owner.query(
    `update crl_partition p set head_crl_id = (select max(id) from crl where partition_id = p.id) where starts_with(name, $1)`,
    [name],
  );

const entries = (found: readonly MonthEntries[], hierarchy: 'sign' | 'auth') =>
  found.filter((each) => each.hierarchy === hierarchy).map((each) => [each.month, each.entries, each.lists]);

describe('entries over months', () => {
  it('are those of the lists that were in force when each month of Japan ended, and now', async () => {
    expect(await readMonthEntries(admin, 'test', NOW)).toEqual([]);
    bench.revoke('sign', 1, 'superseded');
    await publish('sign', '2026-09-30T14:59:59Z');
    bench.revoke('sign', 2, 'affiliationChanged');
    bench.revoke('sign', 3, 'affiliationChanged');
    await publish('sign', OCTOBER);
    bench.revoke('auth', 1, 'cessationOfOperation');
    await publish('auth', '2026-11-10T00:00:00Z');
    const found = await readMonthEntries(admin, 'test', NOW);
    expect(entries(found, 'sign')).toEqual([
      ['2026-09', 1, 1],
      ['2026-10', 3, 1],
      ['2026-11', 3, 1],
    ]);
    expect(entries(found, 'auth')).toEqual([['2026-11', 1, 1]]);
    const fresh = await readFreshness(admin, 'test', NOW, 0);
    expect(fresh.map(({ hierarchy, entries: now }) => [hierarchy, now])).toEqual([
      ['auth', 1],
      ['sign', 3],
    ]);
    expect(await readMonthEntries(admin, 'live', NOW)).toEqual([]);
  });

  it('go back twelve months', async () => {
    const later = await readMonthEntries(admin, 'test', Date.parse('2027-09-30T14:59:59Z'));
    expect(entries(later, 'sign').map(([month]) => month)).toEqual([
      ...['2026-09', '2026-10', '2026-11', '2026-12', '2027-01', '2027-02', '2027-03', '2027-04', '2027-05'],
      ...['2027-06', '2027-07', '2027-08', '2027-09'],
    ]);
    expect((await readMonthEntries(admin, 'test', Date.parse('2027-09-30T15:00:00Z')))[0]!.month).toBe('2026-10');
  });

  it('leave a partition out from the month on in which it was listed no more', async () => {
    await addPartitions('gone', 1, 10, ['2026-09-02T00:00:00Z'], '2026-10-15T00:00:00Z');
    expect(entries(await readMonthEntries(admin, 'test', NOW), 'sign')).toEqual([
      ['2026-09', 12, 2],
      ['2026-10', 3, 1],
      ['2026-11', 3, 1],
    ]);
  });

  it('are found by one step in an index for each partition and month, however many lists there were', async () => {
    const nights = Array.from({ length: 60 }, (_, night) => new Date(NOW - night * 6 * 86_400_000).toISOString());
    await addPartitions('many', PARTITIONS, 1, nights.toReversed());
    await useLastLists('many');
    await owner.query('analyze crl, crl_partition');
    let plan = '';
    const explaining = {
      query: async (sql: string, values: unknown[]): Promise<unknown[]> => {
        const lines: { 'QUERY PLAN': string }[] = await admin.query(`explain (analyze, costs off) ${sql}`, values);
        plan = lines.map((line) => line['QUERY PLAN']).join('\n');
        return [];
      },
    };
    await readMonthEntries(explaining as unknown as DataSource, 'test', NOW);
    expect(plan).toMatch(/Index Only Scan Backward using crl_accepted on crl/);
    expect(plan).not.toMatch(/Seq Scan on crl\b(?!_)/);
    expect(plan).not.toMatch(/Rows Removed by Filter/);
    const [october] = entries(await readMonthEntries(admin, 'test', NOW), 'sign').filter(
      ([month]) => month === '2026-10',
    );
    expect(october).toEqual(['2026-10', 3 + PARTITIONS * 1.5, 1 + PARTITIONS]);
  });
});

describe('what the newest lists changed', () => {
  it('is counted by kind and reason; a list without one before it is told apart', async () => {
    const found = await readLastChanges(admin, 'test');
    expect(found).toEqual([
      { hierarchy: 'auth', newestAt: new Date('2026-11-10T00:00:00Z'), wholeLists: 1, changes: [] },
      {
        hierarchy: 'sign',
        newestAt: new Date(NOW),
        wholeLists: 0,
        changes: [{ kind: 'added', reason: 'affiliationChanged', count: 2 }],
      },
    ]);
  });
});

describe('a list of partitions', () => {
  const SEARCH = { mode: 'test', at: NOW, lateMs: 0, limit: 47 } as const;
  const names = async (search: Partial<PartitionSearch>): Promise<string[]> => {
    const sort = { by: 'name', descending: false } as const;
    return (await listPartitions(admin, { ...SEARCH, sort, ...search })).map(({ name }) => name);
  };

  it.each(PARTITION_KEYS.flatMap((by) => [false, true].map((descending) => [by, descending] as const)))(
    'sorted by %s (descending: %p) has each once over its pages, in order',
    async (by, descending) => {
      const sort = { by, descending };
      const whole = await listPartitions(admin, { ...SEARCH, sort, limit: 1_000 });
      expect(whole).toHaveLength(PARTITIONS + 3);
      const seen: string[] = [];
      let after: PartitionCursor | undefined;
      for (;;) {
        const page = await listPartitions(admin, { ...SEARCH, sort, ...(after === undefined ? {} : { after }) });
        seen.push(...page.map(({ cursor }) => cursor.id));
        if (page.length < SEARCH.limit) break;
        after = page.at(-1)!.cursor;
      }
      expect(seen).toEqual(whole.map(({ cursor }) => cursor.id));
      expect(new Set(seen).size).toBe(PARTITIONS + 3);
      const keys = whole.map(({ cursor: { key } }) => (by === 'name' ? key : Number(key)));
      const sorted = [...keys].sort((one, other) => (one < other ? -1 : one > other ? 1 : 0));
      expect(keys).toEqual(descending ? sorted.reverse() : sorted);
    },
  );

  it('begins with those that have no list, and is narrowed by a part of the name and by state', async () => {
    const sort = { by: 'next_update', descending: false } as const;
    expect((await names({ sort }))[0]).toBe('gone0001');
    expect(await names({ name: 'MANY001' })).toEqual(Array.from({ length: 10 }, (_, i) => `many001${i}`));
    expect(await names({ state: 'unlisted' })).toEqual(['gone0001']);
    expect(await names({ state: 'missing', hierarchy: 'auth' })).toEqual([]);
    expect(await names({ name: '%' })).toEqual([]);
  });
});
