import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './paths.mjs';
import { runCommand } from './run-command.mjs';

const lockFile = join(root, 'package-lock.json');
const stamp = join(root, 'node_modules', '.installed-lock-sha256');
/** Written by npm itself at the end of every installation. */
const npmsOwnRecord = join(root, 'node_modules', '.package-lock.json');

/**
 * Installs the dependencies when they are absent or not those of the lock file. Returns whether it did. `quiet` shows
 * what npm says only when it fails.
 */
export async function ensureInstalled({ quiet = false } = {}) {
  const wanted = createHash('sha256').update(readFileSync(lockFile)).digest('hex');
  if (isInstalled(wanted)) return false;
  const npm = process.env.npm_execpath;
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  // Under `npm start` the same npm is used; its path is a script, run by this Node.
  if (npm?.endsWith('.js')) await runCommand(process.execPath, [npm, ...args], { cwd: root, quiet, what: 'npm ci' });
  else await runCommand('npm', args, { cwd: root, quiet, what: 'npm ci', shell: process.platform === 'win32' });
  writeFileSync(stamp, wanted);
  return true;
}

function isInstalled(wanted) {
  if (existsSync(stamp)) return readFileSync(stamp, 'utf8') === wanted || isNewer(npmsOwnRecord, stamp);
  return isNewer(npmsOwnRecord, lockFile);
}

/** A person who ran npm by hand after the lock file (or our stamp) was written has installed already. */
function isNewer(file, other) {
  return (
    existsSync(file) &&
    statSync(file).mtimeMs >= statSync(other).mtimeMs &&
    statSync(file).mtimeMs >= statSync(lockFile).mtimeMs
  );
}
