import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { REASONS } from '#lib/pki';
import { PROBLEMS } from '#lib/platform';
import { ApiStack, type TestKey } from '../support/api.js';
import { rawBody } from '../support/card.js';

let stack: ApiStack;
let key: TestKey;
beforeAll(async () => {
  stack = await ApiStack.start();
  key = await stack.newKey();
}, 120_000);
afterAll(() => stack.stop());

/** Addresses a page makes a browser fetch. */
const references = (html: string): string[] =>
  [...html.matchAll(/(?:src|href|action|srcset|data)\s*=\s*["']?([^"'\s>]+)/gi)].map(([, address]) => address!);

describe('200: documentation', () => {
  it('has a page for every code that an answer can link to', async () => {
    const codes = [...Object.keys(PROBLEMS), ...Object.keys(REASONS)];
    for (const code of codes) {
      const page = await stack.send('GET', `/codes/${code}`);
      expect([code, page.status, page.headers.get('content-type')]).toEqual([code, 200, 'text/html; charset=utf-8']);
      expect(page.text).toContain(code);
      expect(references(page.text)).toEqual([]);
    }
  });

  it('is where a reason and a problem link to', async () => {
    const body = await rawBody(stack.sandbox, { card: 'moved' });
    const { data } = await key.client.POST('/v1/signature-verifications', { body });
    expect(data?.reason?.doc_url).toBe(`${stack.url}/codes/revoked`);
    const { error } = await key.client.GET('/v1/verifications/{id}', { params: { path: { id: 'x' } } });
    expect(error?.doc_url).toBe(`${stack.url}/codes/not_found`);
  });

  it('at /docs loads everything from here, and runs no script that stands in the page', async () => {
    const page = await stack.send('GET', '/docs');
    expect([page.status, page.headers.get('content-type')]).toEqual([200, expect.stringContaining('text/html')]);
    const found = references(page.text);
    expect(found.length).toBeGreaterThan(2);
    for (const address of found) {
      const url = new URL(address, `${stack.url}/docs`);
      expect(url.origin).toBe(stack.url);
      expect([address, (await stack.send('GET', url.pathname)).status]).toEqual([address, 200]);
    }
    expect(page.text).not.toMatch(/<script(?![^>]*\bsrc=)[^>]*>\s*\S/);
    expect(page.headers.get('content-security-policy')).toMatch(/default-src 'none'.*script-src 'self'/);
    expect(page.headers.get('content-security-policy')).not.toMatch(/https?:|\*/);
  });

  it('is described by the committed OpenAPI document', async () => {
    const served = await stack.send('GET', '/docs/openapi.json');
    const committed = readFileSync(join(process.cwd(), 'docs', 'openapi', 'api.json'), 'utf8');
    expect(served.body).toEqual(JSON.parse(committed));
  });
});

describe('headers', () => {
  it.each(['/v1/me', '/v1/verifications', '/v1/nothing', '/docs', '/codes/revoked', '/health/live'])(
    'of %s guard against guessing, framing and leaking',
    async (path) => {
      const { headers } = await stack.send('GET', path, { key });
      expect(headers.get('x-request-id')).toMatch(/^req_[0-9a-f]{32}$/);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
      expect(headers.get('x-powered-by')).toBeNull();
      expect(headers.get('server')).toBeNull();
      if (path.startsWith('/v1/')) expect(headers.get('cache-control')).toBe('no-store');
    },
  );

  it('never take the request id from the caller', async () => {
    const { headers } = await stack.send('GET', '/v1/me', { key, headers: { 'x-request-id': 'mine' } });
    expect(headers.get('x-request-id')).not.toBe('mine');
  });
});

describe('200: health', () => {
  it('is open to everybody and says nothing but that it is well', async () => {
    for (const path of ['/health/live', '/health/ready']) {
      const answer = await stack.send('GET', path);
      expect([answer.status, answer.body]).toEqual([200, { status: 'ok' }]);
    }
  });
});
