import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { DataSource } from 'typeorm';
import { newId, type Tenancy, withTenant } from '#lib/platform';
import {
  DATA_EXPORT_KINDS,
  DATA_EXPORT_PAGE,
  dataExportLines,
  openDataExport,
} from '../../apps/admin/src/data-export.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { type TestOperator, TestPeople } from '../support/operators.js';
import { DENIED, refusalOf } from '../support/refusal.js';
import { connect, makeTenant, type TestTenant } from '../support/tenants.js';

const REASON = '契約終了に伴う引渡し';
const OPEN = 'select open_data_export($1, $2, $3, null, null) as refusal';
const PAGE = 'select * from data_export_page($1, $2, $3, $4, $5)';

let database: TestDatabase;
let owner: pg.Client;
let admin: DataSource;
let operator: DataSource;
let people: TestPeople;
let first: TestOperator;
let second: TestOperator;
let onboarding: TestOperator;
let a: TestTenant;
let b: TestTenant;

beforeAll(async () => {
  database = await createTestDatabase();
  owner = new pg.Client({ connectionString: database.urls.owner });
  await owner.connect();
  [admin, operator] = await Promise.all([connect(database.urls.admin), connect(database.urls.operator)]);
  people = new TestPeople(admin, operator);
  first = await people.firstAdmin();
  second = await people.firstAdmin();
  onboarding = await people.withRoles(['onboarding'], first, second);
  a = await makeTenant(operator, 'A');
  b = await makeTenant(operator, 'B');
});
afterAll(async () => {
  await Promise.all([owner.end(), admin.destroy(), operator.destroy()]);
  await database.drop();
});

const tokenOf = async (person: TestOperator): Promise<Buffer> => (await people.session(person)).tokenSha256;
const opens = async (): Promise<number> =>
  Number(
    (await owner.query<{ n: string }>(`select count(*) as n from audit_event where action = 'tenant.data_export_open'`))
      .rows[0]!.n,
  );

async function open(token: Buffer | null, tenancy: Tenancy = a, why: string | null = REASON): Promise<string | null> {
  const [row] = await withTenant<[{ refusal: string | null }]>(admin, tenancy, (manager) =>
    manager.query(OPEN, [token, why, randomUUID()]),
  );
  return row.refusal;
}
async function opened(token: Buffer, tenancy: Tenancy = a): Promise<string> {
  const id = randomUUID();
  await withTenant(admin, tenancy, (manager) => manager.query(OPEN, [token, REASON, id]));
  return id;
}
const page = (token: Buffer | null, id: string | null, tenancy: Tenancy = a, kind: string = 'api_key', upTo = 10) =>
  withTenant<{ id: string; line: string }[]>(admin, tenancy, (manager) =>
    manager.query(PAGE, [token, id, kind, null, upTo]),
  );

describe('open_data_export(…), called by SQL', () => {
  it('refuses who has no session with both factors, no such role or no reason, and records nothing then', async () => {
    const auditor = await people.withRoles(['auditor', 'support', 'billing'], first, second);
    const token = await tokenOf(onboarding);
    const before = await opens();
    const attempts: [string, Promise<string | null>, string][] = [
      ['a hash nobody has', open(randomBytes(32)), 'session_invalid'],
      ['no hash', open(null), 'session_invalid'],
      ['other roles', open(await tokenOf(auditor)), 'permission_missing'],
      ['no reason', open(token, a, null), 'reason_missing'],
      ['a blank reason', open(token, a, '     '), 'reason_missing'],
      ['a long reason', open(token, a, 'x'.repeat(501)), 'reason_missing'],
      ['no tenant', open(token, { tenantId: randomUUID(), mode: 'test' }), 'tenant_unknown'],
    ];
    for (const [what, refusal, expected] of attempts) expect([what, await refusal]).toEqual([what, expected]);
    expect(await opens()).toBe(before);
  });

  it('writes down who and why, for the tenant to see', async () => {
    const id = await opened(await tokenOf(onboarding));
    const { rows } = await owner.query('select tenant_id, mode, actor, action, detail from audit_event where id = $1', [
      id,
    ]);
    expect(rows).toEqual([
      {
        tenant_id: a.tenantId,
        mode: 'test',
        actor: `operator:${onboarding.id}`,
        action: 'tenant.data_export_open',
        detail: { reason: REASON },
      },
    ]);
  });
});

describe('data_export_page(…), called by SQL', () => {
  it('gives lines of the opened tenant and mode alone', async () => {
    const token = await tokenOf(onboarding);
    const id = await opened(token);
    expect((await page(token, id)).map((row) => row.id)).toEqual([a.apiKeyId]);
    expect(await refusalOf(page(token, id, b))).toBe(DENIED);
    expect(await refusalOf(page(token, id, { ...a, mode: 'live' }))).toBe(DENIED);
    expect(await refusalOf(admin.query(PAGE, [token, id, 'api_key', null, 10]))).toBe(DENIED);
  });

  it('gives nothing without an export that this operator opened, or with a session or a role that is gone', async () => {
    const token = await tokenOf(onboarding);
    const id = await opened(token);
    expect(await refusalOf(page(null, id))).toBe(DENIED);
    expect(await refusalOf(page(randomBytes(32), id))).toBe(DENIED);
    expect(await refusalOf(page(token, null))).toBe(DENIED);
    expect(await refusalOf(page(token, randomUUID()))).toBe(DENIED);
    expect(await refusalOf(page(await tokenOf(first), id))).toBe(DENIED);
    const person = await people.withRoles(['onboarding'], first, second);
    const theirs = await tokenOf(person);
    const own = await opened(theirs);
    expect(await page(theirs, own)).toHaveLength(1);
    await people.giveRoles(person.id, ['onboarding'], ['support'], first, second);
    expect(await refusalOf(page(theirs, own))).toBe(DENIED);
    expect(await refusalOf(page(await tokenOf(person), own))).toBe(DENIED);
  });

  it('gives nothing in the transaction of the opening, which could still be undone, nor an hour later', async () => {
    const token = await tokenOf(onboarding);
    const id = randomUUID();
    const both = withTenant(admin, a, async (manager) => {
      await manager.query(OPEN, [token, REASON, id]);
      await manager.query(PAGE, [token, id, 'api_key', null, 10]);
    });
    expect(await refusalOf(both)).toBe(DENIED);
    const old = await opened(token);
    expect(await page(token, old)).toHaveLength(1);
    await owner.query('alter table audit_event disable trigger user');
    await owner.query(`update audit_event set recorded_at = recorded_at - interval '61 minutes' where id = $1`, [old]);
    await owner.query('alter table audit_event enable trigger user');
    expect(await refusalOf(page(token, old))).toBe(DENIED);
  });

  it('takes no other kind and no page without end, and shows no table beside it', async () => {
    const token = await tokenOf(onboarding);
    const id = await opened(token);
    for (const kind of ['tenant_key', 'evidence', '', "person'; select 1"])
      expect(await refusalOf(page(token, id, a, kind))).toBe('22023');
    for (const upTo of [0, -1, 1001]) expect(await refusalOf(page(token, id, a, 'person', upTo))).toBe('22023');
    for (const table of ['person', 'person_certificate', 'consent', 'serial_linkage', 'age_check'])
      expect(await refusalOf(withTenant(admin, a, (manager) => manager.query(`select id from ${table}`)))).toBe(DENIED);
    for (const url of [database.urls.api, database.urls.worker, database.urls.operator]) {
      const other = await connect(url);
      const asOther = (sql: string, values: unknown[]) => withTenant(other, a, (manager) => manager.query(sql, values));
      expect(await refusalOf(asOther(PAGE, [token, id, 'api_key', null, 10]))).toBe(DENIED);
      expect(await refusalOf(asOther(OPEN, [token, REASON, newId(Date.now())]))).toBe(DENIED);
      await other.destroy();
    }
  });

  it('has a policy of tenant and mode alone on what it reads, and no column that is sealed', async () => {
    const { rows } = await owner.query<{ name: string }>(
      `select table_name || '.' || column_name as name from information_schema.column_privileges
       where grantee = 'shomei_export_clerk' and privilege_type = 'SELECT'
         and (column_name ~ 'secret|password|wrapped|token|seal|evidence$|hash|contacts|nonce') order by 1`,
    );
    // by which checks of those who were deleted are left out
    expect(rows.map(({ name }) => name)).toEqual([
      'certificate_tombstone.certificate_hash',
      'verification.certificate_hash',
    ]);
  });
});

describe('an export of many rows', () => {
  const PERSONS = 2 * DATA_EXPORT_PAGE + 1;

  it('is read by pages as it is taken, holds no more than one of them, and lets go when the reader leaves', async () => {
    await owner.query(
      `insert into person (tenant_id, mode, id, created_at)
       select $1, 'test', gen_random_uuid(), now() from generate_series(1, $2::int)`,
      [b.tenantId, PERSONS],
    );
    const pages: [string, number][] = [];
    const make = admin.createQueryRunner.bind(admin);
    const released: boolean[] = [];
    admin.createQueryRunner = (...args) => {
      const runner = make(...args);
      const query = runner.query.bind(runner);
      runner.query = (async (sql: string, values?: unknown[]) => {
        const rows = (await query(sql, values)) as unknown;
        if (sql.includes('data_export_page(')) pages.push([String(values![2]), (rows as unknown[]).length]);
        return rows;
      }) as typeof runner.query;
      const release = runner.release.bind(runner);
      runner.release = () => {
        released.push(runner.isTransactionActive);
        return release();
      };
      return runner;
    };
    try {
      const request = {
        tenancy: { tenantId: b.tenantId, mode: 'test' as const },
        reason: REASON,
        tokenSha256: await tokenOf(onboarding),
        operatorId: onboarding.id,
        origin: { requestId: 'req_test' },
      };
      const text: string[] = [];
      for await (const line of dataExportLines(admin, await openDataExport(admin, request), Date.now()))
        text.push(line);
      const counts = (JSON.parse(text.at(-1)!) as { counts: Record<string, number> }).counts;
      expect([counts['person'], Object.keys(counts)]).toEqual([PERSONS, [...DATA_EXPORT_KINDS]]);
      expect(pages.filter(([kind]) => kind === 'person').map(([, n]) => n)).toEqual([
        DATA_EXPORT_PAGE,
        DATA_EXPORT_PAGE,
        1,
      ]);
      expect(new Set(text).size).toBe(text.length);
      const sha256 = createHash('sha256').update(text.slice(0, -1).join('')).digest('hex');
      expect((JSON.parse(text.at(-1)!) as { sha256: string }).sha256).toBe(sha256);

      pages.length = 0;
      released.length = 0;
      const left = dataExportLines(admin, await openDataExport(admin, request), Date.now());
      for (let read = 0; read < 10; read++) await left.next();
      await left.return(undefined);
      expect(pages.filter(([kind]) => kind === 'person').map(([, n]) => n)).toEqual([DATA_EXPORT_PAGE]);
      expect(pages.some(([kind]) => kind === 'certificate')).toBe(false);
      expect(released.at(-1)).toBe(false);
    } finally {
      admin.createQueryRunner = make;
    }
    const { rows } = await owner.query<{ action: string }>(
      `select action from audit_event where tenant_id = $1 and action like 'tenant.data_export%' order by id`,
      [b.tenantId],
    );
    expect(rows.map(({ action }) => action)).toEqual([
      'tenant.data_export_open',
      'tenant.data_export',
      'tenant.data_export_open',
    ]);
  }, 300_000);
});
