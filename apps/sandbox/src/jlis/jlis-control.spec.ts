import 'reflect-metadata';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createHash, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { pino } from 'pino';
import { createServer } from '../sandbox-server.js';
import { Sandbox } from '../sandbox.js';

const stateDirectory = mkdtempSync(join(tmpdir(), 'sandbox-spec-'));
let sandbox: Sandbox;
let app: NestFastifyApplication;

beforeAll(async () => {
  sandbox = await Sandbox.open({ stateDirectory, publicUrl: 'http://127.0.0.1:4010' });
  app = await createServer(sandbox, pino({ level: 'silent' }));
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
}, 60_000);
afterAll(async () => {
  await app.close();
  rmSync(stateDirectory, { recursive: true });
});

interface Answer {
  status: number;
  body: Record<string, unknown>;
}

async function send(
  method: 'GET' | 'POST' | 'PUT' | 'DELETE',
  url: string,
  payload?: object,
  remoteAddress = '127.0.0.1',
): Promise<Answer> {
  const response = await app.inject({ method, url, remoteAddress, ...(payload === undefined ? {} : { payload }) });
  const { statusCode: status, body } = response;
  return { status, body: body === '' ? {} : (JSON.parse(body) as Record<string, unknown>) };
}
const codeOf = ({ status, body }: Answer): [number, unknown] => [status, body['code']];

/** A consent of the holder of `card` at a service; its id. */
function consentOf(card: string, serviceId: string): string {
  const now = sandbox.clock.now();
  const facts = { serviceId, requestId: serviceId, contents: card, person: card, textVersion: '1' };
  return sandbox.consents.register({ ...facts, givenAt: now, expiresAt: now + 1000_000 }, now).id;
}

test('is refused to other machines', async () => {
  for (const [method, path] of [
    ['GET', '/control/jlis'],
    ['PUT', '/control/jlis'],
    ['GET', '/control/jlis/requests'],
    ['DELETE', '/control/jlis/requests'],
    ['GET', '/control/consents'],
    ['POST', '/control/cards/demo/withdraw-consents'],
    ['POST', '/control/cards/demo/move'],
    ['DELETE', '/control/faults'],
  ] as const)
    expect([path, codeOf(await send(method, path, {}, '192.0.2.7'))]).toEqual([path, [403, 'control_not_local']]);
});

test('switches stay as set over a restart; what is not named stays', async () => {
  expect((await send('GET', '/control/jlis')).body).toEqual({ chained_linkage: false, counterpart_details: true });
  await send('PUT', '/control/jlis', { chained_linkage: true });
  expect((await send('PUT', '/control/jlis', { counterpart_details: false })).body).toEqual({
    chained_linkage: true,
    counterpart_details: false,
  });
  const again = await Sandbox.open({ stateDirectory, publicUrl: 'http://127.0.0.1:4010' });
  expect(again.jlisSwitches.all).toEqual({ chained_linkage: true, counterpart_details: false });
  expect(codeOf(await send('PUT', '/control/jlis', { chained: true }))).toEqual([400, 'bad_request']);
});

test('a holder withdraws all consents, those at one service, or one', async () => {
  const ids = ['ten_a', 'ten_b', 'ten_c', 'ten_d'].map((service) => consentOf('demo', service));
  consentOf('adult-valid', 'ten_a');
  const withdraw = async (body: object): Promise<unknown> =>
    (await send('POST', '/control/cards/demo/withdraw-consents', body)).body['withdrawn'];
  expect(await withdraw({ service_id: 'ten_b' })).toEqual([ids[1]]);
  expect(await withdraw({ consent_id: ids[3] })).toEqual([ids[3]]);
  expect(await withdraw({ consent_id: 'cns-of-nobody' })).toEqual([]);
  expect(await withdraw({})).toEqual([ids[0], ids[2]]);
  expect(await withdraw({})).toEqual([]);
  const { consents } = (await send('GET', '/control/consents')).body as { consents: { withdrawn_at: unknown }[] };
  expect(consents.filter(({ withdrawn_at }) => withdrawn_at === null)).toHaveLength(1);
});

test('faults of J-LIS services are set one by one and ended together', async () => {
  await send('PUT', '/control/faults', { jlis: { age_checks: { mode: 'down', times: 3 } }, crl: { mode: 'stale' } });
  await send('PUT', '/control/faults', { jlis: { counterparts: { mode: 'slow', delay_ms: 5 } } });
  expect((await send('GET', '/control/faults')).body).toMatchObject({
    crl: { mode: 'stale' },
    jlis: { age_checks: { mode: 'down', times: 3 }, counterparts: { mode: 'slow', delay_ms: 5 } },
  });
  await send('PUT', '/control/faults', { jlis: { age_checks: { mode: 'none' } } });
  expect(Object.keys((await send('GET', '/control/faults')).body['jlis'] as object)).toEqual(['counterparts']);
  expect((await send('DELETE', '/control/faults')).status).toBe(204);
  expect((await send('GET', '/control/faults')).body).toMatchObject({ crl: { mode: 'none' }, jlis: {} });
  expect(codeOf(await send('PUT', '/control/faults', { jlis: { age_checks: { mode: 'cycle' } } }))).toEqual([
    400,
    'bad_request',
  ]);
});

test('the request log is read with its counts and emptied', async () => {
  const asked = { service: 'counterparts', service_id: 'ten_a', outcome: 'found', metered: true } as const;
  for (const request_id of ['one', 'two']) sandbox.jlisLog.append({ ...asked, request_id, at: '2026-11-23T00:00:00Z' });
  expect((await send('GET', '/control/jlis/requests?limit=1')).body).toEqual({
    counts: [{ ...asked, requests: 2 }],
    requests: [{ ...asked, request_id: 'two', at: '2026-11-23T00:00:00Z' }],
  });
  expect((await send('GET', '/control/jlis/requests?limit=0')).body['requests']).toEqual([]);
  expect(codeOf(await send('GET', '/control/jlis/requests?limit=10001'))).toEqual([400, 'bad_request']);
  expect((await send('DELETE', '/control/jlis/requests')).status).toBe(204);
  expect((await send('GET', '/control/jlis/requests')).body).toEqual({ counts: [], requests: [] });
});

describe('a card', () => {
  test('is moved and shows both sign certificates; a map of another length changes nothing', async () => {
    const moved = await send('POST', '/control/cards/demo/move', {
      address: '大阪府見本市転入町１番地',
      municipality: 'mihon',
    });
    expect(moved).toMatchObject({
      status: 200,
      body: {
        municipality: 'mihon',
        holder: { name: '試用　桜', address: '大阪府見本市転入町１番地', address_substitution: '000000000000' },
        certificates: { sign: { status: 'good' }, auth: { status: 'good' } },
        former: [{ hierarchy: 'sign', revocation: { reason: 'affiliationChanged' } }],
      },
    });
    expect(codeOf(await send('POST', '/control/cards/demo/move', { name_substitution: '01' }))).toEqual([
      400,
      'bad_request',
    ]);
    expect(codeOf(await send('POST', '/control/cards/demo/move', { municipality: 'nowhere' }))).toEqual([
      400,
      'bad_request',
    ]);
    expect((await send('GET', '/cards/demo')).body).toEqual(moved.body);
    expect(codeOf(await send('POST', '/control/cards/nobody/move', {}))).toEqual([404, 'card_not_found']);
  });

  test('whose auth certificate has expired gets no sign certificate by a move', async () => {
    expect(codeOf(await send('POST', '/control/cards/expired/move', { name: '改姓　花子' }))).toEqual([
      400,
      'bad_request',
    ]);
    expect((await send('GET', '/cards/expired')).body).toMatchObject({ holder: { name: '満了　花子' }, former: [] });
    expect((await send('POST', '/control/cards/expired/move', { name: '改姓　花子', sign: false })).status).toBe(200);
  });

  test('signs with any certificate it had, by counting back or by serial', async () => {
    const digest = createHash('sha256').update('content').digest('base64');
    const signer = async (which: object): Promise<string> => {
      const request = { certificate: 'auth', pin: '1234', digest, ...which };
      const { body } = await send('POST', '/cards/renewed-thrice/sign', request);
      const certificate = new X509Certificate(Buffer.from(String(body['certificate']), 'base64'));
      return BigInt(`0x${certificate.serialNumber}`).toString();
    };
    const serials = sandbox.cards.get('renewed-thrice').certificates.auth.map(({ serial }) => serial);
    expect(await signer({})).toBe(serials[3]);
    for (const earlier of [0, 1, 2, 3]) expect(await signer({ earlier })).toBe(serials[3 - earlier]);
    expect(await signer({ serial: serials[1] })).toBe(serials[1]);
    const refused = (which: object): Promise<Answer> =>
      send('POST', '/cards/renewed-thrice/sign', { certificate: 'auth', pin: '1234', digest, ...which });
    expect(codeOf(await refused({ earlier: 4 }))).toEqual([404, 'certificate_not_found']);
    expect(codeOf(await refused({ earlier: 1, serial: serials[1] }))).toEqual([400, 'bad_request']);
    expect(codeOf(await refused({ earlier: -1 }))).toEqual([400, 'bad_request']);
    expect((await send('GET', '/cards/renewed-thrice/certificates/sign?earlier=2')).status).toBe(200);
  });
});
