import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  CALLER,
  CONSENT,
  failureOf,
  makeClient,
  makeTlsWorld,
  startServer,
  type TestClient,
} from '../../../test/support/jlis-rig.js';
import { type JlisServer, respond } from '../../../test/support/jlis-server.js';
import type { SignedConsent } from './jlis-services.js';

let server: JlisServer;
let jlis: TestClient;
beforeAll(async () => {
  const world = await makeTlsWorld();
  server = await startServer(world);
  jlis = makeClient(world, server.url);
});
beforeEach(() => void server.calls.splice(0));
afterAll(async () => {
  jlis.close();
  await server.stop();
});
const answer = (body: unknown, status = 200) => (server.answer = (_, response) => respond(response, status, body));
const sent = () => server.calls.at(-1)!;

const CONSENT_SENT = { text_version: 'v1', given_at: '2026-11-23T00:00:00Z' };
const ATTRIBUTES = {
  name: '中本　聡',
  name_substitution: '0000',
  sex: '1',
  date_of_birth: '420081031',
  address: '東京都港区芝公園４丁目２番地８',
  address_substitution: '000000000000000',
};
const link = (serial = '7') => jlis.services.linkSerial({ ...CALLER, serial, consent: CONSENT });
const counterpart = (kind: 'sign' | 'auth' = 'sign') =>
  jlis.services.findCounterpart({ ...CALLER, kind, serial: '7', consent: CONSENT });
const attributes = () => jlis.services.latestAttributes({ ...CALLER, consentId: 'c1', signSerial: '7' });
const pending = { state: 'not_yet_linkable', retry_after_seconds: 5_400 };

describe('a request', () => {
  it('names the service provider and itself, and asks for plain JSON', async () => {
    answer({ version: '1', chained_linkage: false });
    expect(await jlis.services.capabilities(CALLER)).toEqual({ version: '1', chainedLinkage: false });
    expect(sent()).toMatchObject({ method: 'GET', path: '/v1/capabilities', body: undefined });
    expect(sent().headers).toMatchObject({ 'x-service-id': CALLER.serviceId, accept: 'application/json' });
    expect(sent().headers['x-request-id']).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  });
  it('is never made with what our own code must not ask', async () => {
    const serial = '12345678901234567890123456789012345678901234567890';
    for (const asked of [
      link(serial),
      link('07'),
      jlis.services.checkAge({ ...CALLER, serial: '7', age: 131, on: '2026-11-23' }),
      jlis.services.checkAge({ ...CALLER, serial: '7', age: 20, on: '2026-02-29' }),
      jlis.services.capabilities({ ...CALLER, serviceId: 'ten_1' }),
    ]) {
      const error: unknown = await asked.catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(TypeError);
      expect(String(error)).not.toContain(serial);
    }
    expect(server.calls).toEqual([]);
  });
});

describe('linkage', () => {
  it('sends serial and consent and gives each state', async () => {
    answer({ state: 'linked', previous_serial: '6', later: { member: 1 } });
    expect(await link()).toEqual({ state: 'linked', previousSerial: '6' });
    expect(sent()).toMatchObject({ path: '/v1/serial-linkages', body: { serial: '7', consent: CONSENT_SENT } });
    answer({ state: 'not_found' });
    expect(await link()).toEqual({ state: 'not_found' });
    answer(pending);
    expect(await link()).toEqual({ state: 'not_yet_linkable', retryAfterSeconds: 5_400 });
  });
  it.each([
    ['the serial asked about', { state: 'linked', previous_serial: '7' }, 'same_serial'],
    ['no serial', { state: 'linked' }, 'previous_serial'],
    ['a number instead of a string', { state: 'linked', previous_serial: 6 }, 'previous_serial'],
    ['a serial in hexadecimal', { state: 'linked', previous_serial: '0xff' }, 'previous_serial'],
    ['a negative serial', { state: 'linked', previous_serial: '-6' }, 'previous_serial'],
    ['an unknown state', { state: 'maybe' }, 'state'],
    ['no time to wait', { state: 'not_yet_linkable' }, 'retry_after_seconds'],
    ['no time at all to wait', { ...pending, retry_after_seconds: 0 }, 'retry_after_seconds'],
  ])('takes %s for garbage', async (_, body, fact) => {
    answer(body);
    expect(await failureOf(link())).toMatchObject({ detail: 'answer_malformed', fact });
  });
});

describe('counterpart', () => {
  it('gives what the other side can know, and each state', async () => {
    const found = { kind: 'auth', serial: '7' };
    answer({ state: 'found', counterpart: found });
    expect(await counterpart()).toEqual({ state: 'found', counterpart: found });
    expect(sent()).toMatchObject({
      path: '/v1/counterparts',
      body: { kind: 'sign', serial: '7', consent: CONSENT_SENT },
    });
    answer({ state: 'found', counterpart: { ...found, issuer_key_id: 'ab01', not_after: '2030-01-01T14:59:59Z' } });
    expect(await counterpart()).toEqual({
      state: 'found',
      counterpart: { ...found, issuerKeyId: 'ab01', notAfter: '2030-01-01T14:59:59Z' },
    });
    answer({ state: 'not_found' });
    expect(await counterpart()).toEqual({ state: 'not_found' });
    answer(pending);
    expect(await counterpart()).toEqual({ state: 'not_yet_linkable', retryAfterSeconds: 5_400 });
  });
  it.each([
    ['a certificate of the same kind', { kind: 'sign', serial: '8' }, 'same_kind'],
    ['an unknown kind', { kind: 'phone', serial: '8' }, 'counterpart.kind'],
    ['null for the certificate', null, 'counterpart'],
    ['a local time', { kind: 'auth', serial: '8', not_after: '2030-01-01 23:59' }, 'counterpart.not_after'],
  ])('takes %s for garbage', async (_, body, fact) => {
    answer({ state: 'found', counterpart: body });
    expect(await failureOf(counterpart())).toMatchObject({ detail: 'answer_malformed', fact });
  });
});

describe('age check', () => {
  const ask = () => jlis.services.checkAge({ ...CALLER, serial: '7', age: 20, on: '2026-11-23' });
  it.each(['yes', 'no', 'unknown'] as const)('gives %s', async (given) => {
    answer({ answer: given });
    expect(await ask()).toBe(given);
    expect(sent()).toMatchObject({ path: '/v1/age-checks', body: { serial: '7', age: 20, on: '2026-11-23' } });
  });
  it('tells an unknown certificate from a path that is not there', async () => {
    answer({ code: 'not_found' }, 404);
    expect(await ask()).toBe('not_found');
    answer('<html>', 404);
    expect(await failureOf(ask())).toMatchObject({ detail: 'http_status', fact: 404 });
  });
});

describe('consent', () => {
  const CALL_ID = '0193f000-0000-4000-8000-000000000001';
  const consent: SignedConsent = {
    signSerial: '7',
    ...CONSENT,
    expiresAt: '2036-11-23T00:00:00Z',
    document: Buffer.alloc(32 * 1024, 1),
    signature: Buffer.alloc(256, 2),
    certificate: Buffer.alloc(2_000, 3),
    digestAlgorithm: 'sha256',
    padding: 'pkcs1_v15',
  };
  const register = () => jlis.services.registerConsent({ ...CALLER, callId: CALL_ID }, consent);
  it('is registered under the id of its call', async () => {
    answer({ consent_id: 'c1', registered_at: '2026-11-23T00:00:01Z', expires_at: consent.expiresAt });
    expect(await register()).toEqual({
      state: 'registered',
      consentId: 'c1',
      registeredAt: '2026-11-23T00:00:01Z',
      expiresAt: consent.expiresAt,
    });
    expect(sent().headers['x-request-id']).toBe(CALL_ID);
    expect(sent().body).toEqual({
      ...CONSENT_SENT,
      sign_serial: '7',
      expires_at: consent.expiresAt,
      document: consent.document.toString('base64'),
      signature: consent.signature.toString('base64'),
      certificate: consent.certificate.toString('base64'),
      digest_algorithm: 'sha256',
      padding: 'pkcs1_v15',
    });
  });
  it('may be refused, which is an answer', async () => {
    answer({ code: 'consent_refused' }, 400);
    expect(await register()).toEqual({ state: 'refused' });
    expect(jlis.records.at(-1)?.end?.outcome).toBe('consent_refused');
    answer({ code: 'request_invalid' }, 400);
    expect(await failureOf(register())).toMatchObject({ detail: 'http_status', fact: 400 });
  });
  it('with a document above 32 KiB is not sent', async () => {
    const large = { ...consent, document: Buffer.alloc(32 * 1024 + 3) };
    await expect(jlis.services.registerConsent({ ...CALLER, callId: CALL_ID }, large)).rejects.toThrow(
      'J-LIS consent: document',
    );
  });
});

describe('withdrawals', () => {
  const row = (sequence: number) => ({
    sequence,
    service_id: CALLER.serviceId,
    consent_id: `c${sequence}`,
    withdrawn_at: '2026-11-23T00:00:00Z',
  });
  const poll = (after?: string) =>
    jlis.services.withdrawals({
      mode: 'test',
      actor: 'system:worker',
      ...(after === undefined ? {} : { after, limit: 2 }),
    });
  it('are of the platform, a page at a time', async () => {
    answer({ withdrawals: [row(4), row(7)], next: '7' });
    expect(await poll('3')).toEqual({
      withdrawals: [4, 7].map((sequence) => ({
        sequence,
        serviceId: CALLER.serviceId,
        consentId: `c${sequence}`,
        withdrawnAt: '2026-11-23T00:00:00Z',
      })),
      next: '7',
    });
    expect(sent().path).toBe('/v1/consent-withdrawals?after=3&limit=2');
    expect(sent().headers['x-service-id']).toBeUndefined();
    expect(jlis.records.at(-1)).not.toHaveProperty('tenantId');
    answer({ withdrawals: [], next: null });
    expect(await poll()).toEqual({ withdrawals: [] });
    expect(sent().path).toBe('/v1/consent-withdrawals');
  });
  it.each([
    ['one that is known already', { withdrawals: [row(3)], next: null }, 'sequence'],
    ['an order that goes back', { withdrawals: [row(5), row(4)], next: null }, 'sequence'],
    ['a next page without an end', { withdrawals: [], next: '3' }, 'next'],
    ['a next page that skips', { withdrawals: [row(4)], next: '9' }, 'next'],
    ['one of nobody', { withdrawals: [{ ...row(4), service_id: '' }], next: null }, 'withdrawals.0.service_id'],
  ])('take %s for garbage', async (_, body, fact) => {
    answer(body);
    expect(await failureOf(poll('3'))).toMatchObject({ detail: 'answer_malformed', fact });
  });
});

describe('latest attributes', () => {
  it('are given as they stand in the certificate', async () => {
    answer({ state: 'updated', attributes: ATTRIBUTES, serial: '9' });
    expect(await attributes()).toEqual({
      state: 'updated',
      serial: '9',
      attributes: {
        name: '中本　聡',
        nameSubstitution: '0000',
        sex: '1',
        dateOfBirth: '420081031',
        address: '東京都港区芝公園４丁目２番地８',
        addressSubstitution: '000000000000000',
      },
    });
    expect(sent()).toMatchObject({ path: '/v1/latest-attributes', body: { consent_id: 'c1', sign_serial: '7' } });
  });
  it.each(['unchanged', 'no_new_certificate', 'consent_missing', 'withdrawn'] as const)('may be %s', async (state) => {
    answer({ state });
    expect(await attributes()).toEqual({ state });
  });
  it.each([
    ['the certificate known before', { serial: '7' }, 'same_serial'],
    [
      'a date of another form',
      { attributes: { ...ATTRIBUTES, date_of_birth: '2008-10-31' } },
      'attributes.date_of_birth',
    ],
    ['a lone surrogate', { attributes: { ...ATTRIBUTES, name: '\ud842' } }, 'attributes.name'],
    ['a control character', { attributes: { ...ATTRIBUTES, address: 'a\u0000' } }, 'attributes.address'],
    ['a missing attribute', { attributes: { ...ATTRIBUTES, address: undefined } }, 'attributes.address'],
  ])('take %s for garbage, which never shows in the failure', async (_, change, fact) => {
    answer({ state: 'updated', attributes: ATTRIBUTES, serial: '9', ...change });
    const failure = await failureOf(attributes());
    expect(failure).toMatchObject({ detail: 'answer_malformed', fact });
    expect(failure.message).not.toMatch(/中本|2008/);
  });
});
