import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect } from '@jest/globals';
import { freePort } from '../../dev/ports.mjs';

/** The example receiver of docs/api/webhooks.md as a customer runs it: a process of its own, whose inbox outlives it. */
export class ExampleReceiver {
  private readonly directory = mkdtempSync(join(tmpdir(), 'shomei-inbox-'));
  private process: ChildProcess | undefined;

  private constructor(private readonly port: number) {}

  static async make(): Promise<ExampleReceiver> {
    return new ExampleReceiver(await freePort());
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/`;
  }

  /** @param secrets separated by commas @param lose part of the requests that go wrong */
  async start(secrets: string, lose = 0): Promise<void> {
    const script = join(process.cwd(), 'dist/libs/api-client/examples/webhook-receiver.js');
    const env = {
      PATH: process.env['PATH'],
      WEBHOOK_SECRETS: secrets,
      PORT: String(this.port),
      INBOX: this.inbox,
      LOSE: String(lose),
    };
    this.process = spawn(process.execPath, [script], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = once(this.process, 'exit').then(([code]) => [`ended with exit code ${code}`]);
    const [line] = (await Promise.race([once(createInterface(this.process.stdout!), 'line'), ended])) as [string];
    expect(line).toContain(`listening on ${this.url}`);
  }

  /** At once, as in a crash. */
  async kill(): Promise<void> {
    if (!this.process) return;
    const closed = once(this.process, 'close');
    this.process.kill('SIGKILL');
    await closed;
    this.process = undefined;
  }

  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** Ids of the events it has processed, in the order in which it did. */
  taken(): string[] {
    if (!existsSync(this.inbox)) return [];
    const lines = readFileSync(this.inbox, 'utf8').split('\n');
    return lines.filter((line) => line !== '').map((line) => (JSON.parse(line) as { id: string }).id);
  }

  private get inbox(): string {
    return join(this.directory, 'inbox.jsonl');
  }
}
