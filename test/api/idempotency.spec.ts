import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Schemas } from '#lib/api-client';
import { ApiStack, type TestKey } from '../support/api.js';
import { base64, rawBody } from '../support/card.js';

type Body = Schemas['RawSignature'];

let stack: ApiStack;
let key: TestKey;
beforeAll(async () => {
  stack = await ApiStack.start();
  key = await stack.newKey();
}, 120_000);
afterAll(() => stack.stop());

interface Answer {
  status: number;
  replayed: boolean;
  data: Schemas['Verification'] | undefined;
  code: string | undefined;
}

async function post(body: Body, idempotencyKey: string, asker = key): Promise<Answer> {
  const params = { header: { 'Idempotency-Key': idempotencyKey } };
  const { data, error, response } = await asker.client.POST('/v1/signature-verifications', { body, params });
  const replayed = response.headers.get('idempotent-replayed') === 'true';
  return { status: response.status, replayed, data, code: error?.code };
}

/** Verifications and usage events stored under a reference. */
async function stored(reference: string): Promise<{ verifications: number; metered: number }> {
  const { rows } = await stack.owner.query<{ verifications: number; metered: number }>(
    `select count(distinct v.id)::int as verifications, count(u.id)::int as metered from verification v
     left join usage_event u on u.verification_id = v.id where v.reference = $1`,
    [reference],
  );
  return rows[0]!;
}

const newBody = async (change: Partial<Body> = {}): Promise<Body & { reference: string }> => ({
  ...(await rawBody(stack.sandbox)),
  reference: `order ${randomUUID()}`,
  ...change,
});

describe('201: the same Idempotency-Key with the same body', () => {
  it.each(['crl', 'ocsp', 'ocsp_or_crl'] as const)(
    'gives the first answer again, stored and metered once (%s)',
    async (revocation) => {
      const [body, idempotencyKey] = [await newBody({ revocation }), randomUUID()];
      const first = await post(body, idempotencyKey);
      await stack.sandbox.takeOcspCount();
      const second = await post(body, idempotencyKey);
      expect([first.status, first.replayed, second.status, second.replayed]).toEqual([201, false, 201, true]);
      expect(second.data).toEqual(first.data);
      expect(await stored(body.reference)).toEqual({ verifications: 1, metered: 1 });
      expect(await stack.sandbox.takeOcspCount()).toBe(0);
    },
  );

  it('gives an invalid verdict again too', async () => {
    const [body, idempotencyKey] = [await newBody({ content: base64('contract 2') }), randomUUID()];
    const first = await post(body, idempotencyKey);
    expect(first.data?.reason?.code).toBe('signature_mismatch');
    expect(await post(body, idempotencyKey)).toMatchObject({ status: 201, replayed: true, data: first.data });
  });

  it('takes other white space, another order of members and a default written out for the same body', async () => {
    const [body, idempotencyKey] = [await newBody(), randomUUID()];
    const first = await post(body, idempotencyKey);
    const reversed = Object.fromEntries(Object.entries(body).reverse());
    for (const text of [
      JSON.stringify(body, undefined, 4),
      JSON.stringify(reversed),
      JSON.stringify({ ...body, revocation: 'crl' }),
    ]) {
      const headers = { 'idempotency-key': idempotencyKey };
      const again = await stack.send('POST', '/v1/signature-verifications', { key, headers, body: text });
      expect([again.status, again.headers.get('idempotent-replayed')]).toEqual([201, 'true']);
      expect(again.body).toEqual(first.data);
    }
  });

  it('twenty times at once stores one verification; every answer is that one or says that it is in flight', async () => {
    const [body, idempotencyKey] = [await newBody(), randomUUID()];
    const answers = await Promise.all(Array.from({ length: 20 }, () => post(body, idempotencyKey)));
    const made = answers.filter(({ status }) => status === 201);
    expect(made.length).toBeGreaterThan(0);
    expect(new Set(made.map(({ data }) => data?.id)).size).toBe(1);
    expect(made.filter(({ replayed }) => !replayed)).toHaveLength(1);
    for (const { status, code } of answers.filter(({ status }) => status !== 201))
      expect([status, code]).toEqual([409, 'idempotency_in_flight']);
    expect(await stored(body.reference)).toEqual({ verifications: 1, metered: 1 });
  });

  it('is no replay while nothing is decided: indeterminate first, valid later, then that one for good', async () => {
    const [body, idempotencyKey] = [await newBody({ revocation: 'ocsp' }), randomUUID()];
    await stack.sandbox.ocspFault('down');
    const doubts = [await post(body, idempotencyKey), await post(body, idempotencyKey)];
    await stack.sandbox.ocspFault('none');
    expect(doubts.map(({ data, replayed }) => [data?.outcome, replayed])).toEqual([
      ['indeterminate', false],
      ['indeterminate', false],
    ]);
    const valid = await post(body, idempotencyKey);
    expect([valid.data?.outcome, valid.replayed]).toEqual(['valid', false]);
    expect(await post(body, idempotencyKey)).toMatchObject({ replayed: true, data: valid.data });
    expect(await stored(body.reference)).toEqual({ verifications: 3, metered: 3 });
  });

  it('gives the first answer also when the data have gone stale since', async () => {
    const [body, idempotencyKey] = [await newBody(), randomUUID()];
    const first = await post(body, idempotencyKey);
    await stack.moveClock('+3d');
    try {
      expect(await post(body, idempotencyKey)).toMatchObject({ status: 201, replayed: true, data: first.data });
      expect((await post(body, randomUUID())).data?.outcome).toBe('indeterminate');
    } finally {
      await stack.moveClock('0');
    }
  });

  it('gives the first answer also when the card has been revoked since', async () => {
    const card = await stack.sandbox.issue();
    const body = await newBody(await rawBody(stack.sandbox, { card }));
    const idempotencyKey = randomUUID();
    const first = await post(body, idempotencyKey);
    await stack.sandbox.revoke(card, 'sign', 'keyCompromise');
    await stack.refresh();
    expect(await post(body, idempotencyKey)).toMatchObject({ replayed: true, data: first.data });
    expect((await post(body, randomUUID())).data?.reason?.code).toBe('revoked');
  });

  it('of another tenant, or of the same tenant in the other mode, is another key', async () => {
    const tenantId = await stack.newTenant();
    const askers = [
      await stack.newKey({ tenantId }),
      await stack.newKey({ tenantId, mode: 'live' }),
      await stack.newKey(),
    ];
    const [body, idempotencyKey] = [await newBody(), randomUUID()];
    const ids = new Set<string | undefined>();
    for (const asker of askers) {
      const answer = await post(body, idempotencyKey, asker);
      expect([answer.status, answer.replayed]).toEqual([201, false]);
      ids.add(answer.data?.id);
    }
    expect(ids.size).toBe(3);
  });

  it('belongs to the tenant, not to the API key it was first sent with', async () => {
    const tenantId = await stack.newTenant();
    const [one, two] = [await stack.newKey({ tenantId }), await stack.newKey({ tenantId })];
    const [body, idempotencyKey] = [await newBody(), randomUUID()];
    const first = await post(body, idempotencyKey, one);
    expect(await post(body, idempotencyKey, two)).toMatchObject({ replayed: true, data: first.data });
  });

  it('gives the same challenge again', async () => {
    const params = { header: { 'Idempotency-Key': randomUUID() } };
    const [first, second] = [
      await key.client.POST('/v1/challenges', { params }),
      await key.client.POST('/v1/challenges', { params }),
    ];
    expect(second.data).toEqual(first.data);
    expect(second.response.headers.get('idempotent-replayed')).toBe('true');
  });

  it('is remembered neither for a refusal', async () => {
    const [body, idempotencyKey] = [await newBody(), randomUUID()];
    expect(await post({ ...body, certificate: base64('x') }, idempotencyKey)).toMatchObject({
      status: 422,
      code: 'certificate_malformed',
    });
    expect(await post(body, idempotencyKey)).toMatchObject({ status: 201, replayed: false });
  });
});

describe('409: an Idempotency-Key in use', () => {
  it('is idempotency_in_flight, retryable, and later gives the answer of the first', async () => {
    const [body, idempotencyKey] = [await newBody({ revocation: 'ocsp' }), randomUUID()];
    await stack.sandbox.takeOcspCount();
    await stack.sandbox.ocspFault('slow', 500);
    const first = post(body, idempotencyKey);
    // The counter says that the first one is on its way to the responder.
    await stack.until('the first request has begun', async () => (await stack.sandbox.ocspCount()) > 0);
    expect(await post(body, idempotencyKey)).toMatchObject({ status: 409, code: 'idempotency_in_flight' });
    await stack.sandbox.ocspFault('none');
    const { data } = await first;
    expect(data?.outcome).toBe('valid');
    expect(await post(body, idempotencyKey)).toMatchObject({ status: 201, replayed: true, data });
  });
});

describe('422: an Idempotency-Key used before', () => {
  it.each(['crl', 'ocsp'] as const)('for another body is idempotency_key_reused (%s)', async (revocation) => {
    const idempotencyKey = randomUUID();
    await post(await newBody({ revocation }), idempotencyKey);
    const other = await newBody({ revocation });
    expect(await post(other, idempotencyKey)).toMatchObject({ status: 422, code: 'idempotency_key_reused' });
    expect(await stored(other.reference)).toEqual({ verifications: 0, metered: 0 });
  });

  it('for another route is idempotency_key_reused, whichever came first', async () => {
    const [first, second] = [randomUUID(), randomUUID()];
    const challenge = (idempotencyKey: string) =>
      key.client.POST('/v1/challenges', { params: { header: { 'Idempotency-Key': idempotencyKey } } });
    const body = await newBody();
    await post(body, first);
    expect((await challenge(first)).error?.code).toBe('idempotency_key_reused');
    await challenge(second);
    expect(await post(body, second)).toMatchObject({ status: 422, code: 'idempotency_key_reused' });
  });
});

describe('400: an Idempotency-Key', () => {
  it.each([
    ['empty', ''],
    ['256 characters long', 'k'.repeat(256)],
    ['with a space', 'two words'],
    ['with a tab', 'two\twords'],
    ['beyond ASCII', 'Schlüssel'],
  ])('%s is idempotency_key_malformed', async (_what, idempotencyKey) => {
    expect(await post(await newBody(), idempotencyKey)).toMatchObject({
      status: 400,
      code: 'idempotency_key_malformed',
    });
  });

  it('of 255 printable characters is taken', async () => {
    expect(await post(await newBody(), '~'.repeat(255))).toMatchObject({ status: 201 });
  });
});
