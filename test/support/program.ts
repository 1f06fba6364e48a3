import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** Settings of one of our processes must not reach another one through the environment. */
const OWN_SETTINGS = ['DATABASE_URL', 'REDIS_URL', 'HOST', 'PORT', 'PUBLIC_URL', 'JEST_WORKER_ID', 'NODE_OPTIONS'];
/** A machine with other work takes minutes for what takes seconds. */
const READY_TIMEOUT_MS = 240_000;

/** A compiled program of the repository that runs as a process of its own and ends with this one. */
export class Program {
  private constructor(
    private readonly child: ChildProcess,
    private readonly lines: string[],
  ) {}

  /** Starts `dist/<script>` and resolves when `readyUrl` answers 200. */
  static async start(script: string, env: Record<string, string>, readyUrl: string): Promise<Program> {
    const inherited = Object.entries(process.env).filter(([name]) => !OWN_SETTINGS.includes(name));
    const child = fork(join(process.cwd(), 'dist', script), [], {
      env: { ...Object.fromEntries(inherited), ...env },
      // Without arguments of its own it would inherit those of Jest.
      execArgv: ['--enable-source-maps'],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const lines: string[] = [];
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (chunk: string) => lines.push(chunk));
    const program = new Program(child, lines);
    const deadline = Date.now() + READY_TIMEOUT_MS;
    while (!(await answers(readyUrl))) {
      if (child.exitCode !== null || Date.now() > deadline) {
        await program.stop();
        throw new Error(`${script} did not become ready:\n${program.output}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return program;
  }

  /** Everything the program has written so far. */
  get output(): string {
    return this.lines.join('');
  }

  /** Names of what it has open (proc(5)); those that are closed meanwhile are left out. */
  openFiles(): string[] {
    const folder = `/proc/${this.child.pid}/fd`;
    return readdirSync(folder).flatMap((each) => {
      try {
        return readlinkSync(join(folder, each));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
        throw error;
      }
    });
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const closed = once(this.child, 'close');
    this.child.kill('SIGTERM');
    await closed;
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    await answer.arrayBuffer();
    return answer.ok;
  } catch (error) {
    // Not listening yet, or too busy. By name: under Jest fetch comes with error classes of its own.
    if (['TypeError', 'TimeoutError'].includes((error as Error).name)) return false;
    throw error;
  }
}
