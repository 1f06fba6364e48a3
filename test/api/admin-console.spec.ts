import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AdminStack, outcome } from '../support/admin.js';

const directives = (headers: Headers): Record<string, string> =>
  Object.fromEntries(
    (headers.get('content-security-policy') ?? '').split('; ').map((directive) => {
      const [name = '', ...values] = directive.split(' ');
      return [name, values.join(' ')];
    }),
  );

describe('the console as the admin process serves it', () => {
  let stack: AdminStack;
  const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${stack.url}${path}`, { headers });

  beforeAll(async () => {
    stack = await AdminStack.start();
  });
  afterAll(() => stack?.stop());

  it('is one page at each of its addresses, under a policy with a nonce of that answer alone', async () => {
    const nonces = [];
    for (const path of ['/', '/tenants/ten_1?tab=keys', '/nowhere']) {
      const answer = await get(path);
      const policy = directives(answer.headers);
      const page = await answer.text();
      expect([path, answer.status, answer.headers.get('content-type'), answer.headers.get('cache-control')]).toEqual([
        ...[path, 200, 'text/html; charset=utf-8', 'no-store'],
      ]);
      expect(policy).toMatchObject({ 'default-src': "'none'", 'script-src': "'self'", 'frame-ancestors': "'none'" });
      expect(answer.headers.get('content-security-policy')).not.toContain('unsafe');
      const nonce = /^'self' 'nonce-([A-Za-z0-9+/]{24})'$/.exec(policy['style-src']!)?.[1];
      expect(page).toContain(`nonce="${nonce}"`);
      expect(page).not.toContain('CSP_NONCE');
      expect(page).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
      expect(answer.headers.get('x-frame-options')).toBe('DENY');
      nonces.push(nonce);
    }
    expect(new Set(nonces).size).toBe(3);
  });

  it('lets browsers keep its files for ever, because another content has another name', async () => {
    const page = await (await get('/')).text();
    const script = /src="(\/assets\/index-[\w-]+\.js)"/.exec(page)?.[1];
    for (const encoding of ['br', 'gzip']) {
      const answer = await get(script!, { 'accept-encoding': encoding });
      await answer.arrayBuffer();
      expect([answer.status, answer.headers.get('content-encoding'), answer.headers.get('cache-control')]).toEqual([
        ...[200, encoding, 'public, max-age=31536000, immutable'],
      ]);
      expect(answer.headers.get('content-type')).toMatch(/^(?:text|application)\/javascript/);
      expect(answer.headers.get('content-security-policy')).toMatch(/^default-src 'none'/);
    }
  });

  it('never answers for what is not a page: the REST, files that are not there, ways out of the folder', async () => {
    const browser = await stack.signedIn(stack.first);
    expect(outcome(await browser.send('GET', '/v1/nowhere'))).toEqual([404, 'not_found']);
    expect(outcome(await stack.browser().send('GET', '/v1/nowhere'))).toEqual([401, 'session_missing']);
    for (const path of [
      '/v1',
      '/codes/nothing',
      '/assets/none.js',
      '/assets',
      '/favicon.ico',
      '/assets/..%2findex.html',
      '/assets/%2e%2e/.sources.json',
    ])
      expect([path, (await get(path)).status]).toEqual([path, 404]);
    expect((await fetch(`${stack.url}/tenants`, { method: 'POST' })).status).toBe(404);
  });

  it('needs at most 300 kB of compressed JavaScript to let somebody sign in', async () => {
    const page = await (await get('/')).text();
    const scripts = [...page.matchAll(/(?:src|href)="(\/assets\/[^"]+\.js)"/g)].map(([, path]) => path!);
    const sizes = await Promise.all(
      scripts.map(async (path) =>
        Number((await get(path, { 'accept-encoding': 'gzip' })).headers.get('content-length')),
      ),
    );
    expect(sizes.every((size) => size > 0)).toBe(true);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(300_000);
  });
});
