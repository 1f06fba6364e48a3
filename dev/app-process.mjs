import { fork } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { LaunchProblem } from './launch-problem.mjs';
import { root } from './paths.mjs';

const guard = pathToFileURL(join(root, 'dev', 'die-with-parent.mjs')).href;
/** Longer than the applications' own limit for finishing what they have begun. */
const STOP_GRACE_MS = 15_000;

/**
 * Arguments for Node: they tie a process to the launcher's life, give it a larger nursery, because a request leaves
 * only short-lived objects (a tenth less time per request), and keep the collector from compacting the heap whenever
 * little goes on, which stops a process that waits for tens of milliseconds (docs/performance.md).
 */
export const NODE_ARGUMENTS = [
  '--enable-source-maps',
  '--max-semi-space-size=64',
  '--no-memory-reducer',
  '--import',
  guard,
];

/**
 * Behind those, for the process that answers the tenants; of an argument given twice the later one counts. The larger
 * nursery left too little of the old space's allowance: every few seconds the whole heap was marked, 20 ms and more in
 * which nobody was answered. With this one a collection of the nursery takes 5 ms, and the old space may grow to four
 * times what lives in it (docs/performance.md). The image's own command has them too (check-containers.mjs).
 */
export const API_ARGUMENTS = ['--max-semi-space-size=16', '--heap-growing-percent=300'];

/** One of our applications. Its output goes to a log file; its errors are also handed to `onError(line)`. */
export class AppProcess {
  pid;
  /** Settled when the process has ended: `{ code, signal }`. */
  ended;
  hasEnded = true;
  #child;
  #settings;
  #lastLines = [];
  #asked = false;

  /**
   * @param {string} name
   * @param {{ script: string, nodeArguments?: string[], env: Record<string, string>, logFile: string, readyUrl?: string, lock?: object,
   *   onUnaskedEnd?: (name: string) => void, onError?: (line: string) => void }} settings `readyUrl` answers 200 once the application can do its work.
   */
  constructor(name, settings) {
    this.name = name;
    this.#settings = settings;
  }

  /** Starts the process and waits until it is ready. `env` is added to its settings for this and later starts. */
  async start(env = {}) {
    if (!this.hasEnded) throw new Error(`${this.name} runs already`);
    Object.assign(this.#settings.env, env);
    const { script, nodeArguments = [], logFile, lock, readyUrl, onUnaskedEnd } = this.#settings;
    const child = fork(join(root, script), [], {
      cwd: root,
      env: this.#settings.env,
      execArgv: [...NODE_ARGUMENTS, ...nodeArguments],
      // A session of its own: Ctrl-C reaches the launcher alone, which then stops the applications in order.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#child = child;
    this.pid = child.pid;
    this.hasEnded = false;
    this.#asked = false;
    this.#lastLines = [];
    lock?.add(this.name, child.pid, { endsItself: true });
    const log = createWriteStream(logFile, { flags: 'a', mode: 0o600 });
    this.#follow(child.stdout, log, (line) => isError(line));
    this.#follow(child.stderr, log, () => true);
    this.ended = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        this.hasEnded = true;
        lock?.forget(child.pid);
        if (!this.#asked) onUnaskedEnd?.(this.name);
        log.end();
        resolve({ code, signal });
      });
    });
    if (readyUrl) await this.#untilReady(readyUrl);
  }

  /** Asks the process to finish (SIGTERM) and waits; kills it when it does not. */
  async stop() {
    if (this.hasEnded) return;
    this.#asked = true;
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_GRACE_MS);
    await this.ended;
    clearTimeout(timer);
  }

  /** Sudden death by default; waits for it. */
  async kill(name = 'SIGKILL') {
    if (this.hasEnded) return;
    this.#asked = true;
    this.#child.kill(name);
    await this.ended;
  }

  async #untilReady(url, timeoutMs = 60_000) {
    const deadline = Date.now() + timeoutMs;
    while (!this.hasEnded) {
      if (await answersOk(url)) return;
      if (Date.now() > deadline) {
        await this.stop();
        throw new LaunchProblem(`${this.name} was not ready at ${url} in ${timeoutMs / 1000} s:\n${this.#said()}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new LaunchProblem(`${this.name} ended during its start:\n${this.#said()}`);
  }

  #said() {
    return this.#lastLines.join('\n') || '(it said nothing)';
  }

  #follow(stream, log, isErrorLine) {
    createInterface({ input: stream, crlfDelay: Infinity }).on('line', (line) => {
      log.write(`${line}\n`);
      this.#lastLines.push(line);
      if (this.#lastLines.length > 15) this.#lastLines.shift();
      if (isErrorLine(line)) this.#settings.onError?.(line);
    });
  }
}

/** Pino writes the level as a number near the start of its line: 50 error, 60 fatal. */
function isError(line) {
  return /^\{"level":[56]0,/.test(line);
}

async function answersOk(url) {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    await answer.arrayBuffer();
    return answer.ok;
  } catch (error) {
    // Not listening yet, or too busy starting to answer. Compared by name: under Jest fetch has classes of its own.
    if (error.name === 'TypeError' || error.name === 'TimeoutError') return false;
    throw error;
  }
}
