import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { DataSource } from 'typeorm';
import { changeApplication, createTenant, readFile, takeStep } from '#lib/tenancy';
import { confirmDocuments, passConnectionTest } from '../support/checklist.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { APPLICATION } from '../support/onboarding.js';
import { withPeople } from '../support/operators.js';
import { connect, keyRing } from '../support/tenants.js';

/** The rules of the database, as somebody would try to break them who can run statements. */
let database: TestDatabase;
let owner: pg.Client;
let admin: DataSource;
let operatorId: string;

const ACTING = { actor: 'operator:test' };

beforeAll(async () => {
  database = await createTestDatabase();
  owner = new pg.Client({ connectionString: database.urls.owner });
  await owner.connect();
  admin = await connect(database.urls.admin);
  operatorId = await withPeople(database, async (people) => (await people.withoutApproval(['admin'], database)).id);
});
afterAll(async () => {
  await owner.end();
  await admin.destroy();
  await database.drop();
});

/** In test mode, with an application and, unless it says otherwise, everything confirmed. */
async function tenant({ confirmed = true, connected = true } = {}): Promise<string> {
  const tenantId = await createTenant(admin, keyRing(), { name: 'A', ...ACTING });
  await changeApplication(admin, keyRing(), { tenantId, application: APPLICATION, ...ACTING });
  if (confirmed) await confirmDocuments(admin, tenantId, operatorId);
  if (connected) await passConnectionTest(database, tenantId);
  return tenantId;
}

/** The rule that a statement breaks, as a role. */
async function ruleOf(role: keyof TestDatabase['urls'], sql: string, values: unknown[] = []): Promise<string> {
  const client = new pg.Client({ connectionString: database.urls[role] });
  await client.connect();
  try {
    const { rowCount } = await client.query(sql, values);
    return `done ${rowCount}`;
  } catch (error) {
    const { constraint, code } = error as { constraint?: string; code?: string };
    return constraint ?? code ?? String(error);
  } finally {
    await client.end();
  }
}
const NOTIFIED = `update tenant set state = 'notified', notified_on = '2026-11-01', notification_reference = 'x' where id = $1`;

describe('a tenant whose checklist is not done', () => {
  it.each([
    ['documents are missing', { confirmed: false }],
    ['the connection test is missing', { connected: false }],
  ])('is not notified by any statement: %s', async (_what, state) => {
    const id = await tenant(state);
    expect(await ruleOf('admin', NOTIFIED, [id])).toBe('checklist_is_done');
    expect(await ruleOf('owner', NOTIFIED, [id])).toBe('checklist_is_done');
    // Their roles may not take steps at all.
    for (const role of ['operator', 'api', 'worker'] as const) expect(await ruleOf(role, NOTIFIED, [id])).toBe('42501');
  });

  it('does not go live either when something was taken back after the notification', async () => {
    const id = await tenant();
    const notification = { on: '2026-11-01', reference: 'x' };
    await takeStep(admin, { tenantId: id, request: { step: 'notify', reason: 'x', notification }, ...ACTING });
    await owner.query(
      'update checklist_item set confirmed_by = null, confirmed_at = null, note = null where tenant_id = $1',
      [id],
    );
    // With the approval's own guard out of the way the checklist still stands in it.
    await owner.query('alter table tenant disable trigger guard');
    try {
      const approval = `update tenant set state = 'live', go_live_approval_id = $2 where id = $1`;
      expect(await ruleOf('owner', approval, [id, randomUUID()])).toBe('checklist_is_done');
    } finally {
      await owner.query('alter table tenant enable trigger guard');
    }
  });

  it('cannot have its verifications made up: only the durable write makes them', async () => {
    const id = await tenant({ connected: false });
    const { rows } = await owner.query<{ id: string }>('select id from tenant where id = $1', [id]);
    expect(rows).toHaveLength(1);
    for (const role of ['admin', 'operator', 'worker', 'api'] as const)
      expect(
        await ruleOf(
          role,
          `insert into verification (tenant_id, mode, id, kind, api_key_id, decided_at, outcome, verdict, certificate_kind,
             certificate_hash, tenant_key_id, evidence)
           values ($1, 'test', gen_random_uuid(), 'signature', gen_random_uuid(), now(), 'valid', '{}', 'sign',
             sha256('x'), gen_random_uuid(), 'x')`,
          [id],
        ),
      ).toBe('42501');
  });

  it('is not served by verifications of live mode or of undecided outcome', async () => {
    const id = await tenant({ connected: false });
    await owner.query(
      `insert into verification (tenant_id, mode, id, kind, api_key_id, decided_at, outcome, reason_code, verdict,
         certificate_kind, certificate_hash, tenant_key_id, evidence)
       select $1, m.mode::tenant_mode, gen_random_uuid(), 'signature', gen_random_uuid(), now(), m.outcome::outcome, m.reason,
         '{}', 'sign', sha256('x'), gen_random_uuid(), 'x'
       from (values ('live', 'valid', null), ('live', 'invalid', 'revoked'), ('test', 'indeterminate', 'status_unknown'))
         as m (mode, outcome, reason)`,
      [id],
    );
    expect(await ruleOf('admin', NOTIFIED, [id])).toBe('checklist_is_done');
  });
});

describe('an item', () => {
  const CONFIRM = `insert into checklist_item (tenant_id, item, confirmed_by, confirmed_at) values ($1, $2, $3, now())`;

  it.each(['admin', 'owner'] as const)('is not confirmed without a file, by a statement of %s', async (role) => {
    const id = await tenant({ confirmed: false, connected: false });
    expect(await ruleOf(role, CONFIRM, [id, 'delegation', operatorId])).toBe('checklist_item_needs_file');
    // Nor as an item that is none: the connection test is no row.
    expect(await ruleOf(role, CONFIRM, [id, 'connection_test', operatorId])).toBe('22P02');
  });

  it('is not confirmed by the file of another tenant or another item', async () => {
    await tenant();
    const id = await tenant({ confirmed: false, connected: false });
    await owner.query(
      `insert into checklist_file (tenant_id, id, item, media_type, size, sha256, name, content, ring_key, uploaded_by)
       values ($1, gen_random_uuid(), 'privacy_notice', 'image/png', 1, sha256('x'), 'x', 'x', 'k', $2)`,
      [id, operatorId],
    );
    expect(await ruleOf('admin', CONFIRM, [id, 'delegation', operatorId])).toBe('checklist_item_needs_file');
    expect(await ruleOf('admin', CONFIRM, [id, 'privacy_notice', operatorId])).toBe('done 1');
  });

  it('names an operator that exists, and the time is not for the caller to say', async () => {
    const id = await tenant();
    expect(
      await ruleOf('admin', `update checklist_item set confirmed_by = gen_random_uuid() where tenant_id = $1`, [id]),
    ).toBe('checklist_item_confirmed_by_fkey');
    await owner.query(`update checklist_item set confirmed_at = '2000-01-01' where tenant_id = $1`, [id]);
    const { rows } = await owner.query<{ old: string }>(
      `select count(*) as old from checklist_item where tenant_id = $1 and confirmed_at < '2020-01-01'`,
      [id],
    );
    expect(rows[0]!.old).toBe('0');
  });

  it.each([
    [`delete from checklist_item where tenant_id = $1`, 'checklist_item_stays'],
    [
      `update checklist_item set item = 'delegation' where tenant_id = $1 and item = 'privacy_notice'`,
      'checklist_item_stays',
    ],
    [`delete from checklist_file where tenant_id = $1`, 'checklist_file_stays'],
    [`update checklist_file set content = 'x' where tenant_id = $1`, 'checklist_file_stays'],
    [`update checklist_file set sha256 = sha256('x') where tenant_id = $1`, 'checklist_file_stays'],
    [`update checklist_file set uploaded_at = now() where tenant_id = $1`, 'checklist_file_stays'],
  ])('and its files stay as they are: %s', async (sql, rule) => {
    const id = await tenant({ connected: false });
    expect(await ruleOf('owner', sql, [id])).toBe(rule);
    expect(await ruleOf('admin', sql, [id])).toBe('42501');
  });

  it('loses its confirmation with the file, whoever withdraws it, and a withdrawal is not taken back', async () => {
    const id = await tenant();
    const withdraw = `update checklist_file set withdrawn_by = $2, withdrawn_at = now(), withdrawal_reason = 'x'
      where tenant_id = $1 and item = 'delegation'`;
    expect(await ruleOf('owner', withdraw, [id, operatorId])).toBe('done 1');
    expect(await ruleOf('admin', NOTIFIED, [id])).toBe('checklist_is_done');
    expect(
      await ruleOf(
        'owner',
        `update checklist_file set withdrawn_by = null, withdrawn_at = null, withdrawal_reason = null
         where tenant_id = $1 and item = 'delegation'`,
        [id],
      ),
    ).toBe('checklist_file_stays');
  });

  it('cannot be confirmed while its file is being withdrawn', async () => {
    const id = await tenant({ connected: false });
    const [one, two] = [database.urls.admin, database.urls.admin].map(
      (url) => new pg.Client({ connectionString: url }),
    );
    await Promise.all([one!.connect(), two!.connect()]);
    try {
      await one!.query('begin');
      await one!.query(
        `update checklist_file set withdrawn_by = $2, withdrawn_at = now(), withdrawal_reason = 'x'
         where tenant_id = $1 and item = 'delegation'`,
        [id, operatorId],
      );
      const confirming = two!
        .query(
          `update checklist_item set confirmed_by = $2, confirmed_at = now() where tenant_id = $1 and item = 'delegation'`,
          [id, operatorId],
        )
        .then(
          () => 'done',
          (error: unknown) => (error as { constraint?: string }).constraint,
        );
      await one!.query('commit');
      expect(await confirming).toBe('checklist_item_needs_file');
    } finally {
      await Promise.all([one!.end(), two!.end()]);
    }
  });
});

describe('a file', () => {
  it('does not open for another tenant, or under another id, even where its row is copied', async () => {
    const [a, b] = [await tenant({ connected: false }), await tenant({ confirmed: false, connected: false })];
    const { rows } = await owner.query<{ id: string }>(
      `insert into checklist_file (tenant_id, id, item, media_type, size, sha256, name, content, ring_key, uploaded_by)
       select $2, f.id, f.item, f.media_type, f.size, f.sha256, f.name, f.content, f.ring_key, f.uploaded_by
       from checklist_file f where f.tenant_id = $1 limit 1 returning id`,
      [a, b],
    );
    const reading = (tenantId: string): Promise<unknown> =>
      readFile(admin, keyRing(), { tenantId, id: rows[0]!.id, ...ACTING });
    await expect(reading(b)).rejects.toThrow(/authenticate/);
    await expect(reading(a)).resolves.toMatchObject({ file: { type: 'application/pdf' } });
  });

  it.each(['api', 'worker', 'operator'] as const)('is nothing that %s can see', async (role) => {
    for (const table of ['checklist_file', 'checklist_item'])
      expect(await ruleOf(role, `select 1 from ${table}`)).toBe('42501');
    for (const call of ['connection_test(gen_random_uuid())', 'open_checklist_items(gen_random_uuid())'])
      expect(await ruleOf(role, `select * from ${call}`)).toBe('42501');
  });
});
