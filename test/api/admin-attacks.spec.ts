import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { fromPublicId, toPublicId } from '#lib/platform';
import { type AdminBrowser, AdminStack, outcome, whereIs } from '../support/admin.js';
import type { RawAnswer } from '../support/api.js';
import type { TestOperator } from '../support/operators.js';

let stack: AdminStack;
let first: AdminBrowser;
let second: AdminBrowser;
let tenant: string;

beforeAll(async () => {
  stack = await AdminStack.start();
  [first, second] = [await stack.signedIn(stack.first), await stack.signedIn(stack.second)];
  tenant = (await first.send('POST', '/v1/tenants', { name: 'あおぞら銀行' })).body['id'] as string;
}, 180_000);
afterAll(() => stack.stop());

const opr = (id: string): string => toPublicId('opr', id);
const proposeRoles = (id: string, roles: string[]): Promise<RawAnswer> =>
  first.send('POST', `/v1/operators/${opr(id)}/roles`, { roles, reason: '異動' });
const approve = ({ body }: RawAnswer, browser: AdminBrowser): Promise<RawAnswer> =>
  browser.send('POST', `/v1/approvals/${String(body['id'])}/approve`, { payload_sha256: body['payload_sha256'] });
const suspend = (browser: AdminBrowser): Promise<RawAnswer> =>
  browser.send('POST', `/v1/tenants/${tenant}/steps`, { step: 'suspend', reason: 'attack' });
const stateOf = async (): Promise<unknown> => (await first.send('GET', `/v1/tenants/${tenant}`)).body['state'];

/** What was recorded about a person's refused requests and ended sessions, oldest first. */
async function refusalsOf({ id }: TestOperator): Promise<string[]> {
  const { rows } = await stack.owner.query<{ said: string }>(
    `select action || coalesce(': ' || (detail ->> 'code'), '') as said from audit_event
     where action in ('operator.request_refused', 'operator.session_refused') and (actor = $1 or detail ->> 'operator' = $2)
     order by id`,
    [`operator:${id}`, id],
  );
  return rows.map(({ said }) => said);
}

describe('refused and on record', () => {
  it('is an approval of something that has changed since it was proposed', async () => {
    const person = await stack.person(['support']);
    const proposal = await proposeRoles(person.id, ['support', 'billing']);
    await stack.owner.query('alter table operator_account disable trigger guard');
    await stack.owner.query(`update operator_account set roles = '{auditor}' where id = $1`, [person.id]);
    await stack.owner.query('alter table operator_account enable trigger guard');
    expect(outcome(await approve(proposal, second))).toEqual([409, 'approval_stale']);
    const events = await stack.audited(`approval:${fromPublicId('apr', String(proposal.body['id']))!}`);
    expect(events.at(-1)).toEqual({
      action: 'approval.approve_refused',
      actor: `operator:${stack.second.id}`,
      detail: { code: 'approval_stale' },
    });
  });

  it('is an approval by who proposed it', async () => {
    const proposal = await proposeRoles((await stack.person([])).id, ['billing']);
    expect(outcome(await approve(proposal, first))).toEqual([403, 'approval_own']);
    const events = await stack.audited(`approval:${fromPublicId('apr', String(proposal.body['id']))!}`);
    expect(events.at(-1)).toMatchObject({ actor: `operator:${stack.first.id}`, detail: { code: 'approval_own' } });
  });

  it('is the request of somebody whose role was taken away in the middle, also after signing in anew', async () => {
    const person = await stack.person(['onboarding']);
    const browser = await stack.signedIn(person);
    expect((await browser.send('GET', `/v1/tenants/${tenant}`)).status).toBe(200);
    await approve(await proposeRoles(person.id, ['support']), second);
    expect(outcome(await suspend(browser))).toEqual([401, 'session_missing']);
    expect(outcome(await suspend(await stack.signedIn(person)))).toEqual([403, 'permission_missing']);
    expect(await refusalsOf(person)).toEqual([
      'operator.session_refused',
      'operator.request_refused: permission_missing',
    ]);
    expect(await stateOf()).toBe('test');
  });

  it('is a cookie that is played again after signing out', async () => {
    const person = await stack.person(['onboarding']);
    const browser = await stack.signedIn(person);
    const thief = stack.browser();
    Object.assign(thief, { cookie: browser.cookie, csrf: browser.csrf });
    expect(await whereIs(thief)).toEqual([200, 'open']);
    expect((await browser.send('DELETE', '/v1/session')).status).toBe(204);
    expect(await whereIs(thief)).toEqual([401, 'session_missing']);
    expect(outcome(await suspend(thief))).toEqual([401, 'session_missing']);
    expect(await refusalsOf(person)).toEqual(['operator.session_refused', 'operator.session_refused']);
  });

  it('is a request token of an earlier session', async () => {
    const person = await stack.person(['onboarding']);
    const { csrf } = await stack.signedIn(person);
    const browser = await stack.signedIn(person);
    browser.csrf = csrf;
    expect(outcome(await suspend(browser))).toEqual([403, 'csrf_token_wrong']);
    expect(await refusalsOf(person)).toEqual(['operator.request_refused: csrf_token_wrong']);
    expect(await stateOf()).toBe('test');
  });
});
