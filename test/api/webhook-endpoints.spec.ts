import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Schemas } from '#lib/api-client';
import { ApiStack, type TestKey } from '../support/api.js';
import { uuidOf } from '../support/proofs.js';

type Made = Schemas['NewWebhookEndpoint'];
type Wanted = Schemas['WebhookEndpointRequest'];

/** Nobody listens there: these tests send nothing. */
const URL_HERE = 'http://127.0.0.1:9/hook';
const PATH = '/v1/webhook-endpoints';

let stack: ApiStack;
let tenantId: string;
let key: TestKey;
beforeAll(async () => {
  stack = await ApiStack.start({ settings: { WEBHOOK_TEST_LOOPBACK: 'true' } });
  tenantId = await stack.newTenant();
  key = await stack.newKey({ tenantId });
}, 300_000);
afterAll(() => stack.stop());

const at = (id: string) => ({ params: { path: { id } } });
async function create(
  wanted: Partial<Wanted> | Record<string, unknown> = {},
  by = key,
  idempotencyKey?: string,
): Promise<{ status: number; code: string | undefined; made: Made; rule: unknown; replayed: boolean }> {
  const headers = idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey };
  const answer = await stack.send('POST', PATH, {
    key: by,
    headers,
    body: JSON.stringify({ url: URL_HERE, ...wanted }),
  });
  return {
    status: answer.status,
    code: answer.body['code'] as string | undefined,
    made: answer.body as unknown as Made,
    rule: answer.body['rule'],
    replayed: answer.headers.get('idempotent-replayed') === 'true',
  };
}
const made = async (wanted: Partial<Wanted> = {}, by = key): Promise<Made> => {
  const { status, made: endpoint } = await create(wanted, by);
  expect(status).toBe(201);
  return endpoint;
};
/** A tenant with room for endpoints of its own. */
const newcomer = async (): Promise<TestKey> => stack.newKey({ tenantId: await stack.newTenant() });
const sendJson = (method: string, path: string, body?: unknown, by = key) =>
  stack.send(method, path, { key: by, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });

describe('201: a webhook endpoint', () => {
  it('shows its secret once, and nobody finds it again', async () => {
    const endpoint = await made({ description: '連携サーバー', event_types: ['person.merged'] });
    expect(endpoint).toEqual({
      id: expect.stringMatching(/^whe_[0-9a-f]{32}$/),
      url: URL_HERE,
      description: '連携サーバー',
      event_types: ['person.merged'],
      enabled: true,
      disabled_reason: null,
      disabled_at: null,
      failing_since: null,
      last_success_at: null,
      last_failure_at: null,
      old_secrets_until: [],
      created_at: expect.any(String),
      secret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/),
    });
    const { secret, ...shown } = endpoint;
    const { data } = await key.client.GET(`${PATH}/{id}`, at(endpoint.id));
    expect(data).toEqual(shown);
    const listed = await stack.send('GET', PATH, { key });
    expect(listed.text).toContain(endpoint.id);
    expect(listed.text).not.toContain(secret!);
    const { rows } = await stack.owner.query<{ row: string }>(
      'select s::text as row from webhook_secret s union all select a::text from audit_event a',
    );
    const hidden = [secret!, Buffer.from(secret!).toString('hex')];
    expect(rows.filter(({ row }) => hidden.some((text) => row.includes(text)))).toEqual([]);
    expect(stack.log).not.toContain(secret!);
  });

  it('of all types and without words is what is asked for when nothing is said', async () => {
    expect(await made()).toMatchObject({ event_types: null, description: '', enabled: true });
  });

  it('with the same Idempotency-Key is made once, and the secret is not told again', async () => {
    const idempotencyKey = randomUUID();
    const first = await create({}, key, idempotencyKey);
    expect(first).toMatchObject({ status: 201, replayed: false });
    expect(await create({}, key, idempotencyKey)).toMatchObject({
      status: 201,
      replayed: true,
      made: { id: first.made.id, secret: null },
    });
    expect(await create({ description: 'x' }, key, idempotencyKey)).toMatchObject({ code: 'idempotency_key_reused' });
  });

  it('is an audit event that tells the host and no more of the URL, like each change to it', async () => {
    const { id } = await made({ url: 'http://127.0.0.1:9/secret-path?token=hidden' });
    await key.client.PATCH(`${PATH}/{id}`, { ...at(id), body: { url: 'http://127.0.0.1:9/other', enabled: false } });
    await key.client.POST(`${PATH}/{id}/rotate-secret`, { ...at(id), body: { overlap_hours: 1 } });
    await key.client.DELETE(`${PATH}/{id}`, at(id));
    const { data } = await key.client.GET('/v1/audit-events', { params: { query: { target: id } } });
    expect(data!.data.map(({ action }) => action).sort()).toEqual([
      'webhook_endpoint.create',
      'webhook_endpoint.delete',
      'webhook_endpoint.rotate_secret',
      'webhook_endpoint.update',
    ]);
    const text = JSON.stringify(data);
    expect(text).toContain('127.0.0.1:9');
    expect(text).not.toMatch(/secret-path|hidden|whsec_/);
  });

  it('is listed page by page, newest first, of this tenant and mode alone', async () => {
    const by = await newcomer();
    const ids: string[] = [];
    for (let n = 0; n < 5; n++) ids.unshift((await made({}, by)).id);
    const paged: string[] = [];
    let cursor: string | null = null;
    do {
      const query: { limit: number; cursor?: string } = { limit: 2, ...(cursor === null ? {} : { cursor }) };
      const { data } = await by.client.GET(PATH, { params: { query } });
      paged.push(...data!.data.map(({ id }) => id));
      cursor = data!.next_cursor;
    } while (cursor !== null);
    expect(paged).toEqual(ids);
  });
});

describe('200: a webhook endpoint', () => {
  it('is changed in what is given, and the rest stays', async () => {
    const { id, secret: _secret, ...before } = await made({ event_types: ['person.linked'], description: 'a' });
    const change = async (body: Schemas['WebhookEndpointChange']) =>
      (await key.client.PATCH(`${PATH}/{id}`, { ...at(id), body })).data!;
    expect(await change({ description: 'b' })).toEqual({ ...before, id, description: 'b' });
    expect(await change({ event_types: null })).toMatchObject({ event_types: null, description: 'b' });
    expect(await change({ enabled: false })).toMatchObject({ enabled: false, disabled_reason: null });
    expect(await change({ enabled: true })).toMatchObject({ enabled: true, disabled_at: null });
    expect(await change({})).toMatchObject({ description: 'b', enabled: true });
  });

  it('with a rotated secret tells until when the old one signs', async () => {
    const first = await made();
    const idempotencyKey = randomUUID();
    const rotate = () =>
      key.client.POST(`${PATH}/{id}/rotate-secret`, {
        params: { path: { id: first.id }, header: { 'Idempotency-Key': idempotencyKey } },
        body: { overlap_hours: 5 },
      });
    const { data } = await rotate();
    expect(data!.secret).toMatch(/^whsec_/);
    expect(data!.secret).not.toBe(first.secret);
    expect(data!.old_secrets_until).toHaveLength(1);
    expect(Math.abs(Date.parse(data!.old_secrets_until[0]!) - Date.now() - 5 * 3_600_000)).toBeLessThan(60_000);
    const again = await rotate();
    expect([again.data!.secret, again.data!.old_secrets_until]).toEqual([null, data!.old_secrets_until]);
    const { data: atOnce } = await key.client.POST(`${PATH}/{id}/rotate-secret`, {
      ...at(first.id),
      body: { overlap_hours: 0 },
    });
    expect(atOnce!.old_secrets_until).toEqual([]);
  });

  it('shows what is on its way: state, attempts, answers', async () => {
    const { id } = await made({ event_types: ['person.linked'] });
    const { data: event } = await key.client.POST(`${PATH}/{id}/test`, at(id));
    expect(event).toEqual({
      id: expect.stringMatching(/^evt_/),
      type: 'webhook_endpoint.test',
      occurred_at: expect.any(String),
      data: { webhook_endpoint_id: id },
    });
    const { data: listed } = await key.client.GET(`${PATH}/{id}/deliveries`, at(id));
    const delivery = {
      event_id: event!.id,
      type: 'webhook_endpoint.test',
      sequence: null,
      state: 'pending',
      attempts: 0,
      next_attempt_at: null,
      created_at: expect.any(String),
      finished_at: null,
    };
    expect(listed).toEqual({ data: [delivery], next_cursor: null });
    const path = { id, event_id: event!.id };
    const { data: one } = await key.client.GET(`${PATH}/{id}/deliveries/{event_id}`, { params: { path } });
    expect(one).toEqual({ ...delivery, log: [] });
    const query = { state: 'delivered' as const };
    expect((await key.client.GET(`${PATH}/{id}/deliveries`, { params: { path: { id }, query } })).data!.data).toEqual(
      [],
    );
    const other = await made();
    expect((await key.client.GET(`${PATH}/{id}/deliveries`, at(other.id))).data!.data).toEqual([]);
  });
});

describe('202: a replay', () => {
  it('of one event, or of all of a time that are wanted, tells how many', async () => {
    const { id } = await made();
    const { data: event } = await key.client.POST(`${PATH}/{id}/test`, at(id));
    const replay = (body: Schemas['WebhookReplayRequest']) =>
      key.client.POST(`${PATH}/{id}/replays`, { ...at(id), body });
    expect((await replay({ event_id: event!.id })).data).toEqual({ events: 1 });
    const time = { recorded_after: '2026-01-01T00:00:00Z', recorded_before: '2026-01-02T00:00:00+09:00' };
    const { data, response } = await replay(time);
    expect([response.status, data]).toEqual([202, { events: 0 }]);
  });
});

describe('a request that is repeated with its Idempotency-Key', () => {
  it.each<[string, (id: string) => unknown]>([
    ['test', () => undefined],
    ['replays', () => ({ recorded_after: '2026-01-01T00:00:00Z', recorded_before: new Date(Date.now() + 60_000) })],
  ])('%s has the same answer and sends nothing again', async (verb, bodyFor) => {
    const { id } = await made();
    await key.client.POST(`${PATH}/{id}/test`, at(id));
    const body = JSON.stringify(bodyFor(id));
    const post = (text: string | undefined, name: string) =>
      stack.send('POST', `${PATH}/${id}/${verb}`, {
        key,
        headers: { 'idempotency-key': name },
        ...(text === undefined ? {} : { body: text }),
      });
    const first = await post(body, `${verb}-1`);
    // As if all had been sent by now.
    await stack.owner.query(
      `update webhook_delivery set state = 'delivered', finished_at = now() where endpoint_id = $1`,
      [uuidOf(id)],
    );
    const again = await post(body, `${verb}-1`);
    expect([again.status, again.body]).toEqual([first.status, first.body]);
    expect([first, again].map(({ headers }) => headers.get('idempotent-replayed'))).toEqual([null, 'true']);
    const { rows } = await stack.owner.query(
      `select count(*) filter (where state = 'pending')::int as pending, count(*)::int as all,
         (select count(*)::int from audit_event where target = 'webhook_endpoint:' || $1 and action like $2) as acts
       from webhook_delivery where endpoint_id::text = $1`,
      [uuidOf(id), verb === 'test' ? '%.test' : '%.replay'],
    );
    expect(rows).toEqual([
      { pending: 0, all: verb === 'test' ? 2 : expect.any(Number), acts: verb === 'test' ? 2 : 1 },
    ]);
    const { id: other } = await made();
    const elsewhere = await stack.send('POST', `${PATH}/${other}/${verb}`, {
      key,
      headers: { 'idempotency-key': `${verb}-1` },
      ...(body === undefined ? {} : { body }),
    });
    expect([elsewhere.status, elsewhere.body['code']]).toEqual([422, 'idempotency_key_reused']);
    const malformed = await post(body, 'x'.repeat(256));
    expect([malformed.status, malformed.body['code']]).toEqual([400, 'idempotency_key_malformed']);
  });
});

describe('204: a deleted webhook endpoint', () => {
  it('is no more, and its secrets are gone', async () => {
    const { id } = await made();
    await key.client.POST(`${PATH}/{id}/test`, at(id));
    expect((await key.client.DELETE(`${PATH}/{id}`, at(id))).response.status).toBe(204);
    for (const path of ['', '/deliveries']) expect((await sendJson('GET', `${PATH}/${id}${path}`)).status).toBe(404);
    expect((await sendJson('DELETE', `${PATH}/${id}`)).status).toBe(404);
    const { rows } = await stack.owner.query(
      `select state, (select count(*)::int from webhook_secret s where s.endpoint_id = $1) as secrets
       from webhook_delivery where endpoint_id = $1`,
      [uuidOf(id)],
    );
    expect(rows).toEqual([{ state: 'cancelled', secrets: 0 }]);
  });
});

describe('400: a webhook endpoint', () => {
  it.each<[string, Record<string, unknown>]>([
    ['without a URL', { url: undefined }],
    ['with words for a URL', { url: 'my server' }],
    ['with a relative URL', { url: '/hook' }],
    ['with an endless URL', { url: `https://example.com/${'x'.repeat(2_048)}` }],
    ['with a URL that is endless when written out', { url: `https://example.com/${'あ'.repeat(500)}` }],
    ['with no types', { event_types: [] }],
    ['with a type twice', { event_types: ['person.linked', 'person.linked'] }],
    ['with an unknown type', { event_types: ['person.born'] }],
    ['with a line end in its description', { description: 'a\nb' }],
    ['with a NUL in its description', { description: 'a\u0000b' }],
    ['with an endless description', { description: 'x'.repeat(201) }],
    ['with a secret of its own choice', { secret: 'whsec_AAAA' }],
  ])('%s is request_invalid', async (_what, wanted) => {
    expect(await create(wanted)).toMatchObject({ status: 400, code: 'request_invalid' });
  });

  it.each<[string, Record<string, unknown>]>([
    ['of nothing', {}],
    ['of an event and a time', { event_id: 'evt_1', recorded_after: '2026-01-01T00:00:00Z' }],
    ['of half a time', { recorded_after: '2026-01-01T00:00:00Z' }],
    ['of a time that is none', { recorded_after: 'yesterday', recorded_before: 'today' }],
  ])('replay %s is request_invalid', async (_what, body) => {
    const by = await newcomer();
    const { id } = await made({}, by);
    const answer = await sendJson('POST', `${PATH}/${id}/replays`, body, by);
    expect([answer.status, answer.body['code']]).toEqual([400, 'request_invalid']);
  });

  it.each([-1, 169, 1.5])('with an overlap of %s hours is request_invalid', async (overlap_hours) => {
    const by = await newcomer();
    const { id } = await made({}, by);
    const answer = await sendJson('POST', `${PATH}/${id}/rotate-secret`, { overlap_hours }, by);
    expect([answer.status, answer.body['code']]).toEqual([400, 'request_invalid']);
  });

  it('list with a cursor of another list is cursor_malformed', async () => {
    for (const path of [PATH, `${PATH}/whe_${'0'.repeat(32)}/deliveries`]) {
      const answer = await sendJson('GET', `${path}?cursor=per_1`);
      expect([answer.status, answer.body['code']]).toEqual([400, 'cursor_malformed']);
    }
  });
});

describe('403: webhook endpoints', () => {
  it('are managed with their own scopes alone', async () => {
    const reader = await stack.newKey({ tenantId, scopes: ['webhooks:read'] });
    const writer = await stack.newKey({ tenantId, scopes: ['webhooks:write'] });
    const id = `whe_${'0'.repeat(32)}`;
    for (const [by, method, path, body, scope] of [
      [reader, 'POST', PATH, { url: URL_HERE }, 'webhooks:write'],
      [reader, 'PATCH', `${PATH}/${id}`, {}, 'webhooks:write'],
      [reader, 'DELETE', `${PATH}/${id}`, undefined, 'webhooks:write'],
      [reader, 'POST', `${PATH}/${id}/rotate-secret`, {}, 'webhooks:write'],
      [reader, 'POST', `${PATH}/${id}/test`, undefined, 'webhooks:write'],
      [reader, 'POST', `${PATH}/${id}/replays`, {}, 'webhooks:write'],
      [writer, 'GET', PATH, undefined, 'webhooks:read'],
      [writer, 'GET', `${PATH}/${id}`, undefined, 'webhooks:read'],
      [writer, 'GET', `${PATH}/${id}/deliveries`, undefined, 'webhooks:read'],
      [writer, 'GET', `${PATH}/${id}/deliveries/evt_${'0'.repeat(32)}`, undefined, 'webhooks:read'],
    ] as const) {
      const answer = await sendJson(method, path, body, by);
      expect([path, answer.status, answer.body['code'], answer.body['scope']]).toEqual([
        path,
        403,
        'scope_missing',
        scope,
      ]);
    }
  });
});

describe('422: a webhook endpoint', () => {
  const REFUSED: [string, string][] = [
    ['http://example.com/', 'not_https'],
    ['ftp://127.0.0.1/', 'not_https'],
    ['https://user:secret@example.com/', 'login'],
    ['https://example.com/#x', 'fragment'],
    ['https://10.0.0.1/', 'private_address'],
    ['https://169.254.169.254/latest', 'private_address'],
    ['https://[fd00::1]/', 'private_address'],
    ['https://[::ffff:10.0.0.1]/', 'private_address'],
    ['https://0x0a000001/', 'private_address'],
    ['https://this-name-is-nowhere.invalid/', 'unresolved'],
  ];
  it.each(REFUSED)('at %s is webhook_url_refused: %s', async (url, rule) => {
    expect(await create({ url })).toMatchObject({ status: 422, code: 'webhook_url_refused', rule });
    const by = await newcomer();
    const { id } = await made({}, by);
    // Neither is one that was allowed moved there.
    const moved = await sendJson('PATCH', `${PATH}/${id}`, { url }, by);
    expect([moved.status, moved.body['code']]).toEqual([422, 'webhook_url_refused']);
  });

  it('of live mode is never on this machine, whatever is set', async () => {
    const live = await stack.newKey({ tenantId, mode: 'live' });
    expect(await create({ url: 'https://127.0.0.1/' }, live)).toMatchObject({ status: 422, rule: 'private_address' });
    expect(await create({}, live)).toMatchObject({ status: 422, rule: 'not_https' });
  });

  it('beyond twenty is webhook_endpoint_limit, also when many are asked for at once', async () => {
    const by = await newcomer();
    for (let n = 0; n < 18; n++) await made({}, by);
    const results = await Promise.all(Array.from({ length: 4 }, () => create({}, by)));
    expect(results.map(({ code }) => code ?? 'made').sort()).toEqual([
      'made',
      'made',
      'webhook_endpoint_limit',
      'webhook_endpoint_limit',
    ]);
  });

  it('that is disabled is not tested', async () => {
    const by = await newcomer();
    const { id } = await made({ enabled: false }, by);
    const answer = await sendJson('POST', `${PATH}/${id}/test`, undefined, by);
    expect([answer.status, answer.body['code']]).toEqual([422, 'webhook_endpoint_disabled']);
  });

  it('replays no event that is not there', async () => {
    const by = await newcomer();
    const { id } = await made({}, by);
    for (const event_id of ['x', `evt_${'0'.repeat(32)}`]) {
      const answer = await sendJson('POST', `${PATH}/${id}/replays`, { event_id }, by);
      expect([answer.status, answer.body['code']]).toEqual([422, 'event_unknown']);
    }
  });
});
