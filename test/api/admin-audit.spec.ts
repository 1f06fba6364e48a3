import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DataSource } from 'typeorm';
import { publicKeyOf } from '#lib/audit';
import { newId, toPublicId } from '#lib/platform';
import { type AdminBrowser, AdminStack, outcome } from '../support/admin.js';
import { act, sealer, signingKey } from '../support/audit.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { runToEnd } from '../support/story.js';
import { connect, makeTenant, type TestTenant } from '../support/tenants.js';

const KEY = signingKey('a1');
const directory = mkdtempSync(join(tmpdir(), 'shomei-audit-'));
let database: TestDatabase;
let stack: AdminStack;
let browser: AdminBrowser;
let worker: DataSource;
let api: DataSource;
let bank: TestTenant;
let shop: TestTenant;

beforeAll(async () => {
  database = await createTestDatabase();
  stack = await AdminStack.on(database, {}, () => database.drop());
  browser = await stack.signedIn(await stack.person(['auditor']));
  worker = await connect(database.urls.worker);
  api = await connect(database.urls.api);
}, 300_000);
afterAll(async () => {
  for (const pool of [worker, api]) await pool.destroy();
  await stack.stop();
  rmSync(directory, { recursive: true });
});

const seal = () => sealer(worker, KEY).run();
const get = (path: string) => browser.send('GET', path);

describe('before anything is sealed', () => {
  it('there is nothing to export or verify, and the state says so', async () => {
    for (const path of ['/v1/audit-events.jsonl', '/v1/audit-events.csv'])
      expect(outcome(await get(path))).toEqual([409, 'audit_nothing_sealed']);
    expect(outcome(await browser.send('POST', '/v1/audit-chain/verifications', {}))).toEqual([
      409,
      'audit_nothing_sealed',
    ]);
    expect((await get('/v1/audit-chain')).body).toMatchObject({ seq: 0, open_day: null, last_verification: null });
  });
});

describe('when there is a chain of three days', () => {
  beforeAll(async () => {
    await stack.owner.query(`update audit_chain set day = (clock_timestamp() at time zone 'Asia/Tokyo')::date - 2`);
    bank = await makeTenant(stack.operator, 'Bank');
    shop = await makeTenant(stack.operator, 'Shop');
    await act(api, bank, 3);
    await act(api, shop, 2, '=HYPERLINK("http://x")');
    await seal();
  });

  const check = async (text: string, ...args: string[]) => {
    const file = join(directory, 'export.jsonl');
    const keys = join(directory, 'keys.json');
    writeFileSync(file, text);
    writeFileSync(keys, JSON.stringify({ a1: publicKeyOf(KEY).toString('base64') }));
    const { code, out } = await runToEnd('dist/apps/admin/src/check-audit.js', {}, [file, '--keys', keys, ...args]);
    return { code, report: JSON.parse(out.join('')) as Record<string, unknown> };
  };

  it('the JSON lines pass the offline check in a process of its own, and one changed word does not', async () => {
    const answer = await get('/v1/audit-events.jsonl');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('application/x-ndjson; charset=utf-8');
    expect(answer.headers.get('content-disposition')).toBe('attachment; filename="audit-events.jsonl"');
    expect(await check(answer.text)).toMatchObject({
      code: 0,
      report: { whole: true, keys_confirmed: true, hidden: 0 },
    });
    const changed = answer.text.replace('thing.touch', 'thing.other');
    expect(await check(changed)).toMatchObject({ code: 1, report: { faults: [{ code: 'altered' }] } });
    expect((await check(answer.text.slice(0, -200))).code).toBe(1);
  }, 60_000);

  it('an export of one tenant hides the others and still passes; mode alone is refused', async () => {
    const tenant = toPublicId('ten', bank.tenantId);
    const answer = await get(`/v1/audit-events.jsonl?tenant_id=${tenant}&mode=${bank.mode}`);
    expect(answer.text).not.toContain(shop.tenantId);
    const { code, report } = await check(answer.text);
    expect([code, report['whole'], Number(report['hidden']) > 0]).toEqual([0, true, true]);
    for (const query of ['mode=test', 'from=2026-11-30&to=2026-11-01', 'from=yesterday', 'tenant_id=ten_x', 'x=1'])
      expect(outcome(await get(`/v1/audit-events.jsonl?${query}`))).toEqual([400, 'request_invalid']);
    expect(outcome(await get('/v1/audit-events.csv?from=2020-01-01&to=2020-01-02'))).toEqual([
      409,
      'audit_nothing_sealed',
    ]);
  }, 60_000);

  it('the table has a byte order mark and CRLF, runs nothing, and shows what was asked for', async () => {
    const answer = await fetch(`${stack.url}/v1/audit-events.csv?action=thing.*`, {
      headers: { cookie: browser.cookie! },
    });
    const octets = Buffer.from(await answer.arrayBuffer());
    expect(octets.subarray(0, 3)).toEqual(Buffer.from([0xef, 0xbb, 0xbf]));
    expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    const lines = octets.toString().split('\r\n');
    expect(lines).toHaveLength(1 + 5 + 1);
    expect(lines.filter((line) => line.includes('HYPERLINK'))).toHaveLength(2);
    expect(octets.toString()).not.toMatch(/(^|,)"[=+@-]/m);
    const one = await get(`/v1/audit-events.csv?action=thing.touch&target=${encodeURIComponent('thing:1')}`);
    expect(one.text.split('\r\n')).toHaveLength(1 + 1 + 1);
  });

  it('each export is on record with its filters, and who may not read the trail exports nothing', async () => {
    const tenant = toPublicId('ten', bank.tenantId);
    const { headers } = await get(`/v1/audit-events.csv?tenant_id=${tenant}&action=thing.*`);
    const { rows } = await stack.owner.query<{ action: string; detail: object; ip: string }>(
      'select action, detail, host(ip) as ip from audit_event where request_id = $1',
      [headers.get('x-request-id')],
    );
    expect(rows).toEqual([
      {
        action: 'audit.export',
        detail: { format: 'csv', from: null, to: null, of: tenant, mode: null, action: 'thing.*' },
        ip: '127.0.0.1',
      },
    ]);
    const support = await stack.signedIn(await stack.person(['support']));
    for (const path of ['/v1/audit-events.csv', '/v1/audit-events.jsonl', '/v1/audit-chain'])
      expect(outcome(await support.send('GET', path))).toEqual([403, 'permission_missing']);
  });

  it('one event is shown with its place in the chain and with before and after, whose personal values stay ciphertext', async () => {
    const { rows } = await stack.owner.query<{ id: string }>(
      `select id from audit_event where action = 'thing.touch' order by id limit 1`,
    );
    const { body } = await get(`/v1/audit-events/${toPublicId('aud', rows[0]!.id)}`);
    expect(body).toMatchObject({
      action: 'thing.touch',
      change: { before: { state: 'a' }, after: { state: 'b' } },
      seal: { seq: expect.any(Number), row_hash: expect.stringMatching(/^[0-9a-f]{64}$/) },
    });
    expect(outcome(await get(`/v1/audit-events/${toPublicId('aud', newId(Date.now()))}`))).toEqual([404, 'not_found']);
  });

  it('the state tells of closed days, of what waits, and of the last verification', async () => {
    await act(api, bank, 2, 'late');
    const before = (await get('/v1/audit-chain')).body;
    expect(before).toMatchObject({ closed_days: 2, unclosed_days: 0, key_ids: ['a1'] });
    expect(Number(before['unsealed'])).toBeGreaterThan(1);
    await seal();
    expect((await get('/v1/audit-chain')).body).toMatchObject({ unsealed: 0, oldest_unsealed_at: null });
    const { status, body } = await browser.send('POST', '/v1/audit-chain/verifications', {});
    expect([status, body]).toMatchObject([200, { state: 'done', report: { whole: true, fault_count: 0, faults: [] } }]);
    expect((await get('/v1/audit-chain')).body['last_verification']).toMatchObject({
      action: 'audit.verify',
      detail: { whole: true, fault_count: 0, codes: [] },
    });
  });

  it('a verification finds what the owner of the database has changed, and its result is on record', async () => {
    await stack.owner.query(
      `update audit_event set detail = '{"changed": true}' where action = 'thing.touch' and target = 'late:0'`,
    );
    const { body } = await browser.send('POST', '/v1/audit-chain/verifications', {});
    expect(body).toMatchObject({ report: { whole: false, fault_count: 1, faults: [{ code: 'altered' }] } });
    expect((await get('/v1/audit-chain')).body['last_verification']).toMatchObject({
      detail: { whole: false, fault_count: 1, codes: ['altered'] },
    });
  });
});

describe('legal holds', () => {
  let admin: AdminBrowser;
  beforeAll(async () => {
    admin = await stack.signedIn(stack.first);
  });
  const place = (body: object, by = admin) => by.send('POST', '/v1/legal-holds', body);

  it('are placed with a reason, listed, lifted once, and each step is on record', async () => {
    const tenant_id = toPublicId('ten', bank.tenantId);
    const placed = await place({ tenant_id, mode: 'test', reason: 'Court order 7' });
    expect([placed.status, placed.body]).toMatchObject([
      201,
      { tenant_id, mode: 'test', person_id: null, verification_id: null, reason: 'Court order 7', lifted_at: null },
    ]);
    const id = String(placed.body['id']);
    const open = (await get(`/v1/legal-holds?tenant_id=${tenant_id}&state=open`)).body['data'] as { id: string }[];
    expect(open.map((hold) => hold.id)).toEqual([id]);
    const lift = () => admin.send('POST', `/v1/legal-holds/${id}/lift`, { reason: 'It was lifted' });
    expect((await lift()).body).toMatchObject({ id, lift_reason: 'It was lifted' });
    expect(outcome(await lift())).toEqual([409, 'hold_not_open']);
    expect((await get(`/v1/legal-holds?state=open`)).body['data']).toEqual([]);
    const { rows } = await stack.owner.query<{ action: string; actor: string; detail: { reason: string } }>(
      `select action, actor, detail from audit_event where action like 'legal_hold.%' order by id`,
    );
    const actor = `operator:${stack.first.id}`;
    expect(rows).toMatchObject([
      { action: 'legal_hold.place', actor, detail: { reason: 'Court order 7' } },
      { action: 'legal_hold.lift', actor, detail: { reason: 'It was lifted' } },
    ]);
  });

  it('of what the tenant does not have, without a reason, or by an auditor are none', async () => {
    const tenant_id = toPublicId('ten', bank.tenantId);
    const body = { tenant_id, mode: 'test', reason: 'Court order 8' };
    const nobody = `per_${'0'.repeat(32)}`;
    expect(outcome(await place({ ...body, person_id: nobody }))).toEqual([404, 'not_found']);
    expect(outcome(await place({ ...body, tenant_id: `ten_${'0'.repeat(32)}` }))).toEqual([404, 'not_found']);
    for (const change of [
      { reason: 'no' },
      { mode: 'both' },
      { person_id: nobody, verification_id: `ver_${'0'.repeat(32)}` },
      { person_id: 'per_1' },
    ])
      expect(outcome(await place({ ...body, ...change }))).toEqual([400, 'request_invalid']);
    expect(outcome(await place(body, browser))).toEqual([403, 'permission_missing']);
  });

  it('and the rules that they stand above are told', async () => {
    expect((await get('/v1/retention-rules')).body['data']).toMatchObject([
      { kind: 'consent', valid_from: null, keep: 'P10Y' },
      { kind: 'presentation', valid_from: null, keep: 'P1Y1M' },
      { kind: 'status_sweep', valid_from: null, keep: 'P1Y1M' },
      { kind: 'verification', valid_from: null, keep: 'P7Y' },
    ]);
    const due = (await get('/v1/retention-due?months=2')).body['data'] as { kind: string; starts: string | null }[];
    expect(due.map(({ kind, starts }) => [kind, starts === null])).toEqual(
      ['consent', 'presentation', 'status_sweep', 'verification'].flatMap((kind) => [
        [kind, true],
        [kind, false],
        [kind, false],
      ]),
    );
    expect(outcome(await get('/v1/retention-due?months=25'))).toEqual([400, 'request_invalid']);
  });
});
