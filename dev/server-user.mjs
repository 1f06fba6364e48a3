import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, chownSync, lstatSync, mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { LaunchProblem } from './launch-problem.mjs';

/**
 * PostgreSQL refuses to run as root. As root this is the unprivileged account it runs under, `{ uid, gid }`;
 * otherwise undefined: servers run as whoever started us.
 */
export function serverUser() {
  if (process.getuid?.() !== 0) return undefined;
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  for (const name of ['postgres', 'nobody']) {
    const account = accounts.find((fields) => fields[0] === name);
    if (account) return { uid: Number(account[2]), gid: Number(account[3]) };
  }
  throw new LaunchProblem('Running as root needs an unprivileged account for PostgreSQL: add one named postgres.');
}

/** Whether `user` can enter `directory`, every parent included. */
export function canEnter(user, directory) {
  return spawnSync('test', ['-x', directory], { ...user, cwd: '/' }).status === 0;
}

/**
 * A directory that `user` can enter: `directory` itself where possible, else (a clone under a closed home such as
 * /root) one of its own under /var/lib, whose parent only root can write, so that nobody can plant it before us.
 */
export function enterableDirectory(user, directory) {
  mkdirSync(directory, { recursive: true });
  if (!user) return directory;
  if (canEnter(user, directory)) return directory;
  const name = createHash('sha256').update(resolve(directory)).digest('hex').slice(0, 12);
  const elsewhere = join('/var/lib/shomei-dev', name);
  mkdirSync(elsewhere, { recursive: true, mode: 0o755 });
  const found = lstatSync(elsewhere);
  if (!found.isDirectory() || found.uid !== 0) throw new LaunchProblem(`${elsewhere} must be a directory of root.`);
  return elsewhere;
}

/** Creates a directory that only `user` (or we ourselves) can read. */
export function privateDirectory(user, directory) {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  if (user) chownSync(directory, user.uid, user.gid);
  chmodSync(directory, 0o700);
  return directory;
}
