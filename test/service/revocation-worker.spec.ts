import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Queue } from 'bullmq';
import { nextNightly, PLAN_QUEUE, QUEUE_PREFIX } from '#lib/revocation';
import type { OperatorContext } from '../../apps/admin/src/context.js';
import { refresh, revocationStatus, setSource } from '../../apps/admin/src/revocation-commands.js';
import { createTestDatabase, testAuditSigningKey, testKeyRing, type TestDatabase } from '../support/database.js';
import { emptyTestRedis } from '../support/redis.js';
import { startOperator, trustSandbox } from '../support/revocation.js';
import { end, spawnCompiled, TestSandbox } from '../support/sandbox.js';

let sandbox: TestSandbox;
let database: TestDatabase;
let redisUrl: string;
let operator: Awaited<ReturnType<typeof startOperator>>;
let worker: ChildProcess;
let plans: Queue;

/** The compiled worker process; settles when it says that it is ready. */
async function startWorker(redis = redisUrl): Promise<ChildProcess> {
  const child = spawnCompiled('apps/worker/src/main.js', {
    DATABASE_URL: database.urls.worker,
    REDIS_URL: redis,
    KEY_RING: testKeyRing(),
    AUDIT_SIGNING_KEY: testAuditSigningKey(),
    CRL_IDLE_TIMEOUT_MS: '5000',
  });
  child.stdout!.setEncoding('utf8');
  await new Promise<void>((resolve, reject) => {
    let said = '';
    child.stdout!.on('data', (text: string) => {
      said += text;
      if (said.includes('"event":"ready"')) resolve();
    });
    child.once('exit', () => reject(new Error(`the worker has ended: ${said}`)));
  });
  return child;
}

beforeAll(async () => {
  [sandbox, database, redisUrl] = await Promise.all([TestSandbox.start(), createTestDatabase(), emptyTestRedis()]);
  operator = await startOperator(database, redisUrl);
  await trustSandbox(operator, sandbox);
  plans = new Queue(PLAN_QUEUE, { prefix: QUEUE_PREFIX, connection: { url: redisUrl, maxRetriesPerRequest: 1 } });
  worker = await startWorker();
}, 60_000);

afterAll(async () => {
  if (worker) await end(worker);
  await plans?.close();
  await operator?.dataSource.destroy();
  await Promise.all([sandbox?.stop(), database?.drop()]);
});

afterEach(async () => {
  await sandbox.healthy();
  operator.lines.length = 0;
});

const refreshTest = (context: OperatorContext = operator): Promise<void> =>
  refresh(context, { mode: 'test', wait: true, timeoutMs: 60_000 });

const neverFetched = async (): Promise<number> => {
  const rows: { count: string }[] = await operator.dataSource.query(
    `select count(*) from crl_partition where mode = 'test' and last_success_at is null`,
  );
  return Number(rows[0]!.count);
};

const crlRequests = async (): Promise<number> =>
  ((await sandbox.call('GET', '/control/requests')) as { crl_file?: number }).crl_file ?? 0;

describe('a worker', () => {
  it('fetches what was never fetched as soon as it starts, asked by nobody', async () => {
    const fetched = async (): Promise<number> => {
      const rows: { count: string }[] = await operator.dataSource.query(
        `select count(*) from crl_partition where last_success_at is not null`,
      );
      return Number(rows[0]!.count);
    };
    for (let i = 0; i < 150 && (await fetched()) < 16; i++) await sleep(100);
    expect(await fetched()).toBe(16);
  });

  it('has a nightly run for each source, at the minute set, in Japan', async () => {
    await setSource(operator, {
      mode: 'test',
      hierarchy: 'auth',
      crlIndexUrl: `${sandbox.url}/crl/auth/index.json`,
      layout: 'partitioned',
      ocspUrl: `${sandbox.url}/ocsp/auth`,
      nightlyMinute: 23 * 60 + 59,
    });
    await end(worker);
    worker = await startWorker();
    const next = async (): Promise<Record<string, number | undefined>> =>
      Object.fromEntries((await plans.getJobSchedulers()).map((each) => [each.key, each.next]));
    for (let i = 0; i < 100 && (await next())['test-auth'] !== nextNightly(1439, Date.now()); i++) await sleep(50);
    expect(await next()).toEqual({
      'test-sign': nextNightly(180, Date.now()),
      'test-auth': nextNightly(1439, Date.now()),
    });
  });

  it('carries out a refresh an operator waits for', async () => {
    await refreshTest();
    expect(operator.lines.at(-1)).toBe('refreshed: 16 partitions, 0 failures');
  }, 60_000);

  it('tells an operator who waits what failed, and comes back to it when asked again', async () => {
    await sandbox.faults({ crl: { mode: 'bad_signature' } });
    await expect(refreshTest()).rejects.toMatchObject({ code: 'refresh_failed' });
    expect(operator.lines.filter((line) => line.endsWith('crl_refused:signature_invalid'))).toHaveLength(16);
    await sandbox.healthy();
    await refreshTest();
    expect(operator.lines.at(-1)).toBe('refreshed: 16 partitions, 0 failures');
  }, 60_000);

  it('tells when the index itself cannot be read', async () => {
    await sandbox.faults({ crl: { mode: 'down' } });
    await expect(refreshTest()).rejects.toMatchObject({ code: 'refresh_failed' });
    expect(operator.lines.filter((line) => line.includes('index of'))).toHaveLength(2);
    await sandbox.healthy();
    await refreshTest();
  }, 60_000);

  it('fetches a partition once more, not once for each request, when it is asked again meanwhile', async () => {
    await sandbox.call('DELETE', '/control/requests');
    await sandbox.faults({ crl: { mode: 'slow', delay_ms: 400 } });
    const ask = (): Promise<void> => refresh(operator, { mode: 'test', hierarchy: 'sign', wait: false, timeoutMs: 0 });
    await ask();
    while ((await crlRequests()) === 0) await sleep(20);
    for (let i = 0; i < 5; i++) await ask();
    await refresh(operator, { mode: 'test', hierarchy: 'sign', wait: true, timeoutMs: 60_000 });
    // Eight partitions: the run in progress, the plan asked for meanwhile, and the one waited for.
    expect(await crlRequests()).toBeLessThanOrEqual(3 * 8);
  }, 60_000);

  it('killed in the middle of a refresh loses nothing: the next one finishes it', async () => {
    await setSource(operator, {
      mode: 'test',
      hierarchy: 'sign',
      crlIndexUrl: `${sandbox.url}/crl/sign/index.json`,
      layout: 'full',
      ocspUrl: `${sandbox.url}/ocsp/sign`,
    });
    await sandbox.faults({ crl: { mode: 'slow', delay_ms: 3_000 } });
    await sandbox.call('DELETE', '/control/requests');
    await refresh(operator, { mode: 'test', hierarchy: 'sign', wait: false, timeoutMs: 0 });
    while ((await crlRequests()) === 0) await sleep(20);
    await end(worker, 'SIGKILL');
    expect(await neverFetched()).toBeGreaterThan(0);
    await sandbox.healthy();
    worker = await startWorker();
    for (let i = 0; i < 900 && (await neverFetched()) > 0; i++) await sleep(100);
    expect(await neverFetched()).toBe(0);
  }, 120_000);
});

describe('without Redis', () => {
  const NOWHERE = 'redis://127.0.0.1:9';

  it('an operator is told at once', async () => {
    const started = Date.now();
    await expect(refreshTest({ ...operator, redisUrl: NOWHERE })).rejects.toMatchObject({ code: 'redis_unavailable' });
    expect(Date.now() - started).toBeLessThan(5_000);
  });

  it('a worker starts, says so once, and stops when told to', async () => {
    const child = await startWorker(NOWHERE);
    let said = '';
    child.stdout!.on('data', (text: string) => (said += text));
    await sleep(1_500);
    expect(child.exitCode).toBeNull();
    expect(said.split('redis_unavailable').length - 1).toBeLessThanOrEqual(1);
    const started = Date.now();
    await end(child);
    expect(Date.now() - started).toBeLessThan(5_000);
    expect(child.exitCode).toBe(0);
  });
});

describe('the status an operator sees', () => {
  it('has one line per source and per partition, with age, next run and entries', async () => {
    await revocationStatus(operator, { mode: 'test', lateMs: 0 });
    expect(operator.lines.filter((line) => line.startsWith('source '))).toHaveLength(2);
    const line = operator.lines.find((each) => each.includes('auth 2023-kakuu'));
    expect(line).toMatch(
      /age=\d+ min .* next_due=\S+Z crl=\d+ next_update=\S+Z entries=\d+ failures=0 last_failure=-$/,
    );
  });
});
