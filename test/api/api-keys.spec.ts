import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Schemas } from '#lib/api-client';
import { API_KEY_PATTERN } from '#lib/tenancy';
import { ApiStack, type TestKey } from '../support/api.js';
import { uuidOf } from '../support/proofs.js';

type Made = Schemas['NewApiKey'];
type Wanted = Schemas['ApiKeyRequest'];

let stack: ApiStack;
let tenantId: string;
/** May everything, from everywhere, without an end. */
let root: TestKey;
beforeAll(async () => {
  stack = await ApiStack.start();
  tenantId = await stack.newTenant();
  root = await admin();
}, 120_000);
afterAll(() => stack.stop());

const HOUR_MS = 3_600_000;
const inHours = (hours: number): string => new Date(Date.now() + hours * HOUR_MS).toISOString();
const publicId = (key: TestKey): string => `key_${key.id.replaceAll('-', '')}`;
const at = (id: string) => ({ params: { path: { id } } });

const admin = (options: { expiresAt?: Date; allowedAddresses?: readonly string[] } = {}): Promise<TestKey> =>
  stack.newKey({ tenantId, scopes: ['admin', 'verifications:read', 'verifications:write'], ...options });

interface Outcome {
  status: number;
  code: string | undefined;
  key: Made;
  problem: Record<string, unknown>;
  replayed: boolean;
}
async function create(wanted: Partial<Wanted> = {}, by = root, idempotencyKey?: string): Promise<Outcome> {
  const body: Wanted = { name: 'made', scopes: ['verifications:read'], ...wanted };
  const header = idempotencyKey === undefined ? {} : { params: { header: { 'Idempotency-Key': idempotencyKey } } };
  const { data, error, response } = await by.client.POST('/v1/api-keys', { body, ...header });
  const replayed = response.headers.get('idempotent-replayed') === 'true';
  return { status: response.status, code: error?.code, key: data!, problem: { ...error }, replayed };
}
async function created(wanted: Partial<Wanted> = {}, by = root): Promise<{ key: Made; use: TestKey }> {
  const { status, code, key } = await create(wanted, by);
  expect([status, code]).toEqual([201, undefined]);
  return { key, use: stack.keyOf(uuidOf(key.id), key.secret!) };
}
async function rotate(id: string, overlap_hours: number, by = root): Promise<Outcome> {
  const { data, error, response } = await by.client.POST('/v1/api-keys/{id}/rotate', {
    ...at(id),
    body: { overlap_hours },
  });
  return { status: response.status, code: error?.code, key: data!, problem: { ...error }, replayed: false };
}
const works = async (key: TestKey): Promise<string> => {
  const { error } = await key.client.GET('/v1/me');
  return error?.code ?? 'works';
};
const read = async (id: string, by = root): Promise<Schemas['ApiKey']> =>
  (await by.client.GET('/v1/api-keys/{id}', at(id))).data!;

describe('201: a key made by a key', () => {
  it('works at once, is shown once, and is listed without its secret', async () => {
    const { key, use } = await created({
      name: '連携サーバー',
      expires_at: inHours(2),
      allowed_addresses: ['127.0.0.0/8'],
    });
    expect(key).toEqual({
      id: expect.stringMatching(/^key_[0-9a-f]{32}$/),
      name: '連携サーバー',
      prefix: 'shm_test_',
      last_four: key.secret!.slice(-4),
      scopes: ['verifications:read'],
      allowed_addresses: ['127.0.0.0/8'],
      created_at: expect.any(String),
      expires_at: expect.any(String),
      revoked_at: null,
      last_used_at: null,
      made_by: publicId(root),
      rotated_from: null,
      secret: expect.stringMatching(API_KEY_PATTERN),
    });
    expect(await works(use)).toBe('works');
    const { secret, last_used_at: _used, ...shown } = key;
    expect(await read(key.id)).toMatchObject(shown);
    const listed = await stack.send('GET', '/v1/api-keys', { key: root });
    expect(listed.text).toContain(key.id);
    expect(listed.text).not.toContain(secret!);
    const { rows } = await stack.owner.query<{ row: string }>('select a::text as row from audit_event a');
    expect(rows.filter(({ row }) => row.includes(secret!))).toEqual([]);
    expect(rows.some(({ row }) => row.includes('api_key.create') && row.includes(uuidOf(key.id)))).toBe(true);
    expect(stack.log).not.toContain(secret!);
  });

  it('has the addresses and the end of its maker when it does not say', async () => {
    const expiresAt = new Date(Date.now() + HOUR_MS);
    const maker = await admin({ expiresAt, allowedAddresses: ['127.0.0.1/32', '::1/128'] });
    const { key } = await created({}, maker);
    expect([key.allowed_addresses, key.expires_at]).toEqual([['127.0.0.1/32', '::1/128'], expiresAt.toISOString()]);
  });

  it('is listed page by page, newest first, without a gap, of this tenant and mode alone', async () => {
    const all = (await root.client.GET('/v1/api-keys', { params: { query: { limit: 100 } } })).data!.data;
    const paged: string[] = [];
    let cursor: string | null = null;
    do {
      const query: { limit: number; cursor?: string } = { limit: 2, ...(cursor === null ? {} : { cursor }) };
      const { data } = await root.client.GET('/v1/api-keys', { params: { query } });
      paged.push(...data!.data.map(({ id }) => id));
      cursor = data!.next_cursor;
    } while (cursor !== null);
    expect(paged).toEqual(all.map(({ id }) => id));
    const live = await stack.newKey({ tenantId, mode: 'live', scopes: ['admin'] });
    const other = await stack.newKey({ scopes: ['admin'] });
    for (const asker of [live, other])
      expect((await asker.client.GET('/v1/api-keys')).data!.data.map(({ id }) => id)).toEqual([publicId(asker)]);
    const made = await created({ scopes: ['admin'] }, live);
    expect([made.key.prefix, await works(made.use)]).toEqual(['shm_live_', 'works']);
  });

  it('with the same Idempotency-Key is made once, and the secret is not told again', async () => {
    const idempotencyKey = randomUUID();
    const first = await create({}, root, idempotencyKey);
    const again = await create({}, root, idempotencyKey);
    expect(again).toMatchObject({ status: 201, replayed: true, key: { id: first.key.id, secret: null } });
    expect(await create({ name: 'other' }, root, idempotencyKey)).toMatchObject({ code: 'idempotency_key_reused' });
  });

  it('tells when it was last used, soon after', async () => {
    const { key, use } = await created();
    await works(use);
    await stack.until('its use is noted', async () => (await read(key.id)).last_used_at !== null);
    expect(Math.abs(Date.parse((await read(key.id)).last_used_at!) - Date.now())).toBeLessThan(HOUR_MS);
  });
});

describe('201: a rotated key', () => {
  it('goes on beside its replacement until the overlap is over', async () => {
    const { key, use } = await created({ allowed_addresses: ['127.0.0.0/8'], expires_at: inHours(100) });
    const { status, key: next } = await rotate(key.id, 5);
    expect(status).toBe(201);
    expect(next).toMatchObject({
      name: key.name,
      scopes: key.scopes,
      allowed_addresses: key.allowed_addresses,
      expires_at: key.expires_at,
      rotated_from: key.id,
    });
    expect(await works(use)).toBe('works');
    expect(await works(stack.keyOf(uuidOf(next.id), next.secret!))).toBe('works');
    expect(Math.abs(Date.parse((await read(key.id)).expires_at!) - Date.parse(inHours(5)))).toBeLessThan(60_000);
  });

  it('without overlap ends at once', async () => {
    const { key, use } = await created();
    expect((await rotate(key.id, 0)).status).toBe(201);
    expect(await works(use)).toBe('api_key_invalid');
  });

  it('can be the one that asks', async () => {
    const asker = await admin();
    const { status, key } = await rotate(publicId(asker), 1, asker);
    expect(status).toBe(201);
    const next = stack.keyOf(uuidOf(key.id), key.secret!);
    expect([await works(asker), (await create({}, next)).status]).toEqual(['works', 201]);
    // What the old one makes now ends with it.
    expect(Date.parse((await created({}, asker)).key.expires_at!)).toBeLessThan(Date.parse(inHours(1.1)));
  });
});

describe('200: a revoked key', () => {
  it('ends, and revoking it again changes nothing', async () => {
    const { key, use } = await created();
    const { data: first } = await root.client.POST('/v1/api-keys/{id}/revoke', at(key.id));
    expect(first!.revoked_at).not.toBeNull();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(await works(use)).toBe('api_key_invalid');
    expect((await root.client.POST('/v1/api-keys/{id}/revoke', at(key.id))).data).toEqual(first);
  });

  it('makes nothing from that moment on, however long a process believes it', async () => {
    const asker = await admin();
    await works(asker);
    await root.client.POST('/v1/api-keys/{id}/revoke', at(publicId(asker)));
    expect(await create({}, asker)).toMatchObject({ status: 401, code: 'api_key_invalid' });
  });
});

describe('400: an API key', () => {
  it.each<[string, Partial<Wanted> | Record<string, unknown>]>([
    ['without a name', { name: '' }],
    ['with a line end in its name', { name: 'a\nb' }],
    ['with an endless name', { name: 'x'.repeat(101) }],
    ['without scopes', { scopes: [] }],
    ['with a scope twice', { scopes: ['verifications:read', 'verifications:read'] }],
    ['with an unknown scope', { scopes: ['everything'] }],
    ['with an address that is none', { allowed_addresses: ['localhost'] }],
    ['with a range that has bits below its prefix', { allowed_addresses: ['10.0.0.1/8'] }],
    ['with more addresses than fit', { allowed_addresses: Array.from({ length: 51 }, (_, n) => `10.0.0.${n}`) }],
    ['that has ended before it begins', { expires_at: new Date(Date.now() - 1_000).toISOString() }],
    ['of a mode of its own choice', { mode: 'live' }],
  ])('%s is request_invalid', async (_what, wanted) => {
    expect(await create(wanted as Partial<Wanted>)).toMatchObject({ status: 400, code: 'request_invalid' });
  });

  it.each([-1, 169, 1.5])('with an overlap of %s hours is request_invalid', async (hours) => {
    const { key } = await created();
    expect(await rotate(key.id, hours)).toMatchObject({ status: 400, code: 'request_invalid' });
  });
});

describe('403: API keys', () => {
  it('are managed with the scope admin alone, which no key has unasked', async () => {
    const key = await stack.newKey({ tenantId });
    const id = publicId(key);
    for (const [method, path, body] of [
      ['GET', '/v1/api-keys'],
      ['GET', `/v1/api-keys/${id}`],
      ['POST', '/v1/api-keys', { name: 'x', scopes: ['verifications:read'] }],
      ['POST', `/v1/api-keys/${id}/rotate`, { overlap_hours: 1 }],
      ['POST', `/v1/api-keys/${id}/revoke`],
    ] as const) {
      const answer = await stack.send(method, path, { key, ...(body ? { body: JSON.stringify(body) } : {}) });
      expect([answer.status, answer.body['code'], answer.body['scope']]).toEqual([403, 'scope_missing', 'admin']);
    }
  });

  it('work from their addresses alone, and a header does not change where a request comes from', async () => {
    const key = await stack.newKey({ tenantId, allowedAddresses: ['192.0.2.0/24', '2001:db8::/32'] });
    for (const headers of [
      {},
      { 'x-forwarded-for': '192.0.2.1' },
      { 'x-real-ip': '192.0.2.1' },
      { forwarded: 'for=192.0.2.1' },
    ]) {
      const answer = await stack.send('GET', '/v1/me', { key, headers });
      expect([answer.status, answer.body['code']]).toEqual([403, 'address_not_allowed']);
    }
    expect(await works(await stack.newKey({ tenantId, allowedAddresses: ['127.0.0.1/32', '::1/128'] }))).toBe('works');
  });
});

describe('422: an API key', () => {
  it.each<[string, Partial<Wanted>, string]>([
    ['a scope', { scopes: ['persons:read'] }, 'scopes'],
    ['addresses', { allowed_addresses: ['127.0.0.1', '10.0.0.1'] }, 'addresses'],
    ['all addresses', { allowed_addresses: [] }, 'addresses'],
    ['a longer life', { expires_at: inHours(10) }, 'life'],
    ['a life without end', { expires_at: null }, 'life'],
  ])('does not get %s from a key that has less', async (_what, wanted, wider) => {
    const maker = await admin({ expiresAt: new Date(inHours(5)), allowedAddresses: ['127.0.0.0/8', '::1'] });
    const { status, code, problem } = await create(wanted, maker);
    expect([status, code, problem['wider']]).toEqual([422, 'api_key_too_wide', wider]);
  });

  it('that may more than the caller cannot be rotated with it', async () => {
    const narrow = await stack.newKey({ tenantId, scopes: ['admin'] });
    const { status, code, problem } = await rotate(publicId(root), 1, narrow);
    expect([status, code, problem['wider']]).toEqual([422, 'api_key_too_wide', 'scopes']);
  });

  it('is rotated once, and not after its end', async () => {
    const { key } = await created();
    expect((await rotate(key.id, 0)).status).toBe(201);
    const again = await rotate(key.id, 1);
    expect([again.status, again.code, again.problem['state']]).toEqual([422, 'api_key_not_rotatable', 'rotated']);
    const revoked = await created();
    await root.client.POST('/v1/api-keys/{id}/revoke', at(revoked.key.id));
    expect((await rotate(revoked.key.id, 1)).problem['state']).toBe('revoked');
  });

  it('beyond a hundred in use is api_key_limit', async () => {
    const crowded = await stack.newTenant();
    const maker = await stack.newKey({ tenantId: crowded, scopes: ['admin'] });
    await stack.owner.query(
      `insert into api_key (tenant_id, mode, id, name, secret_sha256, last_four, scopes)
       select $1, 'test', gen_random_uuid(), 'one of many', sha256(n::text::bytea), 'xxxx', '{admin}'
       from generate_series(1, 98) n`,
      [crowded],
    );
    const results = await Promise.all(Array.from({ length: 4 }, () => create({ scopes: ['admin'] }, maker)));
    expect(results.map(({ code }) => code ?? 'made').sort()).toEqual([
      'api_key_limit',
      'api_key_limit',
      'api_key_limit',
      'made',
    ]);
  });
});

describe('behind a proxy that is trusted', () => {
  let proxied: ApiStack;
  beforeAll(async () => {
    proxied = await ApiStack.start({ settings: { TRUST_PROXY: '127.0.0.1, ::1, 10.0.0.0/8' } });
  }, 120_000);
  afterAll(() => proxied.stop());

  it.each([
    ['the caller it names', '192.0.2.1', 200],
    ['the caller it names, behind another proxy of ours', '192.0.2.1, 10.1.2.3', 200],
    ['the caller it names after what that one claimed itself', '192.0.2.1, 203.0.113.9', 403],
    ['a claim of the caller to be one of our proxies', '192.0.2.1, 203.0.113.9, 10.1.2.3', 403],
    ['words', 'unknown', 403],
    ['an address with a port', '192.0.2.1:4711', 403],
  ])('an address list is held against %s', async (_what, forwardedFor, status) => {
    const key = await proxied.newKey({ allowedAddresses: ['192.0.2.0/24'] });
    const answer = await proxied.send('GET', '/v1/me', { key, headers: { 'x-forwarded-for': forwardedFor } });
    expect(answer.status).toBe(status);
  });

  it('the audit trail names the caller, and what is no address stops nothing', async () => {
    const key = await proxied.newKey({ scopes: ['admin'] });
    const body = JSON.stringify({ name: 'x', scopes: ['admin'] });
    for (const forwardedFor of ['192.0.2.77', "'; drop table x"])
      expect(
        (await proxied.send('POST', '/v1/api-keys', { key, body, headers: { 'x-forwarded-for': forwardedFor } }))
          .status,
      ).toBe(201);
    const { rows } = await proxied.owner.query<{ ip: string }>(
      `select host(ip) as ip from audit_event where action = 'api_key.create' and actor = $1 order by recorded_at`,
      [`api_key:${key.id}`],
    );
    expect(rows.map(({ ip }) => ip.replace('::ffff:', '').replace('::1', '127.0.0.1'))).toEqual([
      '192.0.2.77',
      '127.0.0.1',
    ]);
  });
});
