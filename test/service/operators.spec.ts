import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { DataSource } from 'typeorm';
import type { OperatorSession } from '#lib/operators';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { TestPeople, type TestOperator } from '../support/operators.js';
import { DENIED, refusalOf } from '../support/refusal.js';
import { connect } from '../support/tenants.js';

const ORIGIN = { requestId: 'req_test' };
let database: TestDatabase;
let owner: pg.Client;
let api: DataSource;
let worker: DataSource;
let admin: DataSource;
let operator: DataSource;
let people: TestPeople;
let first: TestOperator;
let second: TestOperator;
let proposer: OperatorSession;

beforeAll(async () => {
  database = await createTestDatabase();
  owner = new pg.Client({ connectionString: database.urls.owner });
  await owner.connect();
  [api, worker, admin, operator] = await Promise.all([
    connect(database.urls.api),
    connect(database.urls.worker),
    connect(database.urls.admin),
    connect(database.urls.operator),
  ]);
  people = new TestPeople(admin, operator);
  first = await people.firstAdmin();
  second = await people.firstAdmin();
  proposer = await people.session(first);
});
afterAll(async () => {
  await Promise.all([owner.end(), api.destroy(), worker.destroy(), admin.destroy(), operator.destroy()]);
  await database.drop();
});

describe('what no runtime role may do to operators', () => {
  const EVERYTHING = [
    'select 1 from operator_account',
    'select 1 from operator_session',
    'select 1 from operator_recovery_code',
    'select 1 from sign_in_backoff',
    'select 1 from approval',
    `select * from find_operator_session('\\x00')`,
    `select * from find_operator_secret(null, 'x')`,
    `select * from find_ended_operator_session('\\x00')`,
    `select propose_approval(null, null, null, null, null, null, null, null)`,
    'select decide_approval(null, null, true, null, null)',
    'select execute_approval(null)',
    'select change_operator_password(null, null, null)',
    'select open_operator_session(null, null, null, null, null, null, null, null, null)',
  ];

  it.each(EVERYTHING)('the API and the worker: %s', async (sql) => {
    expect([await refusalOf(api.query(sql)), await refusalOf(worker.query(sql))]).toEqual([DENIED, DENIED]);
  });

  it.each([
    'select password_hash from operator_account',
    'select totp_secret from operator_account',
    'select token_sha256 from operator_session',
    'delete from operator_account',
    'delete from operator_session',
    `update operator_session set second_factor = true`,
    `insert into operator_session (id) values (gen_random_uuid())`,
    'select is_password_key(null, null)',
    `update operator_session set ends_at = ends_at + interval '1 day'`,
    `update operator_session set operator_id = '${'0'.repeat(8)}-0000-0000-0000-000000000000'`,
    `insert into approval (id) values (gen_random_uuid())`,
    `update approval set state = 'executed'`,
    'delete from approval',
    'select acting_operator(null)',
    'set role shomei_operator_keeper',
    'set session authorization shomei_operator_keeper',
    'alter table operator_account disable trigger all',
  ])('the admin process and the command: %s', async (sql) => {
    expect([await refusalOf(admin.query(sql)), await refusalOf(operator.query(sql))]).toEqual([DENIED, DENIED]);
  });

  it.each([
    'select evidence from verification',
    'select certificate_hash from verification',
    'select wrapped from tenant_key',
    'select secret_sha256 from api_key',
    'select certificate_hash from usage_event',
    'select person_id from usage_event',
    'select 1 from challenge',
    'select 1 from idempotency_key',
    'insert into verification (id) values (gen_random_uuid())',
    `update audit_event set actor = 'nobody'`,
    'delete from audit_event',
    'update contract set mode = mode',
    `update operator_account set password_hash = password_hash`,
    'update operator_account set password_expired = false',
    'select 1 from person',
    'select 1 from person_certificate',
    'select 1 from certificate_link',
    'select data from event',
    'select 1 from verification_person',
    'insert into audit_seal default values',
    'update test_clock set offset_ms = 1',
    'update trust_anchor set mode = mode',
    'update crl_partition set head_crl_id = null',
    'delete from crl',
  ])('the admin process, to tenants and lists: %s', async (sql) => {
    expect(await refusalOf(admin.query(sql))).toBe(DENIED);
  });

  it.each([
    'select decide_approval(null, null, true, null, null)',
    'select execute_approval(null)',
    `update operator_account set roles = '{admin}'`,
    'update operator_account set disabled_at = null',
    'update operator_account set totp_secret = null',
    `update operator_session set idle_until = ends_at`,
  ])('the command, which cannot approve: %s', async (sql) => {
    expect(await refusalOf(operator.query(sql))).toBe(DENIED);
  });
});

describe('roles', () => {
  const roles = async (id: string): Promise<string[]> => (await people.accounts.get(id)).roles;

  it('are not given by SQL, to oneself or anybody, by any role', async () => {
    const person = await people.withRoles([], first, second);
    for (const login of [admin, operator])
      expect(
        await refusalOf(login.query(`update operator_account set roles = '{admin}' where id = $1`, [person.id])),
      ).not.toBe('done');
    expect(
      await refusalOf(owner.query(`update operator_account set roles = '{admin}' where id = $1`, [person.id])),
    ).toBe('roles_need_approval');
    expect(await roles(person.id)).toEqual([]);
  });

  it.each(['admin', 'operator'] as const)('are not brought along by a new account, made by %s', async (login) => {
    const insert = `insert into operator_account (id, email, name, roles, password_hash) values (gen_random_uuid(), $1, 'x', '{admin}', '$argon2id$x')`;
    const dataSource = login === 'admin' ? admin : operator;
    expect(await refusalOf(dataSource.query(insert, [`${randomBytes(4).toString('hex')}@example.com`]))).toBe(
      'roles_need_approval',
    );
  });

  it("are not given with another account's approval, another change's, or one used before", async () => {
    const [one, two] = [await people.withRoles(['support'], first, second), await people.withRoles([], first, second)];
    const { rows } = await owner.query<{ id: string }>(
      'select roles_approval_id as id from operator_account where id = $1',
      [one.id],
    );
    const set = (id: string, to: string[]) =>
      refusalOf(
        admin.query('update operator_account set roles = $2, roles_approval_id = $3 where id = $1', [
          id,
          to,
          rows[0]!.id,
        ]),
      );
    expect(await set(two.id, ['support'])).toBe('roles_need_approval');
    expect(await set(one.id, ['admin'])).toBe('roles_need_approval');
    expect(await set(one.id, [])).toBe('roles_need_approval');
  });

  it('are not changed by an approval that was not carried out', async () => {
    const person = await people.withRoles([], first, second);
    const change = {
      kind: 'operator_roles',
      subject: `operator:${person.id}`,
      before: { roles: [] },
      after: { roles: ['support'] },
      reason: 'a test',
    };
    const { id } = await people.approvals.propose(proposer, change, ORIGIN, Date.now());
    expect(
      await refusalOf(
        admin.query(`update operator_account set roles = '{support}', roles_approval_id = $2 where id = $1`, [
          person.id,
          id,
        ]),
      ),
    ).toBe('roles_need_approval');
  });

  it('are not approved by the one who gets them', async () => {
    const person = await people.withRoles(['admin'], first, second);
    const change = {
      kind: 'operator_roles',
      subject: `operator:${person.id}`,
      before: { roles: ['admin'] },
      after: { roles: ['admin', 'auditor'] },
      reason: 'a test',
    };
    const { id, payloadSha256 } = await people.approvals.propose(proposer, change, ORIGIN, Date.now());
    const own = people.approvals.approve(
      await people.session(person),
      { id, seenSha256: Buffer.from(payloadSha256, 'hex') },
      ORIGIN,
      async () => undefined,
    );
    expect(await refusalOf(own)).toBe('approval_about_oneself');
  });

  it('changed in the middle end the sessions that had them', async () => {
    const person = await people.withRoles(['support'], first, second);
    const token = await people.token(person);
    expect((await people.sessions.find(token, Date.now()))?.permissions).toContain('verifications:read');
    await people.giveRoles(person.id, ['support'], ['billing'], first, second);
    expect(await people.sessions.find(token, Date.now())).toBeUndefined();
    expect((await people.session(person)).permissions).not.toContain('verifications:read');
  });
});

describe('the last admin', () => {
  let alone: TestDatabase;
  let own: TestPeople;
  let one: TestOperator;
  let other: TestOperator;

  beforeEach(async () => {
    alone = await createTestDatabase();
    own = new TestPeople(await connect(alone.urls.admin), await connect(alone.urls.operator));
    one = await own.firstAdmin();
    other = await own.firstAdmin();
  });
  afterEach(async () => {
    await own.admin.destroy();
    await own.operator.destroy();
    await alone.drop();
  });

  it('is neither disabled nor stripped, by the services or by SQL', async () => {
    await own.accounts.disable(other.id, { actor: 'operator:test' });
    expect(await refusalOf(own.accounts.disable(one.id, { actor: 'operator:test' }))).toBe('last_admin');
    expect(
      await refusalOf(own.admin.query('update operator_account set disabled_at = now() where id = $1', [one.id])),
    ).toBe('last_admin');
  });

  it('is left when both are disabled at once', async () => {
    const both = [one, other].map(({ id }) => refusalOf(own.accounts.disable(id, { actor: 'operator:test' })));
    expect((await Promise.all(both)).sort()).toEqual(['done', 'last_admin']);
  });

  it('cannot be joined by a third of the command line: roles come by approval from then on', async () => {
    await own.accounts.disable(other.id, { actor: 'operator:test' });
    expect(await refusalOf(own.firstAdmin())).toBe('roles_need_approval');
  });

  it('and nobody comes back from being disabled', async () => {
    await own.accounts.disable(other.id, { actor: 'operator:test' });
    expect(
      await refusalOf(own.admin.query('update operator_account set disabled_at = null where id = $1', [other.id])),
    ).toBe('operator_account_stays');
    expect(await refusalOf(own.session(other))).toBe('sign_in_refused');
  });
});
