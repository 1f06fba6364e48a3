import 'reflect-metadata';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { pino } from 'pino';
import { createServer } from './sandbox-server.js';
import { Sandbox } from './sandbox.js';
import { readSettings } from './settings.js';

const stateDirectory = mkdtempSync(join(tmpdir(), 'sandbox-spec-'));
let app: NestFastifyApplication;

beforeAll(async () => {
  const sandbox = await Sandbox.open({ stateDirectory, publicUrl: 'http://127.0.0.1:4010' });
  app = await createServer(sandbox, pino({ level: 'silent' }));
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
}, 60_000);
afterAll(async () => {
  await app.close();
  rmSync(stateDirectory, { recursive: true });
});
afterEach(async () => {
  await send('PUT', '/control/faults', { crl: { mode: 'none' }, ocsp: { mode: 'none' } });
  await send('PUT', '/control/clock', { offset_ms: 0 });
  await send('DELETE', '/control/requests');
});

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';
interface Answer {
  status: number;
  body: Record<string, unknown>;
  bytes: Buffer;
  headers: Record<string, unknown>;
}

async function send(
  method: Method,
  url: string,
  payload?: object | string | Buffer,
  headers: Record<string, string> = {},
  remoteAddress = '127.0.0.1',
): Promise<Answer> {
  const response = await app.inject({
    method,
    url,
    headers,
    remoteAddress,
    ...(payload === undefined ? {} : { payload }),
  });
  const json = String(response.headers['content-type']).startsWith('application/json');
  const body = json ? (JSON.parse(response.body) as Record<string, unknown>) : {};
  return { status: response.statusCode, body, bytes: response.rawPayload, headers: response.headers };
}
const codeOf = ({ status, body }: Answer): [number, unknown] => [status, body['code']];

const digest = createHash('sha256').update('content').digest('base64');
const signWith = (card: string, change: object = {}): Promise<Answer> =>
  send('POST', `/cards/${card}/sign`, { certificate: 'auth', pin: '1234', digest, ...change });

describe('signing', () => {
  test('answers with certificate and signature, or certificate and CMS', async () => {
    const raw = await signWith('adult-valid');
    expect(raw.status).toBe(200);
    expect(Object.keys(raw.body)).toEqual(['certificate', 'signature']);
    const cms = await signWith('adult-valid', { format: 'cms', padding: 'pss' });
    expect(Object.keys(cms.body)).toEqual(['certificate', 'cms']);
  });

  test('refuses, each with its code: wrong PIN, locked PIN, absent certificate, absent card', async () => {
    expect(await signWith('demo', { pin: '0000' })).toMatchObject({
      status: 403,
      body: { code: 'pin_wrong', tries_left: 2 },
    });
    await signWith('demo', { pin: '0000' });
    await signWith('demo', { pin: '0000' });
    expect(codeOf(await signWith('demo'))).toEqual([423, 'pin_locked']);
    expect((await send('POST', '/control/cards/demo/unlock')).status).toBe(200);
    expect((await signWith('demo')).status).toBe(200);
    expect(codeOf(await signWith('minor', { certificate: 'sign' }))).toEqual([404, 'certificate_not_found']);
    expect(codeOf(await signWith('nobody'))).toEqual([404, 'card_not_found']);
  });

  test.each([
    ['no digest and no content', { digest: undefined }],
    ['both digest and content', { content: 'YWJj' }],
    ['a digest of another length', { digest_algorithm: 'sha512' }],
    ['an unknown padding', { padding: 'oaep' }],
    ['a bare hash in CMS', { format: 'cms', padding: 'pkcs1_v15_bare' }],
    ['attached CMS without content', { format: 'cms', cms: { detached: false } }],
    ['a signing time without zone', { format: 'cms', cms: { signing_time: '2026-01-01T00:00:00' } }],
    ['a member nobody knows', { extra: 1 }],
  ])('refuses %s without spending a PIN entry', async (_name, change) => {
    expect(codeOf(await signWith('renewed-new', { pin: '0000', ...change }))).toEqual([400, 'bad_request']);
    expect((await send('GET', '/cards/renewed-new')).body).toMatchObject({ tries_left: { auth: 3 } });
  });
});

describe('cards', () => {
  test('are issued with every default, or as asked', async () => {
    const plain = await send('POST', '/cards', undefined, { 'content-type': 'application/json' });
    expect(plain).toMatchObject({
      status: 201,
      body: { origin: 'issued', certificates: { sign: { status: 'good' } } },
    });
    const child = await send('POST', '/cards', { id: 'child', sign: false, birth_date: '520200229', auth_pin: '4321' });
    expect(child.body).toMatchObject({ id: 'child', pins: { auth: '4321' }, certificates: { sign: null } });
    expect(codeOf(await send('POST', '/cards', { id: 'child' }))).toEqual([409, 'card_exists']);
  });

  test.each([
    ['an id that could leave the folder', { id: '../x' }],
    ['a validity beyond the CA', { not_after: '2040-01-01T00:00:00Z' }],
    [
      'a validity that ends before it begins',
      { not_before: '2026-01-02T00:00:00Z', not_after: '2026-01-01T00:00:00Z' },
    ],
    ['a substitution map of another length', { name: '見本', name_substitution: '000' }],
    ['a birth date with a fourteenth month', { birth_date: '419901401' }],
  ])('with %s are refused', async (_name, body) => {
    expect(codeOf(await send('POST', '/cards', body))).toEqual([400, 'bad_request']);
  });
});

describe('revocation data', () => {
  test('a revocation is in the next CRL, under a new ETag', async () => {
    const url = '/crl/auth/2023-kakuu.crl';
    const before = await send('GET', url);
    expect(before.headers['content-type']).toBe('application/pkix-crl');
    const known = { 'if-none-match': String(before.headers['etag']) };
    expect((await send('GET', url, undefined, known)).status).toBe(304);
    expect((await send('POST', '/control/cards/adult-valid/revoke', { reason: 'superseded' })).status).toBe(200);
    const after = await send('GET', url, undefined, known);
    expect(after.status).toBe(200);
    expect(after.bytes.length).toBeGreaterThan(before.bytes.length);
    expect(codeOf(await send('POST', '/control/cards/adult-valid/revoke', { reason: 'superseded' }))).toEqual([
      409,
      'already_revoked',
    ]);
  });

  test('the index names files that exist, and the key that signs them', async () => {
    const { body } = await send('GET', '/crl/sign/index.json?layout=full');
    const partitions = body['partitions'] as { path: string; issuer_key_id: string; distribution_point: unknown }[];
    expect(partitions).toHaveLength(2);
    for (const { path, issuer_key_id, distribution_point } of partitions) {
      expect(distribution_point).toBeNull();
      const file = await send('GET', path);
      expect(file.bytes.includes(Buffer.from(issuer_key_id, 'hex'))).toBe(true);
    }
    expect(codeOf(await send('GET', '/crl/sign/2015-full.crl'))).toEqual([404, 'crl_not_found']);
  });

  test('what is asked is counted', async () => {
    await send('GET', '/crl/sign/index.json');
    await send('GET', '/crl/sign/2023-full.crl');
    await send('POST', '/ocsp/sign', Buffer.from('?'), { 'content-type': 'application/ocsp-request' });
    expect((await send('GET', '/control/requests')).body).toEqual({ crl_index: 1, crl_file: 1, ocsp: 1 });
    expect((await send('DELETE', '/control/requests')).status).toBe(204);
    expect((await send('GET', '/control/requests')).body).toEqual({ crl_index: 0, crl_file: 0, ocsp: 0 });
  });

  test('OCSP takes its own media type up to 64 KiB', async () => {
    const type = { 'content-type': 'application/ocsp-request' };
    const malformed = await send('POST', '/ocsp/sign', Buffer.alloc(64 * 1024), type);
    expect([malformed.status, malformed.bytes.toString('hex')]).toEqual([200, '30030a0101']);
    expect(codeOf(await send('POST', '/ocsp/sign', Buffer.alloc(64 * 1024 + 1), type))).toEqual([
      413,
      'body_too_large',
    ]);
    expect(codeOf(await send('POST', '/ocsp/sign', {}))).toEqual([415, 'media_type_unsupported']);
  });

  test('faults change what is served until they are taken back', async () => {
    const url = '/crl/sign/2019-kakuu.crl';
    const right = (await send('GET', url)).bytes;
    for (const mode of ['stale', 'bad_signature', 'truncated', 'garbage', 'rollback', 'wrong_scope']) {
      await send('PUT', '/control/faults', { crl: { mode } });
      expect((await send('GET', url)).bytes).not.toEqual(right);
    }
    await send('PUT', '/control/faults', { crl: { mode: 'slow', delay_ms: 200 } });
    const started = performance.now();
    expect((await send('GET', url)).bytes).toEqual(right);
    expect(performance.now() - started).toBeGreaterThan(190);
    await send('PUT', '/control/faults', { crl: { mode: 'down' } });
    await expect(send('GET', url)).rejects.toThrow();
  });
});

describe('control', () => {
  test('is refused to other machines and to requests made for somebody else', async () => {
    expect(codeOf(await send('GET', '/control/clock', undefined, {}, '192.0.2.7'))).toEqual([403, 'control_not_local']);
    for (const header of ['x-forwarded-for', 'forwarded', 'origin'])
      expect(codeOf(await send('GET', '/control/clock', undefined, { [header]: 'x' }))).toEqual([
        403,
        'control_not_local',
      ]);
    expect((await send('GET', '/health', undefined, {}, '192.0.2.7')).status).toBe(200);
  });

  test('moves the clock by an offset or to a time', async () => {
    await send('PUT', '/control/clock', { now: '2030-01-01T00:00:00Z' });
    expect(String((await send('GET', '/health')).body['now'])).toMatch(/^2030-01-01T00:00:0/);
    expect((await send('GET', '/crl/sign/2019-full.crl')).body).toMatchObject({ code: 'crl_not_found' });
    expect((await send('PUT', '/control/clock', { offset_ms: 1000 })).body).toMatchObject({ offset_ms: 1000 });
    expect(codeOf(await send('PUT', '/control/clock', { offset_ms: 1e15 }))).toEqual([400, 'bad_request']);
  });
});

test('bad input has a code of its own and is never a 5xx', async () => {
  const json = { 'content-type': 'application/json' };
  expect(codeOf(await send('POST', '/cards', '{"id":', json))).toEqual([400, 'bad_request']);
  expect(codeOf(await send('POST', '/cards', 'null', json))).toEqual([400, 'bad_request']);
  expect(codeOf(await send('POST', '/cards', '['.repeat(100_000), json))).toEqual([400, 'bad_request']);
  expect(codeOf(await send('POST', '/cards', 'a,b', { 'content-type': 'text/csv' }))).toEqual([
    415,
    'media_type_unsupported',
  ]);
  expect(codeOf(await send('GET', '/nowhere'))).toEqual([404, 'not_found']);
  expect(codeOf(await send('GET', '/crl/other/index.json'))).toEqual([400, 'bad_request']);
  expect(codeOf(await send('GET', '/crl/sign/index.json?layout=other'))).toEqual([400, 'bad_request']);
});

test('a wrong setting stops the start with a line that names it', () => {
  expect(() => readSettings({ SANDBOX_PORT: 'many' })).toThrow(/SANDBOX_PORT/);
  expect(() => readSettings({ SANDBOX_JLIS_PORT: '0' })).toThrow(/SANDBOX_JLIS_PORT/);
  expect(() => readSettings({ SANDBOX_JLIS_HOST: 'two names' })).toThrow(/SANDBOX_JLIS_HOST/);
  for (const host of ['jlis.example', '192.0.2.7', '2001:db8::1'])
    expect(readSettings({ SANDBOX_JLIS_HOST: host }).jlisHost).toBe(host);
  expect(readSettings({})).toMatchObject({ port: 4010, host: '127.0.0.1', publicUrl: 'http://127.0.0.1:4010' });
});
