import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Load, notStoredOnce } from '../support/load.js';
import { freePort } from '../../dev/ports.mjs';
import { type Body, eventually, Story } from '../support/story.js';

const KILLS = 4;

describe('sudden death under the load of 32 clients', () => {
  let story: Story;
  let signed: Body;
  let directory: string;
  let load: Load | undefined;

  const begin = (name: string): Load => {
    load = new Load(story, signed, name);
    load.start();
    return load;
  };

  /** Every request that got no answer gets one now, under the key it was sent with. */
  const retryUnanswered = async (sent: Load): Promise<void> => {
    for (const request of sent.unanswered) request.answer = await sent.send(request);
    expect(sent.unanswered).toEqual([]);
  };

  beforeAll(async () => {
    // A kept installation: the servers of a throw-away one do without durability.
    directory = mkdtempSync(join(tmpdir(), 'shomei-durability-'));
    chmodSync(directory, 0o711);
    const ports = { api: await freePort(), sandbox: await freePort(), jlis: await freePort() };
    story = await Story.begin({ dataDir: directory, ports });
    signed = await (await story.card()).sign();
    await eventually(
      () => story.verify(signed),
      ({ body }) => body.outcome === 'valid',
    );
  }, 120_000);
  afterEach(() => load?.stop());
  afterAll(async () => {
    await story?.end();
    rmSync(directory, { recursive: true, force: true });
  });

  it('stores every answered check exactly once when the API is killed, and a retry counts nothing twice', async () => {
    const sent = begin('api');
    for (let kill = 0; kill < KILLS; kill++) {
      await sleep(500 + 150 * kill);
      await story.stack.api.kill();
      await story.stack.api.start();
    }
    await sleep(500);
    await sent.stop();

    expect(sent.answered.length).toBeGreaterThan(100);
    expect(sent.unanswered.length).toBeGreaterThan(0);
    expect(notStoredOnce(sent.answered, await sent.stored())).toEqual([]);

    await retryUnanswered(sent);
    const stored = await sent.stored();
    expect(notStoredOnce(sent.sent, stored)).toEqual([]);
    expect(stored).toHaveLength(sent.sent.length);
  }, 60_000);

  it('refuses what it cannot store when PostgreSQL is killed, and answers again when it is back', async () => {
    const api = story.stack.api.pid;
    const sent = begin('postgres');
    await sleep(700);
    await story.stack.postgres!.kill();
    await sleep(700);
    const health = await Promise.all([story.health('live'), story.health('ready')]);
    expect(health).toEqual([200, 503]);
    await story.stack.postgres!.start();
    const answeredBefore = sent.answered.length;
    await eventually(
      () => Promise.resolve(sent.answered.length),
      (now) => now > answeredBefore + 100,
      15_000,
    );
    await sent.stop();

    expect(story.stack.api.hasEnded).toBe(false);
    expect(story.stack.api.pid).toBe(api);
    expect(sent.answered.length).toBeGreaterThan(answeredBefore + 100);
    const refusals = sent.unanswered.map(({ answer }) => ({ status: answer?.status, ...answer?.problem }));
    const kinds = new Set(refusals.map(({ status, code, retryable }) => `${status} ${code} retryable=${retryable}`));
    expect([...kinds]).toEqual(['503 storage_unavailable retryable=true']);
    expect(notStoredOnce(sent.answered, await sent.stored())).toEqual([]);

    await retryUnanswered(sent);
    const stored = await sent.stored();
    expect(notStoredOnce(sent.sent, stored)).toEqual([]);
    expect(stored).toHaveLength(sent.sent.length);
  }, 60_000);
});
