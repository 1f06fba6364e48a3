import { createHash, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DataSource } from 'typeorm';
import { InvoiceExporting, MonthClosing, monthAt, nextMonth, startOf } from '#lib/billing';
import { fromPublicId, japanDay, toPublicId } from '#lib/platform';
import { clockSet } from '../../apps/admin/src/clock-commands.js';
import { type AdminBrowser, AdminStack, outcome } from '../support/admin.js';
import type { RawAnswer } from '../support/api.js';
import { BillingRig } from '../support/billing.js';
import { ISSUER, TERMS } from '../support/invoice-terms.js';
import { parseCsv } from '../support/parse-csv.js';
import { planTerms } from '../support/prices.js';
import { eventually } from '../support/story.js';

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
  it('says what its invoices will lack before it is closed, and when it can be', async () => {
    const needs = await first.send('GET', '/v1/month-closes/test/2020-06/invoice-needs');
    expect(needs.body).toMatchObject({
      day: japanDay(Date.now()),
      has_issuer: false,
      tenants: 1,
      incomplete: [{ tenant_id: ten(tenant), missing: ['invoice_terms'] }],
    });
    // Live mode has prices since the first of January.
    expect((await first.send('GET', '/v1/month-closes?mode=live')).body).toMatchObject({
      next_month: '2026-01',
      next_month_ends_at: '2026-01-31T15:00:00.000Z',
      next_month_is_over: true,
    });
    // Who has no prices is among them when something was used.
    const other = await rig.tenant();
    await rig.meter([{ tenantId: other, at: '2021-01-31T23:59:59+09:00' }]);
    const lacks = async (month: string) =>
      (
        (await first.send('GET', `/v1/month-closes/test/${month}/invoice-needs`)).body['incomplete'] as {
          tenant_id: string;
          missing: string[];
        }[]
      ).find(({ tenant_id }) => tenant_id === ten(other))?.missing;
    expect([await lacks('2021-01'), await lacks('2021-02')]).toEqual([['price_plan', 'invoice_terms'], undefined]);
  });
  it('is handed to the worker, and closed', async () => {
    const answer = await first.send('POST', '/v1/month-closes', { mode: 'test', month: '2020-06' });
    expect([answer.status, answer.body['state'], answer.body['statements_due']]).toEqual([202, 'closing', null]);
    await new MonthClosing(worker).close('test', '2020-06', 'system:worker');
    const { body } = await first.send('GET', '/v1/month-closes?mode=test');
    expect(body).toMatchObject({
      next_month: '2020-07',
      data: [
        {
          month: '2020-06',
          state: 'closed',
          statements: 1,
          statements_due: 1,
          billed_yen: 44,
          unexplained_difference: false,
          invoices: { issued: 0, drafts: 0, undrafted: 1 },
        },
      ],
    });
    const again = await first.send('POST', '/v1/month-closes', { mode: 'test', month: '2020-06' });
    expect(outcome(again)).toEqual([409, 'month_is_closed']);
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

describe('an invoice', () => {
  const settings = { ...ISSUER };
  /** How far the invoices of June are, as the list of months says. */
  const invoicing = async () => {
    const { body } = await first.send('GET', '/v1/month-closes?mode=test');
    return (body['data'] as { month: string; invoices: object }[]).find(({ month }) => month === '2020-06')!.invoices;
  };
  let statementId: string;
  let id: string;
  const draft = async (): Promise<RawAnswer> =>
    first.send('POST', '/v1/invoice-drafts', { statement_id: statementId, items: [] });

  it('needs an issuer with a corporate number and terms of the tenant, added by two people', async () => {
    const { body: list } = await first.send('GET', `/v1/statements?tenant_id=${ten(tenant)}&month=2020-06`);
    [{ id: statementId }] = list['data'] as [{ id: string }];
    expect(outcome(await draft())).toEqual([409, 'invoice_issuer_missing']);
    const from = { valid_from: '2020-07-01', reason: '登録' };
    const wrong = await first.send('POST', '/v1/invoice-settings/test/issuers', {
      ...from,
      terms: { ...settings, registration_number: 'T4011001098994' },
    });
    expect(wrong.body).toMatchObject({
      code: 'prices_invalid',
      errors: [{ field: 'registration_number', rule: 'check_digit' }],
    });
    const issuer = await first.send('POST', '/v1/invoice-settings/test/issuers', { ...from, terms: settings });
    expect((await approve(second, issuer)).body).toMatchObject({ state: 'executed' });
    expect(outcome(await draft())).toEqual([409, 'invoice_terms_missing']);
    const path = `/v1/tenants/${ten(tenant)}/invoice-terms/test`;
    const terms = await first.send('POST', path, { ...from, terms: TERMS });
    expect((await approve(second, terms)).body).toMatchObject({ state: 'executed' });
    expect((await first.send('GET', path)).body['data']).toMatchObject([{ valid_from: '2020-07-01' }]);
    const needs = await first.send('GET', '/v1/month-closes/test/2020-06/invoice-needs');
    expect(needs.body).toMatchObject({ has_issuer: true, tenants: 1, incomplete: [] });
    // Each refusal speaks of what was given, and names the earliest day.
    const early = { valid_from: '2020-06-30', reason: '登録' };
    for (const [to, given, code] of [
      ['/v1/invoice-settings/test/issuers', settings, 'issuer_in_closed_month'],
      [path, TERMS, 'invoice_terms_in_closed_month'],
    ] as const) {
      const answer = await first.send('POST', to, { ...early, terms: given });
      expect([outcome(answer), answer.body['earliest']]).toEqual([[409, code], '2020-07-01']);
    }
    const { body } = await first.send('GET', '/v1/invoice-settings/test');
    expect(body).toMatchObject({ issuers: [{ terms: settings }] });
    expect((body['tax_settings'] as { valid_from: string }[]).map(({ valid_from }) => valid_from)).toEqual([
      '1989-04-01',
      '1997-04-01',
      '2014-04-01',
      '2019-10-01',
    ]);
    const tax = { valid_from: '2020-07-02', terms: { rates: { standard: '12' }, rounding: 'floor', source: 'law' } };
    const middle = await first.send('POST', '/v1/invoice-settings/test/tax-settings', { ...tax, reason: '改正' });
    expect(middle.body).toMatchObject({ code: 'prices_invalid', errors: [{ rule: 'not_month_border' }] });
  });
  it('is drafted, looked at, agreed on by two and numbered', async () => {
    const made = await first.send('POST', '/v1/month-closes/test/2020-06/invoice-drafts');
    expect([made.status, made.body]).toEqual([200, { drafted: 1, refused: [], remaining: 0 }]);
    expect(await invoicing()).toEqual({ issued: 0, drafts: 1, undrafted: 0 });
    const { body: drafts } = await first.send('GET', '/v1/invoice-drafts?mode=test&month=2020-06');
    const [{ id: draftId, sha256 }] = drafts['data'] as [{ id: string; sha256: string }];
    const preview = await first.send('GET', `/v1/invoice-drafts/${draftId}/preview`);
    expect([preview.status, preview.headers.get('content-type')]).toEqual([200, 'application/pdf']);
    const proposal = await first.send('POST', '/v1/invoice-finalizations', { draft_ids: [draftId], reason: '6月分' });
    expect(proposal.body).toMatchObject({ kind: 'invoice_finalization', subject: `invoice:${draftId}` });
    expect(Object.values((proposal.body['after'] as { invoices: Record<string, string> }).invoices)).toEqual([sha256]);
    expect(outcome(await approve(first, proposal))).toEqual([403, 'approval_own']);
    expect((await approve(second, proposal)).body).toMatchObject({ state: 'executed' });
    expect(await invoicing()).toEqual({ issued: 1, drafts: 0, undrafted: 0 });
    id = draftId;
    const { body } = await first.send('GET', `/v1/invoices/${id}`);
    // Two sign checks at 20 yen and two counterparts at 2, and 10 %.
    expect(body).toMatchObject({ state: 'finalized', totals: { amount_yen: 44, tax_yen: 4, total_yen: 48 } });
    expect(body['number']).toMatch(/^TEST-[0-9]{4}-000001$/);
    expect(outcome(await draft())).toEqual([409, 'statement_invoiced']);
    const gone = await first.send('POST', `/v1/invoice-drafts/${id}/discard`);
    expect(outcome(gone)).toEqual([409, 'draft_not_open']);
  });
  it('leads from a line to its events and their verification, and back', async () => {
    const { body } = await first.send('GET', `/v1/invoices/${id}`);
    const [line] = body['lines'] as [{ statement_line: number; quantity: number }];
    const path = `/v1/statements/${String(body['statement_id'])}/lines/${line.statement_line}/events`;
    const { body: found } = await first.send('GET', path);
    const [event] = found['data'] as [{ id: string }];
    expect(found['data']).toHaveLength(line.quantity);
    const { body: traced } = await first.send('GET', `/v1/usage-events/${event.id}`);
    expect(traced).toMatchObject({ invoice_id: id, statement_id: body['statement_id'] });
    expect(traced['lines']).toContain(line.statement_line);
  });
  it.each(['.json', '.csv', '.csv?encoding=cp932', '.pdf', '/events.csv'])(
    'is handed out as the same octets each time, with their hash: %s',
    async (ending) => {
      const taken = async () => {
        const answer = await first.octets(`/v1/invoices/${id}${ending}`);
        const sha256 = createHash('sha256').update(answer.bytes).digest();
        expect(answer.headers.get('repr-digest')).toBe(`sha-256=:${sha256.toString('base64')}:`);
        expect(answer.headers.get('etag')).toBe(`"${sha256.toString('hex')}"`);
        expect(answer.headers.get('content-disposition')).toMatch(
          /^attachment; filename="TEST-[0-9-]+(-events)?\.[a-z]+"$/,
        );
        return answer.bytes;
      };
      expect((await taken()).equals(await taken())).toBe(true);
    },
  );
  it('has a CSV of every event of its month, each with the line it is in', async () => {
    const { bytes } = await first.octets(`/v1/invoices/${id}/events.csv`);
    const [header, ...rows] = parseCsv(new TextDecoder().decode(bytes));
    const column = (name: string) => rows.map((row) => row[header!.indexOf(name)]!);
    expect(column('usage_event_id').sort()).toEqual(events.map((event) => toPublicId('use', event)).sort());
    expect(column('contract_invoice_line').sort()).toEqual(['1', '1', '2', '2']);
    expect(new Set(column('occurred_at'))).toEqual(new Set(['2020-06-10T12:00:00.000+09:00']));
  });
  it('has no connection of the database left when who asked for that CSV goes away before it is there', async () =>
    rig.whileUnreadable(async () => {
      const leave = new AbortController();
      const asked = first.octets(`/v1/invoices/${id}/events.csv`, leave.signal);
      const left = expect(asked).rejects.toThrow();
      await rig.untilWaiting(1);
      const leftAt = performance.now();
      leave.abort();
      await left;
      await rig.untilWaiting(0);
      // Long before the statement would have been ended for its length, 20 s.
      expect(performance.now() - leftAt).toBeLessThan(10_000);
    }));
  it('is in the CSV of what a search finds, of all tenants, and the export is recorded', async () => {
    const { bytes, headers } = await first.octets('/v1/invoices.csv?month=2020-06&amount_min=48&amount_max=48');
    const [, ...rows] = parseCsv(new TextDecoder().decode(bytes));
    expect(rows).toHaveLength(3);
    const [recorded] = await stack.audited('invoices:csv');
    expect(recorded).toMatchObject({ action: 'invoice.export', detail: { invoices: 1 } });
    expect(headers.get('etag')).toBe(`"${String(recorded!.detail['sha256'])}"`);
    const none = await first.octets('/v1/invoices.csv?month=2020-06&counterparty=x');
    expect(parseCsv(new TextDecoder().decode(none.bytes))).toHaveLength(1);
  });
  it('is in the file of its month that the worker makes, listed with its hash, in both encodings', async () => {
    const [made] = await new InvoiceExporting(rig.worker).makeDue('system:worker');
    const { body } = await first.send('GET', '/v1/invoice-exports?mode=test');
    expect(body['data']).toMatchObject([
      { mode: 'test', month: '2020-06', version: 1, invoices: 1, total_yen: 48, sha256: made!.sha256 },
    ]);
    const path = '/v1/invoice-exports/test/2020-06';
    const { bytes, headers } = await first.octets(`${path}/1.csv`);
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(made!.sha256);
    expect(headers.get('etag')).toBe(`"${made!.sha256}"`);
    const windows = await first.octets(`${path}/1.csv?encoding=cp932`);
    expect(windows.headers.get('content-type')).toBe('text/csv; charset=windows-31j; header=present');
    expect(parseCsv(new TextDecoder('shift_jis').decode(windows.bytes))).toEqual(
      parseCsv(new TextDecoder().decode(bytes)),
    );
    for (const absent of ['/2.csv', '/0.csv', '/x.csv', '/1.csv?encoding=utf-7'])
      expect((await first.send('GET', path + absent)).status).toBe(absent.includes('utf-7') ? 400 : 404);
  });
  it('is found by day, amount and counterparty', async () => {
    const found = async (query: string) =>
      ((await first.send('GET', `/v1/invoices?${query}`)).body['data'] as unknown[]).length;
    expect(await found(`counterparty=${encodeURIComponent('髙﨑')}&amount_min=48&issued_from=2020-01-01`)).toBe(1);
    expect(await found('amount_min=49')).toBe(0);
    expect(await found('issued_to=2020-01-01')).toBe(0);
  });
  it('was sent when an operator says so, from the day of its issue to today, and that stays on record', async () => {
    const path = `/v1/invoices/${id}/dispatches`;
    const { body: invoice } = await first.send('GET', `/v1/invoices/${id}`);
    const { body: none } = await first.send('GET', path);
    expect(none['data']).toEqual([]);
    const sent = { sent_on: String(invoice['issued_on']), method: 'email', recipient: 'keiri@example.jp' };
    const dayBefore = new Date(Date.parse(sent.sent_on) - 86_400_000).toISOString().slice(0, 10);
    const dayAfter = new Date(Date.parse(String(none['today'])) + 86_400_000).toISOString().slice(0, 10);
    for (const wrong of [{ sent_on: dayBefore }, { sent_on: dayAfter }, { method: 'fax' }, { recipient: ' ' }]) {
      const answer = await first.send('POST', path, { ...sent, ...wrong });
      const { errors } = answer.body as { errors: { field: string }[] };
      expect([outcome(answer), errors.map(({ field }) => field)]).toEqual([
        [400, 'request_invalid'],
        Object.keys(wrong),
      ]);
    }
    expect((await first.send('GET', path)).body['data']).toEqual([]);
    const recorded = await first.send('POST', path, sent);
    expect([recorded.status, recorded.body['data']]).toEqual([
      201,
      [expect.objectContaining({ ...sent, recorded_by: expect.stringMatching(/^operator:opr_/) })],
    ]);
    const audited = await stack.audited(`invoice:${fromPublicId('inv', id)!}`);
    const dispatched = audited.filter(({ action }) => action === 'invoice.dispatch');
    expect(dispatched).toMatchObject([{ detail: { sent_on: sent.sent_on, method: 'email' } }]);
    expect(JSON.stringify(dispatched)).not.toContain('keiri');
    const absent = await first.send('POST', `/v1/invoices/${toPublicId('inv', randomUUID())}/dispatches`, sent);
    expect(outcome(absent)).toEqual([404, 'not_found']);
  });
  it('is taken back by two, and the next one names it', async () => {
    const proposal = await first.send('POST', `/v1/invoices/${id}/void`, { reason: '宛名の誤り' });
    expect((await approve(second, proposal)).body).toMatchObject({ state: 'executed' });
    expect((await first.send('GET', `/v1/invoices/${id}`)).body).toMatchObject({
      state: 'void',
      void_reason: '宛名の誤り',
    });
    expect(outcome(await first.send('POST', `/v1/invoices/${id}/void`, { reason: 'もう一度' }))).toEqual([
      409,
      'invoice_is_void',
    ]);
    const next = await draft();
    expect([next.status, next.body['corrects']]).toEqual([201, expect.objectContaining({ id })]);
    const discarded = await first.send('POST', `/v1/invoice-drafts/${String(next.body['id'])}/discard`);
    expect(discarded.body).toMatchObject({ state: 'discarded' });
  });
});

describe('prices in force', () => {
  const DAY_MS = 86_400_000;
  const real = { today: japanDay(Date.now()), month: monthAt(Date.now()) };
  const later = nextMonth(nextMonth(real.month));
  const moved = { today: `${later}-10`, month: later };
  const nobody = (): Promise<string> => Promise.reject(new Error('nobody is asked'));
  const move = (offset: string): Promise<void> =>
    clockSet(
      { dataSource: rig.operator, actor: 'operator:test', out: () => undefined, ask: nobody, askSecret: nobody },
      offset,
    );
  const get = async (path: string) => (await first.send('GET', path)).body;
  const seen = async (mode: 'live' | 'test') => {
    const tenantPath = `/v1/tenants/${ten(tenant)}`;
    const { month, amounts } = await get(`${tenantPath}/usage?mode=${mode}`);
    const days = await Promise.all(
      [
        `${tenantPath}/price-plans/${mode}`,
        `${tenantPath}/invoice-terms/${mode}`,
        `/v1/jlis-prices/${mode}`,
        `/v1/invoice-settings/${mode}`,
      ].map(async (path) => (await get(path))['today']),
    );
    return { today: [...new Set(days)], month, yen: (amounts as { contract_yen: number }).contract_yen };
  };

  it('go by the clock of their mode: that of test mode can be moved, and live mode stays where it is', async () => {
    await rig.plan(tenant, `${later}-01`, planTerms({ base_fee: '50000' }));
    const proposal = await first.send('POST', `/v1/tenants/${ten(tenant)}/price-plans/live`, {
      valid_from: `${later}-01`,
      terms: planTerms({ base_fee: '70000' }),
      reason: '改定',
    });
    expect((await approve(second, proposal)).body).toMatchObject({ state: 'executed' });
    // Since June 2020 uses alone are charged in test mode, since 2026 30,000 yen a month in live mode.
    const live = { today: [real.today], month: real.month, yen: 30_000 };
    expect([await seen('test'), await seen('live')]).toEqual([{ ...live, yen: 0 }, live]);
    await move(`+${Math.ceil((startOf(moved.today) - Date.now()) / DAY_MS)}d`);
    await eventually(
      () => get('/v1/jlis-prices/test'),
      ({ today }) => today === moved.today,
    );
    expect([await seen('test'), await seen('live')]).toEqual([
      { today: [moved.today], month: moved.month, yen: 50_000 },
      live,
    ]);
    await move('0');
  });
});

describe('a month in which something was used without a fee', () => {
  it('stays open, and says what it was and when', async () => {
    await rig.meter([
      { tenantId: tenant, meter: 'attributes_delivered', purpose: 'attribute_update', at: '2020-07-02T12:00:00+09:00' },
    ]);
    const close = async () =>
      ((await first.send('GET', '/v1/month-closes?mode=test')).body['data'] as { month: string; state: string }[]).find(
        ({ month }) => month === '2020-07',
      );
    await first.send('POST', '/v1/month-closes', { mode: 'test', month: '2020-07' });
    expect(await close()).toMatchObject({ state: 'closing', without_fee: null });
    await expect(new MonthClosing(worker).close('test', '2020-07', 'system:worker')).rejects.toMatchObject({
      code: 'rate_missing',
    });
    expect(await close()).toMatchObject({
      state: 'closing',
      without_fee: { meter: 'attributes_delivered', day: '2020-07-01', noticed_at: expect.any(String) },
    });
  });
});
