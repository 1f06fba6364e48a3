import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, Story } from '../support/story.js';

const PER_SECOND = 10;
/** More than a limit in a second from each process. */
const FLOOD = 20;
const WINDOW_MS = 1_000;

describe('two API processes', () => {
  let story: Story;
  let apis: [string, string];

  const contract = (term: string): Promise<string> =>
    story.operator(`contract set --tenant ${story.tenantId} --mode test --term ${term}`);
  const statusOf = async (api: string): Promise<number> => (await story.me({ api })).status;
  /** What each process lets through of a flood that is over within one second; a slower one is tried again. */
  async function flood(): Promise<number[]> {
    for (;;) {
      await sleep(WINDOW_MS + 100);
      const began = performance.now();
      const statuses = await Promise.all(
        apis.map((api) => Promise.all(Array.from({ length: FLOOD }, () => statusOf(api)))),
      );
      if (performance.now() - began < WINDOW_MS * 0.9)
        return statuses.map((each) => each.filter((status) => status === 200).length);
    }
  }
  const sum = (counts: number[]): number => counts.reduce((total, count) => total + count, 0);

  beforeAll(async () => {
    story = await Story.begin({ throwaway: true, environment: { api: { API_PROCESSES: '2' } } });
    apis = [story.stack.urls.api, await story.anotherApi({ API_PROCESSES: '2' })];
    await contract(`rate_limits=read:${PER_SECOND}`);
    await sleep(1_000);
  }, 300_000);
  afterEach(async () => {
    // A story that failed halfway must not be the next one's fault.
    if (story?.stack.redis?.hasEnded) await story.stack.redis.start();
  });
  afterAll(() => story?.end());

  it('share one rate limit in Redis, enforce a half each while it is stopped, and share again', async () => {
    expect(sum(await eventually(flood, (counts) => sum(counts) === PER_SECOND))).toBe(PER_SECOND);
    await story.stack.redis!.stop();
    expect(await flood()).toEqual([PER_SECOND / 2, PER_SECOND / 2]);
    await story.stack.redis!.start();
    expect(sum(await eventually(flood, (counts) => sum(counts) === PER_SECOND, 20_000))).toBe(PER_SECOND);
  }, 90_000);

  it('do not wait for a Redis that stands still', async () => {
    await contract('rate_limits=read:1000');
    await sleep(1_000);
    const redis = story.stack.redis!.pid!;
    process.kill(redis, 'SIGSTOP');
    try {
      const took: number[] = [];
      for (let request = 0; request < 40; request++) {
        const began = performance.now();
        expect(await statusOf(apis[0])).toBe(200);
        took.push(performance.now() - began);
      }
      // The first one has waited for the silence to be noticed, and nobody since.
      const later = took.slice(1).sort((one, other) => one - other);
      expect(later[Math.floor(later.length / 2)]).toBeLessThan(100);
    } finally {
      process.kill(redis, 'SIGCONT');
    }
    await contract(`rate_limits=read:${PER_SECOND}`);
    await sleep(1_000);
    expect(sum(await eventually(flood, (counts) => sum(counts) === PER_SECOND, 20_000))).toBe(PER_SECOND);
  }, 90_000);

  it('never exceed a monthly quota together', async () => {
    const [{ used }] = (await story.rows<{ used: string }>(
      `select coalesce(sum(reserved), 0) as used from quota_use where endpoint_class = 'read'`,
    )) as [{ used: string }];
    await contract('rate_limits=read:1000');
    await contract(`monthly_quotas=read:${Number(used) + 30}`);
    await sleep(1_000);
    // What the processes hold from before is used up first.
    const statuses = await Promise.all(apis.flatMap((api) => Array.from({ length: 150 }, () => statusOf(api))));
    const granted = statuses.filter((status) => status === 200).length;
    expect(granted).toBeGreaterThanOrEqual(30);
    const [{ reserved, quota }] = (await story.rows<{ reserved: string; quota: string }>(
      `select u.reserved, c.limits->'read'->>'per_month' as quota from quota_use u
       join contract c on c.tenant_id = u.tenant_id and c.mode = u.mode where u.endpoint_class = 'read'`,
    )) as [{ reserved: string; quota: string }];
    expect(Number(reserved)).toBe(Number(quota));
    expect(statuses.filter((status) => status === 429).length).toBe(300 - granted);
  }, 60_000);
});
