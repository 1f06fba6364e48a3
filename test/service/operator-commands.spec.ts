import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { OperatorContext } from '../../apps/admin/src/context.js';
import { importAnchor } from '../../apps/admin/src/anchor-commands.js';
import { operatorCreate, operatorList, operatorResetPassword } from '../../apps/admin/src/operator-commands.js';
import { createTestDatabase, type TestDatabase, testKeyRing } from '../support/database.js';
import { type TestOperator, TestPeople } from '../support/operators.js';
import { AUTHORITY_LIFE, fingerprintOf } from '../support/own-authority.js';
import { makeAuthority, rsaKey } from '../support/pki.js';
import { connect } from '../support/tenants.js';

let database: TestDatabase;
let people: TestPeople;
let first: TestOperator;
let second: TestOperator;
let lines: string[];
/** What the person at the terminal types, in this order. */
let typed: string[];
let context: OperatorContext;

beforeAll(async () => {
  process.env['KEY_RING'] = testKeyRing();
  database = await createTestDatabase();
  people = new TestPeople(await connect(database.urls.admin), await connect(database.urls.operator));
});
afterAll(async () => {
  delete process.env['KEY_RING'];
  await people.admin.destroy();
  await people.operator.destroy();
  await database.drop();
});
beforeEach(() => {
  lines = [];
  typed = [];
  const answer = (): Promise<string> => Promise.resolve(typed.shift() ?? '');
  context = {
    dataSource: people.operator,
    actor: 'operator:test',
    out: (line) => void lines.push(line),
    ask: answer,
    askSecret: answer,
  };
});

describe('accounts made on the machine', () => {
  it('are admins for the first two with roles, whoever has none before them, and have no roles after them', async () => {
    await operatorCreate(context, { email: 'one@example.com', name: 'One', roles: ['admin'] });
    expect(JSON.parse(lines[0]!)).toMatchObject({
      email: 'one@example.com',
      password: expect.stringMatching(/^.{20}$/),
    });
    await expect(
      operatorCreate(context, { email: 'x@example.com', name: 'X', roles: ['support'] }),
    ).rejects.toMatchObject({ code: 'roles_need_approval' });
    // As in the console, where nobody could approve a role yet.
    await operatorCreate(context, { email: 'x@example.com', name: 'X', roles: [] });
    first = await people.firstAdmin();
    await expect(
      operatorCreate(context, { email: 'z@example.com', name: 'Z', roles: ['admin'] }),
    ).rejects.toMatchObject({ code: 'roles_need_approval' });
    await expect(operatorCreate(context, { email: 'X@example.com', name: 'X', roles: [] })).rejects.toMatchObject({
      code: 'email_taken',
    });
    await expect(operatorCreate(context, { email: 'y@example.com', name: 'Y', roles: ['root'] })).rejects.toThrow(
      /not one of/,
    );
    lines = [];
    await operatorList(context);
    expect(lines.map((line) => line.split(' ').slice(1).join(' '))).toEqual([
      'one@example.com admin not enrolled',
      'x@example.com - not enrolled',
      expect.stringMatching(/^person1-.* admin enrolled$/),
    ]);
  });

  it('get a new password when it is forgotten, which ends their sessions and keeps the second factor', async () => {
    await operatorResetPassword(context, 'ONE@example.com');
    const { password } = JSON.parse(lines[0]!) as { password: string };
    const origin = { requestId: 'req_test' };
    expect(await people.signIn.checkPassword('one@example.com', password, origin)).toBeDefined();
    await expect(operatorResetPassword(context, 'nobody@example.com')).rejects.toMatchObject({ code: 'not_found' });
    const token = await people.token(first);
    await operatorResetPassword(context, first.email);
    expect(await people.sessions.find(token, Date.now())).toBeUndefined();
    const account = await people.accounts.get(first.id);
    expect([account.passwordExpired, account.secondFactorEnrolled]).toEqual([true, true]);
  });
});

describe('a live root on the command line', () => {
  const root = makeAuthority('sign', 2031, { ...AUTHORITY_LIFE, organization: 'JPKI', key: rsaKey('live') });
  const offered = {
    mode: 'live' as const,
    hierarchy: 'sign' as const,
    certificate: root.der.toString('base64'),
    fingerprint: fingerprintOf(root.der),
    reason: 'a new generation',
  };
  const anchors = async (): Promise<number> => {
    const rows: unknown[] = await people.operator.query(`select 1 from trust_anchor where mode = 'live'`);
    return rows.length;
  };

  beforeAll(async () => {
    const other = new TestPeople(people.admin, people.operator);
    // The first two accounts are there; these two get their roles as the database's owner would have to give them.
    [first, second] = [
      await other.withoutApproval(['admin'], database),
      await other.withoutApproval(['support'], database),
    ];
  });

  it('is only proposed, in the name of an operator who shows both factors', async () => {
    typed = [first.email, first.password, await people.nextCode(first)];
    await importAnchor(context, offered);
    expect(lines.at(-2)).toMatch(/^proposed {5}apr_/);
    expect(await anchors()).toBe(0);
    const [proposal] = await people.approvals.list({ limit: 1 });
    expect(proposal).toMatchObject({
      kind: 'live_anchor',
      state: 'proposed',
      proposedBy: first.id,
      reason: 'a new generation',
    });
    typed = [first.email, first.password, await people.nextCode(first)];
    await expect(importAnchor(context, offered)).rejects.toMatchObject({ code: 'proposal_open' });
  });

  it.each([
    ['with a wrong password', async () => [first.email, 'wrong'], 'sign_in_refused'],
    ['with a wrong code', async () => [first.email, first.password, '000000'], 'code_refused'],
    [
      'by somebody without the right',
      async () => [second.email, second.password, await people.nextCode(second)],
      'permission_missing',
    ],
    ['by nobody', async () => ['', ''], 'sign_in_refused'],
  ])('is not even proposed %s', async (_what, answers, code) => {
    typed = await answers();
    await expect(importAnchor(context, offered)).rejects.toMatchObject({ code });
    expect(await anchors()).toBe(0);
  });

  it('is not proposed without a reason, or with the fingerprint of another', async () => {
    const { reason: _reason, ...unreasoned } = offered;
    await expect(importAnchor(context, unreasoned)).rejects.toMatchObject({ code: 'reason_missing' });
    await expect(importAnchor(context, { ...offered, fingerprint: 'ab' })).rejects.toMatchObject({
      code: 'fingerprint_mismatch',
    });
  });
});
