import pg from 'pg';
import { DataSource } from 'typeorm';
import { loadConfig, runMain, type Config } from '#lib/platform';
import { migrations } from './index.js';

const SETTINGS = [
  'DATABASE_URL',
  'API_DB_PASSWORD',
  'WORKER_DB_PASSWORD',
  'ADMIN_DB_PASSWORD',
  'OPERATOR_DB_PASSWORD',
] as const;
/** Any constant: two migrate steps of one database wait for each other. */
const LOCK = 0x5340_4d45;

/** Roles that own doors in the database (SECURITY DEFINER) and cannot log in. */
const DOOR_ROLES = [
  'shomei_door',
  'shomei_key_lookup',
  'shomei_key_maker',
  'shomei_key_clerk',
  'shomei_crl_keeper',
  'shomei_linkage_clerk',
  'shomei_audit_sealer',
  'shomei_operator_keeper',
  'shomei_evidence_clerk',
  'shomei_export_clerk',
  'shomei_retention_clerk',
  'shomei_tenant_clerk',
  'shomei_biller',
  'shomei_invoicer',
  'shomei_quota_keeper',
  'shomei_monitor',
  'shomei_webhook_clerk',
  'shomei_counter',
];

/**
 * Roles belong to the cluster, so they are made here and not in a migration. Their passwords are set each time, which
 * is how they are rotated.
 */
async function prepareRoles(client: pg.Client, config: Config<(typeof SETTINGS)[number]>): Promise<void> {
  const logins: [string, string][] = [
    ['shomei_api', config.API_DB_PASSWORD],
    ['shomei_worker', config.WORKER_DB_PASSWORD],
    ['shomei_admin', config.ADMIN_DB_PASSWORD],
    ['shomei_operator', config.OPERATOR_DB_PASSWORD],
  ];
  const { rows } = await client.query<{ rolname: string }>(
    `select rolname from pg_roles where rolname like 'shomei\\_%'`,
  );
  const existing = new Set(rows.map((row) => row.rolname));
  const attributes = 'nosuperuser nobypassrls nocreatedb nocreaterole noinherit';
  for (const role of DOOR_ROLES) {
    if (!existing.has(role)) await client.query(`create role ${role} nologin ${attributes}`);
    await client.query(`grant ${role} to current_user`);
  }
  for (const [role, password] of logins) {
    const verb = existing.has(role) ? 'alter' : 'create';
    await client.query(`${verb} role ${role} login ${attributes} password ${client.escapeLiteral(password)}`);
  }
  await client.query('revoke create on schema public from public');
  await client.query(`grant usage on schema public to ${[...DOOR_ROLES, ...logins.map(([role]) => role)].join(', ')}`);
}

/** Brings the database to the newest schema; concurrent runs wait for each other. */
export async function migrate(config: Config<(typeof SETTINGS)[number]>): Promise<string[]> {
  const client = new pg.Client({ connectionString: config.DATABASE_URL, application_name: 'shomei-migrate' });
  await client.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [LOCK]);
    await prepareRoles(client, config);
    const dataSource = await new DataSource({
      type: 'postgres',
      driver: pg,
      url: config.DATABASE_URL,
      migrations,
      migrationsTableName: 'schema_migration',
      synchronize: false,
    }).initialize();
    try {
      return (await dataSource.runMigrations({ transaction: 'each' })).map((migration) => migration.name);
    } finally {
      await dataSource.destroy();
    }
  } finally {
    await client.end();
  }
}

if (import.meta.filename === process.argv[1])
  runMain(async () => {
    const applied = await migrate(loadConfig(SETTINGS, process.env));
    process.stdout.write(`${JSON.stringify({ event: 'migrated', applied })}\n`);
  });
