import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import autocannon from 'autocannon';
import type { Stack, StackOptions } from '../../dev/stack.mjs';
import { signedRequest } from './signed-request.js';

/** The runner passes `startStack` in. */
export const needsStack = true;

/** Of the flooding tenant. */
const CONNECTIONS = 64;
/** Requests a second of the other one, spread evenly. */
const RATE = 25;
const WARM_UP_S = 3;
const SECONDS = 20;
/** In turn: what else the machine does falls on all of them. */
const ROUNDS = 3;
const RATIO = 2;

interface Tenant {
  id: string;
  key: string;
}

async function newTenant(stack: Stack, name: string): Promise<Tenant> {
  const { tenant_id: id } = JSON.parse(await stack.operator(['tenant', 'create', '--name', name])) as Record<
    string,
    string
  >;
  const key = ['api-key', 'create', '--tenant', id!, '--mode', 'test', '--name', 'bench'];
  const { api_key } = JSON.parse(await stack.operator(key)) as Record<string, string>;
  return { id: id!, key: api_key! };
}

/** Sends one request each so many milliseconds, whether or not the one before has been answered. Latencies. */
async function trickle(url: string, key: string, body: string): Promise<number[]> {
  const took: number[] = [];
  const sent: Promise<void>[] = [];
  const began = performance.now();
  for (let request = 0; request < RATE * SECONDS; request++) {
    await sleep(Math.max(0, began + (request * 1_000) / RATE - performance.now()));
    sent.push(
      (async () => {
        const from = performance.now();
        const headers = { 'content-type': 'application/json', authorization: `Bearer ${key}` };
        const answer = await fetch(url, { method: 'POST', headers, body });
        await answer.arrayBuffer();
        if (answer.status !== 201) throw new Error(`the other tenant was answered with ${answer.status}`);
        took.push(performance.now() - from);
      })(),
    );
  }
  await Promise.all(sent);
  return took;
}

/** @param part of one, as 0.99 */
function percentile(latencies: readonly number[], part: number): number {
  const sorted = [...latencies].sort((one, other) => one - other);
  return sorted[Math.floor((sorted.length - 1) * part)]!;
}

/** Runs in threads of its own, so that its work is not taken for the server's slowness. */
function flood(url: string, key: string, body: string, duration: number) {
  return autocannon({
    url,
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    connections: CONNECTIONS,
    duration,
    workers: 1,
  });
}

/** One tenant floods, within and beyond its limit; another one asks now and then, and should hardly notice. */
export async function bench({ startStack }: { startStack: (options: StackOptions) => Promise<Stack> }) {
  const dataDir = mkdtempSync(join(tmpdir(), 'shomei-bench-'));
  const stack = await startStack({
    dataDir,
    ports: { api: 3910, admin: 3911, sandbox: 3912, jlis: 3913 },
    environment: { api: { LOG_LEVEL: 'warn' } },
  });
  try {
    await stack.operator(['seed-demo']);
    await stack.operator(['revocation', 'refresh', '--mode', 'test', '--wait']);
    const [one, other] = [await newTenant(stack, 'flooding'), await newTenant(stack, 'other')];
    const body = await signedRequest(stack.urls.sandbox);
    const url = `${stack.urls.api}/v1/signature-verifications`;
    await flood(url, one.key, body, WARM_UP_S);
    await trickle(url, other.key, body);
    const alone: number[] = [];
    const floods = [
      { name: 'beyond its limit of 100 a second', limit: 100 },
      { name: 'as fast as it is answered, with no limit in its way', limit: 100_000 },
    ].map((kind) => ({ ...kind, latencies: [] as number[], rps: 0, refused: 0 }));
    for (let round = 0; round < ROUNDS; round++) {
      alone.push(...(await trickle(url, other.key, body)));
      for (const kind of floods) {
        const terms = ['--tenant', one.id, '--mode', 'test', '--term', `rate_limits=verification:${kind.limit}`];
        await stack.operator(['contract', 'set', ...terms]);
        const flooding = flood(url, one.key, body, SECONDS + 4);
        await sleep(2_000);
        kind.latencies.push(...(await trickle(url, other.key, body)));
        const { requests, non2xx } = await flooding;
        kind.rps += requests.average / ROUNDS;
        kind.refused += non2xx;
      }
    }
    const rows = floods.map(({ name, latencies, rps, refused }) => {
      const ratio = percentile(latencies, 0.99) / percentile(alone, 0.99);
      return {
        name: `one tenant floods ${name}`,
        floodRps: Math.round(rps),
        refused,
        'p50 ms alone': percentile(alone, 0.5),
        'p50 ms': percentile(latencies, 0.5),
        'p99 ms alone': percentile(alone, 0.99),
        'p99 ms': percentile(latencies, 0.99),
        ratio,
        goal: `<= ${RATIO}`,
        met: ratio <= RATIO,
      };
    });
    return rows;
  } finally {
    await stack.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}
