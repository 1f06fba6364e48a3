import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AdminStack, outcome, whereIs } from '../support/admin.js';
import type { TestOperator } from '../support/operators.js';

const MINUTE = 60_000;
let stack: AdminStack;

beforeAll(async () => {
  stack = await AdminStack.start();
});
afterAll(() => stack.stop());

describe('a session', () => {
  it('is a cookie no script reads and no other site sends, new at each step', async () => {
    const browser = stack.browser();
    const first = await browser.signIn(stack.first.email, stack.first.password);
    expect(first.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^shomei_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/),
    ]);
    const before = browser.cookie;
    await browser.send('POST', '/v1/session/second-factor', {
      code: await stack.people.nextCode(stack.first),
    });
    expect(browser.cookie).not.toBe(before);
    const old = stack.browser();
    old.cookie = before;
    expect(await whereIs(old)).toEqual([401, 'session_missing']);
  });

  it('that somebody planted before the sign-in is not the one that is signed in', async () => {
    const attacker = stack.browser();
    await attacker.signIn(stack.second.email, stack.second.password);
    const planted = attacker.cookie!;
    const victim = stack.browser();
    victim.cookie = planted;
    await victim.signIn(stack.first.email, stack.first.password);
    await victim.send('POST', '/v1/session/second-factor', {
      code: await stack.people.nextCode(stack.first),
    });
    expect(victim.cookie).not.toBe(planted);
    expect(await whereIs(attacker)).toEqual([401, 'session_missing']);
    expect(await whereIs(victim)).toEqual([200, 'open']);
    for (const cookie of [
      'shomei_session=chosen',
      `${victim.cookie}; ${planted}`,
      `shomei_session=${'A'.repeat(43)}`,
    ]) {
      attacker.cookie = cookie;
      expect(await whereIs(attacker)).toEqual([401, 'session_missing']);
    }
  });

  it('is over after signing out, and its cookie played again is recorded', async () => {
    const browser = await stack.signedIn(stack.first);
    const { cookie, csrf } = browser;
    const out = await browser.send('DELETE', '/v1/session');
    expect([out.status, out.headers.getSetCookie()[0]]).toEqual([
      204,
      expect.stringMatching(/^shomei_session=; Max-Age=0;/),
    ]);
    const replay = stack.browser();
    Object.assign(replay, { cookie, csrf });
    expect(await whereIs(replay)).toEqual([401, 'session_missing']);
    const { rows } = await stack.owner.query(
      `select 1 from audit_event where action = 'operator.session_refused' and detail ->> 'operator' = $1`,
      [stack.first.id],
    );
    expect(rows.length).toBeGreaterThan(0);
  });

  it.each([
    ['half an hour without a request', `idle_until = now() - interval '1 second'`],
    [
      'ten hours',
      `created_at = now() - interval '10 hours', idle_until = now() - interval '1 second', ends_at = now() - interval '1 second'`,
    ],
  ])('is over after %s', async (_what, set) => {
    const browser = await stack.signedIn(stack.second);
    expect(await whereIs(browser)).toEqual([200, 'open']);
    await stack.owner.query(`update operator_session set ${set} where operator_id = $1 and ended_at is null`, [
      stack.second.id,
    ]);
    expect(await whereIs(browser)).toEqual([401, 'session_missing']);
  });

  it('is kept alive by use, to its end', async () => {
    const browser = await stack.signedIn(stack.second);
    await stack.owner.query(
      `update operator_session set idle_until = now() + interval '2 minutes' where operator_id = $1 and ended_at is null and ends_at > now() + interval '9 hours'`,
      [stack.second.id],
    );
    const { body } = await browser.send('GET', '/v1/me');
    expect(Date.parse(String(body['idle_until'])) - Date.now()).toBeGreaterThan(29 * MINUTE);
  });

  it('ends everywhere when the password is changed, but where it was changed', async () => {
    const person = await stack.person(['support']);
    const [here, there] = [await stack.signedIn(person), await stack.signedIn(person)];
    const changed = await here.send('POST', '/v1/me/password', {
      current_password: person.password,
      new_password: 'yet another password',
    });
    expect(changed.status).toBe(200);
    expect([await whereIs(here), await whereIs(there)]).toEqual([
      [200, 'open'],
      [401, 'session_missing'],
    ]);
  });

  it('ends in the middle when a role is taken away, the account disabled or the second factor reset', async () => {
    const admin = await stack.signedIn(stack.first);
    for (const take of [
      (person: TestOperator) => stack.people.giveRoles(person.id, ['support'], [], stack.first, stack.second),
      (person: TestOperator) => admin.send('POST', `/v1/operators/opr_${person.id.replaceAll('-', '')}/disable`),
      (person: TestOperator) =>
        admin.send('POST', `/v1/operators/opr_${person.id.replaceAll('-', '')}/second-factor/reset`),
    ]) {
      const person = await stack.person(['support']);
      const browser = await stack.signedIn(person);
      expect((await browser.send('GET', '/v1/tenants')).status).toBe(200);
      await take(person);
      expect(outcome(await browser.send('GET', '/v1/tenants'))).toEqual([401, 'session_missing']);
    }
  });
});

describe('a forged request', () => {
  it.each([
    ['no token', undefined],
    ['another token', randomBytes(32).toString('base64url')],
    ["the cookie's value", 'cookie'],
    ['nothing', ''],
  ])('with %s changes nothing, and is recorded', async (_what, csrf) => {
    const browser = await stack.signedIn(stack.first);
    browser.csrf = csrf === 'cookie' ? browser.cookie!.split('=')[1]! : csrf;
    for (const [method, path] of [
      ['POST', '/v1/tenants'],
      ['DELETE', '/v1/session'],
      ['PATCH', '/v1/tenants/x/contracts/test'],
    ] as const)
      expect(outcome(await browser.send(method, path, { name: 'x' }))).toEqual([403, 'csrf_token_wrong']);
    expect(await whereIs(browser)).toEqual([200, 'open']);
    const last = (await stack.audited(`operator:${stack.first.id}`)).at(-1);
    expect(last).toMatchObject({ action: 'operator.request_refused', detail: { code: 'csrf_token_wrong' } });
  });

  it('with the token of another session of the same operator changes nothing', async () => {
    const [one, two] = [await stack.signedIn(stack.first), await stack.signedIn(stack.first)];
    one.csrf = two.csrf;
    expect(outcome(await one.send('POST', '/v1/tenants', { name: 'x' }))).toEqual([403, 'csrf_token_wrong']);
  });

  it.each([
    [{ origin: 'https://evil.example' }],
    [{ origin: 'null' }],
    [{ 'sec-fetch-site': 'cross-site' }],
    [{ 'sec-fetch-site': 'same-site' }],
  ])('from a page elsewhere changes nothing, not even by signing in: %j', async (headers) => {
    const browser = await stack.signedIn(stack.second);
    expect(outcome(await browser.send('POST', '/v1/tenants', { name: 'x' }, headers))).toEqual([403, 'origin_refused']);
    expect(outcome(await stack.browser().send('POST', '/v1/session', { email: 'x', password: 'x' }, headers))).toEqual([
      403,
      'origin_refused',
    ]);
  });

  it('as a form is not even read', async () => {
    const browser = await stack.signedIn(stack.second);
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])
      expect(outcome(await browser.send('POST', '/v1/tenants', { name: 'x' }, { 'content-type': type }))).toEqual([
        415,
        'media_type_unsupported',
      ]);
  });
});

describe('a stranger', () => {
  it('is told nothing but that there is no session, before anything he sends is parsed', async () => {
    const browser = stack.browser();
    for (const [method, path, body] of [
      ['GET', '/v1/me', undefined],
      ['GET', '/v1/tenants', undefined],
      ['GET', '/v1/nothing', undefined],
      ['POST', '/v1/tenants', '{"name":'],
      ['POST', '/v1/session/second-factor', { code: '000000' }],
    ] as const)
      expect(outcome(await browser.send(method, path, body))).toEqual([401, 'session_missing']);
  });

  it('gets headers that keep pages apart, and answers nobody stores', async () => {
    const { headers } = await stack.browser().send('GET', '/v1/me');
    expect(
      Object.fromEntries(
        [
          'content-security-policy',
          'x-frame-options',
          'x-content-type-options',
          'cache-control',
          'referrer-policy',
        ].map((name) => [name, headers.get(name)]),
      ),
    ).toEqual({
      'content-security-policy': expect.stringContaining("default-src 'none'"),
      'x-frame-options': 'DENY',
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
    });
  });

  it('cannot send a body larger than 64 KiB', async () => {
    expect(
      outcome(await stack.browser().send('POST', '/v1/session', { email: 'x'.repeat(70_000), password: 'x' })),
    ).toEqual([413, 'body_too_large']);
  });
});
