import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LaunchProblem } from './launch-problem.mjs';
import { root } from './paths.mjs';
import { endProcesses, identify, signal } from './process-identity.mjs';

/** A database server under its keeper (`keeper.mjs`). */
export class KeptServer {
  /** Pid of the server itself. */
  pid;
  /** Settled when the server has ended: `{ code, signal }` or `{ error }`. */
  ended;
  hasEnded = false;
  #identity;
  #keeper;
  #lock;
  #spec;
  #probe;
  #onUnaskedEnd;
  #serving = false;

  /**
   * @param {string} name
   * @param {{ spec: object, probe: () => Promise<boolean>, lock?: object, onUnaskedEnd?: (name: string) => void }} settings `spec` is the keeper's; `probe`
   *   answers true once the server serves.
   */
  constructor(name, { spec, probe, lock, onUnaskedEnd }) {
    this.name = name;
    this.#spec = spec;
    this.#probe = probe;
    this.#lock = lock;
    this.#onUnaskedEnd = onUnaskedEnd;
  }

  /** Starts the server, the first time or again, and waits until it serves. */
  async start() {
    await this.#spawn();
    await this.#untilReady(60_000);
    this.#serving = true;
  }

  async #spawn() {
    const keeper = fork(join(root, 'dev', 'keeper.mjs'), [], {
      detached: true,
      cwd: '/',
      execArgv: [],
      env: {},
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.#keeper = keeper;
    this.hasEnded = false;
    this.#lock?.add(`${this.name} keeper`, keeper.pid, { endsItself: true });
    let last = { error: 'the keeper was killed' };
    const spawned = new Promise((resolve) => {
      keeper.on('message', (message) => {
        if (message.pid !== undefined) {
          this.pid = message.pid;
          this.#identity = identify(message.pid);
          this.#lock?.add(this.name, message.pid, { endsItself: false });
          resolve();
        } else last = message.ended;
      });
      keeper.once('exit', () => resolve());
    });
    this.ended = once(keeper, 'exit').then(async () => {
      // A keeper that was killed leaves its server alive. Forgotten before it is gone, the server would keep its files
      // from every later start.
      if (this.#identity) {
        const [left] = await endProcesses([this.#identity]);
        if (!left) this.#lock?.forget(this.#identity.pid);
      }
      this.#lock?.forget(keeper.pid);
      this.hasEnded = true;
      if (this.#serving) this.#onUnaskedEnd?.(this.name);
      return last;
    });
    keeper.send({ start: this.#spec });
    await spawned;
  }

  async #untilReady(timeoutMs) {
    const deadline = Date.now() + timeoutMs;
    while (!this.hasEnded) {
      if (await this.#probe()) return;
      if (Date.now() > deadline) {
        await this.stop();
        break;
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new LaunchProblem(`${this.name} did not start:\n${tail(this.#spec.logFile)}`);
  }

  /** Stops the server in an orderly way and waits for its end. */
  async stop() {
    if (this.hasEnded || !this.#keeper) return;
    this.#serving = false;
    if (this.#keeper.connected) this.#keeper.send({ stop: true });
    await this.ended;
  }

  /** Sends a signal to the server itself and waits for its end; for tests of sudden death. */
  async kill(name = 'SIGKILL') {
    this.#serving = false;
    if (this.pid !== undefined && !this.hasEnded) signal(this.pid, name);
    await this.ended;
  }
}

function tail(file, lines = 15) {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  } catch (error) {
    if (error.code === 'ENOENT') return '(no log)';
    throw error;
  }
}
