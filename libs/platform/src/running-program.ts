import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { DataSource } from 'typeorm';

/** The version of what runs: that of the package above its files, as source or as built. */
export const VERSION = versionAbove(import.meta.dirname);

function versionAbove(folder: string): string {
  try {
    return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }).version;
  } catch (error) {
    const parent = dirname(folder);
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || parent === folder) throw error;
    return versionAbove(parent);
  }
}

/** When this process began, and a little chance, because processes of several machines may begin together. */
const PROCESS = `${Math.floor(performance.timeOrigin).toString(36)}-${randomBytes(2).toString('hex')}`;

/** A program that is connected to the database. */
export interface RunningProgram {
  app: string;
  version: string;
  /** Of Node.js. */
  node: string;
  /** Milliseconds, by the clock of its machine. */
  startedAt: number;
}

/**
 * What the connections of a process call themselves, so that the database can tell what runs: at most 63 characters, all
 * that it keeps of a name.
 */
export const programName = (app: string): string => `shomei-${app}/${VERSION} node/${process.versions.node} ${PROCESS}`;

const NAME = /^shomei-([a-z]+)\/(\S+) node\/(\S+) ([0-9a-z]+)-[0-9a-f]{4}$/;

/** What a name says; undefined for a name that `programName` has not made. */
export function parseProgramName(name: string): RunningProgram | undefined {
  const [, app, version, node, began] = NAME.exec(name) ?? [];
  if (app === undefined) return undefined;
  return { app, version: version!, node: node!, startedAt: Number.parseInt(began!, 36) };
}

/**
 * The processes that are connected to the database now, by app and age. One that ends, or whose machine is gone, loses its
 * connections; one that has asked for nothing for ten seconds is not seen either, but each of ours asks every second.
 */
export async function runningPrograms(dataSource: DataSource): Promise<RunningProgram[]> {
  const rows: { name: string }[] = await dataSource.query(
    `select distinct application_name as name from pg_stat_activity where datname = current_database()`,
  );
  return rows
    .flatMap(({ name }) => parseProgramName(name) ?? [])
    .sort((one, other) => one.app.localeCompare(other.app) || one.startedAt - other.startedAt);
}
