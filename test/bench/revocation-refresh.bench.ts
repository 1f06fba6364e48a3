import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Stack, StackOptions } from '../../dev/stack.mjs';
import { Reader, yieldToReaders } from './reader-process.js';

/** The runner passes `startStack` in. */
export const needsStack = true;

const PARTITIONS = Number(process.env['SHOMEI_BENCH_PARTITIONS'] ?? 3_800);
const ENTRIES = Number(process.env['SHOMEI_BENCH_PARTITION_ENTRIES'] ?? 10_000);
const GOAL_S = 60;
const GOAL_DELAY_MS = 10;

interface Row {
  name: string;
  seconds?: number;
  entriesPerSecond?: number;
  delayMs?: number;
  goal?: string;
  met?: boolean;
}

async function control(stack: Stack, path: string, body?: unknown): Promise<Record<string, number>> {
  const response = await fetch(`${stack.urls.sandbox}/control/${path}`, {
    method: 'POST',
    ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as Record<string, number>;
}

async function query<T extends pg.QueryResultRow>(stack: Stack, sql: string): Promise<T[]> {
  const client = new pg.Client({ connectionString: stack.urls.database.owner });
  await client.connect();
  try {
    return (await client.query<T>(sql)).rows;
  } finally {
    await client.end();
  }
}

interface Refreshed {
  seconds: number;
  delayMs: number;
  ownDelayMs: number;
  busyMs: number;
}

/** Seconds from the request to the last partition stored, and the reader's longest pause meanwhile. */
async function refresh(stack: Stack, reader: Reader): Promise<Refreshed> {
  await reader.ask('delay');
  const startedAt = performance.now();
  await stack.operator(['revocation', 'refresh', '--mode', 'test', '--wait', '--timeout', '900']);
  const seconds = (performance.now() - startedAt) / 1000;
  // The reader's next poll takes the rest over.
  await sleep(2_500);
  const { delayMs, ownDelayMs, busyMs } = await reader.ask('delay');
  return { seconds, delayMs: delayMs!, ownDelayMs: ownDelayMs!, busyMs: busyMs! };
}

const row = (name: string, { seconds, delayMs, ownDelayMs, busyMs }: Refreshed, entries: number): Row[] => [
  {
    name,
    seconds,
    entriesPerSecond: Math.round(entries / seconds),
    goal: `<= ${GOAL_S} s`,
    met: seconds <= GOAL_S,
  },
  { name: '  longest pause of a reader', delayMs },
  {
    name: '  the same, but for waiting for a processor',
    delayMs: ownDelayMs,
    goal: `<= ${GOAL_DELAY_MS} ms`,
    met: ownDelayMs <= GOAL_DELAY_MS,
  },
  { name: '  the most its thread ran without a break', delayMs: busyMs },
];

/**
 * A national set from the sandbox through the running system: download, every check, history and files stored, with a
 * reader that takes it over meanwhile. Sandbox, PostgreSQL, Redis and worker share the machine's cores.
 */
export async function bench({ startStack }: { startStack: (options: StackOptions) => Promise<Stack> }): Promise<Row[]> {
  const dataDir = mkdtempSync(join(tmpdir(), 'shomei-bench-'));
  const stack = await startStack({
    dataDir,
    ports: { api: 3920, sandbox: 3921 },
    apps: ['sandbox'],
    environment: { worker: { LOG_LEVEL: 'warn' } },
  });
  try {
    yieldToReaders(stack.postgres, stack.redis, stack.sandbox);
    await stack.operator(['seed-demo']);
    await stack.worker.start();
    yieldToReaders(stack.worker);
    await stack.operator(['revocation', 'refresh', '--mode', 'test', '--wait']);
    const reader = await Reader.start(stack);
    const set = await control(stack, 'synthetic-national', { partitions: PARTITIONS, entries_per_partition: ENTRIES });
    const first = await refresh(stack, reader);
    const [held] = await query<{ lists: string; entries: string }>(
      stack,
      `select count(*) as lists, sum(c.entry_count) as entries from crl_partition p join crl c on c.id = p.head_crl_id`,
    );
    const day = await control(stack, 'synthetic-national/next-day');
    const second = await refresh(stack, reader);
    const [changes] = await query<{ rows: string }>(stack, 'select count(*) as rows from crl_change');
    const { entries } = await reader.ask('refresh');
    await reader.stop();
    if (Number(changes!.rows) !== day['added']! + day['changed']! + day['gone']!)
      throw new Error(`${changes!.rows} changes were recorded of ${JSON.stringify(day)}`);
    if (entries === undefined || entries < day['entries']!) throw new Error(`the reader holds ${entries} entries`);
    return [
      ...row(`first load, ${held!.lists} lists, ${held!.entries} entries`, first, set['entries']!),
      ...row(`next day, ${changes!.rows} changes`, second, day['entries']!),
    ];
  } finally {
    await stack.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}
