import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Schemas } from '#lib/api-client';
import { ApiStack, type TestKey } from '../support/api.js';
import { base64, type Padding, type RawOptions } from '../support/card.js';

type Verification = Schemas['Verification'];
type Challenge = Schemas['Challenge'];
type Body = Schemas['AuthenticationRequest'];

let stack: ApiStack;
let key: TestKey;
beforeAll(async () => {
  stack = await ApiStack.start();
  key = await stack.newKey();
}, 120_000);
afterAll(() => stack.stop());

async function newChallenge(asker = key): Promise<Challenge> {
  const { data, response } = await asker.client.POST('/v1/challenges');
  expect(response.status).toBe(201);
  return data!;
}

/** The card's answer to a challenge. */
async function answerTo({ id, nonce }: Challenge, options: RawOptions = {}): Promise<Body> {
  const { card = 'adult-valid', certificate = 'auth', padding = 'pkcs1_v15', digest_algorithm = 'sha256' } = options;
  const signed = await stack.sandbox.signRaw(card, { certificate, content: nonce, padding, digest_algorithm });
  return { challenge_id: id, ...signed, padding, digest_algorithm };
}

const authenticate = async (
  body: Body,
  asker = key,
): Promise<{ status: number; verification: Verification; code: string | undefined }> => {
  const { data, error, response } = await asker.client.POST('/v1/authentications', { body });
  return { status: response.status, verification: data!, code: error?.code };
};
async function decided(body: Body): Promise<Verification> {
  const { status, code, verification } = await authenticate(body);
  expect([status, code]).toEqual([201, undefined]);
  return verification;
}

describe('201: a challenge', () => {
  it('is 32 bytes that never repeat, for five minutes', async () => {
    const challenges = await Promise.all(Array.from({ length: 20 }, () => newChallenge()));
    for (const { nonce, created_at, expires_at } of challenges) {
      expect(Buffer.from(nonce, 'base64')).toHaveLength(32);
      expect(Date.parse(expires_at) - Date.parse(created_at)).toBe(5 * 60_000);
    }
    expect(new Set(challenges.map(({ nonce }) => nonce)).size).toBe(20);
    expect(new Set(challenges.map(({ id }) => id)).size).toBe(20);
  });
});

describe('201: an authentication', () => {
  it.each<Padding>(['pkcs1_v15', 'pkcs1_v15_bare', 'pss'])(
    'with %s is valid, names its challenge and tells no attributes',
    async (padding) => {
      const challenge = await newChallenge();
      const verification = await decided({ ...(await answerTo(challenge, { padding })), reference: 'login 1' });
      expect(verification).toMatchObject({
        kind: 'authentication',
        outcome: 'valid',
        reason: null,
        challenge_id: challenge.id,
        reference: 'login 1',
        attributes: null,
        certificate: { kind: 'auth' },
        usage: [{ meter: 'auth_check', method: 'crl' }],
      });
      const { data } = await key.client.GET('/v1/verifications/{id}', { params: { path: { id: verification.id } } });
      expect(data).toEqual(verification);
    },
  );

  it.each([
    ['minor', 'valid', undefined],
    ['moved', 'valid', undefined],
    ['adult-valid-2019', 'valid', undefined],
    ['deceased', 'invalid', 'revoked'],
    ['on-hold', 'invalid', 'revoked'],
    ['expired', 'invalid', 'certificate_expired'],
    ['adult-expired-2015', 'invalid', 'issuer_expired'],
  ])('of %s is %s %s', async (card, outcome, code) => {
    const verification = await decided(await answerTo(await newChallenge(), { card }));
    expect([verification.outcome, verification.reason?.code]).toEqual([outcome, code]);
    expect(verification.attributes).toBeNull();
  });

  it('by OCSP asks the responder', async () => {
    await stack.sandbox.takeOcspCount();
    const verification = await decided({ ...(await answerTo(await newChallenge())), revocation: 'ocsp' });
    expect(verification.usage).toMatchObject([{ meter: 'auth_check', method: 'ocsp' }]);
    expect(await stack.sandbox.takeOcspCount()).toBe(1);
  });

  it('with the sign certificate is wrong_hierarchy and tells no attributes', async () => {
    const verification = await decided(await answerTo(await newChallenge(), { certificate: 'sign' }));
    expect([verification.outcome, verification.reason?.code]).toEqual(['invalid', 'wrong_hierarchy']);
    expect([verification.attributes, verification.usage]).toEqual([null, []]);
  });

  it('that answers another challenge is signature_mismatch, and asks nobody', async () => {
    const [asked, other] = [await newChallenge(), await newChallenge()];
    await stack.sandbox.takeOcspCount();
    const answer = await answerTo(other);
    const verification = await decided({ ...answer, challenge_id: asked.id, revocation: 'ocsp' });
    expect([verification.outcome, verification.reason?.code]).toEqual(['invalid', 'signature_mismatch']);
    expect(await stack.sandbox.takeOcspCount()).toBe(0);
    // The other one is still open.
    expect((await decided(answer)).outcome).toBe('valid');
  });

  it('that is indeterminate leaves the challenge open for another try', async () => {
    const body = { ...(await answerTo(await newChallenge())), revocation: 'ocsp' as const };
    await stack.sandbox.ocspFault('down');
    expect((await decided(body)).outcome).toBe('indeterminate');
    await stack.sandbox.ocspFault('none');
    expect((await decided(body)).outcome).toBe('valid');
    expect(await authenticate(body)).toMatchObject({ status: 409, code: 'challenge_used' });
  });
});

describe('409: a challenge', () => {
  it.each(['adult-valid', 'deceased'])('decides once, here for %s', async (card) => {
    const body = await answerTo(await newChallenge(), { card });
    await decided(body);
    expect(await authenticate(body)).toMatchObject({ status: 409, code: 'challenge_used' });
  });

  it('that fifty answer at once is decided for exactly one', async () => {
    const body = await answerTo(await newChallenge());
    const answers = await Promise.all(Array.from({ length: 50 }, () => authenticate(body)));
    const won = answers.filter(({ status }) => status === 201);
    expect(won.map(({ verification }) => verification.outcome)).toEqual(['valid']);
    const lost = answers.filter(({ status }) => status !== 201);
    expect(lost.map(({ status, code }) => [status, code])).toEqual(Array(49).fill([409, 'challenge_used']));
    const { rows } = await stack.owner.query<{ verifications: string; metered: string }>(
      `select count(distinct v.id) as verifications, count(u.id) as metered from verification v
       left join usage_event u on u.verification_id = v.id
       where replace(v.challenge_id::text, '-', '') = $1`,
      [body.challenge_id.slice(4)],
    );
    expect(rows).toEqual([{ verifications: '1', metered: '1' }]);
  });
});

describe('422: a challenge', () => {
  it.each([
    ['that never was', () => 'chl_0193f0c0000070008000000000000000'],
    ['of no form', () => 'challenge'],
    ['of another kind of thing', () => 'ver_0193f0c0000070008000000000000000'],
    ['in upper case', async () => (await newChallenge()).id.toUpperCase()],
    ['of another tenant', async () => (await newChallenge(await stack.newKey())).id],
  ])('%s is challenge_unknown', async (_which, idOf) => {
    const body = { ...(await answerTo(await newChallenge())), challenge_id: await idOf() };
    expect(await authenticate(body)).toMatchObject({ status: 422, code: 'challenge_unknown' });
  });

  it("of the same tenant's other mode is challenge_unknown", async () => {
    const tenantId = await stack.newTenant();
    const [test, live] = [await stack.newKey({ tenantId }), await stack.newKey({ tenantId, mode: 'live' })];
    const body = await answerTo(await newChallenge(test));
    expect(await authenticate(body, live)).toMatchObject({ status: 422, code: 'challenge_unknown' });
    expect((await authenticate(body, test)).verification.outcome).toBe('valid');
  });

  it('older than five minutes is challenge_expired, and a replay of its answer is not', async () => {
    const [answered, unanswered] = [await answerTo(await newChallenge()), await answerTo(await newChallenge())];
    const header = { 'Idempotency-Key': 'login-0001' };
    const send = () => key.client.POST('/v1/authentications', { body: answered, params: { header } });
    const first = await send();
    await stack.moveClock('+6m');
    try {
      expect(await authenticate(unanswered)).toMatchObject({ status: 422, code: 'challenge_expired' });
      const replay = await send();
      expect(replay.response.status).toBe(201);
      expect(replay.response.headers.get('idempotent-replayed')).toBe('true');
      expect(replay.data).toEqual(first.data);
    } finally {
      await stack.moveClock('0');
    }
    expect((await authenticate(unanswered)).status).toBe(201);
  });
});

describe('400: an authentication', () => {
  it('takes no content of its own: the nonce alone is what is signed', async () => {
    const body = { ...(await answerTo(await newChallenge())), content: base64('something else') };
    const answer = await stack.send('POST', '/v1/authentications', { key, body: JSON.stringify(body) });
    expect([answer.status, answer.body['code']]).toEqual([400, 'request_invalid']);
  });
});
