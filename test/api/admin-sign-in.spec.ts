import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AdminStack, codeAt, outcome, whereIs } from '../support/admin.js';
import type { TestOperator } from '../support/operators.js';
import { eventually } from '../support/story.js';

let stack: AdminStack;

beforeAll(async () => {
  stack = await AdminStack.start();
}, 300_000);
afterAll(() => stack.stop());

describe('signing in', () => {
  it('goes from an initial password over enrolment and an own password to an open session', async () => {
    const { id, email, password } = await stack.people.accounts
      .create({ email: 'new@example.com', name: 'Hanako' }, { actor: 'operator:test' })
      .then((made) => ({ ...made, email: 'new@example.com' }));
    const browser = stack.browser();
    expect((await browser.signIn(email.toUpperCase(), password)).body).toMatchObject({
      stage: 'enrolment',
      permissions: [],
      // Who has not shown both factors learns nothing of the installation.
      installation: null,
    });
    const enrolment = await browser.send('POST', '/v1/session/enrolment');
    expect(enrolment.status).toBe(201);
    expect(Buffer.from(String(enrolment.body['qr']).split(',')[1]!, 'base64').toString()).toMatch(/^<svg/);
    const secret = new URL(String(enrolment.body['uri'])).searchParams.get('secret')!;
    const bits = [...secret]
      .map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'))
      .join('');
    const person = { secret: Buffer.from(bits.match(/.{8}/g)!.map((byte) => parseInt(byte, 2))) } as TestOperator;
    const completed = await browser.send('POST', '/v1/session/second-factor', { code: codeAt(person, Date.now()) });
    expect(completed.body['recovery_codes']).toHaveLength(10);
    expect(await whereIs(browser)).toEqual([200, 'password_change']);
    expect(outcome(await browser.send('GET', '/v1/operators'))).toEqual([403, 'password_change_required']);
    for (const [next, rule] of [
      ['hanako-hanako-1', 'names_you'],
      ['short', 'too_short'],
      [password, 'unchanged'],
    ])
      expect(
        (await browser.send('POST', '/v1/me/password', { current_password: password, new_password: next })).body,
      ).toMatchObject({
        code: 'password_weak',
        rule,
      });
    const changed = await browser.send('POST', '/v1/me/password', {
      current_password: password,
      new_password: 'a password of her own',
    });
    expect([changed.status, changed.body['stage']]).toEqual([200, 'open']);
    expect(changed.body['installation']).toEqual({ any_tenant_live: false, test_clock_offset_ms: 0, api_url: null });
    // The process notices within a second that the clock of test mode is moved.
    await stack.owner.query('update test_clock set offset_ms = 172800000');
    await eventually(
      () => browser.send('GET', '/v1/me'),
      ({ body }) => (body['installation'] as { test_clock_offset_ms: number }).test_clock_offset_ms === 172_800_000,
      60_000,
    );
    await stack.owner.query('update test_clock set offset_ms = 0');
    // No roles yet: signed in, and nothing to do.
    expect((await browser.send('GET', '/v1/operators')).body).toMatchObject({
      code: 'permission_missing',
      permission: 'operators:read',
    });
    expect(outcome(await browser.send('POST', '/v1/session/enrolment'))).toEqual([409, 'second_factor_enrolled']);
    const { rows } = await stack.owner.query<{ action: string; ip: string; request_id: string }>(
      `select action, host(ip) as ip, request_id from audit_event where actor = $1 and target = $1 order by id`,
      [`operator:${id}`],
    );
    expect(rows).toMatchObject(
      ['show_password', 'begin_enrolment', 'sign_in', 'change_password'].map((step) => ({
        action: `operator.${step}`,
        ip: '127.0.0.1',
        request_id: expect.stringMatching(/./),
      })),
    );
  });

  it('says the same of a wrong password, an unknown address and a disabled account', async () => {
    const gone = await stack.person([]);
    await stack.people.accounts.disable(gone.id, { actor: 'operator:test' });
    const answers = await Promise.all([
      stack.browser().signIn(stack.first.email, 'wrong'),
      stack.browser().signIn('nobody@example.com', 'wrong'),
      stack.browser().signIn(gone.email, gone.password),
    ]);
    const told = answers.map(({ status, body }) => ({ status, ...body, request_id: '' }));
    expect(told[0]).toMatchObject({
      status: 401,
      code: 'sign_in_refused',
      title_ja: expect.stringMatching(/パスワード/),
    });
    expect(told[1]).toEqual(told[0]);
    expect(told[2]).toEqual(told[0]);
    for (const { headers } of answers) expect(headers.getSetCookie()).toEqual([]);
  });

  it('records what was refused, and never the address that was typed', async () => {
    const typed = `secret-${randomBytes(4).toString('hex')}@example.com`;
    await stack.browser().signIn(typed, 'wrong');
    const { rows } = await stack.owner.query<{ text: string; ip: string }>(
      `select e::text as text, host(ip) as ip from audit_event e where action = 'operator.sign_in_refused' order by id desc limit 1`,
    );
    expect(rows[0]).toMatchObject({ ip: '127.0.0.1', text: expect.not.stringContaining(typed) });
    expect(stack.log).not.toContain(typed);
    expect(stack.log).not.toContain(stack.first.password);
  });

  it.each([
    ['another type', { email: 1, password: [] }],
    ['a field more', { email: 'a@example.com', password: 'x', admin: true }],
    ['too much', { email: 'a@example.com', password: 'x'.repeat(129) }],
    ['nothing', {}],
  ])('refuses %s and names it in both languages', async (_what, body) => {
    const answer = await stack.browser().send('POST', '/v1/session', body);
    expect(outcome(answer)).toEqual([400, 'request_invalid']);
    const errors = answer.body['errors'] as { message: string; message_ja: string }[];
    for (const { message, message_ja } of errors)
      expect([message.length > 0, /[ぁ-ん]/.test(message_ja)]).toEqual([true, true]);
  });
});

describe('guessing', () => {
  const failures = async (person: TestOperator): Promise<{ failures: number; wait: number }> => {
    const { rows } = await stack.owner.query<{ failures: number; wait: string }>(
      `select failures, extract(epoch from blocked_until - last_at) as wait from sign_in_backoff where subject_sha256 = sha256($1::bytea)`,
      [Buffer.from(person.email)],
    );
    return { failures: rows[0]?.failures ?? 0, wait: Number(rows[0]?.wait ?? 0) };
  };
  const unblock = (person: TestOperator) =>
    stack.owner.query('update sign_in_backoff set blocked_until = now() where subject_sha256 = sha256($1::bytea)', [
      Buffer.from(person.email),
    ]);

  it('is slowed down from the sixth attempt on, twice as much each time, up to 15 minutes; the right password waits too', async () => {
    const person = await stack.person([]);
    const waits: number[] = [];
    for (let attempt = 1; attempt <= 18; attempt++) {
      expect(outcome(await stack.browser().signIn(person.email, 'wrong'))).toEqual([401, 'sign_in_refused']);
      waits.push(Math.max(0, Math.round((await failures(person)).wait)));
      await unblock(person);
    }
    expect(waits).toEqual([0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]);
    await stack.browser().signIn(person.email, 'wrong');
    const blocked = await stack.browser().signIn(person.email, person.password);
    expect(outcome(blocked)).toEqual([429, 'sign_in_blocked']);
    expect(Number(blocked.headers.get('retry-after'))).toBeGreaterThan(800);
    expect(blocked.body['retryable']).toBe(true);
    await unblock(person);
    await stack.signedIn(person);
    expect(await failures(person)).toEqual({ failures: 0, wait: 0 });
  });

  it('by a hundred requests at once tries five passwords, not a hundred', async () => {
    const person = await stack.person([]);
    const answers = await Promise.all(Array.from({ length: 100 }, () => stack.browser().signIn(person.email, 'wrong')));
    const tried = answers.filter(({ status }) => status === 401).length;
    expect(tried).toBeLessThanOrEqual(8);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(100 - tried);
  });

  it('codes with the right password is slowed down as well: signing in anew does not wipe the slate', async () => {
    const person = await stack.person([]);
    let refused = 0;
    for (let attempt = 1; attempt <= 6; attempt++) {
      const browser = stack.browser();
      await browser.signIn(person.email, person.password);
      if (outcome(await browser.send('POST', '/v1/session/second-factor', { code: '000000' }))[1] === 'code_refused')
        refused++;
    }
    expect(refused).toBeGreaterThanOrEqual(5);
    expect((await failures(person)).failures).toBeGreaterThanOrEqual(6);
    expect(outcome(await stack.browser().signIn(person.email, person.password))).toEqual([429, 'sign_in_blocked']);
  });

  it('an address without an account is slowed down in the same way', async () => {
    const email = `${randomBytes(6).toString('hex')}@example.com`;
    const statuses: number[] = [];
    for (let attempt = 1; attempt <= 7; attempt++) statuses.push((await stack.browser().signIn(email, 'wrong')).status);
    expect(statuses).toEqual([401, 401, 401, 401, 401, 401, 429]);
  });
});

describe('the second factor', () => {
  it('is a code that is taken once, also of two at the same moment', async () => {
    const person = await stack.person([]);
    const code = await stack.people.nextCode(person);
    const browsers = await Promise.all(
      [1, 2].map(async () => {
        const browser = stack.browser();
        await browser.signIn(person.email, person.password);
        return browser;
      }),
    );
    const answers = await Promise.all(browsers.map((each) => each.send('POST', '/v1/session/second-factor', { code })));
    expect(answers.map(outcome).sort()).toEqual([[200], [401, 'code_refused']].sort());
  });

  it('may be a recovery code, once', async () => {
    const person = await stack.person([]);
    const recovery_code = person.recoveryCodes[0]!.toLowerCase().replaceAll('-', '');
    const results: unknown[] = [];
    for (let i = 0; i < 2; i++) {
      const browser = stack.browser();
      await browser.signIn(person.email, person.password);
      results.push(outcome(await browser.send('POST', '/v1/session/second-factor', { recovery_code })));
    }
    expect(results).toEqual([[200], [401, 'code_refused']]);
  });

  it('cannot be gone around', async () => {
    const browser = stack.browser();
    await browser.signIn(stack.first.email, stack.first.password);
    expect(await whereIs(browser)).toEqual([200, 'second_factor']);
    for (const [method, path, body] of [
      ['GET', '/v1/tenants', undefined],
      ['POST', '/v1/operators', { email: 'x@example.com', name: 'X' }],
      ['POST', '/v1/me/password', { current_password: stack.first.password, new_password: 'a password of my own' }],
      ['POST', '/v1/me/recovery-codes', { code: '000000' }],
    ] as const)
      expect(outcome(await browser.send(method, path, body))).toEqual([403, 'second_factor_required']);
    expect(outcome(await browser.send('POST', '/v1/session/enrolment'))).toEqual([409, 'second_factor_enrolled']);
  });

  it('renewed by its code makes the old recovery codes void', async () => {
    const person = await stack.person([]);
    const browser = await stack.signedIn(person);
    expect(outcome(await browser.send('POST', '/v1/me/recovery-codes', { code: '123456' }))).toEqual([
      401,
      'code_refused',
    ]);
    const renewed = await browser.send('POST', '/v1/me/recovery-codes', { code: codeAt(person, Date.now() + 30_000) });
    expect(renewed.body['recovery_codes']).toHaveLength(10);
    const other = stack.browser();
    await other.signIn(person.email, person.password);
    expect(
      outcome(await other.send('POST', '/v1/session/second-factor', { recovery_code: person.recoveryCodes[0] })),
    ).toEqual([401, 'code_refused']);
  });
});
