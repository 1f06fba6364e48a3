import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { LaunchProblem } from './launch-problem.mjs';
import { cacheDir } from './paths.mjs';
import { runCommand } from './run-command.mjs';

/** The oldest Redis BullMQ recommends; Valkey counts its versions on from 7.2. */
const OLDEST = [6, 2];

/**
 * A Redis or Valkey server program: REDIS_SERVER_BIN, the PATH, or (Debian and Ubuntu) the distribution's packages
 * fetched and unpacked below `.cache/` without root and without installing anything.
 * Returns `{ program, env }`.
 */
export async function findRedis(announce) {
  const named = process.env.REDIS_SERVER_BIN;
  if (named) {
    if (!isRecent(named, {}))
      throw new LaunchProblem(`REDIS_SERVER_BIN=${named} is no Redis ${OLDEST.join('.')} or later.`);
    return { program: named, env: {} };
  }
  for (const directory of (process.env.PATH ?? '').split(delimiter).filter((entry) => entry !== ''))
    for (const name of ['valkey-server', 'redis-server']) {
      const program = join(directory, name);
      if (existsSync(program) && isRecent(program, {})) return { program, env: {} };
    }
  const unpacked = join(cacheDir, 'redis');
  if (!existsSync(unpacked) && has('apt-get') && has('dpkg-deb')) {
    announce('no Redis found: fetching the distribution’s package into .cache/ (nothing is installed)');
    await fetchDebianPackages(unpacked);
  }
  const fetched = fetchedRedis(unpacked);
  if (fetched && isRecent(fetched.program, fetched.env)) return fetched;
  throw new LaunchProblem(
    `No Redis ${OLDEST.join('.')} or later. Install one (Debian: apt-get install redis-server; macOS: brew install ` +
      'redis), name its program with REDIS_SERVER_BIN, or set REDIS_URL to a running server.',
  );
}

function has(command) {
  return spawnSync(command, ['--version'], { stdio: 'ignore' }).error === undefined;
}

function isRecent(program, env) {
  const answer = spawnSync(program, ['--version'], { encoding: 'utf8', env: { PATH: process.env.PATH, ...env } });
  const version = /\bv=(\d+)\.(\d+)/.exec(answer.stdout ?? '');
  if (answer.status !== 0 || !version) return false;
  const [major, minor] = [Number(version[1]), Number(version[2])];
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
}

function fetchedRedis(unpacked) {
  const program = join(unpacked, 'usr', 'bin', 'redis-server');
  if (!existsSync(program)) return undefined;
  const libraries = ['usr/lib', 'lib']
    .map((path) => join(unpacked, path))
    .filter((path) => existsSync(path))
    .flatMap((path) => [
      path,
      ...readdirSync(path, { withFileTypes: true })
        .filter((entry) => entry.isDirectory() && /-linux-/.test(entry.name))
        .map((entry) => join(path, entry.name)),
    ]);
  return { program, env: { LD_LIBRARY_PATH: libraries.join(':') } };
}

async function fetchDebianPackages(target) {
  const work = `${target}.${process.pid}`;
  mkdirSync(work, { recursive: true });
  try {
    let options = [];
    let missing = await missingPackages(options);
    if (!missing) {
      // Package lists are empty, as in most container images: a private copy of them needs no root.
      for (const directory of ['lists/partial', 'cache/archives/partial'])
        mkdirSync(join(work, 'apt', directory), { recursive: true });
      options = [
        `Dir::State::Lists=${join(work, 'apt', 'lists')}`,
        `Dir::Cache=${join(work, 'apt', 'cache')}`,
        'APT::Sandbox::User=',
      ].flatMap((option) => ['-o', option]);
      await runCommand('apt-get', [...options, '-q', 'update'], { quiet: true, what: 'apt-get update' });
      missing = await missingPackages(options);
    }
    if (!missing) throw new LaunchProblem('apt-get knows no package redis-server; install a Redis 6.2 or later.');
    const archives = join(work, 'archives');
    mkdirSync(archives);
    await runCommand('apt-get', [...options, '-q', 'download', ...missing], {
      quiet: true,
      what: 'apt-get download',
      cwd: archives,
    });
    const files = join(work, 'files');
    for (const archive of readdirSync(archives))
      await runCommand('dpkg-deb', ['-x', join(archives, archive), files], { quiet: true, what: 'dpkg-deb' });
    renameSync(files, target);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** The packages a machine lacks for redis-server, from apt's rehearsal of the installation. */
async function missingPackages(options) {
  try {
    const plan = await runCommand(
      'apt-get',
      [...options, '-s', '-q', 'install', '--no-install-recommends', 'redis-server'],
      { capture: true, env: { ...process.env, LC_ALL: 'C' } },
    );
    const names = [...plan.matchAll(/^Inst (\S+)/gm)].map((match) => match[1]);
    // Installed but unusable (too old) leaves nothing to fetch.
    return names.length > 0 ? names : undefined;
  } catch (error) {
    if (error instanceof LaunchProblem) return undefined;
    throw error;
  }
}
