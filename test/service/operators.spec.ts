import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { QueryFailedError, type DataSource } from 'typeorm';
import { Problem } from '#lib/platform';
import type { OperatorSession } from '#lib/operators';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { TestPeople, type TestOperator } from '../support/operators.js';
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
let approver: OperatorSession;

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
  approver = await people.session(second);
});
afterAll(async () => {
  await Promise.all([owner.end(), api.destroy(), worker.destroy(), admin.destroy(), operator.destroy()]);
  await database.drop();
});

const DENIED = '42501';
/** SQLSTATE, or the rule that was broken, or `done`. */
async function refusalOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'done';
  } catch (error) {
    if (error instanceof Problem) return error.code;
    const { code, constraint } = (error instanceof QueryFailedError ? error.driverError : error) as {
      code?: string;
      constraint?: string;
    };
    return constraint ?? code ?? String(error);
  }
}

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
    'select 1 from usage_event',
    'select 1 from challenge',
    'select 1 from idempotency_key',
    'insert into verification (id) values (gen_random_uuid())',
    `update audit_event set actor = 'nobody'`,
    'delete from audit_event',
    'update contract set mode = mode',
    'select 1 from person',
    'select 1 from person_certificate',
    'select 1 from certificate_link',
    'select 1 from event',
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

describe('an approval', () => {
  const propose = (after: Record<string, unknown> = { n: randomBytes(4).toString('hex') }) =>
    people.approvals.propose(
      proposer,
      { kind: 'test_kind', subject: `thing:${randomBytes(8).toString('hex')}`, before: null, after, reason: 'a test' },
      ORIGIN,
      Date.now(),
    );
  const seen = (sha256: string): Buffer => Buffer.from(sha256, 'hex');
  const approve = (actor: OperatorSession, id: string, sha256: string): Promise<string> =>
    refusalOf(people.approvals.approve(actor, { id, seenSha256: seen(sha256) }, ORIGIN, async () => undefined));

  it('is proposed by one, approved and carried out by another, once', async () => {
    const { id, payloadSha256 } = await propose();
    expect(await approve(approver, id, payloadSha256)).toBe('done');
    expect(await people.approvals.get(id)).toMatchObject({
      state: 'executed',
      proposedBy: first.id,
      decidedBy: second.id,
    });
    expect(await approve(approver, id, payloadSha256)).toBe('approval_not_open');
  });

  it('is not given by who proposed it, and the refusal is recorded', async () => {
    const { id, payloadSha256 } = await propose();
    expect(await approve(proposer, id, payloadSha256)).toBe('approval_own');
    expect((await people.approvals.get(id)).state).toBe('proposed');
    const { rows } = await owner.query<{ actor: string; detail: unknown }>(
      `select actor, detail from audit_event where target = $1 and action = 'approval.approve_refused'`,
      [`approval:${id}`],
    );
    expect(rows).toEqual([{ actor: `operator:${first.id}`, detail: { code: 'approval_own' } }]);
  });

  it('is withdrawn by who proposed it', async () => {
    const { id, payloadSha256 } = await propose();
    await people.approvals.refuse(proposer, { id, note: 'a mistake' }, ORIGIN);
    expect((await people.approvals.get(id)).state).toBe('refused');
    expect(await approve(approver, id, payloadSha256)).toBe('approval_not_open');
  });

  it('is not given to something that was not looked at', async () => {
    const { id } = await propose();
    const { payloadSha256 } = await propose();
    expect(await approve(approver, id, payloadSha256)).toBe('approval_changed');
  });

  it('is not given after its time', async () => {
    const { id, payloadSha256 } = await propose();
    await owner.query('alter table approval disable trigger guard');
    await owner.query(
      `update approval set proposed_at = now() - interval '8 days', expires_at = now() - interval '1 second' where id = $1`,
      [id],
    );
    await owner.query('alter table approval enable trigger guard');
    expect((await people.approvals.get(id)).state).toBe('expired');
    expect(await approve(approver, id, payloadSha256)).toBe('approval_expired');
    expect(
      await refusalOf(
        owner.query(`update approval set state = 'approved', decided_by = $2, decided_at = proposed_at where id = $1`, [
          id,
          second.id,
        ]),
      ),
    ).not.toBe('done');
  });

  it('is for one open proposal of a thing at a time', async () => {
    const proposal = { kind: 'test_kind', subject: 'thing:one', before: null, after: {}, reason: 'a test' };
    const both = [proposer, approver].map((actor) =>
      refusalOf(people.approvals.propose(actor, proposal, ORIGIN, Date.now())),
    );
    expect((await Promise.all(both)).sort()).toEqual(['done', 'proposal_open']);
  });

  it('is undone with the change that could not be carried out', async () => {
    const { id, payloadSha256 } = await propose();
    const failing = people.approvals.approve(approver, { id, seenSha256: seen(payloadSha256) }, ORIGIN, () =>
      Promise.reject(new Problem('approval_stale')),
    );
    expect(await refusalOf(failing)).toBe('approval_stale');
    expect((await people.approvals.get(id)).state).toBe('proposed');
  });

  it('has one winner of two who approve at once', async () => {
    const third = await people.withRoles(['admin'], first, second);
    const other = await people.session(third);
    const { id, payloadSha256 } = await propose();
    const both = await Promise.all([approver, other].map((actor) => approve(actor, id, payloadSha256)));
    expect(both.sort()).toEqual(['approval_not_open', 'done']);
  });

  describe.each([
    ['a hash nobody has', async () => randomBytes(32)],
    ['no hash', async () => null],
    [
      'a session that has shown the password alone',
      async () => {
        const token = await people.signIn.openFirst(second.id, Date.now());
        return (await people.sessions.find(token, Date.now()))!.tokenSha256;
      },
    ],
    [
      'an ended session',
      async () => {
        const session = await people.session(second);
        await people.sessions.end(admin, session.id);
        return session.tokenSha256;
      },
    ],
    [
      'an idle session',
      async () => {
        const session = await people.session(second);
        await owner.query(`update operator_session set idle_until = now() - interval '1 second' where id = $1`, [
          session.id,
        ]);
        return session.tokenSha256;
      },
    ],
  ])('by SQL with %s', (_what, tokenOf) => {
    it('is neither proposed nor given', async () => {
      const { id, payloadSha256 } = await propose();
      const token = await tokenOf();
      const proposed: { refusal: string }[] = await admin.query(
        `select propose_approval($1, gen_random_uuid(), 'test_kind', 'thing:sql', null, '{}', 'x', interval '1 day') as refusal`,
        [token],
      );
      const decided: { refusal: string }[] = await admin.query(
        'select decide_approval($1, $2, true, $3, null) as refusal',
        [token, id, seen(payloadSha256)],
      );
      expect([proposed[0]!.refusal, decided[0]!.refusal]).toEqual(['session_invalid', 'session_invalid']);
      expect((await people.approvals.get(id)).state).toBe('proposed');
    });
  });

  it.each([
    [`update approval set state = 'executed', executed_at = now() where id = $1`, 'approval_steps'],
    [`update approval set after = '{"n":1}' where id = $1`, 'approval_steps'],
    [`update approval set reason = 'other' where id = $1`, 'approval_steps'],
    [`delete from approval where id = $1`, 'approval_steps'],
    [`update approval set state = 'expired' where id = $1`, 'approval_in_time'],
    [
      `update approval set state = 'approved', decided_by = proposed_by, decided_at = now() where id = $1`,
      'second_person',
    ],
    [`update approval set state = 'approved' where id = $1`, 'second_person'],
  ])('keeps its rules even for the owner of the database: %s', async (sql, rule) => {
    const { id } = await propose();
    expect(await refusalOf(owner.query(sql, [id]))).toBe(rule);
  });

  it('is not one that begins approved', async () => {
    const insert = `insert into approval (id, kind, subject, after, payload_sha256, reason, state, proposed_by, expires_at, decided_by, decided_at)
      values (gen_random_uuid(), 'test_kind', 'x', '{}', sha256(''), 'x', 'approved', $1, now() + interval '1 day', $2, now())`;
    expect(await refusalOf(owner.query(insert, [first.id, second.id]))).toBe('approval_steps');
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

describe('a live trust anchor', () => {
  const insert = `insert into trust_anchor (mode, fingerprint, hierarchy, generation, certificate, imported_by, approval_id)
    values ('live', sha256($1::bytea), $2, '2030', $1, 'x', $3)`;
  const root = randomBytes(100);
  const approved = async (hierarchy: string): Promise<string> => {
    const fingerprint = (await owner.query<{ f: string }>(`select encode(sha256($1::bytea), 'hex') as f`, [root]))
      .rows[0]!.f;
    const change = {
      kind: 'live_anchor',
      subject: `trust_anchor:${fingerprint}`,
      before: null,
      after: { hierarchy, generation: '2030', certificate: root.toString('base64') },
    };
    return (await people.approved(change, async () => undefined, first, second)).id;
  };

  it.each(['admin', 'operator', 'owner'] as const)('is not written without an approval by %s', async (login) => {
    const work =
      login === 'owner'
        ? owner.query(insert, [root, 'sign', null])
        : (login === 'admin' ? admin : operator).query(insert, [root, 'sign', null]);
    expect(await refusalOf(work)).toBe('live_anchor_needs_approval');
  });

  it('is written with its own executed approval, and only as approved', async () => {
    const id = await approved('sign');
    expect(await refusalOf(operator.query(insert, [root, 'auth', id]))).toBe('live_anchor_needs_approval');
    expect(await refusalOf(admin.query(insert, [randomBytes(100), 'sign', id]))).toBe('live_anchor_needs_approval');
    expect(await refusalOf(admin.query(insert, [root, 'sign', id]))).toBe('done');
    expect(
      await refusalOf(owner.query(`update trust_anchor set generation = '2031' where approval_id = $1`, [id])),
    ).toBe('live_anchor_needs_approval');
  });
});
