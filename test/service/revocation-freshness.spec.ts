import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { INestApplicationContext } from '@nestjs/common';
import type { Registry } from 'prom-client';
import { Clock, createDataSource, METRICS, serveMetrics } from '#lib/platform';
import {
  FreshnessWatch,
  PartitionRefresh,
  RefreshPlanner,
  type Freshness,
  readFreshness,
  runProgress,
} from '#lib/revocation';
import { clockSet } from '../../apps/admin/src/clock-commands.js';
import { revocationStatus } from '../../apps/admin/src/revocation-commands.js';
import { summaryLine } from '../../apps/admin/src/revocation-status.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { EventLog, startOperator, startReader, startRefresher, trustSandbox } from '../support/revocation.js';
import { TestSandbox } from '../support/sandbox.js';

let sandbox: TestSandbox;
let database: TestDatabase;
let operator: Awaited<ReturnType<typeof startOperator>>;
let worker: INestApplicationContext;
let reader: INestApplicationContext;
const log = new EventLog();

beforeAll(async () => {
  [sandbox, database] = await Promise.all([TestSandbox.start(), createTestDatabase()]);
  operator = await startOperator(database);
  await trustSandbox(operator, sandbox);
  // The sandbox's lists are good for 48 hours: a day before their end is near enough here.
  worker = await startRefresher(database, log, { crlLateMinutes: 24 * 60 });
}, 60_000);

afterAll(async () => {
  await Promise.all([worker?.close(), reader?.close()]);
  await operator?.dataSource.destroy();
  await Promise.all([sandbox?.stop(), database?.drop()]);
});

beforeEach(() => {
  log.events.length = 0;
  operator.lines.length = 0;
});

async function refreshSign(): Promise<PromiseSettledResult<string>[]> {
  const jobs = await worker.get(RefreshPlanner).plan({ mode: 'test', hierarchy: 'sign' });
  return Promise.allSettled(jobs.map((job) => worker.get(PartitionRefresh).refresh(job)));
}

const look = async (offset: string): Promise<string[]> => {
  await clockSet(operator, offset);
  await worker.get(Clock).refresh();
  log.events.length = 0;
  await worker.get(FreshnessWatch).look();
  return log.events;
};

/** Value of a metric by its name and labels as Prometheus reads them. */
async function metric(app: INestApplicationContext, name: string, labels: string): Promise<number | undefined> {
  const text = await app.get<Registry>(METRICS).metrics();
  const line = text.split('\n').find((each) => each.startsWith(`${name}{${labels}}`) || each.startsWith(`${name} `));
  return line === undefined ? undefined : Number(line.split(' ').at(-1));
}
const SIGN_2023 = 'mode="test",hierarchy="sign",generation="2023"';

describe('the progress of a refresh', () => {
  it('is visible from its first moment to its last', async () => {
    const jobs = await worker.get(RefreshPlanner).plan({ mode: 'test', hierarchy: 'sign' });
    await revocationStatus(operator, { mode: 'test', lateMs: 0 });
    expect(operator.lines.find((line) => line.startsWith('key sign 2023'))).toMatch(
      /run: 0\/4 done, 0 failed, rate=- /,
    );
    for (const job of jobs) await worker.get(PartitionRefresh).refresh(job);
    operator.lines.length = 0;
    await revocationStatus(operator, { mode: 'test', lateMs: 0 });
    expect(operator.lines.find((line) => line.startsWith('key sign 2023'))).toMatch(
      /run: 4\/4 done, 0 failed, rate=\d+\.\d\/s took=\S+ s; entries=\S+ missing=0 failing=0 late=0 stale=0/,
    );
  });

  it('is shown as running until its last partition, also before its first', () => {
    const freshness: Freshness = {
      ...{ hierarchy: 'sign', generation: '2023', nightlyMinute: 0, partitions: 200, entries: 0, missing: 0 },
      ...{ unobtainable: 0, failing: 0, stale: 0, late: 0, unlisted: 0, now: 10_000 },
      run: { startedAt: 0, done: 0, failed: 0, total: 200 },
    };
    const shown = (done: number): string =>
      summaryLine({ ...freshness, run: { ...freshness.run, done, lastSuccessAt: 8_000 } });
    expect(shown(0)).toContain(' run: 0/200 done, 0 failed, rate=- running=10.0 s left=-;');
    expect(shown(50)).toContain(' run: 50/200 done, 0 failed, rate=5.0/s running=10.0 s left=30.0 s;');
    expect(shown(200)).toContain(' run: 200/200 done, 0 failed, rate=25.0/s took=8.0 s;');
  });

  it('tells rate and time left from what was done so far', () => {
    const run: Freshness['run'] = { startedAt: 0, done: 50, failed: 0, total: 200, lastSuccessAt: 9_000 };
    expect(runProgress(run, 10_000)).toEqual({ perSecond: 5, secondsTaken: 10, secondsLeft: 30 });
    expect(runProgress({ ...run, done: 200 }, 60_000)).toEqual({ perSecond: 200 / 9, secondsTaken: 9 });
    expect(runProgress({ ...run, done: 0 }, 10_000)).toEqual({ secondsTaken: 10 });
  });

  it('shows of very many partitions those that need a look, and all when asked', async () => {
    await sandbox.call('POST', '/control/synthetic-national', { partitions: 600, entries_per_partition: 1 });
    await worker.get(RefreshPlanner).plan({ mode: 'test', hierarchy: 'sign' });
    await revocationStatus(operator, { mode: 'test', lateMs: 0 });
    const partitions = (): string[] => operator.lines.filter((line) => /^sign 20/.test(line));
    expect(partitions()).toHaveLength(300);
    expect(operator.lines.at(-1)).toBe('8 partitions in order are not shown (--all shows them)');
    operator.lines.length = 0;
    await revocationStatus(operator, { mode: 'test', lateMs: 0, all: true });
    expect(partitions()).toHaveLength(308);
    await sandbox.call('POST', '/control/synthetic-national', { partitions: 0 });
    await worker.get(RefreshPlanner).plan({ mode: 'test', hierarchy: 'sign' });
  });
});

describe('metrics', () => {
  it('tell how fresh the lists of each authority key are', async () => {
    expect(await metric(worker, 'shomei_crl_partitions', SIGN_2023)).toBe(4);
    expect(await metric(worker, 'shomei_crl_partitions_stale', SIGN_2023)).toBe(0);
    const age = await metric(worker, 'shomei_crl_oldest_success_age_seconds', SIGN_2023);
    expect(age).toBeGreaterThan(0);
    expect(age).toBeLessThan(120);
    const [sign] = await readFreshness(operator.dataSource, 'test', Date.now(), 0);
    expect(
      await metric(worker, 'shomei_crl_entries', `mode="test",hierarchy="sign",generation="${sign!.generation}"`),
    ).toBe(sign!.entries);
  });

  it('count attempts by their end, by codes of a closed set', async () => {
    await sandbox.faults({ crl: { mode: 'truncated' } });
    await refreshSign();
    await sandbox.healthy();
    expect(await metric(worker, 'shomei_crl_refresh_total', 'mode="test",outcome="crl_malformed"')).toBe(8);
    expect(await metric(worker, 'shomei_crl_refresh_total', 'mode="test",outcome="accepted"')).toBe(8);
  });

  it('tell what a process that answers holds', async () => {
    reader = await startReader(database);
    const text = await reader.get<Registry>(METRICS).metrics();
    expect(text).toContain('shomei_resident_partitions{mode="test"} 8');
    expect(text).toContain('shomei_resident_entries{mode="live"} 0');
    expect(text).toMatch(/shomei_resident_age_seconds [0-9.]+/);
  });

  it('are served to whoever asks for them, and nothing else is', async () => {
    const options = { host: '127.0.0.1', port: 0, logger: log };
    const server = await serveMetrics(worker.get<Registry>(METRICS), options);
    const url = `http://127.0.0.1:${server.port}`;
    const answer = await fetch(`${url}/metrics`);
    expect([answer.status, (await answer.text()).includes('shomei_crl_partitions{')]).toEqual([200, true]);
    expect((await fetch(`${url}/`)).status).toBe(404);
    expect((await fetch(`${url}/metrics`, { method: 'POST' })).status).toBe(404);
    await server.close();
  });
});

describe('an alarm', () => {
  it('is raised when a delivery goes back, and counted', async () => {
    await sandbox.faults({ crl: { mode: 'rollback' } });
    await refreshSign();
    await sandbox.healthy();
    expect(log.events.filter((event) => event === 'crl_rollback')).toHaveLength(8);
    expect(await metric(worker, 'shomei_crl_rollback_total', 'mode="test"')).toBe(8);
  });

  it('is raised once when lists come near their end, again when they are past it, and is over with fresh ones', async () => {
    expect(await look('0')).toEqual([]);
    expect(await look('+30h')).toEqual(['revocation_late', 'revocation_late']);
    expect(await look('+30h')).toEqual([]);
    expect(await look('+49h')).toEqual(['revocation_stale', 'revocation_stale']);
    expect(await look('0')).toEqual([]);
    expect(await look('+49h')).toEqual(['revocation_stale', 'revocation_stale']);
  });

  it('is raised for lists that cannot be had, and is over with the first one', async () => {
    await sandbox.call('POST', '/control/synthetic-national', { partitions: 4, entries_per_partition: 1 });
    await sandbox.faults({ crl: { mode: 'truncated' } });
    expect(await look('0')).toEqual([]);
    for (let i = 0; i < 6; i++) await refreshSign();
    expect(await look('0')).toEqual(['revocation_unobtainable']);
    expect(await metric(worker, 'shomei_crl_partitions_unobtainable', SIGN_2023)).toBe(2);
    await sandbox.healthy();
    await refreshSign();
    expect(await look('0')).toEqual([]);
    expect(await metric(worker, 'shomei_crl_partitions_unobtainable', SIGN_2023)).toBe(0);
  });

  it('is raised for lists that are offered no more while they are in force', async () => {
    await sandbox.call('POST', '/control/synthetic-national', { partitions: 0 });
    await worker.get(RefreshPlanner).plan({ mode: 'test', hierarchy: 'sign' });
    expect(await look('0')).toEqual(['revocation_unlisted']);
    expect(await metric(worker, 'shomei_crl_partitions_unlisted', SIGN_2023)).toBe(2);
    operator.lines.length = 0;
    await revocationStatus(operator, { mode: 'test', lateMs: 0 });
    expect(operator.lines.find((line) => line.startsWith('key sign 2023'))).toContain(' unlisted=2 ');
  });

  it('is over when its lists have ended, and is raised anew when they are in force again', async () => {
    const owner = createDataSource({ url: database.urls.owner, pool: 1, applicationName: 'test-owner' });
    await owner.initialize();
    await owner.query(`update crl_partition set listed_at = listed_at - interval '1 day'
      where hierarchy = 'sign' and anchor_fingerprint in (select fingerprint from trust_anchor where generation = '2019')`);
    await owner.destroy();
    const raised = ['revocation_unlisted', 'revocation_unlisted'];
    expect(await look('0')).toEqual(['revocation_unlisted']);
    expect(await look('+49h')).not.toContain('revocation_unlisted');
    expect(await look('0')).toEqual(raised);
  });
});
