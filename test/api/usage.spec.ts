import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { addPrices, MonthClosing, monthAt, nextMonth } from '#lib/billing';
import { toPublicId } from '#lib/platform';
import type { DataSource } from 'typeorm';
import { ApiStack, type TestKey } from '../support/api.js';
import { rawBody } from '../support/card.js';
import { InvoiceOffice } from '../support/invoices.js';
import { planTerms } from '../support/prices.js';
import { openSocket } from '../support/raw-http.js';
import { connect } from '../support/tenants.js';

/** Connections of the API to its database: as many readers that leave take them all. */
const POOL = 2;
/** Events of a busy tenant: the file of them is longer than what waits on its way between two programs. */
const MANY = 40_000;
/** What a file that is being sent is called by the system: it has no name any more. */
const SPOOLED = /\/shomei-[0-9a-f-]{36} \(deleted\)$/;

let stack: ApiStack;
/** Pays for each use until next month, and a base fee from then on. */
let busy: TestKey;
let busyId: string;
let tenantId: string;
let key: TestKey;
let worker: DataSource;
let admin: DataSource;
let office: InvoiceOffice;
let month: string;
let verifications: { id: string; usage: { id: string }[] }[];
let statementId: string;

beforeAll(async () => {
  stack = await ApiStack.start({ settings: { DATABASE_POOL: String(POOL) } });
  tenantId = await stack.newTenant();
  key = await stack.newKey({ tenantId });
  worker = await connect(stack.databaseUrls.worker);
  month = monthAt(Date.now());
  await addPlan(tenantId, month, '0');
  admin = await connect(stack.databaseUrls.admin);
  office = await InvoiceOffice.open({ admin, operator: stack.operator });
  busyId = await stack.newTenant();
  busy = await stack.newKey({ tenantId: busyId });
  await addPlan(busyId, month, '0');
  await addPlan(busyId, nextMonth(month), '1000');
  await stack.owner.query(
    `insert into usage_event (tenant_id, mode, id, source, source_id, meter, method, purpose, outcome, billable,
       certificate_kind, certificate_hash, occurred_at)
     select $1, 'test', gen_random_uuid(), 'status_check', gen_random_uuid(), 'sign_check', 'crl', 'signature_verification',
       'valid', true, 'sign', sha256('x'), now() from generate_series(1, $2)`,
    [busyId, MANY],
  );
  await office.issuer();
  await office.terms(busyId);
  verifications = [];
  for (let n = 0; n < 3; n++) {
    const { data } = await key.client.POST('/v1/signature-verifications', { body: await rawBody(stack.sandbox) });
    verifications.push(data!);
  }
}, 180_000);
afterAll(async () => {
  await Promise.all([worker.destroy(), admin.destroy()]);
  await stack.stop();
});

async function addPlan(of: string, from: string, base_fee: string): Promise<void> {
  const terms = planTerms({ base_fee });
  const row = { table: 'price_plan', tenant_id: of, mode: 'test', valid_from: `${from}-01`, terms } as const;
  await stack.operator.transaction((manager) => addPrices(manager, { row, actor: 'operator:test' }));
}

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
    const { data } = await busy.client.GET('/v1/usage');
    expect(data).toMatchObject({ month, amounts: { contract_yen: 20 * MANY } });
    await stack.moveClock('+32d');
    const closed = await new MonthClosing(worker).close('test', month, 'system:worker');
    expect(closed).toMatchObject({ events: 3 + MANY, billedYen: 60 + 20 * MANY });
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
  it('gives way to the prices of the day to which the clock of test mode was moved', async () => {
    const { data } = await busy.client.GET('/v1/usage');
    expect(data).toMatchObject({ month: monthAt(Date.now() + 32 * 86_400_000), amounts: { contract_yen: 1_000 } });
  });
});

describe("the CSV of an invoice's usage events", () => {
  let path: string;
  /** Statements about usage that hold a connection. */
  const held = async (): Promise<number> => {
    // A transaction sees what it saw first.
    await stack.owner.query('select pg_stat_clear_snapshot()');
    const { rows } = await stack.owner.query<{ held: number }>(
      `select count(*)::int as held from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
       and state <> 'idle' and query like '%usage%'`,
    );
    return rows[0]!.held;
  };
  const faults = (): string[] => stack.log.split('\n').filter((line) => /"level":(40|50|60)/.test(line));
  beforeAll(async () => {
    const [invoice] = await office.finalize(await office.draft(busyId, month));
    path = `/v1/invoices/${toPublicId('inv', invoice!.id)}/events.csv`;
  });

  it('gives its connections back at once when all who asked leave while the database computes', async () => {
    const before = faults();
    const leave = new AbortController();
    const headers = { authorization: `Bearer ${busy.secret}` };
    await stack.owner.query('begin');
    try {
      await stack.owner.query('lock table usage_event in access exclusive mode');
      const asked = Array.from({ length: POOL }, () =>
        expect(fetch(`${stack.url}${path}`, { headers, signal: leave.signal })).rejects.toThrow(),
      );
      await stack.until('every connection waits', async () => (await held()) === POOL);
      leave.abort();
      await Promise.all(asked);
      // Nothing else lets them go: the lock stays, and statements may take far longer.
      await stack.until('no connection waits', async () => (await held()) === 0, 10_000);
      expect((await stack.send('GET', '/v1/statements', { key: busy })).status).toBe(200);
    } finally {
      await stack.owner.query('rollback');
    }
    expect(faults()).toEqual(before);
  });
  it('holds no connection while it is sent, and its file no longer than who takes it stays', async () => {
    const before = faults();
    const socket = await openSocket(stack.url);
    socket.write(
      `GET ${path} HTTP/1.1\r\nhost: ${new URL(stack.url).host}\r\nauthorization: Bearer ${busy.secret}\r\n\r\n`,
    );
    const [begun] = (await once(socket, 'data')) as [Buffer];
    socket.pause();
    expect(begun.toString('latin1')).toMatch(/^HTTP\/1\.1 200 /);
    expect([stack.openFiles(SPOOLED), await held()]).toEqual([1, 0]);
    socket.destroy();
    await stack.until('the file is closed', () => stack.openFiles(SPOOLED) === 0);
    const bytes = await stack.bytes(path, busy);
    // The byte order mark, a heading and a row each.
    expect(bytes.subarray(0, 3)).toEqual(Buffer.from([0xef, 0xbb, 0xbf]));
    expect(bytes.toString().split('\r\n')).toHaveLength(MANY + 2);
    await stack.until('the file is closed', () => stack.openFiles(SPOOLED) === 0);
    expect(faults()).toEqual(before);
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
