import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { afterEach, describe, expect, it } from '@jest/globals';
import { TlsAuthority } from '../../../test/support/jlis-certificates.js';
import { answering, type Receive, WebhookReceiver } from '../../../test/support/webhook-receiver.js';
import { judgedLookup, type Resolve } from './resolve-target.js';
import { send, type SendOptions } from './send.js';

const open: { stop: () => Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.stop();
});

async function receiver(answer: Receive, tls?: Parameters<typeof WebhookReceiver.start>[0]): Promise<WebhookReceiver> {
  const started = await WebhookReceiver.start(tls);
  started.answer = answer;
  open.push(started);
  return started;
}
const local: Resolve = () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]);
function options({ loopback = true, resolve = local, ca = '', timeoutMs = 5_000 } = {}): SendOptions {
  const agents = { http: new HttpAgent({ keepAlive: true }), https: new HttpsAgent(ca === '' ? {} : { ca }) };
  open.push({
    stop: () => {
      agents.http.destroy();
      agents.https.destroy();
      return Promise.resolve();
    },
  });
  return { loopback, lookup: judgedLookup(resolve, { loopback }), agents, timeoutMs };
}
const BODY = { headers: { 'webhook-id': 'evt_1' }, body: '{}' };
const facts = async (url: string, given = options()): Promise<unknown[]> => {
  const { status, failure } = await send(url, BODY, given);
  return [status, failure];
};

describe('one attempt', () => {
  it.each([200, 201, 204, 299])('answered with %s is delivered', async (status) => {
    const { url } = await receiver(answering(status));
    expect(await facts(url)).toEqual([status, undefined]);
  });
  it.each([400, 404, 410, 429, 500, 503])('answered with %s is not', async (status) => {
    const { url } = await receiver(answering(status));
    expect(await facts(url)).toEqual([status, 'status']);
  });
  it.each([301, 302, 307, 308])('answered with %s is not followed', async (status) => {
    const other = await receiver(answering(200));
    const { url } = await receiver(answering(status, '', { location: other.url }));
    expect(await facts(url)).toEqual([status, 'redirected']);
    expect(other.received).toEqual([]);
  });
  it('brings the body once, as JSON, with our headers', async () => {
    const there = await receiver(answering(200, 'taken'));
    expect(await send(there.url, BODY, options())).toMatchObject({ status: 200, head: 'taken' });
    expect(there.received).toEqual([
      expect.objectContaining({
        body: '{}',
        headers: expect.objectContaining({ 'content-type': 'application/json', 'webhook-id': 'evt_1' }),
      }),
    ]);
  });
  it('is as late again as the receiver asks with 429 and 503 alone', async () => {
    const after = { 'retry-after': '120' };
    for (const [status, expected] of [
      [429, 120],
      [503, 120],
      [500, undefined],
    ] as const) {
      const { url } = await receiver(answering(status, '', after));
      expect((await send(url, BODY, options())).retryAfterSeconds).toBe(expected);
    }
  });
  it('survives that the receiver closes a kept connection', async () => {
    let answered = 0;
    const there = await receiver((_webhook, response) => {
      response.writeHead(200).end();
      // Behind the answer, without a word of it in the headers.
      if (++answered === 1) setImmediate(() => response.socket?.destroy());
    });
    const given = options();
    for (let n = 0; n < 3; n++) expect(await facts(there.url, given)).toEqual([200, undefined]);
  });
});

describe('a hostile receiver', () => {
  it('that sends without end is read to the bound, and its status counts', async () => {
    const there = await receiver((_webhook, response) => {
      response.writeHead(200);
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(8_192, 'x')));
        if (!response.destroyed) response.once('drain', more);
      };
      more();
    });
    const result = await send(there.url, BODY, options());
    expect(result).toMatchObject({ status: 200, head: 'x'.repeat(512) });
  });
  it('that drips its answer is left at the deadline', async () => {
    const there = await receiver((_webhook, response) => {
      response.writeHead(500);
      const drip = setInterval(() => response.write('.'), 20);
      response.on('close', () => clearInterval(drip));
    });
    expect(await facts(there.url, options({ timeoutMs: 1_500 }))).toEqual([500, 'status']);
  });
  it('that says nothing is a timeout', async () => {
    const there = await receiver(() => undefined);
    expect(await facts(there.url, options({ timeoutMs: 300 }))).toEqual([undefined, 'timeout']);
  });
  it('that hangs up, speaks something else or floods with headers is a failure of its own', async () => {
    const hangsUp = await receiver((_webhook, response) => response.socket?.destroy());
    expect(await facts(hangsUp.url)).toEqual([undefined, 'unreachable']);
    const babbles = await receiver((_webhook, response) => response.socket?.end('SSH-2.0-OpenSSH\r\n\r\n'));
    expect(await facts(babbles.url)).toEqual([undefined, 'answer_malformed']);
    const floods = await receiver((_webhook, response) =>
      response.socket?.end(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`),
    );
    expect(await facts(floods.url)).toEqual([undefined, 'answer_malformed']);
  });
  it('gets no control characters into the log', async () => {
    const there = await receiver(answering(500, 'a\u0000b\u001b[31mc\nd'));
    expect((await send(there.url, BODY, options())).head).toBe('a\ufffdb\ufffd[31mc\nd');
  });
  it('that is not there is unreachable', async () => {
    const there = await WebhookReceiver.start();
    await there.stop();
    expect(await facts(there.url)).toEqual([undefined, 'unreachable']);
  });
});

describe('a private address', () => {
  it('gets nothing when the name in an allowed URL leads to it now', async () => {
    const there = await receiver(answering(200));
    const { port } = new URL(there.url);
    const refused = await facts(`https://hook.example:${port}/`, options({ loopback: false }));
    expect(refused).toEqual([undefined, 'target_refused']);
    expect(there.received).toEqual([]);
  });
  it('gets nothing by its number, whatever was allowed when the endpoint was made', async () => {
    const there = await receiver(answering(200));
    expect(await facts(there.url, options({ loopback: false }))).toEqual([undefined, 'target_refused']);
    expect(await facts(there.url.replace('http', 'https'), options({ loopback: false }))).toEqual([
      undefined,
      'target_refused',
    ]);
    expect(there.received).toEqual([]);
  });
  it('is not reached by a name that is answered differently each time: what is judged is what is connected to', async () => {
    const there = await receiver((_webhook, response) => response.writeHead(200, { connection: 'close' }).end());
    let asked = 0;
    const rebinding: Resolve = () =>
      Promise.resolve([{ address: ++asked === 1 ? '127.0.0.1' : '10.0.0.1', family: 4 }]);
    const given = options({ resolve: rebinding });
    const url = there.url.replace('127.0.0.1', 'localhost');
    expect(await facts(url, given)).toEqual([200, undefined]);
    expect(await facts(url, given)).toEqual([undefined, 'target_refused']);
    expect([asked, there.received.length]).toEqual([2, 1]);
  });
  it('has no name to be found by', async () => {
    const resolve: Resolve = () => Promise.reject(new Error('ENOTFOUND'));
    expect(await facts('https://hook.example/', options({ resolve }))).toEqual([undefined, 'unresolved']);
  });
});

describe('the certificate of a receiver', () => {
  it('is verified: by an authority that is known, for the name that was asked', async () => {
    const authority = await TlsAuthority.create('receivers');
    const there = await receiver(answering(200), await authority.server([{ type: 'dns', value: 'hook.example' }]));
    const { port } = new URL(there.url);
    const known = options({ ca: authority.certificate });
    expect(await facts(`https://hook.example:${port}/`, known)).toEqual([200, undefined]);
    expect(await facts(`https://other.example:${port}/`, known)).toEqual([undefined, 'tls_refused']);
    expect(await facts(`https://hook.example:${port}/`, options())).toEqual([undefined, 'tls_refused']);
    expect(there.received).toHaveLength(1);
  });
});
