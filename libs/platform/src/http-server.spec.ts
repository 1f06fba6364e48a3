import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { fastify } from 'fastify';
import { listen, openSocket, speak } from '../../../test/support/raw-http.js';
import { allowSilence, guardServer, hearOutLargeBodies, httpServerOptions } from './http-server.js';

const LIMITS = { headersTimeoutMs: 60_000, requestTimeoutMs: 60_000, peerConnections: 2 };
const bodyOf = ({ code }: { code: string }): Record<string, unknown> => ({ code });
const GET = 'GET / HTTP/1.1\r\nHost: x\r\n';

describe('a server', () => {
  const server = fastify(httpServerOptions(LIMITS, bodyOf));
  let url: string;
  beforeAll(async () => {
    guardServer(server.server, { ...LIMITS, trustedProxies: [], bodyOf });
    server.get('/', async () => {
      await sleep(50);
      return { served: true };
    });
    url = await server.listen({ port: 0, host: '127.0.0.1' });
  });
  afterAll(() => server.close());

  it('answers a whole request before it refuses what came behind it', async () => {
    const answers = await speak(url, `${GET}\r\nnonsense\r\n\r\n`);
    expect(answers.map(({ status, body }) => [status, body])).toEqual([
      [200, { served: true }],
      [400, { code: 'http_malformed' }],
    ]);
  });

  it('refuses an expectation and what is no request', async () => {
    for (const [text, status, code] of [
      [`${GET}Expect: x\r\n\r\n`, 417, 'expectation_unsupported'],
      ['CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n', 400, 'http_malformed'],
      [`${GET}X: ${'x'.repeat(17_000)}\r\n\r\n`, 431, 'headers_too_large'],
    ] as const)
      expect((await speak(url, text)).map((answer) => [answer.status, answer.body['code']])).toEqual([[status, code]]);
  });
});

describe('a connection over which nothing goes', () => {
  const server = fastify({ ...httpServerOptions(LIMITS, bodyOf), connectionTimeout: 100 });
  let url: string;
  beforeAll(async () => {
    const work = async () => {
      await sleep(300);
      return { served: true };
    };
    server.get('/', work);
    server.get('/long', (request) => {
      allowSilence(request, 60_000);
      return work();
    });
    url = await server.listen({ port: 0, host: '127.0.0.1' });
  });
  afterAll(() => server.close());

  it('is closed, but not while a request is worked on that may take long', async () => {
    expect(await speak(url, `${GET}\r\n`)).toEqual([]);
    const answers = await speak(url, `${GET.replace('/', '/long')}Connection: close\r\n\r\n`);
    expect(answers.map(({ body }) => body)).toEqual([{ served: true }]);
  });
});

describe('a body that is too large', () => {
  const LIMIT = 1_000;
  const server = fastify({ ...httpServerOptions({ ...LIMITS, requestTimeoutMs: 3_000 }, bodyOf), bodyLimit: LIMIT });
  let url: string;
  beforeAll(async () => {
    hearOutLargeBodies(server);
    server.post('/', () => ({ served: true }));
    url = await server.listen({ port: 0, host: '127.0.0.1' });
  });
  afterAll(() => server.close());

  const POST = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n';
  const BODY = 'x'.repeat(8 * 1024 * 1024);
  const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;

  it.each([
    ['by its length', `${POST}Content-Length: ${BODY.length}\r\n\r\n${BODY}`],
    ['in chunks', `${POST}Transfer-Encoding: chunked\r\n\r\n${chunk(BODY)}${chunk('')}`],
  ])('is refused also to a client that reads only after it has written all: %s', async (_how, text) => {
    const socket = await openSocket(url);
    await new Promise<void>((resolve, reject) => {
      socket.write(text, (error) => (error ? reject(error) : resolve()));
    });
    // The connection goes on: the next request is answered over it.
    socket.write(`${POST}Connection: close\r\nContent-Length: 2\r\n\r\n{}`);
    expect((await listen(socket)).map(({ status, body }) => [status, body['code'] ?? body])).toEqual([
      [413, 'FST_ERR_CTP_BODY_TOO_LARGE'],
      [200, { served: true }],
    ]);
  });

  it('that never ends is read no longer than any request', async () => {
    const [refusal, end] = await speak(url, `${POST}Content-Length: ${BODY.length}\r\n\r\n`);
    expect([refusal!.status, end!.status, end!.body]).toEqual([413, 408, { code: 'request_timeout' }]);
  });
});
