import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { addPrices, MonthClosing, monthAt, nextMonth } from '#lib/billing';
import type { DataSource } from 'typeorm';
import { ApiStack, type TestKey } from '../support/api.js';
import { rawBody } from '../support/card.js';
import { planTerms } from '../support/prices.js';
import { connect } from '../support/tenants.js';

let stack: ApiStack;
let tenantId: string;
let key: TestKey;
let worker: DataSource;
let month: string;
let verifications: { id: string; usage: { id: string }[] }[];
let statementId: string;

beforeAll(async () => {
  stack = await ApiStack.start();
  tenantId = await stack.newTenant();
  key = await stack.newKey({ tenantId });
  worker = await connect(stack.databaseUrls.worker);
  month = monthAt(Date.now());
  const row = {
    table: 'price_plan',
    tenant_id: tenantId,
    mode: 'test',
    valid_from: `${month}-01`,
    terms: planTerms(),
  } as const;
  await stack.operator.transaction((manager) => addPrices(manager, { row, actor: 'operator:test' }));
  verifications = [];
  for (let n = 0; n < 3; n++) {
    const { data } = await key.client.POST('/v1/signature-verifications', { body: await rawBody(stack.sandbox) });
    verifications.push(data!);
  }
}, 180_000);
afterAll(async () => {
  await worker.destroy();
  await stack.stop();
});

describe('200: usage', () => {
  it('of the present month is shown by day with an estimate that says it is one', async () => {
    const { data } = await key.client.GET('/v1/usage');
    expect(data).toMatchObject({
      mode: 'test',
      month,
      closed: false,
      amounts: { is_estimate: true, contract_yen: 60, jlis_yen: 0, billed_yen: 60 },
    });
    expect(data!.data).toMatchObject([
      {
        meter: 'sign_check',
        method: 'crl',
        purpose: 'signature_verification',
        outcome: 'valid',
        events: 3,
        contract_unbilled: null,
      },
    ]);
  });
  it('leads to its events page by page, and from each to its verification', async () => {
    const first = await key.client.GET('/v1/usage-events', { params: { query: { limit: 2 } } });
    expect(first.data!.data).toHaveLength(2);
    const query = { limit: 2, cursor: first.data!.next_cursor! };
    const second = await key.client.GET('/v1/usage-events', { params: { query } });
    expect(second.data!.next_cursor).toBeNull();
    const found = [...first.data!.data, ...second.data!.data].map((event) => [event.verification_id, event.id]);
    expect(found.sort()).toEqual(verifications.map(({ id, usage }) => [id, usage[0]!.id]).sort());
  });
  it('of an open month is in no line yet', async () => {
    const params = { path: { id: verifications[0]!.usage[0]!.id } };
    const { data } = await key.client.GET('/v1/usage-events/{id}', { params });
    expect(data).toMatchObject({ month, statement_id: null, lines: [], verification_id: verifications[0]!.id });
  });
});

describe('a month that is closed', () => {
  beforeAll(async () => {
    await stack.moveClock('+32d');
    const closed = await new MonthClosing(worker).close('test', month, 'system:worker');
    expect(closed).toMatchObject({ events: 3, billedYen: 60 });
  });

  it('has a statement whose lines lead to the verifications and back', async () => {
    const { data: list } = await key.client.GET('/v1/statements');
    expect(list!.data).toMatchObject([{ month, contract_yen: 60, billed_yen: 60 }]);
    statementId = list!.data[0]!.id;
    const { data: statement } = await key.client.GET('/v1/statements/{id}', { params: { path: { id: statementId } } });
    const line = statement!.lines.find(({ layer }) => layer === 'contract')!;
    expect(line).toMatchObject({ kind: 'usage', quantity: 3, unit_price: '20', amount_yen: 60, billed: true });
    const path = { id: statementId, number: line.number };
    const { data: events } = await key.client.GET('/v1/statements/{id}/lines/{number}/events', { params: { path } });
    expect(events!.data.map(({ verification_id }) => verification_id).sort()).toEqual(
      verifications.map(({ id }) => id).sort(),
    );
    const params = { path: { id: events!.data[0]!.id } };
    const { data: traced } = await key.client.GET('/v1/usage-events/{id}', { params });
    expect(traced).toMatchObject({ month, statement_id: statementId });
    expect(traced!.lines).toContain(line.number);
  });
  it('is no estimate any more', async () => {
    const { data } = await key.client.GET('/v1/usage', { params: { query: { month } } });
    expect(data).toMatchObject({ closed: true, amounts: { is_estimate: false, billed_yen: 60 } });
  });
  it('leaves the next one empty', async () => {
    const { data } = await key.client.GET('/v1/usage', { params: { query: { month: nextMonth(month) } } });
    expect(data).toMatchObject({ closed: false, amounts: { is_estimate: true, billed_yen: 0 }, data: [] });
  });
});

describe('refused', () => {
  it('400: a month that is none', async () => {
    const answer = await stack.send('GET', '/v1/usage?month=2026-13', { key });
    expect([answer.status, answer.body['code']]).toEqual([400, 'request_invalid']);
  });
  it.each(['/v1/usage-events?cursor=x', '/v1/statements?cursor=x'])(
    '400: a cursor that no list has made: %s',
    async (path) => {
      const answer = await stack.send('GET', path, { key });
      expect([answer.status, answer.body['code']]).toEqual([400, 'cursor_malformed']);
    },
  );
  it.each(['/v1/usage', '/v1/usage-events', '/v1/statements'])(
    '403: a key without billing:read at %s',
    async (path) => {
      const limited = await stack.newKey({ tenantId, scopes: ['verifications:read'] });
      const answer = await stack.send('GET', path, { key: limited });
      expect([answer.status, answer.body['code']]).toEqual([403, 'scope_missing']);
    },
  );
  it('404: what another tenant has', async () => {
    const other = await stack.newKey();
    const event = verifications[0]!.usage[0]!.id;
    for (const path of [
      `/v1/usage-events/${event}`,
      `/v1/statements/${statementId}`,
      `/v1/statements/${statementId}/lines/1/events`,
      '/v1/usage-events/use_x',
    ]) {
      const answer = await stack.send('GET', path, { key: other });
      expect([answer.status, answer.body['code']]).toEqual([404, 'not_found']);
    }
    const { data } = await other.client.GET('/v1/usage', { params: { query: { month } } });
    expect(data!.data).toEqual([]);
  });
});
