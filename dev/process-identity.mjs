import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * When process `pid` started, as an opaque text, or undefined when there is no such process. Pids are reused: only the
 * pair of pid and start time names a process, and only such a pair may be signalled after a restart of the launcher.
 */
export function startTimeOf(pid) {
  if (process.platform === 'linux') {
    let stat;
    let bootId;
    try {
      stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    } catch (error) {
      if (error.code === 'ENOENT' || error.code === 'ESRCH') return undefined;
      throw error;
    }
    // proc(5): field 3 is the state, field 22 the start time; the command in parentheses may itself hold spaces.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : `${bootId}:${fields[19]}`;
  }
  const answer = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' });
  return answer.status === 0 && answer.stdout.trim() !== '' ? answer.stdout.trim() : undefined;
}

/** A process as written to the lock file: `{ pid, started }`. */
export function identify(pid) {
  return { pid, started: startTimeOf(pid) };
}

/** True while exactly this process lives. */
export function isAlive({ pid, started }) {
  return started !== undefined && startTimeOf(pid) === started;
}

/** Sends a signal; false when the process is already gone. */
export function signal(pid, name) {
  try {
    process.kill(pid, name);
    return true;
  } catch (error) {
    if (error.code === 'ESRCH') return false;
    throw error;
  }
}

/** Waits until the process is gone; false when it still lives after `timeoutMs`. */
export async function waitUntilGone(identity, timeoutMs) {
  const deadline = Date.now() + timeoutMs;
  while (isAlive(identity)) {
    if (Date.now() > deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return true;
}
