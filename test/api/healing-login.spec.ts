import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { ApiStack, type TestKey } from '../support/api.js';
import type { JlisFault } from '../support/card.js';
import { consentNow } from '../support/consent.js';
import { authenticationBody, logIn, signUp } from '../support/login.js';
import { verifySignature } from '../support/verification.js';
import { rawBody } from '../support/card.js';

/** Old enough for J-LIS to connect its certificates. */
const SETTLED = { not_before: new Date(Date.now() - 3 * 86_400_000).toISOString() };

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
afterEach(() => stack.sandbox.healthy());

const rows = async (table: string): Promise<number> => {
  const found = await stack.owner.query<{ n: number }>(`select count(*)::int as n from ${table} where tenant_id = $1`, [
    tenantId,
  ]);
  return found.rows[0]!.n;
};
/** Of what was metered, in order. */
async function purposes(): Promise<string[]> {
  const found = await stack.owner.query<{ purpose: string }>(
    'select purpose from usage_event where tenant_id = $1 order by id',
    [tenantId],
  );
  return found.rows.map(({ purpose }) => purpose);
}
const askedJlis = async (): Promise<string[]> => (await stack.sandbox.jlisRequests()).map(({ service }) => service);
const read = async (id: string) => (await key.client.GET('/v1/verifications/{id}', { params: { path: { id } } })).data!;

describe('a login with a renewed certificate', () => {
  it('and a consent answers with the person from before, and makes nobody', async () => {
    const card = await stack.sandbox.issueRenewed();
    const old = await logIn(stack, key, card, { earlier: 1 });
    const [persons, metered] = [await rows('person'), await rows('usage_event')];
    const login = await logIn(stack, key, card, { consent: consentNow() });
    expect(login.person).toEqual({ ...old.person, new: false });
    expect(login.linkage).toMatchObject({ state: 'linked', person_id: old.person!.id, verification_id: login.id });
    expect(await rows('person')).toBe(persons);
    expect((await rows('usage_event')) - metered).toBe(1);
    expect(await read(login.id)).toEqual(login);
    await stack.sandbox.forgetJlisRequests();
    const next = await logIn(stack, key, card, { consent: consentNow() });
    expect([next.person, next.linkage]).toEqual([{ ...old.person, new: false }, null]);
    expect(await askedJlis()).toEqual([]);
  });

  it('without a consent says what to ask the person for; with it the next login heals', async () => {
    const card = await stack.sandbox.issueRenewed();
    const old = await logIn(stack, key, card, { earlier: 1 });
    await stack.sandbox.forgetJlisRequests();
    const first = await logIn(stack, key, card);
    expect(first.person).toMatchObject({ state: 'identified', new: true });
    expect(first.linkage).toMatchObject({
      state: 'consent_required',
      needs: ['jlis_use', 'obtain_previous_serial'],
      next_step: 'obtain_consent',
    });
    const second = await logIn(stack, key, card);
    expect(second.linkage!.id).toBe(first.linkage!.id);
    expect(await askedJlis()).toEqual([]);
    const third = await logIn(stack, key, card, { consent: consentNow() });
    expect(third.linkage).toMatchObject({ state: 'linked' });
    expect(third.person!.id).toBe(old.person!.id);
    expect((await read(first.id)).person).toMatchObject({ merged_into: old.person!.id });
  });

  it('heals by the linkage resource too, resting on that login', async () => {
    const card = await stack.sandbox.issueRenewed();
    const old = await logIn(stack, key, card, { earlier: 1 });
    const login = await logIn(stack, key, card);
    const metered = await rows('usage_event');
    const body = { verification_id: login.id, consent: consentNow() };
    const { data } = await key.client.POST('/v1/serial-linkages', { body });
    expect(data).toMatchObject({ state: 'linked', person_id: old.person!.id });
    expect(await rows('usage_event')).toBe(metered);
    const told = await stack.owner.query<{ type: string }>('select type from event where tenant_id = $1', [tenantId]);
    expect(told.rows.map(({ type }) => type)).toContain('person.merged');
  });

  it('rests on the sign-up consent where the contract says so', async () => {
    const own = await stack.newTenant();
    const signUpConsent = { textVersion: 'terms-9', purposes: ['serial_linkage'] as const };
    await stack.setContract(own, { identify: true, signUpConsent });
    const asker = await stack.newKey({ tenantId: own });
    const card = await stack.sandbox.issueRenewed();
    const old = await logIn(stack, asker, card, { earlier: 1 });
    const login = await logIn(stack, asker, card, { consent: { sign_up: true } });
    expect([login.person!.id, login.linkage!.state]).toEqual([old.person!.id, 'linked']);
  });

  it.each<JlisFault>(['down', 'garbage'])(
    'is valid while J-LIS is %s: a new person for now, and a pending linkage',
    async (fault) => {
      const card = await stack.sandbox.issueRenewed();
      const old = await logIn(stack, key, card, { earlier: 1 });
      await stack.sandbox.jlisFault('serial_linkages', fault);
      const login = await logIn(stack, key, card, { consent: consentNow() });
      expect(login.outcome).toBe('valid');
      expect(login.person).toMatchObject({ state: 'identified', new: true });
      expect(login.person!.id).not.toBe(old.person!.id);
      expect(login.linkage).toMatchObject({ state: 'pending', detail: 'jlis_unavailable', next_step: 'wait' });
      await stack.sandbox.healthy();
      await stack.sandbox.forgetJlisRequests();
      const again = await logIn(stack, key, card, { consent: consentNow() });
      expect([again.person!.id, again.linkage!.id]).toEqual([login.person!.id, login.linkage!.id]);
      expect(await askedJlis()).toEqual([]);
    },
  );

  it('of twenty at once ends at the one old person', async () => {
    const card = await stack.sandbox.issueRenewed();
    const old = await logIn(stack, key, card, { earlier: 1 });
    const logins = await Promise.all(
      Array.from({ length: 20 }, () => logIn(stack, key, card, { consent: consentNow() })),
    );
    expect(new Set(logins.map(({ person }) => person!.id))).toEqual(new Set([old.person!.id]));
    expect(logins.filter(({ person }) => person!.new)).toEqual([]);
  });

  it('repeated with its Idempotency-Key answers the same, and J-LIS is not asked again', async () => {
    const card = await stack.sandbox.issueRenewed();
    await logIn(stack, key, card, { earlier: 1 });
    const body = { ...(await authenticationBody(stack, key, card)), identify: true, consent: consentNow() };
    const headers = { 'idempotency-key': randomUUID() };
    const first = await key.client.POST('/v1/authentications', { body, headers });
    await stack.sandbox.forgetJlisRequests();
    const second = await key.client.POST('/v1/authentications', { body, headers });
    expect(second.data).toEqual(first.data);
    expect(first.data!.linkage!.state).toBe('linked');
    expect(await askedJlis()).toEqual([]);
  });

  it('that is cut off after the verdict is completed by the repeated request', async () => {
    const card = await stack.sandbox.issueRenewed();
    const old = await logIn(stack, key, card, { earlier: 1 });
    const body = { ...(await authenticationBody(stack, key, card)), identify: true, consent: consentNow() };
    const headers = { 'idempotency-key': randomUUID() };
    const first = await key.client.POST('/v1/authentications', { body, headers });
    const certificate = first.data!.linkage!.certificate_id!.slice(4);
    // As if the process had been killed between the verdict's commit and the person's, which is one transaction.
    for (const statement of [
      `delete from certificate_link where to_id = $1::uuid`,
      `delete from verification_person v using serial_linkage l where l.id = v.serial_linkage_id and l.certificate_id = $1::uuid`,
      `delete from serial_linkage where certificate_id = $1::uuid`,
      `delete from person_certificate where id = $1::uuid`,
    ])
      await stack.owner.query(statement, [certificate]);
    const metered = await rows('usage_event');
    const second = await key.client.POST('/v1/authentications', { body, headers });
    expect(second.data!.id).toBe(first.data!.id);
    expect(second.data!.person).toEqual({ ...old.person, new: false });
    expect(second.data!.linkage).toMatchObject({ state: 'linked', person_id: old.person!.id });
    expect(await rows('usage_event')).toBe(metered);
  });

  it('asks nobody when it is not valid, or nobody asked whose it is', async () => {
    await stack.sandbox.forgetJlisRequests();
    expect(await logIn(stack, key, 'deceased', { consent: consentNow() })).toMatchObject({
      outcome: 'invalid',
      person: null,
      linkage: null,
      counterpart: null,
    });
    const card = await stack.sandbox.issueRenewed();
    expect(await logIn(stack, key, card, { identify: false })).toMatchObject({ person: null, linkage: null });
    expect(await askedJlis()).toEqual([]);
  });

  it('of a new customer is a new person', async () => {
    const login = await logIn(stack, key, await stack.sandbox.issue(SETTLED), { consent: consentNow() });
    expect(login.person).toMatchObject({ state: 'identified', new: true });
    expect(login.linkage).toMatchObject({ state: 'not_found', detail: 'no_known_previous' });
  });
});

describe('a check with counterpart', () => {
  it('makes the person known by both certificates at once, and is counted once', async () => {
    const card = await stack.sandbox.issue(SETTLED);
    const login = await logIn(stack, key, card);
    const [persons, metered] = [await rows('person'), await rows('usage_event')];
    const enrolled = await signUp(stack, key, card, { counterpart: true, consent: consentNow() });
    expect(enrolled.person).toMatchObject({ id: login.person!.id, new: false });
    expect(enrolled.person!.status).not.toBeNull();
    expect(enrolled.counterpart).toMatchObject({
      state: 'found',
      source: 'jlis',
      usage: [{ meter: 'counterpart_delivered' }],
    });
    expect(await rows('person')).toBe(persons);
    expect((await purposes()).slice(metered)).toEqual(['signature_verification', 'identification', 'status_check']);
    expect(await read(enrolled.id)).toEqual(enrolled);
    const again = await signUp(stack, key, card, { counterpart: true });
    expect(again.counterpart).toMatchObject({ state: 'found', source: 'own_record', usage: [] });
  });

  it('without a consent tells the person and what to ask for', async () => {
    const enrolled = await signUp(stack, key, await stack.sandbox.issue(SETTLED), { counterpart: true });
    expect(enrolled.person).toMatchObject({ state: 'identified', new: true });
    expect(enrolled.counterpart).toMatchObject({
      state: 'consent_required',
      needs: ['jlis_use', 'obtain_counterpart'],
    });
  });

  it('is valid while J-LIS is down; the same request asks again', async () => {
    const card = await stack.sandbox.issue(SETTLED);
    const body = {
      ...(await rawBody(stack.sandbox, { card })),
      identify: true,
      counterpart: true,
      consent: consentNow(),
    };
    const headers = { 'idempotency-key': randomUUID() };
    await stack.sandbox.jlisFault('counterparts', 'down');
    const first = await key.client.POST('/v1/signature-verifications', { body, headers });
    expect([first.response.status, first.data!.outcome, first.data!.counterpart]).toEqual([201, 'valid', null]);
    expect(first.data!.person).toMatchObject({ state: 'identified', new: true });
    await stack.sandbox.healthy();
    const second = await key.client.POST('/v1/signature-verifications', { body, headers });
    expect(second.data!.counterpart).toMatchObject({ state: 'found' });
    expect(second.data!.person).toMatchObject({ id: first.data!.person!.id, new: true });
    const third = await key.client.POST('/v1/signature-verifications', { body, headers });
    expect(third.data).toEqual(second.data);
  });

  it('with a renewed login: the seed story', async () => {
    const card = await stack.sandbox.issueRenewed(1, 4 * 3_600_000);
    const enrolled = await verifySignature(
      key,
      await earlierSignature(card, { identify: true, counterpart: true, consent: consentNow() }),
    );
    expect(enrolled.counterpart).toMatchObject({ state: 'found' });
    const login = await logIn(stack, key, card, { consent: consentNow() });
    expect(login.linkage).toMatchObject({ state: 'linked' });
    expect(login.person).toMatchObject({ id: enrolled.person!.id, new: false });
  });
});

describe('400 and 403', () => {
  it('counterpart and consent go with identify', async () => {
    const body = { ...(await authenticationBody(stack, key, 'adult-valid')), counterpart: true };
    const { response, error } = await key.client.POST('/v1/authentications', { body });
    expect([response.status, error?.code, error?.field]).toEqual([400, 'request_invalid', 'identify']);
  });

  it('counterpart needs the contract to include it, and nothing is decided without', async () => {
    const own = await stack.newTenant();
    await stack.setContract(own, { identify: true });
    const asker = await stack.newKey({ tenantId: own });
    const body = { ...(await authenticationBody(stack, asker, 'adult-valid')), identify: true, counterpart: true };
    const { response, error } = await asker.client.POST('/v1/authentications', { body });
    expect([response.status, error?.code]).toEqual([403, 'feature_not_contracted']);
    delete (body as { counterpart?: boolean }).counterpart;
    expect((await asker.client.POST('/v1/authentications', { body })).response.status).toBe(201);
  });
});

/** A signature made with the certificate before the current one. */
async function earlierSignature(card: string, change: object) {
  const content = Buffer.from('contract 1').toString('base64');
  const signing = { padding: 'pkcs1_v15', digest_algorithm: 'sha256' } as const;
  const signed = await stack.sandbox.signRaw(card, { certificate: 'sign', earlier: 1, content, ...signing });
  return { format: 'raw' as const, ...signed, ...signing, content, ...change };
}
