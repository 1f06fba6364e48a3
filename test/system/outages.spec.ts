import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { RevocationColumns } from '#lib/pki';
import { type Answer, type Body, eventually, Story } from '../support/story.js';

const ENTRIES = 20_000;
/** A killed worker's job is looked for again after its lock has run out: 30 s, seen within 10 s. */
const TAKEN_OVER_MS = 60_000;

interface Head {
  name: string;
  /** Undefined: the stored entries are not those of the list that is the head. */
  entries: number | undefined;
  [column: string]: unknown;
}

describe('outages behind the API', () => {
  let story: Story;
  let signed: Body;
  const isValid = ({ body }: Answer): boolean => body.outcome === 'valid';

  /** Of each list of the sign certificates: the entries that processes would load now. */
  const heads = async (): Promise<Head[]> => {
    const rows = await story.rows<{ name: string; entry_count: number; columns: Buffer | null }>(
      `select p.name, c.entry_count, s.columns
       from crl_partition p
       join crl c on c.mode = p.mode and c.id = p.head_crl_id
       left join crl_snapshot s on s.mode = p.mode and s.partition_id = p.id and s.crl_id = p.head_crl_id
       where p.mode = 'test' and p.hierarchy = 'sign' order by p.name`,
    );
    return rows.map(({ name, entry_count, columns }) => {
      const size = columns === null ? undefined : RevocationColumns.decode(columns).size;
      return { name, entries: size === entry_count ? size : undefined };
    });
  };

  beforeAll(async () => {
    // One thread: four lists are under way at a time, so that a refresh of eight has a middle.
    story = await Story.begin({ throwaway: true, environment: { worker: { CRL_THREADS: '1' } } });
    signed = await (await story.card()).sign();
    await eventually(() => story.verify(signed), isValid);
  }, 120_000);
  afterEach(async () => {
    // A story that failed halfway must not be the next one's fault.
    if (story?.stack.redis?.hasEnded) await story.stack.redis.start();
  });
  afterAll(() => story?.end());

  it('answers without Redis, and refreshes again once Redis is back without a restart of the worker', async () => {
    const worker = story.stack.worker.pid;
    await story.stack.redis!.stop();
    for (const revocation of ['crl', 'ocsp'])
      expect((await story.verify({ ...signed, revocation })).body).toMatchObject({ outcome: 'valid' });
    await expect(story.refresh()).rejects.toThrow('redis_unavailable');

    await story.stack.redis!.start();
    expect(await story.refresh()).toMatch(/^refreshed: \d+ partitions, 0 failures$/m);
    expect(story.stack.worker.hasEnded).toBe(false);
    expect(story.stack.worker.pid).toBe(worker);
  }, 60_000);

  it('loads no half of a refresh when the worker is killed in its midst, and the next one completes it', async () => {
    const before = await heads();
    for (const generation of ['2019', '2023'])
      for (const municipality of ['kakuu', 'mihon', 'reidai', 'shiken'])
        await story.sandbox('POST', 'synthetic', { hierarchy: 'sign', generation, municipality, entries: ENTRIES });
    const complete = before.map(({ name, entries }) => ({ name, entries: entries! + ENTRIES }));
    await story.sandbox('PUT', 'faults', { crl: { mode: 'slow', delay_ms: 700 } });
    await story.sandbox('DELETE', 'requests');
    await story.operator('revocation refresh --mode test --hierarchy sign');
    // When the sixth is asked for, some are stored and some are on their way.
    await eventually(
      () => story.sandbox('GET', 'requests') as Promise<{ crl_file: number }>,
      ({ crl_file }) => crl_file >= 6,
      30_000,
    );
    await story.stack.worker.kill();

    const halfway = await heads();
    expect(halfway.map(({ name }) => name)).toEqual(before.map(({ name }) => name));
    halfway.forEach(({ entries }, at) => expect([before[at]!.entries, complete[at]!.entries]).toContain(entries));
    expect(halfway).not.toEqual(before);
    expect(halfway).not.toEqual(complete);
    expect((await story.verify(signed)).body).toMatchObject({ outcome: 'valid' });

    await story.sandbox('PUT', 'faults', { crl: { mode: 'none' } });
    await story.stack.worker.start();
    const names = complete.map(({ entries }) => entries);
    const after = await eventually(
      heads,
      (found) => found.every(({ entries }, at) => entries === names[at]),
      TAKEN_OVER_MS,
    );
    expect(after).toEqual(complete);
    expect((await story.verify(signed)).body).toMatchObject({ outcome: 'valid' });
  }, 120_000);
});
