import { chownSync, existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { KeptServer } from './kept-server.mjs';
import { LaunchProblem } from './launch-problem.mjs';
import { freePort } from './ports.mjs';
import { findPostgres } from './postgres-binaries.mjs';
import { runCommand } from './run-command.mjs';
import { enterableDirectory, privateDirectory, serverUser } from './server-user.mjs';
import { databaseAnswers } from './sql.mjs';

export const OWNER = 'shomei_owner';

/** Nothing of a throw-away cluster outlives the run, so nothing of it needs to reach the disk. */
const THROWAWAY_SETTINGS = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'autovacuum=off'];

/**
 * Starts a PostgreSQL of our own on a free port of 127.0.0.1, its cluster created on first use under `directory`.
 * The cluster's superuser is `shomei_owner`; every login needs its password (SCRAM).
 *
 * @param {{ directory: string, password: string, throwaway: boolean, logFile: string, lock?: object,
 *   onUnaskedEnd?: (name: string) => void, port?: number, *   removeWhenOrphaned?: string[] }} options `removeWhenOrphaned`: directories to delete when the launcher dies.
 * @returns {Promise<{ server: KeptServer, url: string, location: string }>} `url` names the maintenance database.
 */
export async function startPostgres({
  directory,
  password,
  throwaway,
  logFile,
  lock,
  onUnaskedEnd,
  port,
  removeWhenOrphaned = [],
}) {
  const user = serverUser();
  const { bin, major } = findPostgres(user);
  // A cluster belongs to one major version: with another one a new directory is begun and the old one stays untouched.
  const location = join(enterableDirectory(user, directory), `postgres-${major}`);
  if (!existsSync(location)) await initialize({ bin, user, location, password, throwaway });
  const settings = [
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    'max_connections=200',
    'shared_buffers=256MB',
    'max_wal_size=2GB',
    'timezone=UTC',
    'log_timezone=UTC',
    ...(throwaway ? THROWAWAY_SETTINGS : []),
  ];
  for (let attempt = 1; ; attempt++) {
    const chosen = port ?? (await freePort());
    const url = `postgresql://${OWNER}:${encodeURIComponent(password)}@127.0.0.1:${chosen}/postgres`;
    const server = new KeptServer('PostgreSQL', {
      lock,
      onUnaskedEnd,
      probe: () => databaseAnswers(url),
      spec: {
        command: join(bin, 'postgres'),
        args: ['-D', location, ...[`port=${chosen}`, ...settings].flatMap((setting) => ['-c', setting])],
        cwd: location,
        env: { LC_ALL: 'C', PATH: process.env.PATH },
        ...user,
        logFile,
        // Fast shutdown, then immediate: https://www.postgresql.org/docs/current/server-shutdown.html
        stopSignals: [
          ['SIGINT', 8_000],
          ['SIGQUIT', 3_000],
          ['SIGKILL', 0],
        ],
        removeWhenOrphaned: throwaway ? [location, ...removeWhenOrphaned] : removeWhenOrphaned,
      },
    });
    try {
      await server.start();
      return { server, url, location };
    } catch (error) {
      // Somebody may have taken the port between our looking and PostgreSQL's binding.
      if (!(error instanceof LaunchProblem) || !/could not create any TCP/.test(error.message) || attempt === 3)
        throw error;
    }
  }
}

async function initialize({ bin, user, location, password, throwaway }) {
  // Made aside and renamed: an interrupted initdb is never taken for a cluster.
  const unfinished = `${location}.new`;
  const passwordFile = `${location}.password`;
  rmSync(unfinished, { recursive: true, force: true });
  privateDirectory(user, unfinished);
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (user) chownSync(passwordFile, user.uid, user.gid);
  const args = ['--pgdata', unfinished, '--username', OWNER, '--pwfile', passwordFile, '--auth=scram-sha-256'];
  // The same order of text on every machine; sorting for people is not the database's task here.
  args.push('--encoding=UTF8', '--locale=C', ...(throwaway ? ['--no-sync'] : []));
  try {
    await runCommand(join(bin, 'initdb'), args, {
      quiet: true,
      what: 'initdb',
      cwd: unfinished,
      env: { LC_ALL: 'C', PATH: process.env.PATH },
      ...user,
    });
    renameSync(unfinished, location);
  } finally {
    rmSync(passwordFile, { force: true });
  }
}
