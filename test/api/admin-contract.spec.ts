import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { toPublicId } from '#lib/platform';
import { changeContract, createTenant } from '#lib/tenancy';
import { type AdminBrowser, AdminStack, outcome } from '../support/admin.js';
import type { RawAnswer } from '../support/api.js';
import { bringLive } from '../support/onboarding.js';
import { keyRing } from '../support/tenants.js';

let stack: AdminStack;
let first: AdminBrowser;
let second: AdminBrowser;
/** One that is live, and one that is not. */
let live: string;
let young: string;

beforeAll(async () => {
  stack = await AdminStack.start();
  first = await stack.signedIn(stack.first);
  second = await stack.signedIn(stack.second);
  [live, young] = [await createdTenant(), await createdTenant()];
  await bringLive(stack, live);
}, 240_000);
afterAll(() => stack.stop());

const createdTenant = (): Promise<string> =>
  createTenant(stack.operator, keyRing(), { name: 'テスト商事', actor: 'operator:test' });
const at = (tenantId: string): string => `/v1/tenants/${toPublicId('ten', tenantId)}`;
const patch = (tenantId: string, mode: string, body: object): Promise<RawAnswer> =>
  first.send('PATCH', `${at(tenantId)}/contracts/${mode}`, body);
const propose = (change: object, tenantId = live): Promise<RawAnswer> =>
  first.send('POST', `${at(tenantId)}/contract-changes`, { change, reason: '契約変更' });
const approve = (approval: RawAnswer, browser: AdminBrowser): Promise<RawAnswer> =>
  browser.send('POST', `/v1/approvals/${approval.body['id'] as string}/approve`, {
    payload_sha256: approval.body['payload_sha256'],
  });
const terms = async (mode: string): Promise<Record<string, unknown>> => {
  const { contracts } = (await first.send('GET', at(live))).body as { contracts: Record<string, unknown>[] };
  return contracts.find((each) => each['mode'] === mode)!;
};
/** The rule of the database that a statement of the owner breaks. */
async function ruleOf(sql: string, values: unknown[]): Promise<string> {
  try {
    await stack.owner.query(sql, values);
    return 'done';
  } catch (error) {
    return (error as { constraint?: string }).constraint ?? String(error);
  }
}

describe('the contract of a live tenant', () => {
  it('is changed by nobody alone: not here, not by the command, not by a statement of any role', async () => {
    expect(outcome(await patch(live, 'live', { identify: true }))).toEqual([409, 'contract_needs_approval']);
    await expect(
      changeContract(stack.operator, { tenantId: live, mode: 'live', change: { identify: true }, actor: 'operator:x' }),
    ).rejects.toMatchObject({ name: 'ContractNeedsApproval' });
    for (const set of [
      'identify = true',
      `allowed_ages = '{18}'`,
      `revocation_methods = '{crl}'`,
      'counterpart = true',
      'latest_attributes = true',
      'pinless_status = true',
      `disclosure = 'status'`,
      `sign_up_consent_version = 'v1'`,
    ]) {
      const sql = `update contract set ${set} where tenant_id = $1 and mode = 'live'`;
      expect(await ruleOf(sql, [live])).toBe('contract_change_needs_approval');
      for (const role of [stack.operator, stack.people.admin])
        await expect(role.query(sql, [live])).rejects.toMatchObject({
          driverError: { constraint: 'contract_change_needs_approval' },
        });
    }
    expect((await terms('live'))['identify']).toBe(false);
  });

  it('changes when a second operator approves, to just what was shown', async () => {
    const proposal = await propose({ identify: true, allowed_ages: [18, 20], age_dates: ['2027-04-01'] });
    expect(proposal.status).toBe(201);
    expect(proposal.body['before']).toMatchObject({ identify: false, allowed_ages: [] });
    expect(proposal.body['after']).toMatchObject({ identify: true, allowed_ages: [18, 20] });
    expect(outcome(await approve(proposal, first))).toEqual([403, 'approval_own']);
    expect((await terms('live'))['identify']).toBe(false);
    expect((await approve(proposal, second)).body['state']).toBe('executed');
    expect(await terms('live')).toMatchObject({ identify: true, allowed_ages: [18, 20], age_dates: ['2027-04-01'] });
    expect((await terms('test'))['identify']).toBe(false);
    const { rows } = await stack.owner.query<{ change: unknown; detail: object }>(
      `select change, detail from audit_event where action = 'contract.change' and tenant_id = $1 and mode = 'live'`,
      [live],
    );
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({ change: { before: { identify: false }, after: { identify: true } } });
  });

  it('is not changed by an approval that was used, or by one of other terms', async () => {
    const { rows } = await stack.owner.query<{ id: string }>(
      'select change_approval_id as id from contract where tenant_id = $1 and mode = $2',
      [live, 'live'],
    );
    const sql = `update contract set counterpart = true, change_approval_id = $2 where tenant_id = $1 and mode = 'live'`;
    for (const approval of [rows[0]!.id, null])
      expect(await ruleOf(sql, [live, approval])).toBe('contract_change_needs_approval');
  });

  it('is refused when it has changed since the proposal', async () => {
    const stale = await propose({ counterpart: true });
    await stack.owner.query('alter table contract disable trigger guard');
    await stack.owner.query(`update contract set age_questions_a_year = 7 where tenant_id = $1 and mode = 'live'`, [
      live,
    ]);
    await stack.owner.query('alter table contract enable trigger guard');
    expect(outcome(await approve(stale, second))).toEqual([409, 'approval_stale']);
    expect((await terms('live'))['counterpart']).toBe(false);
  });

  it('is one person’s in test mode, and in live mode until the tenant goes live', async () => {
    expect((await patch(live, 'test', { counterpart: true })).status).toBe(200);
    expect((await patch(young, 'live', { counterpart: true })).status).toBe(200);
    expect(outcome(await propose({ identify: true }, young))).toEqual([409, 'tenant_not_live']);
  });

  it.each([
    [{ allowed_ages: [131] }, 'change.allowed_ages.0'],
    [{ allowed_ages: Array.from({ length: 21 }, (_, age) => age) }, 'change.allowed_ages'],
    [{ revocation_methods: [] }, 'change.revocation_methods'],
    [{ age_dates: ['2027-02-30'] }, 'change.age_dates.0'],
    [{ age_questions_a_year: 101 }, 'change.age_questions_a_year'],
    [{ sign_up_consent: { text_version: 'バージョン', purposes: [] } }, 'change.sign_up_consent.text_version'],
    [{ identify: 'yes' }, 'change.identify'],
    [{ pinless_status: 'on' }, 'change.pinless_status'],
    [{ disclosure: 'all' }, 'change.disclosure'],
  ])('is held to its limits, the field named in both languages: %j', async (change, field) => {
    const { status, body } = await propose(change);
    expect([status, body['code'], body['field']]).toEqual([400, 'request_invalid', field]);
    expect(body['errors']).toEqual([
      { field, message: expect.stringMatching(/^[ -~]+$/), message_ja: expect.stringMatching(/[ぁ-んァ-ヶ一-龠]/u) },
    ]);
  });
});
