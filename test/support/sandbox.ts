import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../dev/ports.mjs';
import { newSandboxState } from './sandbox-state.js';

const ROOT = resolve(import.meta.dirname, '../..');
const START_TIMEOUT_MS = 30_000;

/** A process of the compiled product, with settings of its own and none of ours. */
export function spawnCompiled(script: string, env: Record<string, string>): ChildProcess {
  return spawn(process.execPath, [join(ROOT, 'dist', script)], {
    cwd: ROOT,
    env: { PATH: process.env['PATH'] ?? '', ...env },
    // The channel ends it with us.
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
}

/** Ends a process and waits for it. */
export async function end(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await ended;
}

/** A J-LIS sandbox of its own: the compiled application in another process. */
export class TestSandbox {
  private constructor(
    readonly url: string,
    /** The J-LIS services; `jlisTlsDirectory` has what a client needs to reach them. */
    readonly jlisUrl: string,
    readonly jlisTlsDirectory: string,
    private readonly child: ChildProcess,
    private readonly directory: string,
  ) {}

  static async start(): Promise<TestSandbox> {
    const port = await freePort();
    const jlisPort = await freePort();
    const directory = newSandboxState();
    const child = spawnCompiled('apps/sandbox/src/main.js', {
      SANDBOX_PORT: String(port),
      SANDBOX_JLIS_PORT: String(jlisPort),
      SANDBOX_STATE_DIR: directory,
      SANDBOX_LOG_LEVEL: 'silent',
    });
    child.stdout?.resume();
    const sandbox = new TestSandbox(
      `http://127.0.0.1:${port}`,
      `https://127.0.0.1:${jlisPort}`,
      join(directory, 'jlis-tls'),
      child,
      directory,
    );
    const deadline = Date.now() + START_TIMEOUT_MS;
    while (!(await sandbox.answers())) {
      if (Date.now() > deadline || child.exitCode !== null) throw new Error('the sandbox does not start');
      await sleep(50);
    }
    return sandbox;
  }

  private answers(): Promise<boolean> {
    return fetch(`${this.url}/health`).then(
      (response) => response.ok,
      () => false,
    );
  }

  async stop(): Promise<void> {
    await end(this.child);
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** Asks one of its endpoints; the answer's JSON, undefined when it has none. */
  async call(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response.status === 204 ? undefined : response.json();
  }

  async anchors(): Promise<
    { hierarchy: 'sign' | 'auth'; generation: string; fingerprint: string; certificate: string }[]
  > {
    return (await this.call('GET', '/anchors')) as Awaited<ReturnType<TestSandbox['anchors']>>;
  }

  /** DER. */
  async certificate(card: string, kind: 'sign' | 'auth'): Promise<Buffer> {
    const answer = await this.call('GET', `/cards/${card}/certificates/${kind}`);
    return Buffer.from((answer as { certificate: string }).certificate, 'base64');
  }

  /** Path of a file with the DER certificate; it goes with the sandbox. */
  async certificateFile(card: string, kind: 'sign' | 'auth'): Promise<string> {
    const file = join(this.directory, `${card}-${kind}.cer`);
    writeFileSync(file, await this.certificate(card, kind));
    return file;
  }

  async faults(faults: { crl?: Fault; ocsp?: Fault; jlis?: Record<string, Fault> }): Promise<void> {
    await this.call('PUT', '/control/faults', faults);
  }

  async healthy(): Promise<void> {
    await this.call('DELETE', '/control/faults');
  }
}

interface Fault {
  mode: string;
  delay_ms?: number;
  /** Of the J-LIS services only; docs/sandbox.md. */
  times?: number;
  retry_after_seconds?: number;
  card?: string;
}
