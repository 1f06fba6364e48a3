import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Schemas } from '#lib/api-client';
import { addPrices, monthAt } from '#lib/billing';
import { SweepSteps } from '#lib/monitoring';
import { OcspSources, readListsAt } from '#lib/revocation';
import { fromPublicId } from '#lib/platform';
import { TenantKeys } from '#lib/tenancy';
import type { DataSource } from 'typeorm';
import { ApiStack, type TestKey } from '../support/api.js';
import { rawBody } from '../support/card.js';
import { flat, planTerms, withPrice } from '../support/prices.js';
import { keyRing } from '../support/tenants.js';

let stack: ApiStack;
let worker: DataSource;
let tenantId: string;
let key: TestKey;
/** Persons by the tenant's reference. */
const persons = new Map<string, string>();
const cards: string[] = [];

beforeAll(async () => {
  stack = await ApiStack.start();
  worker = await stack.workerPool();
  tenantId = await stack.newTenant();
  await stack.setContract(tenantId, { identify: true });
  key = await stack.newKey({ tenantId });
  for (const reference of ['A-1', 'A-2', '髙橋', '𠮷田']) {
    const card = await stack.sandbox.issue();
    cards.push(card);
    const body = { ...(await rawBody(stack.sandbox, { card })), reference, identify: true };
    const { data } = await key.client.POST('/v1/signature-verifications', { body });
    persons.set(reference, data!.person!.id!);
  }
}, 180_000);
afterAll(async () => {
  await worker.destroy();
  await stack.stop();
});

const monthDay = (): string => `${monthAt(Date.now())}-01`;
const uuidOf = (id: string): string => fromPublicId('swp', id)!;

/** What the worker does. */
async function carryOut(id: string, of = tenantId): Promise<void> {
  const steps = new SweepSteps(worker, new TenantKeys(worker, keyRing()), {
    listsAt: (mode, epoch) => readListsAt(worker, mode, epoch),
    ocsp: (mode) => OcspSources.read(worker, mode, { timeoutMs: 10_000 }),
  });
  const job = { tenantId: of, mode: 'test', id: uuidOf(id) } as const;
  while ((await steps.step(job, Date.now, () => true)) === 'more');
}

const all = { selection: { kind: 'all' }, certificates: 'both' } as const;
async function order(body: Record<string, unknown> = all, idempotencyKey?: string) {
  const headers = {
    'content-type': 'application/json',
    ...(idempotencyKey ? { 'idempotency-key': idempotencyKey } : {}),
  };
  return stack.send('POST', '/v1/status-sweeps', { key, body: JSON.stringify(body), headers });
}
const sendFile = (file: string | Buffer, query = 'certificates=sign', headers: Record<string, string> = {}) =>
  stack.send('POST', `/v1/status-sweeps/file?${query}`, {
    key,
    body: file,
    headers: { 'content-type': 'text/csv', ...headers },
  });
const read = (path: string) => stack.send('GET', `/v1/status-sweeps/${path}`, { key });

describe('201: a sweep', () => {
  it('is ordered, carried out, and read as pages and as a table', async () => {
    const ordered = await order();
    expect([ordered.status, ordered.body['state'], ordered.body['snapshot']]).toEqual([201, 'queued', null]);
    const id = String(ordered.body['id']);
    await carryOut(id);
    const sweep = (await read(id)).body as Schemas['StatusSweep'];
    expect(sweep).toMatchObject({
      state: 'completed',
      progress: { done: 4, total: 4, seconds_left: null },
      summary: { auth_unusable: 4 },
      snapshot: { sign: { missing: 0, stale: 0 } },
    });
    const first = (await read(`${id}/results?limit=3`)).body as Schemas['StatusSweepResultList'];
    const second = (await read(`${id}/results?limit=3&cursor=${first.next_cursor}`))
      .body as Schemas['StatusSweepResultList'];
    const results = [...first.data, ...second.data];
    expect(new Set(results.map(({ person_id }) => person_id))).toEqual(new Set(persons.values()));
    expect(second.next_cursor).toBeNull();
    expect(results[0]).toMatchObject({
      conclusion: 'auth_unusable',
      alive: { state: 'not_confirmed', this_update: null },
      sign: { status: 'good', provenance: 'presented' },
      auth: null,
    });
    expect(results[0]!.sign!.crl_number).toMatch(/^\d+$/);
    const text = (await stack.bytes(`/v1/status-sweeps/${id}/results.csv`, key)).toString();
    expect(text.startsWith('\uFEFF"line","reference","person_id"')).toBe(true);
    expect(text.split('\r\n')).toHaveLength(6);
    expect((await read(`${id}/results?conclusion=renewed`)).body['data']).toEqual([]);
  });

  it('is one however often its request is repeated, and another request under its key is refused', async () => {
    const [one, two] = await Promise.all([order(all, 'once'), order(all, 'once')]);
    const ids = [one, two].filter(({ status }) => status === 201).map(({ body }) => body['id']);
    const again = await order(all, 'once');
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(new Set([...ids, again.body['id']]).size).toBe(1);
    expect((await order({ ...all, certificates: 'auth' }, 'once')).body['code']).toBe('idempotency_key_reused');
    expect(
      (await stack.send('POST', `/v1/status-sweeps/${String(again.body['id'])}/cancel`, { key })).body['state'],
    ).toBe('cancelled');
    const late = await stack.send('POST', `/v1/status-sweeps/${String(again.body['id'])}/cancel`, { key });
    expect([late.status, late.body['code']]).toEqual([409, 'sweep_ended']);
  });

  it('shows its progress as server-sent events until its end', async () => {
    const id = String((await order()).body['id']);
    const stream = read(`${id}/progress`);
    await carryOut(id);
    const { text, headers } = await stream;
    expect(headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    const events = [...text.matchAll(/^event: (\w+)\ndata: (.*)$/gm)].map(([, name, data]) => [
      name,
      JSON.parse(data!) as unknown,
    ]);
    expect(events.at(-1)![0]).toBe('end');
    expect(events.at(-1)![1]).toMatchObject({ id, state: 'completed' });
  });

  it('by OCSP has a time of its own for each person', async () => {
    const id = String((await order({ ...all, method: 'ocsp', certificates: 'sign' })).body['id']);
    await carryOut(id);
    const { body } = await read(id);
    expect(body).toMatchObject({ state: 'completed', snapshot: null, summary: { attributes_unchanged: 4 } });
    const { data } = (await read(`${id}/results`)).body as Schemas['StatusSweepResultList'];
    for (const { sign, checked_at } of data) {
      expect(sign).toMatchObject({ status: 'good', crl_number: null });
      expect(Date.parse(checked_at)).toBeGreaterThan(Date.now() - 600_000);
    }
    const { rows } = await stack.owner.query(
      `select distinct method, purpose, billable from usage_event where source_id::text = $1`,
      [uuidOf(id)],
    );
    expect(rows).toEqual([{ method: 'ocsp', purpose: 'status_check', billable: true }]);
  });
});

describe('a file of references', () => {
  it('stands for the persons behind them, in UTF-8 and CP932, and comes back with them', async () => {
    const { status, body } = await sendFile('reference\r\nA-1\r\n髙橋\r\n');
    expect([status, body['selection'], body['rejected']]).toEqual([201, 'references', 0]);
    await carryOut(String(body['id']));
    const { data } = (await read(`${String(body['id'])}/results`)).body as Schemas['StatusSweepResultList'];
    expect(new Map(data.map(({ reference, person_id }) => [reference, person_id]))).toEqual(
      new Map(['A-1', '髙橋'].map((reference) => [reference, persons.get(reference)])),
    );
    const cp932 = await stack.bytes(`/v1/status-sweeps/${String(body['id'])}/results.csv?encoding=cp932`, key);
    // 髙 is a character of Windows-31J that JIS X 0208 lacks.
    expect(cp932.includes(Buffer.from([0xfb, 0xfc, 0x8b, 0xb4]))).toBe(true);
    const sent = await sendFile(
      Buffer.from([...Buffer.from('reference\n'), 0xfb, 0xfc, 0x8b, 0xb4]),
      'certificates=sign&encoding=cp932',
    );
    expect([sent.status, sent.body['rejected']]).toEqual([201, 0]);
    const unmappable = await sendFile('reference\n𠮷田\n');
    const refused = await read(`${String(unmappable.body['id'])}/results.csv?encoding=cp932`);
    expect([refused.status, refused.body['code'], refused.body['lines']]).toEqual([422, 'csv_unmappable', [2]]);
  });

  it('is told beforehand what it adds to the month, and it comes to that; without billing:read it is not told', async () => {
    const own = await stack.newTenant();
    await stack.setContract(own, { identify: true });
    const row = { table: 'price_plan', tenant_id: own, mode: 'test', valid_from: monthDay() } as const;
    const free = withPrice(flat('sign_check', '20', { free: 2 }));
    await stack.operator.transaction((manager) =>
      addPrices(manager, { row: { ...row, terms: planTerms(free) }, actor: 'operator:test' }),
    );
    const ownKey = await stack.newKey({ tenantId: own });
    for (let n = 0; n < 2; n++) {
      const body = { ...(await rawBody(stack.sandbox, { card: await stack.sandbox.issue() })), identify: true };
      await ownKey.client.POST('/v1/signature-verifications', { body });
    }
    const yen = async () => (await ownKey.client.GET('/v1/usage')).data!.amounts!.billed_yen;
    const asked = { ...all, certificates: 'sign', method: 'crl', on_bad_rows: 'refuse' } as const;
    const send = (of: TestKey, dry_run: boolean) =>
      of.client.POST('/v1/status-sweeps', { body: { ...asked, dry_run } });
    const before = await yen();
    const { data: told } = await send(ownKey, true);
    // The two free units are used up by the signatures.
    expect((told as Schemas['StatusSweepForecast']).cost).toEqual({
      is_estimate: true,
      contract_yen: 40,
      jlis_yen: 0,
      billed_yen: 40,
    });
    const blind = await stack.newKey({ tenantId: own, scopes: ['sweeps:write'] });
    expect(((await send(blind, true)).data as Schemas['StatusSweepForecast']).cost).toBeNull();
    const { data: made } = await send(ownKey, false);
    await carryOut((made as Schemas['StatusSweep']).id, own);
    expect((await yen()) - before).toBe(40);
  });

  it('names its wrong lines; the others go on by choice', async () => {
    const file = 'reference\nA-1\nnobody\n=1+1\nA-1\nA\u00002\n';
    const refused = await sendFile(file);
    expect([refused.status, refused.body['code'], refused.body['rejected']]).toEqual([422, 'sweep_rows_refused', 4]);
    expect(refused.body['errors']).toEqual([
      { field: 'line 3', message: 'reference_unknown' },
      { field: 'line 4', message: 'formula' },
      { field: 'line 5', message: 'reference_repeated: line 2' },
      { field: 'line 6', message: 'control_character' },
    ]);
    const dry = await sendFile(file, 'certificates=sign&dry_run=true');
    expect([dry.status, dry.body['persons'], dry.body['rejected']]).toEqual([200, 1, 4]);
    // By the sweep of the test before.
    expect(dry.body['estimate']).toEqual({
      seconds: expect.any(Number),
      persons_a_second: expect.any(Number),
      sweeps: 1,
    });
    expect((await sendFile(file, 'certificates=both&method=ocsp&dry_run=true')).body['estimate']).toBeNull();
    expect(dry.body['cost']).toEqual({ is_estimate: true, contract_yen: 0, jlis_yen: 0, billed_yen: 0 });
    const made = await sendFile(file, 'certificates=sign&on_bad_rows=skip');
    expect([made.status, made.body['rejected']]).toEqual([201, 4]);
    const id = String(made.body['id']);
    const page = (await read(`${id}/rejections?limit=3`)).body as Schemas['StatusSweepRejectionList'];
    const rest = (await read(`${id}/rejections?limit=3&cursor=${page.next_cursor}`))
      .body as Schemas['StatusSweepRejectionList'];
    expect([...page.data, ...rest.data].map(({ line }) => line)).toEqual([3, 4, 5, 6]);
  });

  it.each<[string, () => ReturnType<typeof sendFile>, number, string]>([
    ['in the wrong encoding', () => sendFile(Buffer.from([0x72, 0xff, 0x0a])), 422, 'csv_encoding_wrong'],
    ['with the wrong header', () => sendFile('customer\nA-1\n'), 422, 'csv_header_wrong'],
    [
      'that is JSON',
      () => sendFile('{}', undefined, { 'content-type': 'application/json' }),
      415,
      'media_type_unsupported',
    ],
    ['without saying what to ask', () => sendFile('reference\n', ''), 400, 'request_invalid'],
    ['that is too large', () => sendFile(Buffer.alloc(32 * 1024 * 1024 + 1, 'a')), 413, 'body_too_large'],
  ])('%s is refused', async (_fault, send, status, code) => {
    const answer = await send();
    expect([answer.status, answer.body['code']]).toEqual([status, code]);
  });

  it('is taken nowhere else', async () => {
    const headers = { 'content-type': 'text/csv' };
    const answer = await stack.send('POST', '/v1/status-sweeps', { key, body: 'reference\nA-1\n', headers });
    expect([answer.status, answer.body['code']]).toEqual([415, 'media_type_unsupported']);
  });
});

describe('400, 403, 404 and 409', () => {
  it('of a sweep', async () => {
    for (const body of [{}, { ...all, certificates: 'x' }, { ...all, selection: { kind: 'persons', person_ids: [] } }])
      expect((await order(body)).body['code']).toBe('request_invalid');
    const reader = await stack.newKey({ tenantId, scopes: ['sweeps:read'] });
    const refused = await stack.send('POST', '/v1/status-sweeps', {
      key: reader,
      body: JSON.stringify(all),
      headers: { 'content-type': 'application/json' },
    });
    expect([refused.status, refused.body['scope']]).toEqual([403, 'sweeps:write']);
    await stack.setContract(tenantId, { revocationMethods: ['crl'] });
    const ocsp = await order({ ...all, method: 'ocsp' });
    expect([ocsp.status, ocsp.body['feature']]).toEqual([403, 'revocation_ocsp']);
    const unknown = `swp_${'0'.repeat(32)}`;
    for (const path of [
      unknown,
      `${unknown}/results`,
      `${unknown}/results.csv`,
      `${unknown}/progress`,
      `${unknown}/rejections`,
    ])
      expect((await read(path)).body['code']).toBe('not_found');
  });

  it('of a person of another tenant is the same as of nobody', async () => {
    const other = await stack.newKey();
    const body = JSON.stringify({
      selection: { kind: 'persons', person_ids: [persons.get('A-1')] },
      certificates: 'auth',
    });
    const headers = { 'content-type': 'application/json' };
    const answer = await stack.send('POST', '/v1/status-sweeps', { key: other, body, headers });
    expect(answer.body['errors']).toEqual([{ field: 'line 1', message: 'person_unknown' }]);
  });
});
