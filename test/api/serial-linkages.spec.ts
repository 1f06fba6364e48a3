import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Schemas } from '#lib/api-client';
import { ApiStack, type TestKey } from '../support/api.js';
import type { JlisFault } from '../support/card.js';
import { consentNow } from '../support/consent.js';
import { authenticationBody, logIn, signUp } from '../support/login.js';
import type { Verification } from '../support/verification.js';

type Linkage = Schemas['SerialLinkage'];
type Body = Schemas['SerialLinkageRequest'];

let stack: ApiStack;
let tenantId: string;
let key: TestKey;
beforeAll(async () => {
  stack = await ApiStack.start();
  tenantId = await stack.newTenant();
  await stack.setContract(tenantId, { identify: true, counterpart: true });
  key = await stack.newKey({ tenantId });
}, 120_000);
afterAll(() => stack.stop());
afterEach(async () => {
  await stack.sandbox.healthy();
  await stack.sandbox.chainLinkages(false);
});

const post = async (body: Body, asker = key, idempotencyKey?: string) =>
  asker.client.POST('/v1/serial-linkages', {
    body,
    ...(idempotencyKey === undefined ? {} : { headers: { 'idempotency-key': idempotencyKey } }),
  });
async function linked(body: Body, asker = key): Promise<Linkage> {
  const { data, error, response } = await post(body, asker);
  expect([response.status, error?.code]).toEqual([201, undefined]);
  return data!;
}
async function refusal(body: Body, asker = key): Promise<[number, string | undefined]> {
  const { error, response } = await post(body, asker);
  return [response.status, error?.code];
}
/** A fresh login that names nobody. */
async function authenticate(card: string, asker = key): Promise<Verification> {
  const { data } = await asker.client.POST('/v1/authentications', {
    body: await authenticationBody(stack, asker, card),
  });
  expect(data!.outcome).toBe('valid');
  return data!;
}
async function metered(): Promise<string[]> {
  const { rows } = await stack.owner.query<{ meter: string }>(
    'select meter from usage_event where tenant_id = $1 order by id',
    [tenantId],
  );
  return rows.map(({ meter }) => meter);
}

describe('201: a linkage', () => {
  it('of a renewed card names the person known by the certificate before', async () => {
    const card = await stack.sandbox.issueRenewed();
    const old = await logIn(stack, key, card, { earlier: 1 });
    const verification = await authenticate(card);
    const linkage = await linked({ verification_id: verification.id, consent: consentNow() });
    expect(linkage).toEqual({
      id: expect.stringMatching(/^lnk_[0-9a-f]{32}$/),
      state: 'linked',
      detail: null,
      needs: null,
      next_step: 'none',
      person_id: old.person!.id,
      certificate_id: expect.stringMatching(/^crt_/),
      previous_certificate_id: expect.stringMatching(/^crt_/),
      source: 'jlis',
      verification_id: verification.id,
      consent_id: expect.stringMatching(/^cns_/),
      attempts: 1,
      next_attempt_at: null,
      created_at: expect.any(String),
      updated_at: expect.any(String),
    });
    const { data } = await key.client.GET('/v1/serial-linkages/{id}', { params: { path: { id: linkage.id } } });
    expect(data).toEqual(linkage);
    expect((await logIn(stack, key, card)).person).toMatchObject({ id: old.person!.id, new: false });
    const { data: newer } = await key.client.GET('/v1/serial-linkages', {
      params: { query: { previous: linkage.previous_certificate_id! } },
    });
    expect(newer).toEqual({
      person_id: old.person!.id,
      data: [
        {
          certificate_id: linkage.certificate_id,
          previous_certificate_id: linkage.previous_certificate_id,
          serial_linkage_id: linkage.id,
          linked_at: linkage.created_at,
        },
      ],
    });
  });

  it('without a consent asks nobody and says what one has to cover', async () => {
    const card = await stack.sandbox.issueRenewed();
    await logIn(stack, key, card, { earlier: 1 });
    await stack.sandbox.forgetJlisRequests();
    const linkage = await linked({ verification_id: (await authenticate(card)).id });
    expect(linkage).toMatchObject({
      state: 'consent_required',
      detail: 'consent_missing',
      needs: ['jlis_use', 'obtain_previous_serial'],
      next_step: 'obtain_consent',
      consent_id: null,
      attempts: 0,
    });
    expect(await stack.sandbox.jlisRequests()).toEqual([]);
  });

  it.each([
    ['of the future', { given_at: '2999-01-01T00:00:00Z' }, 'consent_given_in_future'],
    ['to something else', { covers: ['jlis_use' as const] }, 'consent_covers_missing'],
  ])('with a consent %s asks nobody', async (_what, change, detail) => {
    const card = await stack.sandbox.issueRenewed();
    await stack.sandbox.forgetJlisRequests();
    const verification = await authenticate(card);
    const linkage = await linked({ verification_id: verification.id, consent: consentNow(change) });
    expect(linkage).toMatchObject({ state: 'consent_required', detail });
    expect(await stack.sandbox.jlisRequests()).toEqual([]);
  });

  it('of a fresh certificate is pending, however often it is asked for', async () => {
    const card = await stack.sandbox.issue();
    await stack.sandbox.renew(card);
    const verification = await authenticate(card);
    const linkage = await linked({ verification_id: verification.id, consent: consentNow() });
    expect(linkage).toMatchObject({ state: 'pending', detail: 'not_yet_linkable', next_step: 'wait', attempts: 1 });
    expect(Date.parse(linkage.next_attempt_at!) - Date.parse(linkage.created_at)).toBeGreaterThan(80 * 60_000);
    expect((await linked({ verification_id: verification.id, consent: consentNow() })).id).toBe(linkage.id);
  });

  it('over three renewals is found only where J-LIS answers about superseded serials', async () => {
    const card = await stack.sandbox.issueRenewed(3);
    const old = await logIn(stack, key, card, { earlier: 3 });
    const verification = await authenticate(card);
    const body = { verification_id: verification.id, consent: consentNow() };
    const without = await linked(body);
    expect(without).toMatchObject({ state: 'not_found', detail: 'no_known_previous', next_step: 're_enrol' });
    expect(without.person_id).not.toBe(old.person!.id);
    await stack.sandbox.chainLinkages(true);
    const found = await linked(body);
    expect(found).toMatchObject({ state: 'linked', person_id: old.person!.id });
    const { data } = await key.client.GET('/v1/serial-linkages', {
      params: { query: { previous: found.previous_certificate_id! } },
    });
    expect(data!.data.map((step) => step.certificate_id)).toEqual([found.certificate_id]);
  });

  it("and everything around it adds nothing to the meter but the authentications' checks", async () => {
    const card = await stack.sandbox.issueRenewed(2);
    await stack.sandbox.chainLinkages(true);
    await logIn(stack, key, card, { earlier: 2 });
    const before = await metered();
    const verification = await authenticate(card);
    const body = { verification_id: verification.id, consent: consentNow() };
    const same = randomUUID();
    await post(body, key, same);
    await post(body, key, same);
    await linked(body);
    expect((await metered()).slice(before.length)).toEqual(['auth_check']);
  });

  it('under the same Idempotency-Key is told again, and J-LIS is not asked', async () => {
    const card = await stack.sandbox.issueRenewed();
    await logIn(stack, key, card, { earlier: 1 });
    const body = { verification_id: (await authenticate(card)).id, consent: consentNow() };
    const same = randomUUID();
    const first = await post(body, key, same);
    await stack.sandbox.forgetJlisRequests();
    const second = await post(body, key, same);
    expect(second.data).toEqual(first.data);
    expect([first, second].map(({ response }) => response.headers.get('idempotent-replayed'))).toEqual([null, 'true']);
    expect(await stack.sandbox.jlisRequests()).toEqual([]);
    const other = await post({ verification_id: body.verification_id }, key, same);
    expect([other.response.status, other.error?.code]).toEqual([422, 'idempotency_key_reused']);
  });
});

describe('201: when J-LIS does wrong', () => {
  it.each<[JlisFault, Partial<Linkage>]>([
    ['down', { state: 'pending', detail: 'jlis_unavailable' }],
    ['garbage', { state: 'pending', detail: 'jlis_unavailable' }],
    ['unavailable', { state: 'pending', detail: 'jlis_unavailable' }],
    ['same_serial', { state: 'pending', detail: 'jlis_unavailable' }],
    ['wrong_person', { state: 'not_found', detail: 'no_known_previous' }],
  ])('%s: nobody is joined', async (fault, outcome) => {
    const card = await stack.sandbox.issueRenewed();
    const old = await logIn(stack, key, card, { earlier: 1 });
    const stranger = await stack.sandbox.issue();
    await stack.sandbox.jlisFault('serial_linkages', fault, fault === 'wrong_person' ? { card: stranger } : {});
    const verification = await authenticate(card);
    const linkage = await linked({ verification_id: verification.id, consent: consentNow() });
    expect(linkage).toMatchObject(outcome);
    expect(linkage.person_id).not.toBe(old.person!.id);
    expect(linkage.previous_certificate_id).toBeNull();
  });

  it('a circle joins nobody', async () => {
    const card = await stack.sandbox.issueRenewed(2);
    await stack.sandbox.jlisFault('serial_linkages', 'cycle');
    await stack.sandbox.chainLinkages(true);
    const linkage = await linked({ verification_id: (await authenticate(card)).id, consent: consentNow() });
    expect(linkage).toMatchObject({ state: 'ambiguous', detail: 'cycle', next_step: 'check_manually' });
  });
});

describe('400, 403, 404, 422: a linkage', () => {
  it.each<[string, unknown]>([
    ['of a bare serial number', { serial: '200000007' }],
    ['of a serial number besides', { verification_id: 'ver_1', serial: '200000007' }],
    ['without a proof', { consent: { sign_up: true } }],
    ['with a consent to nothing', { verification_id: 'ver_1', consent: consentNow({ covers: [] }) }],
    ['with a consent of no known form', { verification_id: 'ver_1', consent: { sign_up: false } }],
    [
      'with a text version that J-LIS cannot take',
      { verification_id: 'ver_1', consent: consentNow({ text_version: 'v 1' }) },
    ],
  ])('%s is request_invalid', async (_what, body) => {
    const answer = await stack.send('POST', '/v1/serial-linkages', { key, body: JSON.stringify(body) });
    expect([answer.status, answer.body['code']]).toEqual([400, 'request_invalid']);
  });

  it('on an unknown check, or one of another tenant, is proof_unknown', async () => {
    const card = await stack.sandbox.issueRenewed();
    const otherTenant = await stack.newTenant();
    await stack.setContract(otherTenant, { identify: true });
    const theirs = await authenticate(card, await stack.newKey({ tenantId: otherTenant }));
    for (const id of [theirs.id, `ver_${'0'.repeat(32)}`, '200000007', 'per_1'])
      expect(await refusal({ verification_id: id, consent: consentNow() })).toEqual([422, 'proof_unknown']);
  });

  it('on a signature verification is proof_of_other_kind', async () => {
    const { id } = await signUp(stack, key, 'adult-valid');
    expect(await refusal({ verification_id: id, consent: consentNow() })).toEqual([422, 'proof_of_other_kind']);
  });

  it('on a check that failed is proof_unsuccessful', async () => {
    const { data } = await key.client.POST('/v1/authentications', {
      body: await authenticationBody(stack, key, 'deceased'),
    });
    expect(await refusal({ verification_id: data!.id })).toEqual([422, 'proof_unsuccessful']);
  });

  it('needs the contract and the scope', async () => {
    const poor = await stack.newKey();
    expect(await refusal({ verification_id: (await authenticate('adult-valid', poor)).id }, poor)).toEqual([
      403,
      'feature_not_contracted',
    ]);
    const reader = await stack.newKey({ tenantId, scopes: ['persons:read'] });
    expect(await refusal({ verification_id: 'ver_1' }, reader)).toEqual([403, 'scope_missing']);
  });

  it('of another tenant is the same 404 as none', async () => {
    const card = await stack.sandbox.issueRenewed();
    const { id } = await linked({ verification_id: (await authenticate(card)).id });
    const stranger = await stack.newKey();
    for (const [asker, path] of [
      [stranger, id],
      [key, `lnk_${'0'.repeat(32)}`],
      [key, '200000007'],
    ] as const) {
      const { response, error } = await asker.client.GET('/v1/serial-linkages/{id}', {
        params: { path: { id: path } },
      });
      expect([response.status, error?.code]).toEqual([404, 'not_found']);
    }
  });

  it('asked for by what was before refuses bare serials, sign certificates and strangers', async () => {
    const newer = async (previous: string, asker = key): Promise<[number, string | undefined]> => {
      const { response, error } = await asker.client.GET('/v1/serial-linkages', { params: { query: { previous } } });
      return [response.status, error?.code];
    };
    const card = await stack.sandbox.issueRenewed();
    const { certificate_id } = await linked({ verification_id: (await authenticate(card)).id });
    expect(await newer(certificate_id!)).toEqual([200, undefined]);
    expect(await newer(certificate_id!, await stack.newKey())).toEqual([422, 'certificate_unknown']);
    expect(await newer('200000007')).toEqual([422, 'certificate_unknown']);
    await signUp(stack, key, card);
    const { rows } = await stack.owner.query<{ id: string }>(
      `select 'crt_' || replace(id::text, '-', '') as id from person_certificate where tenant_id = $1 and kind = 'sign' limit 1`,
      [tenantId],
    );
    expect(await newer(rows[0]!.id)).toEqual([422, 'certificate_of_other_kind']);
    const missing = await stack.send('GET', '/v1/serial-linkages', { key });
    expect([missing.status, missing.body['code']]).toEqual([400, 'request_invalid']);
  });
});

/** Last, because it moves the clock. */
describe('422: a proof', () => {
  it('is one for ten minutes', async () => {
    const { id } = await authenticate(await stack.sandbox.issueRenewed());
    await stack.moveClock('+11m');
    expect(await refusal({ verification_id: id, consent: consentNow() })).toEqual([422, 'proof_expired']);
    await stack.moveClock('0');
  });
});
