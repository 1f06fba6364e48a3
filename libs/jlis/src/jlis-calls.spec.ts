import { createServer, type Socket } from 'node:net';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { expiredLife } from '../../../test/support/jlis-certificates.js';
import {
  CALLER,
  type ClientOptions,
  CONSENT,
  failureOf,
  makeClient,
  makeTlsWorld,
  startServer,
  type TestClient,
  type TlsWorld,
} from '../../../test/support/jlis-rig.js';
import { JlisServer, respond } from '../../../test/support/jlis-server.js';

let world: TlsWorld;
let server: JlisServer;
const closing: (() => unknown)[] = [];

beforeAll(async () => {
  world = await makeTlsWorld();
});
beforeEach(async () => {
  server = await startServer(world);
  closing.push(() => server.stop());
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

function client(options: ClientOptions = {}, url = server.url): TestClient {
  const made = makeClient(world, url, options);
  closing.push(() => made.close());
  return made;
}
/** A service that may be repeated, and a metered one. */
const ask = ({ services }: TestClient, caller = {}) =>
  services.checkAge({ ...CALLER, serial: '7', age: 20, on: '2026-11-23', ...caller });
const askMetered = ({ services }: TestClient) =>
  services.findCounterpart({ ...CALLER, kind: 'sign', serial: '7', consent: CONSENT });

const YES = { answer: 'yes' };
const answerYes = () => (server.answer = (_, response) => respond(response, 200, YES));

describe('mutual TLS', () => {
  it('lets the platform operator through, over one connection for calls one after another', async () => {
    answerYes();
    const jlis = client();
    expect([await ask(jlis), await ask(jlis), server.connections]).toEqual(['yes', 'yes', 1]);
  });
  it('refuses a certificate of another authority', async () => {
    const failure = await failureOf(ask(client({ client: await world.stranger.client() })));
    expect(failure).toMatchObject({ detail: 'tls_refused', fact: 'client_certificate_refused' });
    expect(server.calls).toEqual([]);
  });
  it('refuses an expired certificate', async () => {
    const failure = await failureOf(ask(client({ client: await world.authority.client(expiredLife()) })));
    expect(failure).toMatchObject({ detail: 'tls_refused', fact: 'client_certificate_refused' });
  });
  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'is refused by alert when no certificate is acceptable (%s)',
    async (version) => {
      const strict = await JlisServer.start(world.server, world.stranger.certificate, {
        rejectUnauthorized: true,
        minVersion: version,
        maxVersion: version,
      });
      closing.push(() => strict.stop());
      // A server may also just hang up; both are refusals to go on, neither is an answer.
      expect(['tls_refused', 'unreachable']).toContain((await failureOf(ask(client({}, strict.url)))).detail);
      expect(strict.calls).toEqual([]);
    },
  );
  it('does not talk to a server of another authority', async () => {
    const failure = await failureOf(ask(client({ authorities: world.stranger.certificate })));
    expect(failure).toMatchObject({ detail: 'tls_refused', mayHaveBeenSent: false });
    expect([failure.fact, server.calls]).toEqual(['SELF_SIGNED_CERT_IN_CHAIN', []]);
  });
  it('does not talk to a server of another name', async () => {
    const named = await JlisServer.start(
      await world.authority.server([{ type: 'dns', value: 'jlis.example' }]),
      world.authority.certificate,
    );
    closing.push(() => named.stop());
    const failure = await failureOf(ask(client({}, named.url)));
    expect(failure).toMatchObject({ detail: 'tls_refused', fact: 'ERR_TLS_CERT_ALTNAME_INVALID' });
    expect(named.calls).toEqual([]);
  });
  it('does not talk to a server whose certificate has expired', async () => {
    const old = await world.authority.server([{ type: 'ip', value: '127.0.0.1' }], expiredLife());
    const expired = await JlisServer.start(old, world.authority.certificate);
    closing.push(() => expired.stop());
    expect(await failureOf(ask(client({}, expired.url)))).toMatchObject({
      detail: 'tls_refused',
      fact: 'CERT_HAS_EXPIRED',
    });
  });
  it('does not go below TLS 1.2', async () => {
    const old = await JlisServer.start(world.server, world.authority.certificate, {
      minVersion: 'TLSv1.1',
      maxVersion: 'TLSv1.1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    });
    closing.push(() => old.stop());
    expect(await failureOf(ask(client({}, old.url)))).toMatchObject({ detail: 'tls_refused' });
    expect(old.calls).toEqual([]);
  });
  it('does not talk to a server without TLS', async () => {
    const plain = await plainServer((socket) => void socket.end('HTTP/1.1 200 OK\r\n\r\n'));
    expect(await failureOf(ask(client({}, plain)))).toMatchObject({ detail: 'tls_refused', mayHaveBeenSent: false });
  });
});

describe('a deadline', () => {
  // A metered service: one attempt, with the shares of the time that are stated.
  const LIMIT = { timeoutMs: 1_600 };
  it('ends a connection that does not come about', async () => {
    const mute = await plainServer(() => undefined);
    expect(await failureOf(askMetered(client(LIMIT, mute)))).toMatchObject({ detail: 'timeout', fact: 'connect' });
  });
  it('ends waiting for a header', async () => {
    server.answer = () => undefined;
    expect(await failureOf(askMetered(client(LIMIT)))).toMatchObject({ detail: 'timeout', fact: 'idle' });
  });
  it('ends waiting for the rest of an answer', async () => {
    server.answer = (_, response) => void response.write('{"ans');
    expect(await failureOf(askMetered(client(LIMIT)))).toMatchObject({ detail: 'timeout', fact: 'idle' });
  });
  it('ends an answer that drips', async () => {
    server.answer = (_, response) => {
      const drip = setInterval(() => response.write(' '), 20);
      response.on('close', () => clearInterval(drip));
    };
    expect(await failureOf(askMetered(client(LIMIT)))).toMatchObject({ detail: 'timeout', fact: 'total' });
  });
  it('of the caller ends a call earlier than the setting', async () => {
    server.answer = () => undefined;
    const jlis = client({ timeoutMs: 60_000 });
    expect(await failureOf(ask(jlis, { timeoutMs: 200 }))).toMatchObject({ detail: 'timeout' });
    expect(jlis.records[0]?.end?.durationMs).toBeLessThan(5_000);
  });
});

describe('what is no answer', () => {
  it.each([
    ['an answer above 64 KiB', 200, Buffer.alloc(64 * 1024 + 1, 0x20), 'too_large', 65_536],
    ['no JSON', 200, 'garbage', 'answer_malformed', 'not_json'],
    ['no UTF-8', 200, Buffer.from([0x22, 0xff, 0x22]), 'answer_malformed', 'not_utf8'],
    ['nothing', 200, '', 'answer_malformed', 'not_json'],
    ['JSON of another shape', 200, [], 'answer_malformed', 'shape'],
    ['a value of another type', 200, { answer: true }, 'answer_malformed', 'answer'],
    ['an unknown word', 200, { answer: 'perhaps' }, 'answer_malformed', 'answer'],
    ['deep nesting', 200, '['.repeat(60_000), 'answer_malformed', 'not_json'],
    ['well-formed deep nesting', 200, '['.repeat(30_000) + ']'.repeat(30_000), 'answer_malformed', 'shape'],
    ['a member named __proto__', 200, '{"__proto__":{"answer":"yes"}}', 'answer_malformed', 'answer'],
    ['a refusal of the request', 400, { code: 'request_invalid' }, 'http_status', 400],
    ['a status without a body', 404, '', 'http_status', 404],
    ['a proxy’s page', 404, '<html>', 'http_status', 404],
    ['a huge error page', 503, Buffer.alloc(100_000), 'http_status', 503],
    ['another success', 201, YES, 'http_status', 201],
    ['a rate limit', 429, { code: 'too_many_requests' }, 'too_many_requests', 429],
  ])('is told for %s', async (_, status, body, detail, fact) => {
    server.answer = (_, response) => respond(response, status, body, { 'retry-after': '60' });
    const jlis = client();
    expect(await failureOf(ask(jlis))).toMatchObject({ detail, fact, mayHaveBeenSent: true });
    expect(jlis.records[0]?.end).toMatchObject({ outcome: detail, fact });
    expect(jlis.records).toHaveLength(1);
  });
  it('is told for a redirect, which is not followed', async () => {
    server.answer = (_, response) => respond(response, 307, '', { location: `${server.url}/lure` });
    expect(await failureOf(ask(client()))).toMatchObject({ detail: 'redirected', fact: 307 });
    expect(server.calls).toHaveLength(1);
  });
  it('is told for an endless header and for what is no HTTP', async () => {
    server.answer = (_, response) => respond(response, 200, YES, { 'x-much': 'a'.repeat(20_000) });
    expect(await failureOf(ask(client()))).toMatchObject({ detail: 'too_large' });
    server.answer = (_call, _response, socket) => void socket.end('SSH-2.0-x\r\n\r\n');
    expect(await failureOf(ask(client()))).toMatchObject({ detail: 'answer_malformed' });
  });
  it('says how long the service asks to wait', async () => {
    server.answer = (_, response) => respond(response, 429, {}, { 'retry-after': '60' });
    expect((await failureOf(ask(client()))).retryAfterSeconds).toBe(60);
  });
  it('repeats nothing of the answer, which may be personal', async () => {
    server.answer = (_, response) => respond(response, 200, '{"answer": 中本');
    const failure = await failureOf(ask(client()));
    expect(JSON.stringify([failure.message, failure.cause, failure.stack])).not.toContain('中本');
  });
  it('is told without asking for a mode that is not configured', async () => {
    const jlis = client();
    expect(await failureOf(ask(jlis, { mode: 'live' }))).toMatchObject({ detail: 'not_configured', fact: 'live' });
    expect([server.connections, jlis.records[0]?.end?.attempts]).toEqual([0, 0]);
  });
});

describe('another attempt', () => {
  it('is made of the same call until one succeeds', async () => {
    server.answer = (_call, response) => {
      if (server.calls.length < 3) respond(response, 503, { code: 'unavailable' });
      else respond(response, 200, YES);
    };
    const jlis = client();
    expect(await ask(jlis)).toBe('yes');
    expect(new Set(server.calls.map(({ headers }) => headers['x-request-id'])).size).toBe(1);
    expect(jlis.records.map(({ end }) => end)).toMatchObject([{ outcome: 'answered', attempts: 3 }]);
  });
  it('is the third at most', async () => {
    server.answer = (_call, _response, socket) => socket.destroy();
    expect(await failureOf(ask(client()))).toMatchObject({ detail: 'unreachable', fact: 'ECONNRESET' });
    expect(server.calls).toHaveLength(3);
  });
  it('comes after the time a busy service asks for', async () => {
    server.answer = (_call, response) => {
      if (server.calls.length < 2) respond(response, 429, {}, { 'retry-after': '1' });
      else respond(response, 200, YES);
    };
    const jlis = client();
    expect(await ask(jlis)).toBe('yes');
    expect(jlis.records[0]!.end!.durationMs).toBeGreaterThan(950);
  });
  it.each([
    ['hangs up', 'unreachable'],
    ['is busy', 'too_many_requests'],
    ['has a fault', 'http_status'],
    ['says nothing', 'timeout'],
  ] as const)('of a metered service is not made when the other side %s', async (what, detail) => {
    server.answer = (_call, response, socket) => {
      if (what === 'hangs up') socket.destroy();
      else if (what === 'is busy') respond(response, 429, {});
      else if (what === 'has a fault') respond(response, 503, {});
    };
    const failure = await failureOf(askMetered(client({ timeoutMs: 2_000 })));
    await sleep(300);
    expect(failure).toMatchObject({ detail, mayHaveBeenSent: true });
    expect([server.calls.length, server.connections]).toEqual([1, 1]);
  });
  it('of a metered service is made when nothing listened', async () => {
    const { port } = server;
    await server.stop();
    const jlis = client({}, `https://127.0.0.1:${port}`);
    const failure = await failureOf(askMetered(jlis));
    expect(failure).toMatchObject({ detail: 'unreachable', fact: 'ECONNREFUSED', mayHaveBeenSent: false });
    expect(jlis.records.map(({ end }) => end?.attempts)).toEqual([undefined, 3]);
  });
  it('of a metered service uses no connection that the other side may have given up', async () => {
    server.answer = (_, response) => respond(response, 200, { state: 'not_found' });
    const jlis = client();
    await askMetered(jlis);
    await askMetered(jlis);
    expect(server.connections).toBe(2);
  });
});

/** A server that knows no TLS; its URL. */
async function plainServer(onConnection: (socket: Socket) => void): Promise<string> {
  const plain = createServer();
  const sockets = new Set<{ destroy(): void }>();
  plain.on('connection', (socket) => {
    sockets.add(socket.on('error', () => undefined));
    onConnection(socket);
  });
  plain.listen(0, '127.0.0.1');
  await once(plain, 'listening');
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    plain.close();
  });
  const address = plain.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return `https://127.0.0.1:${address.port}`;
}
