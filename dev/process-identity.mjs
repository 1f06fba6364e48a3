import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';

/**
 * When process `pid` started, as an opaque text, or undefined when there is no such process. Pids are reused: only the
 * pair of pid and start time names a process, and only such a pair may be signalled after a restart of the launcher.
 */
export function startTimeOf(pid) {
  if (process.platform === 'linux') {
    const stat = linuxStat(pid);
    if (!stat || stat.state === 'Z') return undefined;
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}:${stat.startTime}`;
  }
  return psField(pid, 'lstart');
}

/** Parent and program name of a process; undefined when there is no such process. */
export function describeProcess(pid) {
  if (process.platform === 'linux') return linuxStat(pid);
  const parent = psField(pid, 'ppid');
  return parent && { parent: Number(parent), command: basename(psField(pid, 'comm') ?? '') };
}

/** proc(5): 2 the command, 3 the state, 4 the parent, 22 the start time. The command may itself hold spaces. */
function linuxStat(pid) {
  let stat;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return undefined;
    throw error;
  }
  const end = stat.lastIndexOf(')');
  const fields = stat.slice(end + 2).split(' ');
  const command = stat.slice(stat.indexOf('(') + 1, end);
  return { command, state: fields[0], parent: Number(fields[1]), startTime: fields[19] };
}

function psField(pid, field) {
  const answer = spawnSync('ps', ['-o', `${field}=`, '-p', String(pid)], { encoding: 'utf8' });
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

const SIGNAL_GRACE_MS = 5_000;

/**
 * Ends processes that do not end by themselves: SIGINT, which is PostgreSQL's fast shutdown where SIGTERM would wait for
 * its clients, then SIGKILL. Resolves with those that still live.
 */
export async function endProcesses(processes) {
  for (const name of ['SIGINT', 'SIGKILL']) {
    const living = processes.filter(isAlive);
    for (const { pid } of living) signal(pid, name);
    await Promise.all(living.map((process) => waitUntilGone(process, SIGNAL_GRACE_MS)));
  }
  return processes.filter(isAlive);
}
