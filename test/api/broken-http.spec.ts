import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SECURITY_HEADERS } from '#lib/platform';
import { AdminStack } from '../support/admin.js';
import { createTestDatabase, type TestDatabase, testKeyRing, testSigningKeys } from '../support/database.js';
import { freePort } from '../../dev/ports.mjs';
import { Program } from '../support/program.js';
import { listen, openSocket, speak, type WireAnswer } from '../support/raw-http.js';
import { connect, makeTenant, type TestTenant } from '../support/tenants.js';

const PEER_CONNECTIONS = 40;
const SETTINGS = {
  HEADERS_TIMEOUT_MS: '1500',
  REQUEST_TIMEOUT_MS: '2500',
  PEER_CONNECTIONS: String(PEER_CONNECTIONS),
};

let database: TestDatabase;
let api: Program;
let apiUrl: string;
let admin: AdminStack;
let key: TestTenant;
beforeAll(async () => {
  database = await createTestDatabase();
  const operator = await connect(database.urls.operator);
  key = await makeTenant(operator, 'A');
  await operator.destroy();
  apiUrl = `http://127.0.0.1:${await freePort()}`;
  api = await Program.start(
    'apps/api/src/main.js',
    {
      DATABASE_URL: database.urls.api,
      PORT: new URL(apiUrl).port,
      PUBLIC_URL: apiUrl,
      KEY_RING: testKeyRing(),
      SIGNING_KEYS: testSigningKeys(),
      ...SETTINGS,
    },
    `${apiUrl}/health/ready`,
  );
  admin = await AdminStack.start(SETTINGS);
}, 300_000);
afterAll(async () => {
  await admin?.stop();
  await api?.stop();
  await database?.drop();
  expect(api.output).not.toContain('request_failed');
});

const HOST = 'Host: x\r\n';
const get = (head: string): string => `GET /health/live HTTP/1.1\r\n${head}\r\n`;
const post = (head: string, body = ''): string => `POST /v1/session HTTP/1.1\r\n${HOST}${head}\r\n${body}`;
const JSON_TYPE = 'Content-Type: application/json\r\n';

/** One answer, which is a whole problem document with everything that guards it. */
function expectProblem(answers: WireAnswer[], status: number, code: string): void {
  expect(answers.map((each) => [each.status, each.body['code']])).toEqual([[status, code]]);
  const { headers, body } = answers[0]!;
  expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) expect(headers.get(name)).toBe(value);
  expect(headers.get('cache-control')).toBe('no-store');
  expect(headers.get('x-request-id')).toMatch(/^req_[0-9a-f]{32}$/);
  expect(body).toMatchObject({
    status,
    title: expect.any(String),
    title_ja: expect.any(String),
    request_id: headers.get('x-request-id'),
    doc_url: expect.stringMatching(new RegExp(`/codes/${code}$`)),
  });
}

describe.each([
  ['the API', () => apiUrl],
  ['the operators’ REST', () => admin.url],
])('%s', (_name, url) => {
  it.each<[string, string]>([
    ['no HTTP', 'hello\r\n\r\n'],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    ['an unknown method', `BREW / HTTP/1.1\r\n${HOST}\r\n`],
    ['an unknown version', `GET / HTTP/9.9\r\n${HOST}\r\n`],
    ['a header without a colon', get(`${HOST}nonsense\r\n`)],
    ['a blank before the colon', get('Host : x\r\n')],
    ['NUL in a header', get(`${HOST}X-A: a\0b\r\n`)],
    ['a negative length', post('Content-Length: -1\r\n')],
    ['a length that is no number', post('Content-Length: ten\r\n')],
    ['two lengths', post('Content-Length: 1\r\nContent-Length: 2\r\n', 'ab')],
    ['a length and chunks', post('Content-Length: 4\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n')],
    ['an unknown transfer encoding', post('Transfer-Encoding: gzip\r\n', 'x')],
    ['CONNECT', `CONNECT x:443 HTTP/1.1\r\n${HOST}\r\n`],
  ])('answers %s with http_malformed and ends the connection', async (_what, text) => {
    expectProblem(await speak(url(), text), 400, 'http_malformed');
  });

  it.each([
    ['no Host', get('Connection: close\r\n')],
    ['two Hosts', get(`${HOST}Host: y\r\nConnection: close\r\n`)],
  ])('answers %s with http_malformed', async (_what, text) => {
    const answers = await speak(url(), text);
    expect(answers.map(({ status, body }) => [status, body['code']])).toEqual([[400, 'http_malformed']]);
  });

  it('serves HTTP/1.0, which has no Host', async () => {
    const [answer] = await speak(url(), 'GET /health/live HTTP/1.0\r\n\r\n');
    expect(answer!.status).toBe(200);
  });

  it('answers headers of 17 KiB with headers_too_large', async () => {
    expectProblem(await speak(url(), get(`${HOST}X-A: ${'a'.repeat(17 * 1024)}\r\n`)), 431, 'headers_too_large');
  });

  it('answers an expectation it does not know with expectation_unsupported', async () => {
    expectProblem(await speak(url(), post('Expect: the-moon\r\n')), 417, 'expectation_unsupported');
  });

  it('ends a connection over which nothing comes, and one over which a head comes too slowly', async () => {
    const [silent, slow] = await Promise.all([speak(url(), ''), speak(url(), `GET / HTTP/1.1\r\n${HOST}`)]);
    expectProblem(silent, 408, 'request_timeout');
    expectProblem(slow, 408, 'request_timeout');
  });

  it('ends a connection over which the octets of a head trickle', async () => {
    const socket = await openSocket(url());
    const timer = setInterval(() => socket.write('X'), 100);
    try {
      socket.write(`GET / HTTP/1.1\r\n${HOST}`);
      expectProblem(await listen(socket), 408, 'request_timeout');
    } finally {
      clearInterval(timer);
    }
  });

  it('answers what goes wrong after an answered request on the same connection', async () => {
    const answers = await speak(url(), `${get(HOST)}nonsense\r\n\r\n`);
    expect(answers[0]!.status).toBe(200);
    expectProblem(answers.slice(1), 400, 'http_malformed');
  });

  it('answers a stranger before the body has come', async () => {
    const head = `POST /v1/persons HTTP/1.1\r\n${HOST}${JSON_TYPE}Content-Length: 1000000\r\nConnection: close\r\n\r\n`;
    const [answer] = await speak(url(), head);
    expect(answer!.status).toBe(401);
  });

  it('explains every such code on a page', async () => {
    for (const code of ['http_malformed', 'request_timeout', 'expectation_unsupported', 'headers_too_large'])
      expect((await fetch(`${url()}/codes/${code}`)).status).toBe(200);
  });

  it('takes so many connections of a peer and no more, and again when others have ended', async () => {
    // On a slow machine the first have been ended for their silence when the last are there.
    let answers: WireAnswer[] = [];
    for (let attempt = 0; attempt < 20 && answers[0]?.status !== 429; attempt++) {
      const held = await Promise.all(Array.from({ length: PEER_CONNECTIONS }, () => openSocket(url())));
      answers = await speak(url(), get(`${HOST}Connection: close\r\n`));
      for (const socket of held) socket.destroy();
    }
    expectProblem(answers, 429, 'rate_limited');
    let status = 0;
    for (let attempt = 0; attempt < 50 && status !== 200; attempt++)
      status = (await speak(url(), get(`${HOST}Connection: close\r\n`)))[0]?.status ?? 0;
    expect(status).toBe(200);
  });
});

describe('a sign-in from the page of another origin', () => {
  it.each(['/v1/session', '/%761/session', 'http://x/v1/session'])('is refused as %s', async (path) => {
    const body = JSON.stringify({ email: 'a@b.example', password: 'x' });
    const head = `${HOST}${JSON_TYPE}Origin: https://evil.example\r\nContent-Length: ${body.length}\r\nConnection: close\r\n`;
    const [answer] = await speak(admin.url, `POST ${path} HTTP/1.1\r\n${head}\r\n${body}`);
    expect([answer!.status, answer!.body['code']]).toEqual([403, 'origin_refused']);
    expect(answer!.headers.get('cache-control')).toBe('no-store');
  });
});

describe('a request with a key', () => {
  const head = (rest: string): string =>
    `POST /v1/challenges HTTP/1.1\r\n${HOST}Authorization: Bearer ${key.secret}\r\n${JSON_TYPE}${rest}\r\n`;

  it('whose body does not come is ended with request_timeout', async () => {
    expectProblem(await speak(apiUrl, `${head('Content-Length: 100\r\n')}{"a":`), 408, 'request_timeout');
  });

  it('whose body breaks off is answered with http_malformed', async () => {
    expectProblem(await speak(apiUrl, `${head('Content-Length: 100\r\n')}{"a":`, { end: true }), 400, 'http_malformed');
  });

  it.each(['zz\r\n', '5\r\n{"a":1}\r\n', '-1\r\n'])('with the broken chunk %j is http_malformed', async (chunk) => {
    expectProblem(await speak(apiUrl, `${head('Transfer-Encoding: chunked\r\n')}${chunk}`), 400, 'http_malformed');
  });

  it('made nothing of any of this, and the next one is served', async () => {
    const headers = { authorization: `Bearer ${key.secret}` };
    const answer = await fetch(`${apiUrl}/v1/verifications`, { headers });
    expect(await answer.json()).toEqual({ data: [], next_cursor: null });
  });

  it('in absolute form or with escapes is the same request: asked for a key, limited and not kept by caches', async () => {
    for (const path of [`http://x/v1/me`, '/v1/%6de']) {
      const bare = `GET ${path} HTTP/1.1\r\n${HOST}Connection: close\r\n`;
      const [refused] = await speak(apiUrl, `${bare}\r\n`);
      expect([refused!.status, refused!.headers.get('cache-control')]).toEqual([401, 'no-store']);
      const [served] = await speak(apiUrl, `${bare}Authorization: Bearer ${key.secret}\r\n\r\n`);
      expect([served!.status, served!.headers.get('cache-control')]).toEqual([200, 'no-store']);
      expect(served!.headers.get('ratelimit')).toMatch(/^"read";r=\d+;t=\d$/);
    }
  });
});
