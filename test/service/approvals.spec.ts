import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { DataSource } from 'typeorm';
import { Problem } from '#lib/platform';
import type { OperatorSession } from '#lib/operators';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { TestPeople, type TestOperator } from '../support/operators.js';
import { refusalOf } from '../support/refusal.js';
import { connect } from '../support/tenants.js';

const ORIGIN = { requestId: 'req_test' };
let database: TestDatabase;
let owner: pg.Client;
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
  [admin, operator] = await Promise.all([connect(database.urls.admin), connect(database.urls.operator)]);
  people = new TestPeople(admin, operator);
  first = await people.firstAdmin();
  second = await people.firstAdmin();
  proposer = await people.session(first);
  approver = await people.session(second);
});
afterAll(async () => {
  await Promise.all([owner.end(), admin.destroy(), operator.destroy()]);
  await database.drop();
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
        const proof = await people.signIn.checkPassword(second.email, second.password, ORIGIN);
        const token = await people.signIn.openFirst(proof, Date.now(), ORIGIN);
        return (await people.sessions.find(token, Date.now()))!.tokenSha256;
      },
    ],
    [
      'a session opened for another without his password',
      async () => {
        const token = randomBytes(32);
        const mine = await people.session(first);
        const found: { password_hash: string }[] = await admin.query('select * from find_operator_secret($1, null)', [
          second.id,
        ]);
        // What is stored of the password, and one's own session, are no proof of being somebody else.
        const stored = Buffer.from(found[0]!.password_hash.split('$')[5]!, 'base64');
        for (const [key, prior] of [
          [stored, null],
          [randomBytes(32), null],
          [null, mine.tokenSha256],
          [null, null],
        ]) {
          const opened: { opened: boolean }[] = await admin.query(
            `select open_operator_session(gen_random_uuid(), $1, $2, $3, $4, true, now(), now() + interval '5 min',
               now() + interval '5 min') as opened`,
            [token, second.id, key, prior],
          );
          expect(opened).toEqual([{ opened: false }]);
        }
        return token;
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
