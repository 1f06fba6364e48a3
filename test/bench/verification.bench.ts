import { fork, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import autocannon from 'autocannon';
import type { Stack, StackOptions } from '../../dev/stack.mjs';
import { signedRequest } from './signed-request.js';

/** The runner passes `startStack` in. */
export const needsStack = true;

const CONNECTIONS = 64;
const WARM_UP_S = 3;
const SECONDS = 8;
const ROUNDS = 3;

interface Load {
  rps: number;
  p50: number;
  p99: number;
}

/** One load run; anything but 201 is a fault of the benchmark, not a slow answer. */
async function load(url: string, body: string, headers: Record<string, string>, duration: number): Promise<Load> {
  const result = await autocannon({
    url,
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', ...headers },
    connections: CONNECTIONS,
    duration,
  });
  if (result.non2xx > 0 || result.errors > 0)
    throw new Error(`${url}: ${result.non2xx} refusals, ${result.errors} errors`);
  return { rps: result.requests.average, p50: result.latency.p50, p99: result.latency.p99 };
}

/** A Fastify that parses the same body and answers 201: what the machine can do at most. */
function startBare(): Promise<{ child: ChildProcess; url: string }> {
  return new Promise((resolve, reject) => {
    const child = fork(join(import.meta.dirname, 'bare-server.js'));
    child.once('message', (url: string) => resolve({ child, url }));
    child.once('error', reject);
  });
}

const median = (values: number[]): number => [...values].sort((x, y) => x - y)[Math.floor(values.length / 2)]!;

/** Durable verifications through the whole product against a bare POST of the same body, in alternating runs. */
export async function bench({ startStack }: { startStack: (options: StackOptions) => Promise<Stack> }) {
  // Real durability: a data directory of its own with fsync on.
  const dataDir = mkdtempSync(join(tmpdir(), 'shomei-bench-'));
  const stack = await startStack({
    dataDir,
    ports: { api: 3900, sandbox: 3901 },
    environment: { api: { LOG_LEVEL: 'warn' } },
  });
  const bare = await startBare();
  try {
    const { tenant_id: tenant, api_key: key } = JSON.parse(await stack.operator(['seed-demo'])) as Record<
      string,
      string
    >;
    // What is measured is the machine, not the contract.
    const terms = ['--tenant', tenant!, '--mode', 'test', '--term', 'rate_limits=verification:100000'];
    await stack.operator(['contract', 'set', ...terms]);
    await stack.operator(['revocation', 'refresh', '--mode', 'test', '--wait']);
    const body = await signedRequest(stack.urls.sandbox);
    const ours = { url: `${stack.urls.api}/v1/signature-verifications`, headers: { authorization: `Bearer ${key}` } };
    await load(bare.url, body, {}, WARM_UP_S);
    await load(ours.url, body, ours.headers, WARM_UP_S);
    const runs: { bare: Load; ours: Load }[] = [];
    for (let round = 0; round < ROUNDS; round++)
      runs.push({
        bare: await load(bare.url, body, {}, SECONDS),
        ours: await load(ours.url, body, ours.headers, SECONDS),
      });
    const ratio = median(runs.map((run) => run.ours.rps / run.bare.rps));
    const p99 = median(runs.map((run) => run.ours.p99));
    return [
      {
        name: `POST /v1/signature-verifications, ${body.length} bytes, ${CONNECTIONS} connections`,
        baseline: 'bare Fastify POST',
        baselineRps: Math.round(median(runs.map((run) => run.bare.rps))),
        oursRps: Math.round(median(runs.map((run) => run.ours.rps))),
        ratio,
        goal: '>= 0.20',
        met: ratio >= 0.2,
      },
      {
        name: 'latency p50 / p99, ms',
        baseline: `${median(runs.map((run) => run.bare.p50))} / ${median(runs.map((run) => run.bare.p99))}`,
        ours: `${median(runs.map((run) => run.ours.p50))} / ${p99}`,
        goal: 'p99 <= 20',
        met: p99 <= 20,
      },
    ];
  } finally {
    bare.child.kill();
    await stack.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}
