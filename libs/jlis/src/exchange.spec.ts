import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { CrlDelivery } from './crl-delivery.js';
import { exchangeWhole } from './exchange.js';
import { JlisUnavailable } from './jlis-unavailable.js';
import { OcspTransport } from './ocsp-transport.js';

let server: Server | undefined;

/** A peer that behaves as told; its base URL. */
async function peer(answer: RequestListener): Promise<string> {
  server = createServer(answer);
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
  server = undefined;
});

async function failure(work: Promise<unknown>): Promise<JlisUnavailable> {
  try {
    await work;
  } catch (error) {
    if (error instanceof JlisUnavailable) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

const LIMITS = { idleTimeoutMs: 20_000, totalTimeoutMs: 20_000, maxBytes: 1_000 };
/** For peers that must be given up: a busy machine may take as long for an answer that does come. */
const HASTY = { ...LIMITS, idleTimeoutMs: 150, totalTimeoutMs: 400 };
const get = (url: string, limits = LIMITS): Promise<Buffer> => exchangeWhole(new URL(url), {}, limits);

describe('an exchange', () => {
  it('gives the whole answer', async () => {
    const url = await peer((_, response) => response.end('whole'));
    expect((await get(url)).toString()).toBe('whole');
  });

  it('ends when nothing listens', async () => {
    const url = await peer(() => undefined);
    await new Promise((resolve) => server!.close(resolve));
    server = undefined;
    expect(await failure(get(url))).toMatchObject({ detail: 'unreachable', fact: 'ECONNREFUSED' });
  });

  it('ends when the peer accepts and says nothing', async () => {
    const url = await peer(() => undefined);
    expect(await failure(get(url, HASTY))).toMatchObject({ detail: 'timeout' });
  });

  it('ends when the answer stops in its middle without closing', async () => {
    const url = await peer((_, response) => void response.write('half'));
    expect(await failure(get(url, HASTY))).toMatchObject({ detail: 'timeout' });
  });

  it('ends when the peer drips octets for ever', async () => {
    const url = await peer((_, response) => {
      const drip = setInterval(() => response.write('.'), 20);
      response.on('close', () => clearInterval(drip));
    });
    expect(await failure(get(url, HASTY))).toMatchObject({ detail: 'timeout' });
  });

  it('is not satisfied with a body cut off before its stated length', async () => {
    const url = await peer((_, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('short');
      setTimeout(() => response.destroy(), 20);
    });
    expect(await failure(get(url))).toMatchObject({ detail: 'unreachable' });
  });

  it('does not follow a redirect', async () => {
    const url = await peer((request, response) => {
      if (request.url === '/elsewhere') response.end('lured');
      else response.writeHead(302, { location: '/elsewhere' }).end();
    });
    expect(await failure(get(url))).toMatchObject({ detail: 'redirected', fact: 302 });
  });

  it.each([204, 206, 304, 404, 500, 503])('takes status %i for no answer', async (status) => {
    const url = await peer((_, response) => response.writeHead(status).end());
    expect(['http_status', 'redirected']).toContain((await failure(get(url))).detail);
  });

  it('stops reading at the size limit', async () => {
    const url = await peer((_, response) => response.end(Buffer.alloc(5_000)));
    expect(await failure(get(url))).toMatchObject({ detail: 'too_large' });
  });

  it('ends when it is told to stop', async () => {
    const url = await peer(() => undefined);
    const controller = new AbortController();
    const work = failure(exchangeWhole(new URL(url), {}, { ...LIMITS, signal: controller.signal }));
    setTimeout(() => controller.abort(), 10);
    expect(await work).toMatchObject({ detail: 'stopped' });
  });
});

describe('an OCSP request', () => {
  it('is posted as RFC 6960 appendix A.1 says and its answer handed back unread', async () => {
    const seen: unknown[] = [];
    const url = await peer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        seen.push(request.method, request.headers['content-type'], Buffer.concat(chunks).toString('hex'));
        response.end('answer');
      });
    });
    const answer = await new OcspTransport({ timeoutMs: 20_000 }).ask(url, Uint8Array.of(1, 2, 3));
    expect([answer.toString(), ...seen]).toEqual(['answer', 'POST', 'application/ocsp-request', '010203']);
  });

  it('takes no answer above 64 KiB', async () => {
    const url = await peer((_, response) => response.end(Buffer.alloc(64 * 1024 + 1)));
    const asked = new OcspTransport({ timeoutMs: 20_000 }).ask(url, Uint8Array.of(1));
    expect(await failure(asked)).toMatchObject({ detail: 'too_large' });
  });
});

describe('a CRL index', () => {
  const listed = { name: 'a', path: 'a.crl', issuer_key_id: 'ab01', distribution_point: null };
  const list = async (body: string): Promise<unknown> => {
    const url = await peer((_, response) => response.end(body));
    return new CrlDelivery({ idleTimeoutMs: 20_000 }).list(`${url}/crl/index.json`, 'full');
  };

  it('is asked for in the layout wanted, whatever the configured URL says', async () => {
    let path: string | undefined;
    const url = await peer((request, response) => {
      path = request.url;
      response.end('{"partitions":[]}');
    });
    await new CrlDelivery({ idleTimeoutMs: 20_000 }).list(`${url}/index.json?layout=full&x=1`, 'partitioned');
    expect(path).toBe('/index.json?layout=partitioned&x=1');
  });

  it('names each partition and its distribution point', async () => {
    const body = { partitions: [listed, { ...listed, name: 'b', distribution_point: 'MAA=' }] };
    expect(await list(JSON.stringify(body))).toEqual([
      { name: 'a', path: 'a.crl', issuerKeyId: 'ab01' },
      { name: 'b', path: 'a.crl', issuerKeyId: 'ab01', distributionPoint: Buffer.from([0x30, 0]) },
    ]);
  });

  it.each([
    ['is no JSON', 'garbage', 'not_json'],
    ['has no partitions', '{}', 'partitions'],
    ['is an array', '[]', ''],
    [
      'has a key id in capitals',
      JSON.stringify({ partitions: [{ ...listed, issuer_key_id: 'AB' }] }),
      'partitions.0.issuer_key_id',
    ],
    [
      'has a point that is no base64',
      JSON.stringify({ partitions: [{ ...listed, distribution_point: '*' }] }),
      'partitions.0.distribution_point',
    ],
    [
      'sends us to another host',
      JSON.stringify({ partitions: [{ ...listed, path: 'http://169.254.169.254/x' }] }),
      'other_origin',
    ],
    [
      'sends us to another host without a scheme',
      JSON.stringify({ partitions: [{ ...listed, path: '//127.0.0.2/x' }] }),
      'other_origin',
    ],
    ['names a local file', JSON.stringify({ partitions: [{ ...listed, path: 'file:///etc/passwd' }] }), 'other_origin'],
    ['has a path that is no URL', JSON.stringify({ partitions: [{ ...listed, path: 'http://[' }] }), 'path'],
  ])('is refused when it %s', async (_, body, fact) => {
    expect(await failure(list(body))).toMatchObject({ detail: 'index_malformed', fact });
  });

  it('is refused when it lists more partitions than there can be', async () => {
    const body = JSON.stringify({ partitions: Array.from({ length: 20_001 }, () => listed) });
    expect(await failure(list(body))).toMatchObject({ detail: 'index_malformed', fact: 'partitions' });
  });
});
