import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { fastify } from 'fastify';
import { speak } from '../../../test/support/raw-http.js';
import { guardServer, httpServerOptions } from './http-server.js';

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
