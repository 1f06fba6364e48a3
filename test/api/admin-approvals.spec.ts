import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { fromPublicId, toPublicId } from '#lib/platform';
import { type AdminBrowser, AdminStack, outcome } from '../support/admin.js';
import type { RawAnswer } from '../support/api.js';
import { AUTHORITY_LIFE, fingerprintOf } from '../support/own-authority.js';
import { makeAuthority, rsaKey } from '../support/pki.js';

let stack: AdminStack;
let first: AdminBrowser;
let second: AdminBrowser;

beforeAll(async () => {
  stack = await AdminStack.start();
});
beforeEach(async () => {
  [first, second] = [await stack.signedIn(stack.first), await stack.signedIn(stack.second)];
});
afterAll(() => stack.stop());

const opr = (id: string): string => toPublicId('opr', id);

async function propose(id: string, roles: string[], browser = first): Promise<RawAnswer> {
  return browser.send('POST', `/v1/operators/${opr(id)}/roles`, { roles, reason: '異動のため' });
}
const approve = (browser: AdminBrowser, { body }: RawAnswer): Promise<RawAnswer> =>
  browser.send('POST', `/v1/approvals/${String(body['id'])}/approve`, { payload_sha256: body['payload_sha256'] });

describe('the roles of an operator', () => {
  it('are proposed by one and approved by another, who sees before, after and why', async () => {
    const person = await stack.person([]);
    const proposal = await propose(person.id, ['support', 'auditor']);
    expect([proposal.status, proposal.body['may_approve']]).toEqual([201, false]);
    const seen = await second.send('GET', `/v1/approvals/${String(proposal.body['id'])}`);
    expect(seen.body).toMatchObject({
      kind: 'operator_roles',
      subject: `operator:${opr(person.id)}`,
      before: { roles: [] },
      after: { roles: ['auditor', 'support'] },
      reason: '異動のため',
      state: 'proposed',
      proposed_by: { id: opr(stack.first.id) },
      may_approve: true,
    });
    // It is counted for both, and is only the second one's to decide.
    const waiting = async (browser: AdminBrowser) => (await browser.send('GET', '/v1/approvals/waiting')).body;
    expect(await waiting(first)).toMatchObject({
      count: 1,
      decidable: 0,
      soonest: [{ subject: seen.body['subject'] }],
    });
    expect(await waiting(second)).toMatchObject({ count: 1, decidable: 1 });
    const approved = await approve(second, proposal);
    expect(approved.body).toMatchObject({ state: 'executed', decided_by: { id: opr(stack.second.id) } });
    expect((await stack.people.accounts.get(person.id)).roles).toEqual(['auditor', 'support']);
    const uuid = fromPublicId('apr', String(proposal.body['id']))!;
    expect((await stack.audited(`approval:${uuid}`)).map(({ action }) => action)).toEqual([
      'approval.propose',
      'approval.approve',
      'approval.execute',
    ]);
  });

  it('are approved neither by who proposed them nor by whom they are for, and both are recorded', async () => {
    const person = await stack.person(['admin']);
    const proposal = await propose(person.id, ['admin', 'auditor']);
    expect(outcome(await approve(first, proposal))).toEqual([403, 'approval_own']);
    expect(outcome(await approve(await stack.signedIn(person), proposal))).toEqual([403, 'approval_about_oneself']);
    const uuid = fromPublicId('apr', String(proposal.body['id']))!;
    expect((await stack.audited(`approval:${uuid}`)).slice(1)).toEqual([
      { action: 'approval.approve_refused', actor: `operator:${stack.first.id}`, detail: { code: 'approval_own' } },
      {
        action: 'approval.approve_refused',
        actor: `operator:${person.id}`,
        detail: { code: 'approval_about_oneself' },
      },
    ]);
    const withdrawn = await first.send('POST', `/v1/approvals/${String(proposal.body['id'])}/refuse`, {
      note: '取り下げ',
    });
    expect(withdrawn.body).toMatchObject({ state: 'refused', note: '取り下げ' });
    expect(outcome(await approve(second, proposal))).toEqual([409, 'approval_not_open']);
  });

  it('are not approved by who may only look', async () => {
    const auditor = await stack.signedIn(await stack.person(['auditor']));
    const proposal = await propose((await stack.person([])).id, ['support']);
    const answer = await approve(auditor, proposal);
    expect([...outcome(answer), answer.body['permission']]).toEqual([
      403,
      'permission_missing',
      'operator_roles:approve',
    ]);
    const refused = await auditor.send('POST', `/v1/approvals/${String(proposal.body['id'])}/refuse`, {});
    expect(outcome(refused)).toEqual([403, 'permission_missing']);
  });

  it('are not approved when the proposal is not the one looked at, has expired, or the roles have changed since', async () => {
    const person = await stack.person([]);
    const proposal = await propose(person.id, ['support']);
    const path = `/v1/approvals/${String(proposal.body['id'])}/approve`;
    expect(outcome(await second.send('POST', path, { payload_sha256: '0'.repeat(64) }))).toEqual([
      409,
      'approval_changed',
    ]);
    expect(outcome(await propose(person.id, ['billing']))).toEqual([409, 'proposal_open']);
    await stack.owner.query('alter table operator_account disable trigger guard');
    await stack.owner.query(`update operator_account set roles = '{billing}' where id = $1`, [person.id]);
    await stack.owner.query('alter table operator_account enable trigger guard');
    expect(outcome(await approve(second, proposal))).toEqual([409, 'approval_stale']);
    await stack.owner.query('alter table approval disable trigger guard');
    await stack.owner.query(
      `update approval set proposed_at = now() - interval '8 days', expires_at = now() - interval '1 day' where id = $1`,
      [fromPublicId('apr', String(proposal.body['id']))],
    );
    await stack.owner.query('alter table approval enable trigger guard');
    expect(outcome(await approve(second, proposal))).toEqual([409, 'approval_expired']);
    expect((await propose(person.id, ['support'])).status).toBe(201);
  });

  it.each([
    ['has been disabled', (id: string) => stack.people.accounts.disable(id, { actor: 'operator:test' })],
    [
      'has lost the right to propose',
      (id: string) => stack.people.giveRoles(id, ['admin'], ['auditor'], stack.first, stack.second),
    ],
  ])('are not approved when who proposed them %s since', async (_what, lose) => {
    const proposer = await stack.person(['admin']);
    const person = await stack.person([]);
    const proposal = await propose(person.id, ['support'], await stack.signedIn(proposer));
    expect(proposal.status).toBe(201);
    await lose(proposer.id);
    expect(outcome(await approve(second, proposal))).toEqual([409, 'approval_stale']);
    expect((await stack.people.accounts.get(person.id)).roles).toEqual([]);
    const refused = await second.send('POST', `/v1/approvals/${String(proposal.body['id'])}/refuse`, {});
    expect(refused.body['state']).toBe('refused');
  });

  it('that are so already are no change', async () => {
    const person = await stack.person(['support']);
    expect(outcome(await propose(person.id, ['support']))).toEqual([409, 'nothing_to_change']);
  });

  it('come with no account: a new one has none', async () => {
    const made = await first.send('POST', '/v1/operators', { email: 'Taro@Example.com', name: '太郎' });
    expect(made.body['operator']).toMatchObject({
      email: 'taro@example.com',
      roles: [],
      second_factor_enrolled: false,
    });
    expect(outcome(await first.send('POST', '/v1/operators', { email: 'TARO@example.com', name: 'x' }))).toEqual([
      409,
      'email_taken',
    ]);
    expect(
      outcome(await first.send('POST', '/v1/operators', { email: 'b@example.com', name: 'x', roles: ['admin'] })),
    ).toEqual([400, 'request_invalid']);
  });
});

describe('an account', () => {
  it('whose second factor is lost is reset by another, not by its owner', async () => {
    const person = await stack.person(['support']);
    const reset = (browser: AdminBrowser, id: string) =>
      browser.send('POST', `/v1/operators/${opr(id)}/second-factor/reset`);
    expect(outcome(await reset(first, stack.first.id))).toEqual([409, 'second_factor_own']);
    expect((await reset(first, person.id)).body).toMatchObject({ second_factor_enrolled: false });
    const browser = stack.browser();
    expect((await browser.signIn(person.email, person.password)).body['stage']).toBe('enrolment');
  });
});

describe('a root that live shall trust', () => {
  it('is proposed with its fingerprint, approved by another, and then in use', async () => {
    const { der } = makeAuthority('sign', 2030, { ...AUTHORITY_LIFE, organization: 'JPKI', key: rsaKey('live') });
    const fingerprint = fingerprintOf(der);
    const body = { hierarchy: 'sign', certificate: der.toString('base64'), fingerprint, reason: '第4世代' };
    expect(
      outcome(await first.send('POST', '/v1/trust-anchors/proposals', { ...body, fingerprint: 'ab'.repeat(32) })),
    ).toEqual([422, 'fingerprint_mismatch']);
    const wrong = await first.send('POST', '/v1/trust-anchors/proposals', { ...body, hierarchy: 'auth' });
    expect([...outcome(wrong), wrong.body['rule']]).toEqual([422, 'anchor_refused', 'anchor_hierarchy_wrong']);
    const proposal = await first.send('POST', '/v1/trust-anchors/proposals', body);
    expect(proposal.status).toBe(201);
    expect((await first.send('GET', '/v1/trust-anchors?mode=live')).body['data']).toEqual([]);
    expect(outcome(await approve(first, proposal))).toEqual([403, 'approval_own']);
    expect((await approve(second, proposal)).body['state']).toBe('executed');
    const { body: list } = await first.send('GET', '/v1/trust-anchors?mode=live');
    expect(list['data']).toEqual([
      expect.objectContaining({
        fingerprint,
        approval_id: proposal.body['id'],
        imported_by: `operator:${opr(stack.second.id)}`,
      }),
    ]);
    expect(outcome(await first.send('POST', '/v1/trust-anchors/proposals', body))).toEqual([409, 'nothing_to_change']);
  });
});
