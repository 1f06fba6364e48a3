import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Answer, Card, eventually, exchange, Story } from '../support/story.js';

const PARTITIONS = 200;
const ENTRIES = 2_000;
/** A municipality of the set, of which both hierarchies have a partition. */
const MUNICIPALITY = 'n0042';

interface NationalDay {
  entries: number;
  added: number;
  changed: number;
  gone: number;
}

const hasReason =
  (code: string) =>
  ({ body }: Answer): boolean =>
    body.reason?.code === code;
const isValid = ({ body }: Answer): boolean => body.outcome === 'valid';

describe('a revocation set of national shape', () => {
  let story: Story;
  let card: Card;
  /** While the first lists were in force. */
  let earlier: string;

  beforeAll(async () => {
    story = await Story.begin();
    const { json } = await exchange(`${story.stack.urls.sandbox}/cards`, {
      body: { id: 'national', name: '全国　花子', municipality: MUNICIPALITY },
    });
    expect(json).toMatchObject({ municipality: MUNICIPALITY });
    card = await Card.held(story.stack.urls.sandbox, 'national');
  }, 120_000);
  afterAll(() => story?.end());

  const databaseTime = async (): Promise<string> =>
    (await story.rows<{ now: string }>('select clock_timestamp()::text as now'))[0]!.now;

  /** Partitions of the set, and how many of them were attempted since a time and failed. */
  const progress = async (since: string): Promise<{ total: number; done: number; failed: number }> => {
    const rows = await story.rows<{ total: number; done: number; failed: number }>(
      `select count(*)::int as total, count(*) filter (where last_attempt_at >= $1::timestamptz)::int as done,
         count(*) filter (where failures > 0)::int as failed
       from crl_partition where mode = 'test' and name like '%-n____'`,
      [since],
    );
    return rows[0]!;
  };

  /** What is stored of the set, and what of it does not fit together. */
  const stored = async (): Promise<{ lists: number; entries: number; faults: number }> => {
    const rows = await story.rows<{ lists: number; entries: number; faults: number }>(
      `select count(*)::int as lists, sum(c.entry_count)::int as entries,
         count(*) filter (where s.crl_id is null or f.sha256 is null or c.epoch <> p.epoch)::int as faults
       from crl_partition p join crl c on c.mode = p.mode and c.id = p.head_crl_id
       left join crl_snapshot s on s.mode = c.mode and s.partition_id = p.id and s.crl_id = c.id
       left join crl_file f on f.mode = c.mode and f.sha256 = c.sha256 and f.part = 0
       where p.mode = 'test' and p.name like '%-n____'`,
    );
    return rows[0]!;
  };

  it('is published by one command, loaded by the running system, and answered from', async () => {
    const set = (await story.sandbox('POST', 'synthetic-national', {
      partitions: PARTITIONS,
      entries_per_partition: ENTRIES,
    })) as NationalDay;
    expect(set.entries).toBe(PARTITIONS * ENTRIES);
    await story.refresh();
    expect(await stored()).toEqual({ lists: PARTITIONS, entries: set.entries, faults: 0 });
    const answer = await eventually(async () => story.verify(await card.sign()), isValid);
    expect(answer.body).toMatchObject({ outcome: 'valid', revocation: { method: 'crl', status: 'good' } });
    const [list] = await story.rows<{ sha256: string }>(
      `select encode(c.sha256, 'hex') as sha256 from crl_partition p join crl c on c.id = p.head_crl_id
       where p.hierarchy = 'sign' and p.name = '2023-${MUNICIPALITY}'`,
    );
    expect(answer.body.revocation?.source_sha256).toBe(list!.sha256);
  }, 90_000);

  it('takes the next day’s change although the worker is killed in the middle, and nothing is lost or doubled', async () => {
    const before = await story.verify(await card.sign());
    earlier = new Date().toISOString();
    const day = (await story.sandbox('POST', 'synthetic-national/next-day')) as NationalDay;
    await story.sandbox('POST', 'cards/national/revoke', { certificate: 'sign', reason: 'superseded' });
    // Slow enough to be caught in the middle.
    await story.sandbox('PUT', 'faults', { crl: { mode: 'slow', delay_ms: 50 } });
    const since = await databaseTime();
    await story.operator('revocation refresh --mode test');
    const middle = await eventually(
      () => progress(since),
      ({ total, done }) => done > total / 5 && done < total,
      30_000,
    );
    await story.stack.worker.kill('SIGKILL');
    expect(middle.done).toBeLessThan(PARTITIONS);
    // What was taken over stands whole; what was not is as it was.
    expect(await stored()).toMatchObject({ lists: PARTITIONS, faults: 0 });
    expect((await story.verify(await card.sign())).status).toBe(201);
    const { done } = await progress(since);

    await story.sandbox('PUT', 'faults', { crl: { mode: 'none' } });
    await story.stack.worker.start();
    const resumed = performance.now();
    const finished = await eventually(
      () => progress(since),
      (now) => now.done === now.total && now.failed === 0,
      60_000,
    );
    expect(finished).toEqual({ total: PARTITIONS, done: PARTITIONS, failed: 0 });
    expect(done).toBeLessThan(PARTITIONS);
    // Locks of the killed process run out after ten seconds.
    expect(performance.now() - resumed).toBeLessThan(40_000);

    // One revoked card besides the invented serials.
    expect(await stored()).toEqual({ lists: PARTITIONS, entries: day.entries + 1, faults: 0 });
    const changes = await story.rows(
      `select kind, count(*)::int as rows from crl_change c join crl_partition p on p.id = c.partition_id
       where p.name like '%-n____' group by kind order by kind`,
    );
    expect(changes).toEqual([
      { kind: 'added', rows: day.added + 1 },
      { kind: 'changed', rows: day.changed },
      { kind: 'gone', rows: day.gone },
    ]);
    const doubled = await story.rows(`select partition_id from crl group by partition_id, sha256 having count(*) > 1`);
    expect(doubled).toEqual([]);

    const after = await eventually(async () => story.verify(await card.sign()), hasReason('revoked'));
    expect(after.body).toMatchObject({ outcome: 'invalid', revocation: { status: 'revoked', reason: 'superseded' } });
    expect(BigInt(after.body.revocation!.crl_number!)).toBeGreaterThan(BigInt(before.body.revocation!.crl_number!));
  }, 150_000);

  it('shows the operator how the refresh went, and how the certificate stood before', async () => {
    const status = await story.operator('revocation status --mode test');
    expect(status).toMatch(/key sign 2023 run: 104\/104 done, 0 failed, rate=\S+ took=/);
    const { json } = await exchange(`${story.stack.urls.sandbox}/cards/national/certificates/sign`, { method: 'GET' });
    const file = join(story.stack.dataDir, 'national.cer');
    writeFileSync(file, Buffer.from((json as { certificate: string }).certificate, 'base64'));
    const statusAt = (at: string): Promise<string> =>
      story.operator(`revocation status-at --mode test --certificate ${file} --at ${at}`);
    expect(await statusAt(earlier)).toMatch(/^status {8}good\n/);
    expect(await statusAt(new Date().toISOString())).toMatch(/^status {8}revoked\nrevoked {7}\S+ superseded\n/);
  });
});
