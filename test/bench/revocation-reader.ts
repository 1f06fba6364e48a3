import 'reflect-metadata';
import { openSync, readSync } from 'node:fs';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { loadConfig, Logger, PlatformModule } from '#lib/platform';
import { serialOctets } from '#lib/pki';
import { type ResidentCrl, RevocationData, RevocationModule } from '#lib/revocation';

/** What the benchmark asks this process for. */
export type ReaderRequest = 'refresh' | 'lookups' | 'delay' | 'memory';

export interface ReaderReport {
  /** Milliseconds from the start of the process to its last list in memory. */
  readyMs?: number;
  entries?: number;
  partitions?: number;
  perSecond?: number;
  /** Longest time the event loop was held since this was last asked, milliseconds. */
  delayMs?: number;
  /** The same without the time in which the thread was ready and no processor was free for it. */
  ownDelayMs?: number;
  /** The most processor time the thread itself used between two ticks: what it really did. */
  busyMs?: number;
  /** Octets in memory after a collection. */
  resident?: number;
}

/** Far more than the processor's caches hold of the lists. */
const DISTINCT = 500_000;
const ROUNDS = 8;
const TICK_MS = 1;

@Module({})
class Root {}

const lists = (data: RevocationData): ResidentCrl[] => [...data.set('test').lists()];

/** Random serials in random lists, half of them revoked, prepared before the clock runs. */
function lookups(data: RevocationData): number {
  const held = lists(data);
  const questions = Array.from({ length: DISTINCT }, (_, i) => {
    const { columns } = held[Math.floor(Math.random() * held.length)]!;
    const { serials } = columns.data;
    const present = serials[Math.floor(Math.random() * serials.length)] ?? 0;
    return { columns, serial: serialOctets(i % 2 === 0 ? present : (present ^ 0x55) >>> 0) };
  });
  let found = 0;
  const startedAt = performance.now();
  for (let round = 0; round < ROUNDS; round++)
    for (const { columns, serial } of questions) if (columns.find(serial) !== undefined) found++;
  const seconds = (performance.now() - startedAt) / 1000;
  if (found < (DISTINCT / 2) * ROUNDS) throw new Error(`${found} of ${(DISTINCT / 2) * ROUNDS} were found`);
  return (DISTINCT * ROUNDS) / seconds;
}

const schedstat = openSync(`/proc/self/task/${process.pid}/schedstat`, 'r');
// Read into again and again: what allocates while it measures pauses makes some.
const scratch = Buffer.alloc(256);

/** Milliseconds the first thread has run, and has waited for a processor (Linux, `Documentation/scheduler/sched-stats`). */
function processorTimes(): { ran: number; waited: number } {
  const octets = readSync(schedstat, scratch, 0, scratch.length, 0);
  const [ran, waited] = scratch.toString('latin1', 0, octets).split(' ');
  return { ran: Number(ran) / 1e6, waited: Number(waited) / 1e6 };
}

/** Measures how late a timer fires: how long the event loop was held, and by what. */
class Pauses {
  private longest = { delayMs: 0, ownDelayMs: 0, busyMs: 0 };
  private due = performance.now() + TICK_MS;
  private before = processorTimes();

  start(): void {
    setTimeout(() => this.tick(), TICK_MS);
  }

  private tick(): void {
    const now = processorTimes();
    const late = performance.now() - this.due;
    const { longest, before } = this;
    longest.delayMs = Math.max(longest.delayMs, late);
    longest.ownDelayMs = Math.max(longest.ownDelayMs, late - (now.waited - before.waited));
    longest.busyMs = Math.max(longest.busyMs, now.ran - before.ran);
    this.before = now;
    this.due = performance.now() + TICK_MS;
    this.start();
  }

  take(): { delayMs: number; ownDelayMs: number; busyMs: number } {
    const taken = this.longest;
    this.longest = { delayMs: 0, ownDelayMs: 0, busyMs: 0 };
    return taken;
  }
}

/** A process that holds the revocation set as the API does, started by a benchmark that asks it over IPC. */
async function run(): Promise<void> {
  const { DATABASE_URL, KEY_RING } = loadConfig(['DATABASE_URL', 'KEY_RING'], process.env);
  const logger = new Logger('bench', 'error');
  const app = await NestFactory.createApplicationContext(
    {
      module: Root,
      imports: [
        PlatformModule.forRoot({ app: 'bench', databaseUrl: DATABASE_URL, databasePool: 4, keyRing: KEY_RING, logger }),
        RevocationModule.forRoot({ ocspTimeoutMs: 1_000 }),
      ],
    },
    { logger: false, abortOnError: false },
  );
  const readyMs = performance.now();
  const data = app.get(RevocationData);
  const pauses = new Pauses();
  pauses.start();
  const answer = async (request: ReaderRequest): Promise<ReaderReport> => {
    switch (request) {
      case 'refresh':
        await data.refresh();
        return data.set('test').stats;
      case 'lookups':
        return { perSecond: lookups(data) };
      case 'delay':
        return pauses.take();
      case 'memory': {
        globalThis.gc?.();
        return { resident: process.memoryUsage.rss() };
      }
    }
  };
  process.on('message', (request: ReaderRequest) => {
    void answer(request).then((report) => process.send?.(report));
  });
  process.send?.({ readyMs, ...data.set('test').stats } satisfies ReaderReport);
}

process.once('disconnect', () => process.exit(0));
run().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1);
});
