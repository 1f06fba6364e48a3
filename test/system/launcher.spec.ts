import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { pathToFileURL } from 'node:url';
import { startStack, type Stack, type StackOptions } from '../../dev/stack.mjs';

const STACK = pathToFileURL(join(process.cwd(), 'dev', 'stack.mjs')).href;

/** What a launcher in a process of its own says once it is up. */
interface Up {
  dataDir: string;
  pids: number[];
}

/** Starts a stack in another process, as `npm start` does. Resolves with what it says, or its error. */
async function launch(options: StackOptions): Promise<{ launcher: ChildProcess; up?: Up; error: string }> {
  const program = `
    import { startStack } from ${JSON.stringify(STACK)};
    try {
      const stack = await startStack(${JSON.stringify(options)});
      const pids = [stack.postgres, stack.redis, stack.sandbox].map(({ pid }) => pid);
      process.stdout.write(JSON.stringify({ dataDir: stack.dataDir, pids }) + '\\n');
      await stack.firstEnd();
    } catch (error) {
      process.stderr.write(error.message);
      process.exitCode = 1;
    }`;
  const launcher = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let error = '';
  launcher.stderr.on('data', (chunk: Buffer) => (error += chunk.toString()));
  const said = await new Promise<string>((resolve) => {
    let text = '';
    launcher.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.endsWith('\n')) resolve(text);
    });
    launcher.once('close', () => resolve(text));
  });
  return said === '' ? { launcher, error } : { launcher, up: JSON.parse(said) as Up, error };
}

const lives = (pid: number): boolean => {
  // A zombie still has its entry until its parent has asked for it.
  const status = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, 'utf8') : '';
  return status !== '' && !/\) Z /.test(status);
};

async function until(condition: () => boolean, timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`not so after ${timeoutMs} ms: ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe('the launcher', () => {
  let directory: string;
  const launchers: ChildProcess[] = [];
  const begin = async (options: StackOptions): ReturnType<typeof launch> => {
    const begun = await launch({
      apps: ['sandbox'],
      ports: { api: free(), admin: free(), sandbox: free(), jlis: free() },
      ...options,
    });
    launchers.push(begun.launcher);
    return begun;
  };
  let nextPort = 20_000 + (process.pid % 20_000);
  const free = (): number => nextPort++;
  const pidOf = (name: string): number => {
    const lock = JSON.parse(readFileSync(join(directory, 'launcher.json'), 'utf8')) as {
      processes: { name: string; pid: number }[];
    };
    return lock.processes.find((process) => process.name === name)!.pid;
  };

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'shomei-launcher-'));
  });
  afterEach(async () => {
    for (const launcher of launchers.splice(0))
      if (launcher.exitCode === null && launcher.signalCode === null) {
        launcher.kill('SIGKILL');
        await once(launcher, 'close');
      }
    rmSync(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 200 });
  });

  it('leaves no process and no file behind when it is killed', async () => {
    const { launcher, up } = await begin({ throwaway: true });
    expect(up?.pids.every(lives)).toBe(true);
    launcher.kill('SIGKILL');
    await until(() => up!.pids.every((pid) => !lives(pid)), 15_000);
    await until(() => !existsSync(up!.dataDir), 5_000);
  }, 60_000);

  it('refuses to start a second time on the same data, and starts again after the first was killed', async () => {
    const first = await begin({ dataDir: directory });
    const second = await begin({ dataDir: directory });
    expect(second.up).toBeUndefined();
    expect(second.error).toContain('already running');
    expect(first.up!.pids.every(lives)).toBe(true);

    first.launcher.kill('SIGKILL');
    const third = await begin({ dataDir: directory });
    expect(third.error).toBe('');
    expect(first.up!.pids.filter(lives)).toEqual([]);
    expect(third.up!.pids.every(lives)).toBe(true);
  }, 60_000);

  it('sweeps what a killed launcher left when the keeper was killed too', async () => {
    const first = await begin({ dataDir: directory });
    for (const name of ['PostgreSQL keeper', 'Redis keeper']) process.kill(pidOf(name), 'SIGKILL');
    first.launcher.kill('SIGKILL');
    expect(first.up!.pids.filter(lives).length).toBeGreaterThanOrEqual(2);

    const second = await begin({ dataDir: directory });
    expect(second.error).toBe('');
    expect(first.up!.pids.filter(lives)).toEqual([]);
  }, 90_000);

  it('ends the server of a keeper that was killed', async () => {
    const { up } = await begin({ dataDir: directory });
    const [postgres] = up!.pids;
    process.kill(pidOf('PostgreSQL keeper'), 'SIGKILL');
    await until(() => !lives(postgres!), 15_000);
  }, 60_000);

  it('says in one line which port is taken and by which setting to move', async () => {
    const taken: Server = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as { port: number };
    await expect(startStack({ throwaway: true, apps: [], ports: { api: port } })).rejects.toThrow(
      new RegExp(`^Port ${port} .* PORT=[^\\n]*$`),
    );
    await new Promise((resolve) => taken.close(resolve));
  });

  it('can stop, kill and start again each part on its own', async () => {
    const stack: Stack = await startStack({ throwaway: true, apps: ['sandbox'] });
    try {
      const health = async (): Promise<number> => (await fetch(`${stack.urls.sandbox}/health`)).status;
      await stack.redis!.stop();
      expect(stack.redis!.hasEnded).toBe(true);
      expect(await health()).toBe(200);
      await stack.redis!.start();
      await stack.sandbox.kill();
      await expect(health()).rejects.toThrow();
      await stack.sandbox.start();
      expect(await health()).toBe(200);
      await stack.postgres!.kill();
      await stack.postgres!.start();
      expect(stack.postgres!.hasEnded).toBe(false);
    } finally {
      await stack.stop();
    }
    expect(existsSync(stack.dataDir)).toBe(false);
  }, 60_000);
});
