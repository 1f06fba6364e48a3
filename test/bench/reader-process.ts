import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import type { Stack } from '../../dev/stack.mjs';
import type { ReaderReport, ReaderRequest } from './revocation-reader.js';

const LOWER = 10;

/**
 * Lets a reader run before everything else of the benchmark, as on a machine of its own: what it then waits for is its
 * own work, not its turn on a shared core. A priority is a thread's (Linux), so each gets it; threads and processes
 * started later inherit it.
 */
export function yieldToReaders(...processes: readonly ({ pid: number | undefined } | undefined)[]): void {
  for (const each of processes)
    if (each?.pid !== undefined)
      for (const thread of readdirSync(`/proc/${each.pid}/task`)) yieldThread(Number(thread));
}

function yieldThread(thread: number): void {
  try {
    setPriority(thread, LOWER);
  } catch (error) {
    // It has ended meanwhile.
    if ((error as { info?: { code?: string } }).info?.code !== 'ESRCH') throw error;
  }
}

/** A process with the revocation set in memory, held by a benchmark. */
export class Reader {
  private constructor(
    private readonly child: ChildProcess,
    /** What it told when it was ready. */
    readonly start: ReaderReport,
  ) {}

  static async start(stack: Stack): Promise<Reader> {
    const child = fork(join(import.meta.dirname, 'revocation-reader.js'), [], {
      env: {
        PATH: process.env['PATH'],
        DATABASE_URL: stack.urls.database.api,
        KEY_RING: JSON.stringify(stack.secrets.keyRing),
      },
      // As the API is run.
      execArgv: ['--max-semi-space-size=16', '--heap-growing-percent=300', '--no-memory-reducer', '--expose-gc'],
    });
    return new Reader(child, await Reader.report(child));
  }

  private static async report(child: ChildProcess): Promise<ReaderReport> {
    const ended = once(child, 'exit').then(() => {
      throw new Error('the reader has ended');
    });
    const [report] = (await Promise.race([once(child, 'message'), ended])) as [ReaderReport];
    return report;
  }

  async ask(request: ReaderRequest): Promise<ReaderReport> {
    const answer = Reader.report(this.child);
    this.child.send(request);
    return answer;
  }

  async stop(): Promise<void> {
    const ended = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await ended;
  }
}
