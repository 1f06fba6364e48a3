/**
 * Opens a connection, runs `work(client)` and closes it. The driver is loaded here and not at the top, because the
 * launcher itself installs it.
 */
export async function withDatabase(connectionString, work) {
  const { default: pg } = await import('pg');
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 5_000 });
  // A server that goes away while we are idle must not end the launcher with an unhandled event.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await work(client);
  } finally {
    await client.end();
  }
}

/** True once the server answers a query; false while it is not there or still starting. */
export async function databaseAnswers(connectionString) {
  try {
    await withDatabase(connectionString, (client) => client.query('select 1'));
    return true;
  } catch (error) {
    // 57P03: the server is starting up.
    if (['ECONNREFUSED', 'ECONNRESET', '57P03'].includes(error.code)) return false;
    throw error;
  }
}

/** Creates the database unless it exists. `template` is copied when given. */
export async function ensureDatabase(adminUrl, name, template) {
  await withDatabase(adminUrl, async (client) => {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [name]);
    if (rowCount === 0)
      await client.query(
        `create database ${client.escapeIdentifier(name)}${template ? ` template ${client.escapeIdentifier(template)}` : ''}`,
      );
  });
}

/** The same server and user, another database. */
export function withDatabaseName(url, name) {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}

/** The same server and database, another login. */
export function withLogin(url, user, password) {
  const changed = new URL(url);
  changed.username = user;
  changed.password = password;
  return changed.href;
}
