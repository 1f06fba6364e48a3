import { once } from 'node:events';
import { connect as connectSocket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Schemas } from '#lib/api-client';
import { ApiStack, type TestKey } from '../../support/api.js';
import { rawBody } from '../../support/card.js';

type AuditEvent = Schemas['AuditEvent'];

let stack: ApiStack;
let tenantId: string;
let key: TestKey;
let verificationId: string;
beforeAll(async () => {
  stack = await ApiStack.shared();
  tenantId = await stack.newTenant();
  key = await stack.newKey({ tenantId });
  const { data } = await key.client.POST('/v1/signature-verifications', { body: await rawBody(stack.sandbox) });
  verificationId = data!.id;
  await key.client.GET('/v1/verifications/{id}', { params: { path: { id: verificationId } } });
  await stack.registerReferenceFormat(tenantId, '9999');
}, 120_000);

async function list(asker: TestKey, query: Record<string, string | number> = {}): Promise<AuditEvent[]> {
  const { data, response } = await asker.client.GET('/v1/audit-events', { params: { query } });
  expect(response.status).toBe(200);
  return data!.data;
}
const actionsOf = (events: readonly AuditEvent[]): string[] => events.map(({ action }) => action);
const HOUR_MS = 3_600_000;
const around = (): { recorded_after: string; recorded_before: string } => ({
  recorded_after: new Date(Date.now() - HOUR_MS).toISOString(),
  recorded_before: new Date(Date.now() + HOUR_MS).toISOString(),
});
const exportPath = (format: string, query: Record<string, string> = around()): string =>
  `/v1/audit-events.${format}?${new URLSearchParams(query).toString()}`;

describe('200: audit events', () => {
  it('tell who did what to which thing and from where, newest first', async () => {
    const events = await list(key);
    expect(actionsOf(events)).toEqual([
      'contract.set_reference_format',
      'verification.read_attributes',
      'verification.create',
      'api_key.create',
    ]);
    const [byOperator, read, created] = events;
    expect(created).toMatchObject({
      mode: 'test',
      actor: { type: 'api_key', id: expect.stringMatching(/^key_[0-9a-f]{32}$/) },
      target: { type: 'verification', id: verificationId },
      schema_version: 1,
      detail: { outcome: 'valid', reason: null },
      change: null,
    });
    for (const { ip, request_id: requestId } of [created!, read!]) {
      expect(ip).toMatch(/^(::ffff:)?127\.0\.0\.1$|^::1$/);
      expect(requestId).toMatch(/^req_/);
    }
    // Of our own people neither name nor address.
    expect(byOperator).toMatchObject({ actor: { type: 'operator', id: null }, ip: null });
    expect(byOperator!.change).toMatchObject({ after: { reference_format: '9999' } });
  });

  it('are found by target, action, request and time', async () => {
    expect(actionsOf(await list(key, { target: verificationId }))).toHaveLength(2);
    expect(actionsOf(await list(key, { action: 'verification.create' }))).toHaveLength(1);
    expect(actionsOf(await list(key, { action: 'verification.*' }))).toHaveLength(2);
    const [read] = await list(key, { action: 'verification.read_attributes' });
    expect(await list(key, { request_id: read!.request_id! })).toEqual([read]);
    expect(await list(key, { ...around(), action: 'api_key.create' })).toHaveLength(1);
    expect(await list(key, { recorded_before: new Date(Date.now() - HOUR_MS).toISOString() })).toEqual([]);
    for (const target of ['ver_0193f0c0000070008000000000000000', 'ver_x', 'nothing', 'key_', 'req_1'])
      expect(await list(key, { target })).toEqual([]);
  });

  it('come page by page without a gap', async () => {
    const all = await list(key, { limit: 100 });
    const paged: AuditEvent[] = [];
    let cursor: string | null | undefined;
    do {
      const { data } = await key.client.GET('/v1/audit-events', {
        params: { query: { limit: 1, ...(cursor ? { cursor } : {}) } },
      });
      paged.push(...data!.data);
      cursor = data!.next_cursor;
    } while (cursor);
    expect(paged).toEqual(all);
  });

  it("are a tenant's own, of the key's mode", async () => {
    const other = await stack.newKey();
    const live = await stack.newKey({ tenantId, mode: 'live' });
    expect(actionsOf(await list(other))).toEqual(['api_key.create']);
    expect(actionsOf(await list(live))).toEqual(['api_key.create']);
    for (const stranger of [other, live]) expect(await list(stranger, { target: verificationId })).toEqual([]);
    // The first event of one is older than all of the other's.
    const oldest = (await list(key, { limit: 100 })).at(-1);
    expect(actionsOf(await list(other, { cursor: oldest!.id }))).toEqual([]);
  });

  it('name where a request came from also when its caller has hung up', async () => {
    const body = JSON.stringify(await rawBody(stack.sandbox));
    const { hostname, port } = new URL(stack.url);
    const before = (await list(key, { action: 'verification.create' })).length;
    const request = `POST /v1/signature-verifications HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key.secret}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
    await stack.until('it is recorded', async () => {
      // A server that has not begun to read when its caller is gone may never see what was sent.
      const socket = connectSocket(Number(port), hostname);
      socket.end(request, () => socket.destroy());
      await once(socket, 'close');
      await sleep(200);
      return (await list(key, { action: 'verification.create' })).length > before;
    });
    expect((await list(key, { action: 'verification.create' }))[0]!.ip).toMatch(/127\.0\.0\.1$|^::1$/);
  });
});

describe('200: an export of audit events', () => {
  it('has every event once, oldest first, as JSON lines', async () => {
    const answer = await stack.send('GET', exportPath('jsonl'), { key });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('application/x-ndjson; charset=utf-8');
    expect(answer.headers.get('content-disposition')).toBe('attachment; filename="audit-events.jsonl"');
    const events = answer.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as AuditEvent);
    expect(events).toEqual((await list(key, { limit: 100 })).reverse());
    expect(events.at(-1)).toMatchObject({ action: 'audit.export', detail: { format: 'jsonl' } });
  });

  it('is a table that spreadsheets read and do not run', async () => {
    const answer = await stack.send('GET', exportPath('csv', { ...around(), action: 'verification.*' }), { key });
    expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    // fetch takes the byte order mark off.
    expect(answer.text.startsWith('"id","mode","recorded_at"') || answer.text.startsWith('\uFEFF"id"')).toBe(true);
    const rows = answer.text.split('\r\n');
    expect(rows.at(-1)).toBe('');
    expect(rows.slice(1, -1).every((row) => row.includes('"verification"'))).toBe(true);
    expect(answer.text).toContain('""outcome"":""valid""');
  });

  it("never has another tenant's", async () => {
    const other = await stack.newKey();
    const answer = await stack.send('GET', exportPath('jsonl', { ...around(), target: verificationId }), {
      key: other,
    });
    expect([answer.status, answer.text]).toEqual([200, '']);
  });

  it('goes over many pages', async () => {
    const many = await stack.newTenant();
    const asker = await stack.newKey({ tenantId: many });
    await stack.owner.query(
      `insert into audit_event (id, tenant_id, mode, actor, action, target)
       select (left($2, 8) || '-' || right($2, 4) || '-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, $1, 'test',
         'system:test', 'thing.touch', 'thing:' || n from generate_series(1, 2500) n`,
      [many, Date.now().toString(16).padStart(12, '0')],
    );
    const answer = await stack.send('GET', exportPath('jsonl', { ...around(), action: 'thing.touch' }), { key: asker });
    const targets = answer.text
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as AuditEvent).target.id);
    expect(targets).toEqual(Array.from({ length: 2500 }, (_, n) => String(n + 1)));
  });
});

describe('400: audit events', () => {
  it.each<[string, string]>([
    ['a limit of nothing', '/v1/audit-events?limit=0'],
    ['a limit without end', '/v1/audit-events?limit=100000'],
    ['an action that is none', '/v1/audit-events?action=DROP%20TABLE'],
    ['a time that is none', '/v1/audit-events?recorded_after=yesterday'],
    ['an unknown filter', '/v1/audit-events?tenant=x'],
    ['an export without its time', '/v1/audit-events.csv'],
    ['an export without its end', `/v1/audit-events.jsonl?recorded_after=${new Date().toISOString()}`],
  ])('%s is request_invalid', async (_what, path) => {
    const answer = await stack.send('GET', path, { key });
    expect([answer.status, answer.body['code']]).toEqual([400, 'request_invalid']);
  });

  it('a cursor that this list did not make is cursor_malformed', async () => {
    for (const cursor of ['x', verificationId]) {
      const answer = await stack.send('GET', `/v1/audit-events?cursor=${cursor}`, { key });
      expect([answer.status, answer.body['code']]).toEqual([400, 'cursor_malformed']);
    }
  });
});

describe('403: audit events', () => {
  it.each(['/v1/audit-events', exportPath('csv'), exportPath('jsonl')])('need their scope: %s', async (path) => {
    const narrow = await stack.newKey({ tenantId, scopes: ['verifications:read'] });
    const answer = await stack.send('GET', path, { key: narrow });
    expect([answer.status, answer.body['code'], answer.body['scope']]).toEqual([403, 'scope_missing', 'audit:read']);
  });
});

describe('422: an export of audit events', () => {
  it('that is too large is a problem and no half of a file, and is not recorded as made', async () => {
    const large = await stack.newTenant();
    const asker = await stack.newKey({ tenantId: large });
    const prefix = Date.now().toString(16).padStart(12, '0');
    await stack.owner.query(
      `insert into audit_event (id, tenant_id, mode, actor, action, target)
       select (left($2, 8) || '-' || right($2, 4) || '-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, $1, 'test',
         'system:test', 'thing.touch', 'thing:' || n from generate_series(1, 100001) n`,
      [large, prefix],
    );
    const answer = await stack.send('GET', exportPath('jsonl'), { key: asker });
    expect([answer.status, answer.body['code']]).toEqual([422, 'export_too_large']);
    expect(await list(asker, { action: 'audit.export' })).toEqual([]);
    const part = await stack.send('GET', exportPath('jsonl', { ...around(), action: 'api_key.create' }), {
      key: asker,
    });
    expect(part.text.trimEnd().split('\n')).toHaveLength(1);
  }, 60_000);
});
