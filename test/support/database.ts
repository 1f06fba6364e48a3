import { randomBytes } from 'node:crypto';
import pg from 'pg';

/** A database of one test file: the migrated schema, no data. URLs by login role; `owner` is the migrations' role. */
export interface TestDatabase {
  readonly urls: Readonly<Record<'owner' | 'api' | 'worker' | 'admin' | 'operator', string>>;
  /** Ends what is still connected and drops the database. */
  drop(): Promise<void>;
}

/**
 * Copies the template that `npm test` has migrated.
 * @throws Error when the run has no database server: such tests never skip.
 */
export async function createTestDatabase(): Promise<TestDatabase> {
  const adminUrl = setting('TEST_DATABASE_ADMIN_URL');
  const name = `test_${randomBytes(6).toString('hex')}`;
  await asAdmin(
    adminUrl,
    `create database ${name} template ${pg.escapeIdentifier(setting('TEST_DATABASE_TEMPLATE'))} strategy file_copy`,
  );
  const url = (login?: { user: string; password: string }): string => {
    const changed = new URL(adminUrl);
    changed.pathname = `/${name}`;
    if (login) Object.assign(changed, { username: login.user, password: login.password });
    return changed.href;
  };
  return {
    urls: {
      owner: url(),
      api: url({ user: 'shomei_api', password: setting('TEST_API_DB_PASSWORD') }),
      worker: url({ user: 'shomei_worker', password: setting('TEST_WORKER_DB_PASSWORD') }),
      admin: url({ user: 'shomei_admin', password: setting('TEST_ADMIN_DB_PASSWORD') }),
      operator: url({ user: 'shomei_operator', password: setting('TEST_OPERATOR_DB_PASSWORD') }),
    },
    drop: () => asAdmin(adminUrl, `drop database ${name} with (force)`),
  };
}

/** The key ring of the run, as the `KEY_RING` setting has it. */
export function testKeyRing(): string {
  return setting('TEST_KEY_RING');
}

/** The key of the run that signs the audit chain, as the `AUDIT_SIGNING_KEY` setting has it. */
export function testAuditSigningKey(): string {
  return setting('TEST_AUDIT_SIGNING_KEY');
}

/** The keys of the run that sign receipts, as the `SIGNING_KEYS` setting has them. */
export function testSigningKeys(): string {
  return setting('TEST_SIGNING_KEYS');
}

async function asAdmin(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: run these tests with \`npm test\``);
  return value;
}
