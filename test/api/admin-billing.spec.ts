import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DataSource } from 'typeorm';
import { MonthClosing } from '#lib/billing';
import { fromPublicId, toPublicId } from '#lib/platform';
import { type AdminBrowser, AdminStack, outcome } from '../support/admin.js';
import type { RawAnswer } from '../support/api.js';
import { BillingRig } from '../support/billing.js';
import { planTerms } from '../support/prices.js';

let rig: BillingRig;
let stack: AdminStack;
let worker: DataSource;
let first: AdminBrowser;
let second: AdminBrowser;
let tenant: string;
let events: string[];

const ten = (id: string): string => toPublicId('ten', id);
const approve = (browser: AdminBrowser, { body }: RawAnswer): Promise<RawAnswer> =>
  browser.send('POST', `/v1/approvals/${String(body['id'])}/approve`, { payload_sha256: body['payload_sha256'] });

beforeAll(async () => {
  rig = await BillingRig.start();
  worker = rig.worker;
  tenant = await rig.tenant({ from: '2020-06-01' });
  const one = { tenantId: tenant, at: '2020-06-10T12:00:00+09:00' } as const;
  events = await rig.meter([
    one,
    one,
    { ...one, meter: 'counterpart_delivered', purpose: 'identification' },
    { ...one, meter: 'counterpart_delivered', purpose: 'identification' },
  ]);
  stack = await AdminStack.on(rig.database, { REDIS_URL: process.env['TEST_REDIS_URL']! });
  first = await stack.signedIn(stack.first);
  second = await stack.signedIn(stack.second);
}, 180_000);
afterAll(async () => {
  await stack.stop();
  await rig.stop();
});

describe('prices of live mode', () => {
  const path = () => `/v1/tenants/${ten(tenant)}/price-plans/live`;
  const body = (valid_from: string) => ({ valid_from, terms: planTerms({ base_fee: '30000' }), reason: '契約更新' });

  it('are proposed by one, approved by another and in force', async () => {
    const proposal = await first.send('POST', path(), body('2026-01-01'));
    expect([proposal.status, proposal.body['kind']]).toEqual([201, 'price_change']);
    expect((await first.send('GET', path())).body['data']).toEqual([]);
    expect(outcome(await approve(first, proposal))).toEqual([403, 'approval_own']);
    expect((await approve(second, proposal)).body).toMatchObject({ state: 'executed' });
    expect((await first.send('GET', path())).body['data']).toMatchObject([
      { valid_from: '2026-01-01', terms: { base_fee: '30000' } },
    ]);
    const approval = fromPublicId('apr', String(proposal.body['id']));
    const { rows } = await rig.owner.query('select approval_id from price_plan where mode = $1', ['live']);
    expect(rows).toEqual([{ approval_id: approval }]);
  });
  it('of J-LIS too', async () => {
    const terms = { rates: { sign_check: '1' }, year_start: '04-01', tax_category: 'standard', source: 'a letter' };
    const proposal = await first.send('POST', '/v1/jlis-prices/live/tariffs', {
      valid_from: '2030-01-01',
      terms,
      reason: '改定',
    });
    expect((await approve(second, proposal)).body).toMatchObject({ state: 'executed' });
    const { body: prices } = await first.send('GET', '/v1/jlis-prices/live');
    expect((prices['tariffs'] as { valid_from: string }[]).map(({ valid_from }) => valid_from)).toEqual([
      '2016-01-01',
      '2023-01-01',
      '2023-05-01',
      '2030-01-01',
    ]);
    const scope = { tenant_id: ten(tenant), valid_from: '2030-01-01', valid_until: '2031-01-01', reason: '通知' };
    const recognised = { ...scope, terms: { approval_reference: 'J-1' } };
    const known = await first.send('POST', '/v1/jlis-prices/live/recognitions', recognised);
    expect((await approve(second, known)).body).toMatchObject({ state: 'executed' });
    const granted = { applies_to: 'total', kind: 'percent', value: '10', ground: 'volume', approval_reference: 'J-2' };
    const reduced = await first.send('POST', '/v1/jlis-prices/live/reductions', { ...scope, terms: granted });
    expect((await approve(second, reduced)).body).toMatchObject({ state: 'executed' });
  });
  it.each([
    ['begin where others do', body('2026-01-01'), 'overlap'],
    ['are negative', { ...body('2027-01-01'), terms: planTerms({ base_fee: '-1' }) }, 'negative'],
    [
      'leave a meter out',
      { ...body('2027-01-01'), terms: planTerms({ prices: planTerms().prices.slice(1) }) },
      'meter_not_priced',
    ],
  ])('that %s are refused with the rule', async (_what, given, rule) => {
    const answer = await first.send('POST', path(), given);
    expect(outcome(answer)).toEqual([422, 'prices_invalid']);
    expect((answer.body['errors'] as { rule: string }[])[0]).toMatchObject({ rule });
  });
  it('leave no gap between tariffs', async () => {
    const terms = { rates: { sign_check: '1' }, year_start: '04-01', tax_category: 'standard', source: 'a letter' };
    const gap = { valid_from: '2027-01-01', valid_until: '2028-01-01', terms, reason: '改定' };
    const answer = await first.send('POST', '/v1/jlis-prices/live/tariffs', gap);
    expect(answer.body).toMatchObject({ code: 'prices_invalid', errors: [{ field: 'valid_until', rule: 'gap' }] });
  });
});

describe('a month', () => {
  const file = (count: number) => `month,service_id,item,count\n2020-06,${ten(tenant)},counterpart,${count}\n`;

  it('that is not over is refused, and one out of turn', async () => {
    const now = new Date(Date.now() + 9 * 3_600_000).toISOString().slice(0, 7);
    const close = (month: string) => first.send('POST', '/v1/month-closes', { mode: 'test', month });
    expect(outcome(await close(now))).toEqual([409, 'month_not_over']);
    const early = await close('2020-08');
    expect([outcome(early), early.body['expected']]).toEqual([[409, 'month_out_of_turn'], '2020-06']);
  });
  it('is handed to the worker, and closed', async () => {
    const answer = await first.send('POST', '/v1/month-closes', { mode: 'test', month: '2020-06' });
    expect([answer.status, answer.body['state']]).toEqual([202, 'closing']);
    await new MonthClosing(worker).close('test', '2020-06', 'system:worker');
    const { body } = await first.send('GET', '/v1/month-closes?mode=test');
    expect(body).toMatchObject({
      next_month: '2020-07',
      data: [{ month: '2020-06', state: 'closed', statements: 1, billed_yen: 44, unexplained_difference: false }],
    });
  });
  it('leads from the list to the statement, its lines and their events, and back', async () => {
    const { body: list } = await first.send('GET', `/v1/statements?tenant_id=${ten(tenant)}&month=2020-06`);
    const [{ id }] = list['data'] as [{ id: string }];
    const { body: statement } = await first.send('GET', `/v1/statements/${id}`);
    const lines = statement['lines'] as { number: number; layer: string; meter: string; quantity: number }[];
    const { number } = lines.find(({ layer, meter }) => layer === 'contract' && meter === 'sign_check')!;
    const { body: found } = await first.send('GET', `/v1/statements/${id}/lines/${number}/events`);
    const ids = (found['data'] as { id: string }[]).map((event) => event.id);
    expect(ids.sort()).toEqual(
      events
        .slice(0, 2)
        .map((event) => toPublicId('use', event))
        .sort(),
    );
    const { body: traced } = await first.send('GET', `/v1/usage-events/${ids[0]!}`);
    expect(traced).toMatchObject({ month: '2020-06', statement_id: id });
    expect(traced['lines']).toContain(number);
    const usage = await first.send('GET', `/v1/tenants/${ten(tenant)}/usage?mode=test&month=2020-06`);
    expect(usage.body).toMatchObject({ closed: true, amounts: { is_estimate: false, billed_yen: 44 } });
    const all = await first.send('GET', `/v1/tenants/${ten(tenant)}/usage-events?mode=test&month=2020-06`);
    expect(all.body['data']).toHaveLength(4);
  });
  it('is reported to J-LIS by service, kind, method and purpose; checks by list as self-reported', async () => {
    const report = () => first.send('GET', '/v1/month-closes/test/2020-06/jlis-report');
    const { text, headers } = await report();
    expect(headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(
      text
        .split('\r\n')
        .slice(1, -1)
        .map((row) => row.replaceAll('"', '').split(',').slice(3).join()),
    ).toEqual([
      'sign,counterpart_delivered,service,identification,2,2,2,asked',
      'sign,sign_check,crl,signature_verification,2,2,2,self_reported',
    ]);
    expect((await report()).text).toBe(text);
    expect(outcome(await first.send('GET', '/v1/month-closes/test/2020-07/jlis-report'))).toEqual([
      409,
      'month_not_closed',
    ]);
  });
  it('agrees with a bill of J-LIS, and differs from one that drops a call until somebody says why', async () => {
    const path = '/v1/month-closes/test/2020-06/reconciliations';
    const agrees = await first.send('POST', path, { file: file(2) });
    expect(agrees.body).toMatchObject({
      differences: 0,
      self_reported: [{ item: 'sign_check', method: 'crl', events: 2 }],
    });
    const dropped = await first.send('POST', path, { file: file(1) });
    expect(dropped.body).toMatchObject({ differences: 1, rows: [{ ours: 2, theirs: 1, difference: -1 }] });
    const listed = async () =>
      (
        (await first.send('GET', '/v1/month-closes?mode=test')).body['data'] as { unexplained_difference: boolean }[]
      )[0]!;
    expect((await listed()).unexplained_difference).toBe(true);
    const explain = () =>
      first.send('POST', `/v1/month-closes/reconciliations/${String(dropped.body['id'])}/explanation`, {
        explanation: 'J-LISの集計漏れ。確認済み。',
      });
    expect((await explain()).status).toBe(200);
    expect((await listed()).unexplained_difference).toBe(false);
    expect(outcome(await explain())).toEqual([409, 'nothing_to_change']);
    expect((await first.send('GET', path)).body['data']).toHaveLength(2);
    const broken = await first.send('POST', path, { file: 'x' });
    expect([outcome(broken), broken.body['line']]).toEqual([[422, 'jlis_file_malformed'], 1]);
  });
});
