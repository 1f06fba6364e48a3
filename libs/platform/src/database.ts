import pg from 'pg';
import { DataSource, type DataSourceOptions, type EntityManager, type MixedList, type EntitySchema } from 'typeorm';
import type { Mode } from './mode.js';

/** Longest wait for a connection. */
const CONNECT_TIMEOUT_MS = 5_000;

/** How a pool behaves; shared by every process. */
export const poolOptions = (pool: number, queryTimeoutMs: number) => ({
  max: pool,
  connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  statement_timeout: queryTimeoutMs,
  // A server that is frozen or cut off cannot end a statement; we stop waiting a little later ourselves.
  query_timeout: queryTimeoutMs + 2_000,
  keepAlive: true,
});

/** Longest statement of commands and background work, milliseconds. */
export const BACKGROUND_QUERY_TIMEOUT_MS = 60_000;

/** One pool under one role. Schema changes are the migrate step's alone. */
export function createDataSource(options: {
  url: string;
  pool: number;
  applicationName: string;
  entities?: MixedList<string | (new () => unknown) | EntitySchema>;
}): DataSource {
  return new DataSource({
    type: 'postgres',
    driver: pg,
    url: options.url,
    entities: options.entities ?? [],
    synchronize: false,
    migrationsRun: false,
    applicationName: options.applicationName,
    extra: poolOptions(options.pool, BACKGROUND_QUERY_TIMEOUT_MS),
  });
}

/**
 * SQLSTATE classes 08 connection exception and 53 insufficient resources, 57P01 to 57P03 shutdown, crash and start-up,
 * 57014 statement timeout (PostgreSQL manual, appendix A); and errno names of a socket.
 */
const UNAVAILABLE_CODE =
  /^(08...|53...|57P0[123]|57014|ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN)$/;
/** What the driver says without a code. */
const UNAVAILABLE_MESSAGE =
  /^(Query read timeout|Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error)/;

/**
 * Whether an error of the database says that it could not be reached or was lost, as against a statement it refused.
 * Whether a commit under way happened is then not known.
 */
export function isDatabaseUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? UNAVAILABLE_CODE.test(code) : UNAVAILABLE_MESSAGE.test(error.message);
}

/** A tenant in one mode: the unit of isolation. */
export interface Tenancy {
  tenantId: string;
  mode: Mode;
}

/**
 * Runs `work` in a transaction in which row-level security shows this tenant's rows of this mode and no others.
 * The settings are local to the transaction, so a pooled connection carries nothing over.
 */
export function withTenant<T>(
  dataSource: DataSource,
  { tenantId, mode }: Tenancy,
  work: (manager: EntityManager) => Promise<T>,
): Promise<T> {
  return dataSource.transaction(async (manager) => {
    await manager.query(`select set_config('app.tenant_id', $1, true), set_config('app.mode', $2, true)`, [
      tenantId,
      mode,
    ]);
    return work(manager);
  });
}

/**
 * Ends the statement that a connection runs. Over a connection of its own: those of the pool may all wait for statements
 * that are to be ended.
 * @param pid of the connection's process at the server
 */
export async function cancelStatement(dataSource: DataSource, pid: number): Promise<void> {
  const { url, applicationName } = dataSource.options as Extract<DataSourceOptions, { type: 'postgres' }>;
  const client = new pg.Client({
    connectionString: url,
    application_name: applicationName,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: CONNECT_TIMEOUT_MS,
  });
  // A connection that is lost fails the question below; without a listener it would end the process too.
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query('select pg_cancel_backend($1)', [pid]);
  } finally {
    await client.end();
  }
}
