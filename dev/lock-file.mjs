import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { LaunchProblem } from './launch-problem.mjs';
import { endProcesses, identify, isAlive, waitUntilGone } from './process-identity.mjs';

/** Keepers and applications notice the launcher's death and end in an orderly way; this is how long that may take. */
const OWN_END_MS = 12_000;

/**
 * A lock file that names its holder and the holder's processes. A dead holder's processes are swept before the lock
 * is taken; a living holder is a `LaunchProblem`.
 */
export class LockFile {
  #file;
  #processes = [];

  constructor(file) {
    this.#file = file;
  }

  /** `what` completes the sentence "… is already running". */
  static async take(file, what) {
    mkdirSync(dirname(file), { recursive: true });
    const lock = new LockFile(file);
    for (let attempt = 0; ; attempt++) {
      try {
        writeFileSync(file, lock.#content(), { flag: 'wx', mode: 0o600 });
        return lock;
      } catch (error) {
        if (error.code !== 'EEXIST' || attempt === 5) throw error;
      }
      const previous = read(file);
      if (previous && isAlive(previous.holder))
        throw new LaunchProblem(`${what} is already running (process ${previous.holder.pid}, ${file}).`);
      await sweep(previous?.processes ?? []);
      rmSync(file, { force: true });
    }
  }

  /** Notes a process to be swept should this launcher die. A server does not end itself: its keeper ends it. */
  add(name, pid, { endsItself }) {
    this.#processes.push({ name, endsItself, ...identify(pid) });
    this.#write();
  }

  forget(pid) {
    this.#processes = this.#processes.filter((process) => process.pid !== pid);
    this.#write();
  }

  release() {
    rmSync(this.#file, { force: true });
  }

  #content() {
    return `${JSON.stringify({ holder: identify(process.pid), processes: this.#processes }, null, 2)}\n`;
  }

  #write() {
    // Written aside and renamed: a reader never sees half a file.
    writeFileSync(`${this.#file}.new`, this.#content(), { mode: 0o600 });
    renameSync(`${this.#file}.new`, this.#file);
  }
}

function read(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    // Gone, or cut off by a crash while being created: there is then nobody to sweep.
    if (error.code === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** What lives when the launcher does not ends by itself; this waits for it, and then helps. */
async function sweep(processes) {
  const ending = processes.filter((process) => process.endsItself && isAlive(process));
  await Promise.all(ending.map((process) => waitUntilGone(process, OWN_END_MS)));
  const [left] = await endProcesses(processes);
  if (left)
    throw new LaunchProblem(`Process ${left.pid} (${left.name}) of an earlier run does not end; stop it by hand.`);
}
