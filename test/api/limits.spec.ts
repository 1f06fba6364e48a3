import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ENDPOINT_CLASSES, makeApiKey, type LimitsChange } from '#lib/tenancy';
import { ApiStack, type RawAnswer, type TestKey } from '../support/api.js';
import { rawBody } from '../support/card.js';

const SIGNATURES = '/v1/signature-verifications';
const WINDOW_MS = 1_000;
/** Of a month as the header has it. */
const MONTH_S = 2_678_400;

let stack: ApiStack;
let signed: string;
beforeAll(async () => {
  stack = await ApiStack.start();
  signed = JSON.stringify(await rawBody(stack.sandbox));
}, 300_000);
afterAll(() => stack.stop());

async function limited(limits: LimitsChange): Promise<TestKey & { tenantId: string }> {
  const tenantId = await stack.newTenant();
  await stack.setContract(tenantId, { limits });
  return { ...(await stack.newKey({ tenantId })), tenantId };
}

const me = (key: TestKey): Promise<RawAnswer> => stack.send('GET', '/v1/me', { key });
const verify = (key: TestKey, headers: Record<string, string> = {}, body = signed): Promise<RawAnswer> =>
  stack.send('POST', SIGNATURES, { key, body, headers });
const outcomes = (answers: readonly RawAnswer[]): number[] => answers.map(({ status }) => status).sort();
const usedOf = async (key: TestKey): Promise<Record<string, number>> => {
  const { data } = await key.client.GET('/v1/me');
  const limits = Object.entries(data!.contract.limits);
  return Object.fromEntries(limits.map(([name, { used_this_month }]) => [name, used_this_month]));
};

/** All at the same time and in one second: what took longer is done again in a later one. */
async function burst(count: number, send: () => Promise<RawAnswer>): Promise<RawAnswer[]> {
  for (;;) {
    await sleep(WINDOW_MS + 100);
    const began = performance.now();
    const answers = await Promise.all(Array.from({ length: count }, send));
    if (performance.now() - began < WINDOW_MS * 0.9) return answers;
  }
}

describe('429: a rate limit', () => {
  it('lets through what the contract says, and tells when to come back', async () => {
    const key = await limited({ read: { perSecond: 3 } });
    const answers = await burst(5, () => me(key));
    expect(outcomes(answers)).toEqual([200, 200, 200, 429, 429]);
    const refused = answers.find(({ status }) => status === 429)!;
    expect(refused.body).toMatchObject({
      code: 'rate_limited',
      status: 429,
      retryable: true,
      retry_after: 1,
      endpoint_class: 'read',
      title_ja: expect.any(String),
      request_id: refused.headers.get('x-request-id'),
    });
    expect(refused.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(refused.headers.get('ratelimit')).toBe('"read";r=0;t=1');
    expect(refused.headers.get('x-content-type-options')).toBe('nosniff');
    expect(refused.headers.get('cache-control')).toBe('no-store');
    const remaining = answers.map(({ headers }) => headers.get('ratelimit')).sort();
    expect(remaining).toEqual(['r=0', 'r=0', 'r=0', 'r=1', 'r=2'].map((left) => `"read";${left};t=1`));
    for (const { headers } of answers) expect(headers.get('ratelimit-policy')).toBe('"read";q=3;w=1');
    expect((await burst(1, () => me(key)))[0]!.status).toBe(200);
  });

  it('is of one class of endpoints, one tenant and one mode', async () => {
    const key = await limited({ read: { perSecond: 1 } });
    const live = await stack.newKey({ tenantId: key.tenantId, mode: 'live' });
    const other = await stack.newKey();
    const answers = await burst(3, () => me(key));
    expect(outcomes(answers)).toEqual([200, 429, 429]);
    const others = await Promise.all([verify(key), me(live), me(live), me(other), me(other)]);
    expect(outcomes(others)).toEqual([200, 200, 200, 200, 201]);
  });

  it('refuses before the body is read, and keeps nothing', async () => {
    const key = await limited({ verification: { perSecond: 1 } });
    const answers = await burst(3, () => verify(key, {}, '{"not JSON'));
    expect(outcomes(answers)).toEqual([400, 429, 429]);
  });

  it('also counts what leads nowhere and what the scope does not allow', async () => {
    const key = await limited({ read: { perSecond: 1 } });
    for (const path of ['/v1/nothing', '/v1/%6de', '/v1/api-keys'])
      expect(outcomes(await burst(3, () => stack.send('GET', path, { key }))).slice(1)).toEqual([429, 429]);
  });

  it('is changed by the operator for a running API', async () => {
    const key = await limited({ read: { perSecond: 1 } });
    expect(outcomes(await burst(2, () => me(key)))).toEqual([200, 429]);
    await stack.setContract(key.tenantId, { limits: { read: { perSecond: 50 } } });
    expect(outcomes(await burst(4, () => me(key)))).toEqual([200, 200, 200, 200]);
  });

  it('of every class of the described endpoints is named in their description and in /v1/me', async () => {
    const { body } = await stack.send('GET', '/docs/openapi.json');
    const paths = Object.entries(body['paths'] as Record<string, Record<string, Record<string, unknown>>>);
    const described = paths
      .filter(([path]) => path.startsWith('/v1/'))
      .flatMap(([, operations]) => Object.values(operations));
    expect(described.length).toBeGreaterThan(20);
    for (const operation of described) {
      expect(ENDPOINT_CLASSES).toContain(operation['x-endpoint-class']);
      expect(operation['responses']).toHaveProperty(['429', 'headers', 'Retry-After']);
    }
    const key = await stack.newKey();
    expect(Object.keys(await usedOf(key)).sort()).toEqual([...ENDPOINT_CLASSES].sort());
  });
});

describe('429: a monthly quota', () => {
  it('is used up by what is answered, and by that alone', async () => {
    const key = await limited({ verification: { perMonth: 3 } });
    const first = await verify(key, { 'idempotency-key': 'q1' });
    expect(first.status).toBe(201);
    expect(first.headers.get('ratelimit-policy')).toBe(
      `"verification";q=1000;w=1, "verification-month";q=3;w=${MONTH_S}`,
    );
    expect(first.headers.get('ratelimit')).toMatch(/^"verification";r=\d+;t=1, "verification-month";r=2;t=\d+$/);
    // A replay, a refusal and an undecided check.
    expect((await verify(key, { 'idempotency-key': 'q1' })).headers.get('idempotent-replayed')).toBe('true');
    expect((await verify(key, {}, '{}')).status).toBe(400);
    await stack.sandbox.ocspFault('down');
    const undecided = await verify(key, {}, JSON.stringify({ ...JSON.parse(signed), revocation: 'ocsp' }));
    await stack.sandbox.healthy();
    expect(undecided.body).toMatchObject({ outcome: 'indeterminate' });
    expect((await usedOf(key))['verification']).toBe(1);

    expect((await verify(key)).status).toBe(201);
    expect((await verify(key)).status).toBe(201);
    const refused = await verify(key);
    expect(refused.body).toMatchObject({
      code: 'quota_exceeded',
      status: 429,
      retryable: true,
      endpoint_class: 'verification',
    });
    const wait = Number(refused.headers.get('retry-after'));
    expect(refused.body['retry_after']).toBe(wait);
    expect(refused.headers.get('ratelimit')).toBe(`"verification-month";r=0;t=${wait}`);
    const { data } = await key.client.GET('/v1/me');
    expect(data!.contract.limits.verification).toEqual({ per_second: 1000, per_month: 3, used_this_month: 3 });
    // The end of the month in Japan, by the second.
    const end = new Date(Date.parse(data!.now) + wait * 1_000 + 9 * 3_600_000 + 5_000);
    expect([end.getUTCDate(), end.getUTCHours(), end.getUTCMinutes()]).toEqual([1, 0, 0]);
    // Nothing else of the tenant, and nobody else.
    expect((await verify(await stack.newKey())).status).toBe(201);
  });

  it('is the same for as many as come at once, and raised by the operator at once', async () => {
    const key = await limited({ read: { perMonth: 7 } });
    const answers = await Promise.all(Array.from({ length: 20 }, () => me(key)));
    expect(outcomes(answers)).toEqual([...Array<number>(7).fill(200), ...Array<number>(13).fill(429)]);
    await stack.setContract(key.tenantId, { limits: { read: { perMonth: 8 } } });
    await sleep(2_000);
    expect(outcomes([await me(key), await me(key)])).toEqual([200, 429]);
  });

  it('of nothing refuses everything of its class', async () => {
    const key = await limited({ manage: { perMonth: 0 } });
    const answer = await stack.send('DELETE', '/v1/persons/per_01a20900978d70008830f832dc4a6e39', { key });
    expect([answer.status, answer.body['code']]).toEqual([429, 'quota_exceeded']);
  });

  it('begins anew with the month of Japan by the clock of the mode', async () => {
    const key = await limited({ read: { perMonth: 1 } });
    const now = Date.now();
    const there = new Date(now + 9 * 3_600_000);
    const border = Date.UTC(there.getUTCFullYear(), there.getUTCMonth() + 1) - 9 * 3_600_000;
    const minutes = Math.floor((border - now) / 60_000);
    try {
      await stack.moveClock(`+${minutes - 5}m`);
      expect(outcomes([await me(key), await me(key)])).toEqual([200, 429]);
      await stack.moveClock(`+${minutes + 5}m`);
      expect(outcomes([await me(key), await me(key)])).toEqual([200, 429]);
    } finally {
      await stack.moveClock('0');
    }
  });
});

describe('a flood of wrong keys', () => {
  it('is refused from its address without asking the database, and does not touch a key that is known', async () => {
    const key = await stack.newKey();
    expect((await me(key)).status).toBe(200);
    const wrong = await Promise.all(
      Array.from({ length: 300 }, () =>
        stack.send('GET', '/v1/me', { headers: { authorization: `Bearer ${makeApiKey('test').secret}` } }),
      ),
    );
    const codes = new Set(wrong.map(({ status, body }) => `${status} ${String(body['code'])}`));
    expect([...codes].sort()).toEqual(['401 api_key_invalid', '429 rate_limited']);
    expect(wrong.find(({ status }) => status === 429)!.headers.get('retry-after')).toBe('1');
    expect((await me(key)).status).toBe(200);
  }, 240_000);
});
