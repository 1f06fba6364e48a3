import { randomUUID } from 'node:crypto';
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Schemas } from '#lib/api-client';
import { ApiStack, type TestKey } from '../../support/api.js';
import type { JlisFault } from '../../support/card.js';
import { consentNow } from '../../support/consent.js';
import { logIn, signUp } from '../../support/login.js';

type Lookup = Schemas['CounterpartLookup'];
type Body = Schemas['CounterpartLookupRequest'];

/** Old enough for J-LIS to connect its certificates. */
const SETTLED = { not_before: new Date(Date.now() - 3 * 86_400_000).toISOString() };

let stack: ApiStack;
let tenantId: string;
let key: TestKey;
beforeAll(async () => {
  stack = await ApiStack.shared();
  tenantId = await stack.newTenant();
  await stack.setContract(tenantId, { identify: true, counterpart: true });
  key = await stack.newKey({ tenantId });
}, 120_000);
afterEach(() => stack.sandbox.healthy());

const post = (body: Body, asker = key, idempotencyKey: string = randomUUID()) =>
  asker.client.POST('/v1/counterpart-lookups', { body, headers: { 'idempotency-key': idempotencyKey } });
async function found(body: Body, asker = key): Promise<Lookup> {
  const { data, error, response } = await post(body, asker);
  expect([response.status, error?.code]).toEqual([201, undefined]);
  return data!;
}
async function delivered(): Promise<number> {
  const { rows } = await stack.owner.query<{ n: number }>(
    `select count(*)::int as n from usage_event where tenant_id = $1 and meter = 'counterpart_delivered'`,
    [tenantId],
  );
  return rows[0]!.n;
}
const askedJlis = async (): Promise<number> => (await stack.sandbox.jlisRequests()).length;

describe('201: a counterpart lookup', () => {
  it.each(['sign to auth', 'auth to sign'])('%s makes one person known by both', async (direction) => {
    const card = await stack.sandbox.issue(SETTLED);
    const [first, second] = direction === 'sign to auth' ? [signUp, logIn] : [logIn, signUp];
    const verification = await first(stack, key, card);
    const lookup = await found({ verification_id: verification.id, consent: consentNow() });
    expect(lookup).toEqual({
      id: expect.stringMatching(/^cpl_[0-9a-f]{32}$/),
      state: 'found',
      detail: null,
      needs: null,
      person_id: verification.person!.id,
      certificate_id: expect.stringMatching(/^crt_/),
      counterpart_certificate_id: expect.stringMatching(/^crt_/),
      source: 'jlis',
      retry_at: null,
      verification_id: verification.id,
      consent_id: expect.stringMatching(/^cns_/),
      usage: [{ id: expect.stringMatching(/^use_/), meter: 'counterpart_delivered', method: 'service' }],
      created_at: expect.any(String),
    });
    const { data } = await key.client.GET('/v1/counterpart-lookups/{id}', { params: { path: { id: lookup.id } } });
    expect(data).toEqual(lookup);
    expect((await second(stack, key, card)).person).toMatchObject({ id: verification.person!.id, new: false });
  });

  it('joins two persons who were apart, and the older survives', async () => {
    const card = await stack.sandbox.issue(SETTLED);
    const older = await signUp(stack, key, card);
    const younger = await logIn(stack, key, card);
    expect(younger.person!.id).not.toBe(older.person!.id);
    const lookup = await found({ verification_id: younger.id, consent: consentNow() });
    expect(lookup).toMatchObject({ state: 'found', person_id: older.person!.id });
    const { data } = await key.client.GET('/v1/verifications/{id}', { params: { path: { id: younger.id } } });
    expect(data!.person).toMatchObject({ id: younger.person!.id, merged_into: older.person!.id });
  });

  it('asks and is counted once: later ones are answered from own records, without a consent', async () => {
    const card = await stack.sandbox.issue(SETTLED);
    const verification = await signUp(stack, key, card);
    const before = await delivered();
    const first = await found({ verification_id: verification.id, consent: consentNow() });
    await stack.sandbox.forgetJlisRequests();
    const again = await found({ verification_id: verification.id });
    const login = await logIn(stack, key, card);
    const back = await found({ verification_id: login.id });
    expect(again).toMatchObject({
      state: 'found',
      source: 'own_record',
      usage: [],
      counterpart_certificate_id: first.counterpart_certificate_id,
    });
    expect(back).toMatchObject({
      source: 'own_record',
      certificate_id: first.counterpart_certificate_id,
      counterpart_certificate_id: first.certificate_id,
    });
    expect(await askedJlis()).toBe(0);
    expect((await delivered()) - before).toBe(1);
  });

  it('of ten at once asks J-LIS once and is counted once', async () => {
    const card = await stack.sandbox.issue(SETTLED);
    const verification = await signUp(stack, key, card);
    const before = await delivered();
    await stack.sandbox.forgetJlisRequests();
    const body = { verification_id: verification.id, consent: consentNow() };
    const lookups = await Promise.all(Array.from({ length: 10 }, () => found(body)));
    expect(new Set(lookups.map((lookup) => lookup.counterpart_certificate_id)).size).toBe(1);
    expect(await askedJlis()).toBe(1);
    expect((await delivered()) - before).toBe(1);
  });

  it('repeated with its Idempotency-Key is told again and counted once', async () => {
    const card = await stack.sandbox.issue(SETTLED);
    const body = { verification_id: (await signUp(stack, key, card)).id, consent: consentNow() };
    const before = await delivered();
    const same = randomUUID();
    const [first, second] = [await post(body, key, same), await post(body, key, same)];
    expect(second.data).toEqual(first.data);
    expect(second.response.headers.get('idempotent-replayed')).toBe('true');
    expect((await delivered()) - before).toBe(1);
  });

  it('that finds none is not counted', async () => {
    const before = await delivered();
    const login = await logIn(stack, key, 'minor');
    const lookup = await found({ verification_id: login.id, consent: consentNow() });
    expect(lookup).toMatchObject({ state: 'not_found', usage: [], counterpart_certificate_id: null });
    expect(await delivered()).toBe(before);
  });

  it('of a fresh card says from when on to ask again, and is not counted', async () => {
    const before = await delivered();
    const login = await logIn(stack, key, await stack.sandbox.issue());
    const lookup = await found({ verification_id: login.id, consent: consentNow() });
    expect(lookup).toMatchObject({ state: 'not_yet_linkable', usage: [] });
    expect(Date.parse(lookup.retry_at!) - Date.parse(lookup.created_at)).toBeGreaterThan(80 * 60_000);
    expect(await delivered()).toBe(before);
  });

  it('without a consent to it asks nobody', async () => {
    const login = await logIn(stack, key, await stack.sandbox.issue(SETTLED));
    await stack.sandbox.forgetJlisRequests();
    const linkageOnly = consentNow({ covers: ['jlis_use', 'obtain_previous_serial'] });
    expect(await found({ verification_id: login.id })).toMatchObject({
      state: 'consent_required',
      detail: 'consent_missing',
      needs: ['jlis_use', 'obtain_counterpart'],
    });
    expect(await found({ verification_id: login.id, consent: linkageOnly })).toMatchObject({
      state: 'consent_required',
      detail: 'consent_covers_missing',
    });
    expect(await askedJlis()).toBe(0);
  });

  it('rests on the sign-up consent where the contract says so', async () => {
    const own = await stack.newTenant();
    await stack.setContract(own, {
      identify: true,
      counterpart: true,
      signUpConsent: { textVersion: 'terms-9', purposes: ['counterpart'] },
    });
    const asker = await stack.newKey({ tenantId: own });
    const verification = await signUp(stack, asker, await stack.sandbox.issue(SETTLED));
    const lookup = await found({ verification_id: verification.id, consent: { sign_up: true } }, asker);
    expect(lookup.state).toBe('found');
  });

  it("of somebody else's birth date is ambiguous: nothing is joined, and what was delivered is counted", async () => {
    const [mine, theirs] = [
      await stack.sandbox.issue(SETTLED),
      await stack.sandbox.issue({ ...SETTLED, birth_date: '319640110' }),
    ];
    const me = await signUp(stack, key, mine);
    await found({ verification_id: me.id, consent: consentNow() });
    const they = await signUp(stack, key, theirs);
    const before = await delivered();
    await stack.sandbox.jlisFault('counterparts', 'wrong_person', { card: mine });
    const lookup = await found({ verification_id: they.id, consent: consentNow() });
    expect(lookup).toMatchObject({
      state: 'ambiguous',
      detail: 'birth_dates_differ',
      person_id: they.person!.id,
      counterpart_certificate_id: null,
    });
    expect((await delivered()) - before).toBe(1);
    expect((await logIn(stack, key, mine)).person).toMatchObject({ id: me.person!.id });
  });
});

describe('503: a counterpart lookup', () => {
  it.each<JlisFault>(['down', 'garbage', 'hang_up', 'internal_error', 'same_serial'])(
    'while J-LIS is %s is jlis_unavailable; the same request converges later',
    async (fault) => {
      const card = await stack.sandbox.issue(SETTLED);
      const verification = await signUp(stack, key, card);
      const body = { verification_id: verification.id, consent: consentNow() };
      const before = await delivered();
      const same = randomUUID();
      await stack.sandbox.jlisFault('counterparts', fault);
      const failed = await post(body, key, same);
      expect([failed.response.status, failed.error?.code]).toEqual([503, 'jlis_unavailable']);
      expect(await delivered()).toBe(before);
      await stack.sandbox.healthy();
      const { data, response } = await post(body, key, same);
      expect([response.status, data?.state]).toEqual([201, 'found']);
      expect(response.headers.get('idempotent-replayed')).toBeNull();
      expect((await delivered()) - before).toBe(1);
    },
  );
});

describe('403, 404, 422: a counterpart lookup', () => {
  it('needs the contract to include it', async () => {
    const own = await stack.newTenant();
    await stack.setContract(own, { identify: true });
    const asker = await stack.newKey({ tenantId: own });
    const { id } = await logIn(stack, asker, 'adult-valid');
    const { response, error } = await post({ verification_id: id }, asker);
    expect([response.status, error?.code]).toEqual([403, 'feature_not_contracted']);
  });

  it("on another tenant's check is proof_unknown", async () => {
    const own = await stack.newTenant();
    await stack.setContract(own, { identify: true });
    const { id } = await logIn(stack, await stack.newKey({ tenantId: own }), 'adult-valid');
    for (const proof of [id, '200000007']) {
      const { response, error } = await post({ verification_id: proof });
      expect([response.status, error?.code]).toEqual([422, 'proof_unknown']);
    }
  });

  it('of another tenant is the same 404 as none', async () => {
    const { id } = await found({ verification_id: (await logIn(stack, key, 'adult-valid')).id });
    const stranger = await stack.newKey();
    for (const [asker, path] of [
      [stranger, id],
      [key, `cpl_${'0'.repeat(32)}`],
    ] as const) {
      const params = { params: { path: { id: path } } };
      const { response, error } = await asker.client.GET('/v1/counterpart-lookups/{id}', params);
      expect([response.status, error?.code]).toEqual([404, 'not_found']);
    }
  });
});
