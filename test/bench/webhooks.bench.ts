import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { createShomeiClient } from '#lib/api-client';
import type { Stack, StackOptions } from '../../dev/stack.mjs';
import type { SinkReport, SinkRequest } from './webhook-sink.js';

/** The runner passes `startStack` in. */
export const needsStack = true;

/** Written in one statement. */
const EVENTS = Number(process.env['SHOMEI_BENCH_WEBHOOK_EVENTS'] ?? 30_000);
const GOAL_PER_SECOND = 1_000;
/** Memory at the end against that at a third of the way. */
const FLAT = 1.2;
/** The slow endpoint answers just before it is given up. */
const SLOW_MS = 14_000;
/** What beside a slow endpoint must be left of the rate. */
const LEFT = 0.8;
const BARE_CONNECTIONS = 32;

/** A receiver in a process of its own. */
class Sink {
  private constructor(
    private readonly child: ChildProcess,
    readonly url: string,
  ) {}

  static async start(): Promise<Sink> {
    const child = fork(join(import.meta.dirname, 'webhook-sink.js'));
    const [url] = (await once(child, 'message')) as [string];
    return new Sink(child, url);
  }

  tell(message: SinkRequest): void {
    this.child.send(message);
  }

  async report(): Promise<SinkReport> {
    const answer = once(this.child, 'message') as Promise<[SinkReport]>;
    this.tell('report');
    return (await answer)[0];
  }

  async until(count: number): Promise<SinkReport> {
    for (;;) {
      const report = await this.report();
      if (report.received >= count) return report;
      await sleep(100);
    }
  }

  stop(): void {
    this.child.kill();
  }
}

/** As many requests of the same size by a bare client, a second. */
async function bareRate(sink: Sink): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: BARE_CONNECTIONS });
  const body = JSON.stringify({ type: 'person.linked', id: 'e'.repeat(36), data: { person_id: 'p'.repeat(36) } });
  const post = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const sent = request(sink.url, { agent, method: 'POST', headers: { 'content-type': 'application/json' } });
      sent.once('response', (response) => response.resume().once('end', resolve));
      sent.once('error', reject);
      sent.end(body);
    });
  let left = EVENTS;
  const lane = async (): Promise<void> => {
    while (left-- > 0) await post();
  };
  await Promise.all(Array.from({ length: BARE_CONNECTIONS }, lane));
  agent.destroy();
  const { received, seconds } = await sink.report();
  return received / seconds;
}

/** Resident memory of a process, MiB (proc(5)). */
const residentMiB = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1_024;

/** Events of one statement through the running system to receivers on this machine, commits on disk. */
export async function bench({ startStack }: { startStack: (options: StackOptions) => Promise<Stack> }) {
  const dataDir = mkdtempSync(join(tmpdir(), 'shomei-bench-'));
  const stack = await startStack({ dataDir, ports: { api: 3910, admin: 3911, sandbox: 3912, jlis: 3913 } });
  const [sink, slow] = [await Sink.start(), await Sink.start()];
  const owner = new pg.Client({ connectionString: stack.urls.database.owner });
  try {
    await owner.connect();
    const seeded = JSON.parse(await stack.operator(['seed-demo'])) as { tenant_id: string; api_key: string };
    const client = createShomeiClient({ baseUrl: stack.urls.api, apiKey: seeded.api_key });
    const bare = await bareRate(sink);

    const { data } = await client.POST('/v1/webhook-endpoints', { body: { url: sink.url } });
    sink.tell({ secret: data!.secret! });
    const write = async (): Promise<number> => {
      sink.tell('count');
      const began = performance.now();
      await owner.query(
        `insert into event (tenant_id, mode, id, type, occurred_at, data)
         select $1, 'test', gen_random_uuid(), 'person.linked', now(), jsonb_build_object('person_id', gen_random_uuid())
         from generate_series(1, $2)`,
        [seeded.tenant_id.slice(4), EVENTS],
      );
      return (performance.now() - began) / 1_000;
    };
    const writeSeconds = await write();
    await sink.until(Math.floor(EVENTS / 3));
    const early = residentMiB(stack.worker.pid!);
    const alone = await sink.until(EVENTS);
    const late = residentMiB(stack.worker.pid!);

    // With as many that were delivered before, as it will be beside the slow one.
    await write();
    const again = await sink.until(EVENTS);
    slow.tell({ delayMs: SLOW_MS });
    await client.POST('/v1/webhook-endpoints', { body: { url: slow.url } });
    await write();
    const beside = await sink.until(EVENTS);
    for (const { wrong, received } of [alone, again, beside])
      if (wrong > 0 || received !== EVENTS) throw new Error(`${received} requests, ${wrong} signatures wrong`);
    const [rate, againRate, besideRate] = [alone, again, beside].map(({ received, seconds }) => received / seconds) as [
      number,
      number,
      number,
    ];
    return [
      { name: 'bare client, requests a second', value: Math.round(bare) },
      {
        name: 'deliveries a second',
        value: Math.round(rate),
        goal: `>= ${GOAL_PER_SECOND}`,
        met: rate >= GOAL_PER_SECOND,
      },
      { name: '  against the bare client', value: rate / bare },
      { name: 'as many again', value: Math.round(againRate) },
      {
        name: 'and again beside a slow endpoint',
        value: Math.round(besideRate),
        goal: `>= ${LEFT} of that`,
        met: besideRate >= againRate * LEFT,
      },
      { name: `  against alone, of ${EVENTS} events each`, value: besideRate / againRate },
      { name: 'events and outbox written, s', value: writeSeconds },
      { name: 'worker at a third of the way, MiB', value: early },
      { name: 'worker at the end, MiB', value: late, goal: `<= ${FLAT} of that`, met: late <= early * FLAT },
    ];
  } finally {
    await owner.end();
    sink.stop();
    slow.stop();
    await stack.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}
