import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { compactVerify, createLocalJWKSet, type JSONWebKeySet } from 'jose';
import { ApiStack, type TestKey } from '../support/api.js';
import { rawBody } from '../support/card.js';
import { authenticationBody } from '../support/login.js';
import { verifySignature, type Verification } from '../support/verification.js';

let stack: ApiStack;
let key: TestKey;
let tenantId: string;
beforeAll(async () => {
  stack = await ApiStack.start();
  tenantId = await stack.newTenant();
  key = await stack.newKey({ tenantId });
}, 120_000);
afterAll(() => stack.stop());

const keySet = async (mode: 'live' | 'test'): Promise<JSONWebKeySet> =>
  (await stack.send('GET', `/jwks/${mode}.json`)).body as unknown as JSONWebKeySet;

async function claimsOf({ receipt, mode }: Verification): Promise<Record<string, unknown>> {
  const { payload } = await compactVerify(receipt!, createLocalJWKSet(await keySet(mode)));
  return JSON.parse(Buffer.from(payload).toString()) as Record<string, unknown>;
}

const get = async ({ id }: Verification): Promise<Verification> => {
  const { data } = await key.client.GET('/v1/verifications/{id}', { params: { path: { id } } });
  return data!;
};

describe('200: the keys of receipts', () => {
  it.each(['live', 'test'] as const)('of %s are public and may be kept', async (mode) => {
    const answer = await stack.send('GET', `/jwks/${mode}.json`);
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'public, max-age=3600']);
    expect(answer.text).not.toContain('"d"');
  });
  it('of the two modes have nothing in common', async () => {
    const [live, test] = [await keySet('live'), await keySet('test')];
    const kids = [...live.keys, ...test.keys].map(({ kid }) => kid);
    expect(new Set(kids).size).toBe(kids.length);
    expect(live.keys.map(({ x }) => x).some((x) => test.keys.some((other) => other.x === x))).toBe(false);
  });
  it('are of no third mode', async () => {
    expect((await stack.send('GET', '/jwks/other.json')).status).toBe(404);
  });
});

describe('201: a receipt', () => {
  it.each([
    ['valid', {}],
    ['invalid', { card: 'moved' }],
  ] as const)('comes with a verdict that is %s and repeats it', async (outcome, change) => {
    const verification = await verifySignature(key, await rawBody(stack.sandbox, change));
    expect(verification.outcome).toBe(outcome);
    const claims = await claimsOf(verification);
    expect(claims).toMatchObject({
      iss: stack.url,
      aud: `ten_${tenantId.replaceAll('-', '')}`,
      jti: verification.id,
      mode: 'test',
      outcome,
      decided_at: verification.decided_at,
    });
    expect(Object.keys(claims).sort()).toEqual(
      'aud certificate_commitment content_digest decided_at iat iss jti mode outcome'.split(' '),
    );
  });

  it('comes with a verdict that is indeterminate', async () => {
    await stack.sandbox.ocspFault('down');
    const verification = await verifySignature(key, { ...(await rawBody(stack.sandbox)), revocation: 'ocsp' });
    await stack.sandbox.ocspFault('none');
    expect([verification.outcome, (await claimsOf(verification))['outcome']]).toEqual([
      'indeterminate',
      'indeterminate',
    ]);
  });

  it('is the same bytes when the request is repeated and when the verification is read', async () => {
    const body = await rawBody(stack.sandbox);
    const params = { header: { 'Idempotency-Key': randomUUID() } };
    const first = await key.client.POST('/v1/signature-verifications', { body, params });
    const second = await key.client.POST('/v1/signature-verifications', { body, params });
    expect(second.response.headers.get('idempotent-replayed')).toBe('true');
    expect(second.data?.receipt).toBe(first.data?.receipt);
    expect((await get(first.data!)).receipt).toBe(first.data?.receipt);
  });

  it('of live is signed with a key of live', async () => {
    const live = await stack.newKey({ tenantId, mode: 'live' });
    const verification = await verifySignature(live, await rawBody(stack.sandbox));
    expect([verification.reason?.code, await claimsOf(verification)]).toEqual([
      'wrong_mode',
      expect.objectContaining({ mode: 'live', outcome: 'invalid' }),
    ]);
    await expect(compactVerify(verification.receipt!, createLocalJWKSet(await keySet('test')))).rejects.toThrow();
  });

  it('comes with an authentication', async () => {
    const body = await authenticationBody(stack, key, 'adult-valid');
    const { data } = await key.client.POST('/v1/authentications', { body });
    const verification = data!;
    expect((await claimsOf(verification))['jti']).toBe(verification.id);
    expect((await get(verification)).receipt).toBe(verification.receipt);
  });
});
