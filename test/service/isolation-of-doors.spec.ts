import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { JUSTIFIED } from '../support/catalogue.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { doorsOf, readRegister, registerFaults } from '../support/doors.js';
import { DENIED, refusalOf } from '../support/refusal.js';

const ROOT = new URL('../../', import.meta.url);
const REGISTER = readRegister(readFileSync(new URL('docs/security.md', ROOT), 'utf8'));
const LOGINS = ['admin', 'api', 'operator', 'worker'] as const;

function readTest(path: string): string | undefined {
  const file = fileURLToPath(new URL(`test/${path}`, ROOT));
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

let database: TestDatabase;
let owner: pg.Client;
let logins: Record<(typeof LOGINS)[number], pg.Client>;

beforeAll(async () => {
  database = await createTestDatabase();
  const connected = async (url: string): Promise<pg.Client> => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    return client;
  };
  owner = await connected(database.urls.owner);
  const clients = await Promise.all(LOGINS.map(async (role) => [role, await connected(database.urls[role])] as const));
  logins = Object.fromEntries(clients) as typeof logins;
});
afterAll(async () => {
  await Promise.all([owner, ...Object.values(logins)].map((client) => client.end()));
  await database.drop();
});

describe('the register of doors in docs/security.md', () => {
  it('names every function that runs with the rights of its owner, who may call it, and a test that does', async () => {
    expect(registerFaults(REGISTER, await doorsOf(owner), readTest)).toEqual([]);
  });

  it('notices a door that is not in it, one that is open to others, and a test that is none or calls it not', async () => {
    await owner.query('begin');
    await owner.query(`create function planted(n int) returns int language sql security definer as 'select n'`);
    await owner.query('grant execute on function find_api_key(bytea) to shomei_worker');
    const doors = await doorsOf(owner);
    await owner.query('rollback');
    const register = REGISTER.map((row) => ({
      ...row,
      ...(row.name === 'audit_backlog' ? { test: 'service/nothing.spec.ts' } : {}),
      ...(row.name === 'make_api_key' ? { test: 'service/events.spec.ts' } : {}),
    }));
    const gone = { name: 'gone', callers: [], test: 'service/events.spec.ts' };
    expect(registerFaults([...register, gone], doors, readTest)).toEqual([
      'gone: registered and not there',
      'audit_backlog: service/nothing.spec.ts is no test',
      'find_api_key: may be called by api, worker',
      'make_api_key: service/events.spec.ts does not call it',
      'planted: not registered',
    ]);
  });

  it.each(LOGINS)('keeps every other door closed to shomei_%s', async (role) => {
    const { rows } = await owner.query<{ call: string; name: string }>(`
      select p.proname::text as name, format('select %I(%s)', p.proname,
        (select string_agg('null::' || format_type(t, null), ', ' order by o) from unnest(p.proargtypes) with ordinality as a(t, o))) as call
      from pg_proc p where p.prosecdef and p.pronamespace = 'public'::regnamespace`);
    const closed = rows.filter(({ name }) => !REGISTER.find((row) => row.name === name)?.callers.includes(role));
    expect(closed.length).toBeGreaterThan(5);
    for (const { call } of closed) expect([call, await refusalOf(logins[role].query(call))]).toEqual([call, DENIED]);
  });
});

/** `table.column` of what a role may read, where `where` holds of the column `a` of table `c`. */
async function readable(role: string, where: string): Promise<string[]> {
  const { rows } = await owner.query<{ name: string }>(
    `select c.relname || '.' || a.attname as name from pg_attribute a join pg_class c on c.oid = a.attrelid
     where c.relkind in ('r', 'p', 'v', 'm') and not c.relispartition and a.attnum > 0 and not a.attisdropped
       and c.relnamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
       and has_column_privilege($1, c.oid, a.attnum, 'select') and (${where}) order by 1`,
    [`shomei_${role}`],
  );
  return rows.map(({ name }) => name);
}
const tablesOf = (columns: readonly string[]): string[] => [...new Set(columns.map((name) => name.split('.')[0]!))];

/** What is secret, sealed, or a hash by which somebody is found; and all octets. */
const SECRET = `a.atttypid = 'bytea'::regtype or a.attname ~ 'secret|password|wrapped|token|seal|evidence|hash|contacts'`;
/** Public: hashes of public lists, of the audit chain, roots and the public halves of keys. */
const PUBLIC = /^(audit_(chain|closing|seal|signing_key)|crl(_\w+)?|receipt_key|revocation_\w+|trust_anchor)\./;

describe('what the roles of the processes may read, column by column', () => {
  it('shomei_api: of what belongs to no tenant, public data and the rules of the platform; nothing of operators', async () => {
    const platform = tablesOf(await readable('api', 'true')).filter((table) => Object.hasOwn(JUSTIFIED, table));
    expect(platform.filter((table) => !/^(crl|revocation)/.test(table))).toEqual([
      'audit_event',
      'counterpart_disclosure',
      // Public tariffs, and up to which month is closed.
      'jlis_recognition',
      'jlis_reduction',
      'jlis_tariff',
      'month_close',
      'receipt_key',
      'retention_rule',
      'tenant',
      'test_clock',
      'trust_anchor',
    ]);
  });

  it('shomei_admin: neither evidence, wrapped keys, hashes of certificates and API keys, nor anything of a sign-in', async () => {
    const columns = (await readable('admin', SECRET)).filter((name) => !PUBLIC.test(name));
    expect(columns).toEqual([
      // Of kind, subject, before and after, which it may read too.
      'approval.payload_sha256',
      // Files of the checklist: sealed under the key ring, and the hash of what was uploaded.
      'checklist_file.content',
      'checklist_file.name',
      'checklist_file.sha256',
      // Of what companies are billed.
      'invoice.content_sha256',
      'invoice_draft.content_sha256',
      'invoice_export.bytes',
      'invoice_export.sha256',
      'invoice_file.bytes',
      'invoice_file.sha256',
      'jlis_reconciliation.file_sha256',
      // Whether one has to be changed.
      'operator_account.password_expired',
      // Of random codes; the process takes a used one away.
      'operator_recovery_code.code_sha256',
      // Of addresses that were tried.
      'sign_in_backoff.subject_sha256',
      'statement.content_sha256',
      // Sealed under the key ring, like what follows.
      'tenant_application.contacts',
      'tenant_application.contacts_ring_key',
    ]);
  });

  it('shomei_operator: the same, and not the applications', async () => {
    const columns = (await readable('operator', SECRET)).filter((name) => !PUBLIC.test(name));
    expect(columns).toEqual([
      'approval.payload_sha256',
      'operator_account.password_expired',
      'sign_in_backoff.subject_sha256',
    ]);
  });

  it('shomei_worker: no verification, no key of an API, nothing of operators and applications', async () => {
    const tables = tablesOf(await readable('worker', 'true'));
    expect(tables.filter((name) => /^(verification|api_key|operator_|approval|tenant_application)/.test(name))).toEqual(
      ['verification_person'],
    );
  });

  it('a column granted later is noticed', async () => {
    await owner.query('begin');
    await owner.query(
      'grant select (evidence) on verification to shomei_admin; grant select on approval to shomei_api',
    );
    expect(await readable('admin', SECRET)).toContain('verification.evidence');
    expect(tablesOf(await readable('api', 'true'))).toContain('approval');
    await owner.query('rollback');
  });
});
