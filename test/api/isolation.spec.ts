import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Schemas } from '#lib/api-client';
import { ApiStack, type TestKey } from '../support/api.js';
import { base64, rawBody } from '../support/card.js';

type Summary = Schemas['VerificationSummary'];

let stack: ApiStack;
let tenantId: string;
let key: TestKey;
let made: Schemas['Verification'];
beforeAll(async () => {
  stack = await ApiStack.start();
  tenantId = await stack.newTenant();
  key = await stack.newKey({ tenantId });
  made = await create(key);
}, 120_000);
afterAll(() => stack.stop());

async function create(asker: TestKey, change: Partial<Schemas['RawSignature']> = {}): Promise<Schemas['Verification']> {
  const body = { ...(await rawBody(stack.sandbox)), ...change };
  const { data, response } = await asker.client.POST('/v1/signature-verifications', { body });
  expect(response.status).toBe(201);
  return data!;
}

describe('401: a key', () => {
  const PATHS: [string, string][] = [
    ['GET', '/v1/me'],
    ['GET', '/v1/persons'],
    ['DELETE', `/v1/persons/per_${'0'.repeat(32)}`],
    ['GET', '/v1/events'],
    ['GET', '/v1/verifications'],
    ['GET', '/v1/verifications/ver_0193f0c0000070008000000000000000'],
    ['POST', '/v1/signature-verifications'],
    ['POST', '/v1/challenges'],
    ['POST', '/v1/authentications'],
  ];
  const codeFor = async (method: string, path: string, authorization?: string): Promise<unknown> => {
    const headers = authorization === undefined ? {} : { authorization };
    const answer = await stack.send(method, path, { headers, ...(method === 'POST' ? { body: '{}' } : {}) });
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
    return answer.body['code'];
  };

  it.each(PATHS)('that is absent is api_key_missing at %s %s', async (method, path) => {
    expect(await codeFor(method, path)).toBe('api_key_missing');
  });

  it.each<[string, () => Promise<string> | string]>([
    ['of another scheme', () => `Basic ${key.secret}`],
    ['without a scheme', () => key.secret],
    ['that is empty', () => 'Bearer '],
    ['that is garbage', () => 'Bearer shm_test_garbage'],
    ['with one changed character', () => `Bearer ${key.secret.slice(0, 20)}!${key.secret.slice(21)}`],
    ['of the right form that was never made', () => `Bearer shm_test_${'0'.repeat(43)}${'0'.repeat(6)}`],
    ['whose mode was changed by hand', () => `Bearer ${key.secret.replace('shm_test_', 'shm_live_')}`],
    ['that has expired', async () => `Bearer ${(await stack.newKey({ expiresAt: new Date(Date.now() - 1) })).secret}`],
    ['twice', () => `Bearer ${key.secret}, Bearer ${key.secret}`],
    ['that injects SQL', () => `Bearer ' or true --`],
  ])('%s is api_key_invalid', async (_what, authorization) => {
    for (const [method, path] of PATHS)
      expect(await codeFor(method, path, await authorization())).toBe('api_key_invalid');
  });

  it('that expires while in use ends within a second', async () => {
    const short = await stack.newKey({ expiresAt: new Date(Date.now() + 1_500) });
    expect((await short.client.GET('/v1/me')).response.status).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect((await short.client.GET('/v1/me')).error?.code).toBe('api_key_invalid');
  });

  it('that is revoked while in use ends within a second', async () => {
    const revoked = await stack.newKey({ tenantId });
    expect((await revoked.client.GET('/v1/me')).response.status).toBe(200);
    await stack.revokeKey(revoked.id);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const { error } = await revoked.client.GET('/v1/me');
    expect(error?.code).toBe('api_key_invalid');
    // The tenant's other key goes on.
    expect((await key.client.GET('/v1/me')).response.status).toBe(200);
  });

  it('that is revoked stores nothing from the moment of its revocation on', async () => {
    const revoked = await stack.newKey();
    const body = { ...(await rawBody(stack.sandbox)), reference: 'after the revocation' };
    await revoked.client.GET('/v1/me');
    await stack.revokeKey(revoked.id);
    const { response, error } = await revoked.client.POST('/v1/signature-verifications', { body });
    expect([response.status, error?.code]).toEqual([401, 'api_key_invalid']);
    const { rows } = await stack.owner.query(`select 1 from verification where reference = 'after the revocation'`);
    expect(rows).toEqual([]);
  });
});

describe('403: a key', () => {
  it.each([
    ['verifications:read', 'POST', '/v1/signature-verifications', 'verifications:write'],
    ['verifications:write', 'GET', '/v1/verifications', 'verifications:read'],
    ['verifications:write', 'GET', '/v1/verifications/ver_0193f0c0000070008000000000000000', 'verifications:read'],
    ['verifications:write', 'POST', '/v1/challenges', 'authentications:write'],
    ['verifications:read', 'POST', '/v1/authentications', 'authentications:write'],
  ] as const)('with %s alone may not %s %s: scope_missing', async (scope, method, path, scopeNeeded) => {
    const limited = await stack.newKey({ scopes: [scope] });
    const answer = await stack.send(method, path, { key: limited, ...(method === 'POST' ? { body: '{}' } : {}) });
    expect([answer.status, answer.body['code'], answer.body['scope']]).toEqual([403, 'scope_missing', scopeNeeded]);
  });

  it('of any scope may ask who it is', async () => {
    const limited = await stack.newKey({ tenantId, scopes: ['authentications:write'] });
    const { data } = await limited.client.GET('/v1/me');
    expect(data).toEqual({
      tenant_id: `ten_${tenantId.replaceAll('-', '')}`,
      mode: 'test',
      api_key: { id: `key_${limited.id.replaceAll('-', '')}`, scopes: ['authentications:write'] },
      contract: {
        reference_format: null,
        revocation_methods: ['crl', 'ocsp', 'ocsp_or_crl'],
        identify: false,
        counterpart: false,
        latest_attributes: false,
        pinless_status: false,
        allowed_ages: [],
        age_dates: [],
        age_questions_a_year: 10,
        age_legal_day_inclusive: false,
        change_events: false,
        disclosure: 'conclusion_only',
        sign_up_consent: null,
        limits: {
          verification: { per_second: 1000, per_month: null, used_this_month: expect.any(Number) },
          challenge: { per_second: 1000, per_month: null, used_this_month: 0 },
          jlis_service: { per_second: 200, per_month: null, used_this_month: 0 },
          read: { per_second: 1000, per_month: null, used_this_month: expect.any(Number) },
          manage: { per_second: 100, per_month: null, used_this_month: 0 },
        },
      },
      now: expect.stringMatching(/Z$/),
    });
  });
});

describe('404: a verification', () => {
  const bodyOf = async (asker: TestKey, id: string): Promise<string> => {
    const { status, text, body } = await stack.send('GET', `/v1/verifications/${id}`, { key: asker });
    expect(status).toBe(404);
    return text.replace(String(body['request_id']), 'REQUEST');
  };

  it("of another tenant, of the same tenant's other mode, and one that never was look the same to the byte", async () => {
    const [stranger, live] = [await stack.newKey(), await stack.newKey({ tenantId, mode: 'live' })];
    const never = await bodyOf(key, 'ver_0193f0c0000070008000000000000000');
    expect(JSON.parse(never)).toMatchObject({ code: 'not_found', status: 404 });
    expect(await bodyOf(stranger, made.id)).toBe(never);
    expect(await bodyOf(live, made.id)).toBe(never);
    for (const id of ['x', made.id.toUpperCase(), `${made.id}0`, made.id.slice(4), '%00', 'x'.repeat(500)])
      expect(await bodyOf(key, id)).toBe(never);
  });

  it('is in no list but its own', async () => {
    for (const asker of [await stack.newKey(), await stack.newKey({ tenantId, mode: 'live' })])
      expect((await asker.client.GET('/v1/verifications')).data).toEqual({ data: [], next_cursor: null });
    const cursor = made.id;
    const stranger = await stack.newKey();
    const { data } = await stranger.client.GET('/v1/verifications', { params: { query: { cursor } } });
    expect(data).toEqual({ data: [], next_cursor: null });
  });
});

describe('200: the list', () => {
  let lister: TestKey;
  const ids: string[] = [];
  beforeAll(async () => {
    lister = await stack.newKey();
    for (let i = 0; i < 13; i++)
      ids.push((await create(lister, { reference: `group ${i % 2}`, ...(i % 3 ? {} : { content: base64('no') }) })).id);
  });

  const page = async (
    query: Record<string, string | number>,
  ): Promise<{ data: Summary[]; next_cursor: string | null }> => {
    const { data, response } = await lister.client.GET('/v1/verifications', { params: { query } });
    expect(response.status).toBe(200);
    return data!;
  };
  async function walk(query: Record<string, string | number>): Promise<string[]> {
    const seen: string[] = [];
    for (let cursor: string | null = null, pages = 0; pages < 50; pages++) {
      const { data, next_cursor }: Awaited<ReturnType<typeof page>> = await page({
        ...query,
        ...(cursor ? { cursor } : {}),
      });
      seen.push(...data.map(({ id }) => id));
      if (next_cursor === null) return seen;
      cursor = next_cursor;
    }
    throw new Error('the list has no end');
  }

  it.each([1, 5, 12, 13, 100])('by pages of %d is complete, newest first, without a repetition', async (limit) => {
    expect(await walk({ limit })).toEqual([...ids].reverse());
  });

  it('stays whole while new ones arrive', async () => {
    const first = await page({ limit: 5 });
    const late = await create(lister, { reference: 'late' });
    const rest = await walk({ limit: 5, cursor: first.next_cursor! });
    expect([...first.data.map(({ id }) => id), ...rest]).toEqual([...ids].reverse());
    ids.push(late.id);
  });

  it('holds what the single read tells, without attributes, person and receipt', async () => {
    const { data } = await page({ limit: 1, outcome: 'valid' });
    const { data: single } = await lister.client.GET('/v1/verifications/{id}', {
      params: { path: { id: data[0]!.id } },
    });
    const { attributes, person, linkage, counterpart, receipt, ...summary } = single!;
    expect(attributes).not.toBeNull();
    expect(receipt).toMatch(/^eyJ/);
    expect([person, linkage, counterpart]).toEqual([null, null, null]);
    expect(data[0]).toEqual(summary);
  });

  it('can be filtered by outcome, kind, reference and time', async () => {
    const outcomes = async (outcome: string): Promise<Set<string>> =>
      new Set((await page({ limit: 100, outcome })).data.map((each) => each.outcome));
    expect(await outcomes('valid')).toEqual(new Set(['valid']));
    expect(await outcomes('invalid')).toEqual(new Set(['invalid']));
    expect((await page({ outcome: 'indeterminate' })).data).toEqual([]);
    expect((await page({ kind: 'authentication' })).data).toEqual([]);
    expect(await walk({ reference: 'group 1', limit: 4 })).toHaveLength(6);
    const [oldest] = (await page({ limit: 100 })).data.slice(-1);
    const { decided_at } = oldest!;
    expect((await page({ created_before: decided_at })).data).toEqual([]);
    expect(await walk({ created_after: decided_at, limit: 100 })).toHaveLength(ids.length);
    const tokyo = new Date(Date.parse(decided_at) + 9 * 3_600_000).toISOString().replace('Z', '+09:00');
    expect(await walk({ created_after: tokyo, limit: 100 })).toHaveLength(ids.length);
  });
});
