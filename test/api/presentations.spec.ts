import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Disclosure } from '#lib/tenancy';
import { ApiStack, type TestKey } from '../support/api.js';
import { authenticationBody, logIn } from '../support/login.js';

let stack: ApiStack;
let tenantId: string;
let key: TestKey;
beforeAll(async () => {
  stack = await ApiStack.start();
  tenantId = await stack.newTenant();
  await stack.setContract(tenantId, { identify: true, pinlessStatus: true });
  key = await stack.newKey({ tenantId });
}, 120_000);
afterAll(() => stack.stop());

const certificateOf = async (card: string, asker = key): Promise<string> =>
  (await authenticationBody(stack, asker, card)).certificate;
const present = (certificate: string, asker = key, idempotencyKey: string = randomUUID()) =>
  stack.send('POST', '/v1/presentations', {
    key: asker,
    body: JSON.stringify({ certificate }),
    headers: { 'idempotency-key': idempotencyKey },
  });
const uuidOf = (id: string): string => id.slice(4).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
const metered = async (id: unknown): Promise<unknown[]> =>
  (
    await stack.owner.query<Record<string, unknown>>(
      `select meter, method, purpose, outcome, billable from usage_event where source = 'presentation' and source_id = $1`,
      [uuidOf(String(id))],
    )
  ).rows;
/** What is left when id, time and links are taken away: all that could tell two answers apart. */
const told = ({ status, body }: { status: number; body: Record<string, unknown> }): unknown => {
  const { id: _id, decided_at: _at, certificate: _certificate, ...rest } = body;
  return { status, rest };
};
const MISSING = {
  outcome: 'indeterminate',
  reason: { code: 'confirmed_use_missing' },
  revocation: null,
  person: null,
  usage: [],
};

describe('POST /v1/presentations', () => {
  it('is refused unless the contract includes it, before the certificate is read', async () => {
    const answer = await present('AAAA', await stack.newKey());
    expect([answer.status, answer.body['code'], answer.body['feature']]).toEqual([
      403,
      'feature_not_contracted',
      'pinless_status',
    ]);
  });

  it('tells the status of a certificate whose holder was identified by a signature, and meters one use', async () => {
    const card = await stack.sandbox.issue();
    const { person } = await logIn(stack, key, card);
    const { status, body } = await present(await certificateOf(card));
    expect([status, body]).toMatchObject([
      201,
      { outcome: 'valid', reason: null, revocation: { status: 'good' }, person: { id: person!.id } },
    ]);
    expect((body['checks'] as { result: string }[]).map(({ result }) => result)).toEqual([
      'passed',
      'passed',
      'passed',
      'not_run',
      'passed',
    ]);
    expect(await metered(body['id'])).toEqual([
      { meter: 'auth_check', method: 'crl', purpose: 'authentication', outcome: 'valid', billable: true },
    ]);
  });

  it('of a revoked known one is invalid', async () => {
    const card = await stack.sandbox.issue();
    await logIn(stack, key, card);
    await stack.sandbox.revoke(card, 'both', 'cessationOfOperation');
    await stack.refresh();
    expect((await present(await certificateOf(card))).body).toMatchObject({
      outcome: 'invalid',
      reason: { code: 'revoked' },
    });
  });

  it('of one never confirmed is the same answer whether it is good or revoked, and meters nothing', async () => {
    const [good, revoked] = [await stack.sandbox.issue(), await stack.sandbox.issue()];
    await stack.sandbox.revoke(revoked, 'both', 'cessationOfOperation');
    await stack.refresh();
    const answers = [await present(await certificateOf(good)), await present(await certificateOf(revoked))];
    expect(told(answers[0]!)).toEqual(told(answers[1]!));
    expect(answers[0]!.body).toMatchObject(MISSING);
    for (const { body } of answers) expect(await metered(body['id'])).toEqual([]);
  });

  it('knows nothing of what another tenant has confirmed', async () => {
    const card = await stack.sandbox.issue();
    await logIn(stack, key, card);
    const otherTenant = await stack.newTenant();
    await stack.setContract(otherTenant, { pinlessStatus: true });
    const other = await stack.newKey({ tenantId: otherTenant });
    const { body } = await present(await certificateOf(card), other);
    expect(body).toMatchObject(MISSING);
    expect(await metered(body['id'])).toEqual([]);
  });

  it('knows nothing in one mode of what was confirmed in the other', async () => {
    const both = await stack.newTenant();
    await stack.setContract(both, { identify: true, pinlessStatus: true });
    const test = await stack.newKey({ tenantId: both });
    await stack.owner.query(`update contract set pinless_status = true where tenant_id = $1 and mode = 'live'`, [both]);
    const live = await stack.newKey({ tenantId: both, mode: 'live' });
    const card = await stack.sandbox.issue();
    await logIn(stack, test, card);
    const { body } = await present(await certificateOf(card, test), live);
    expect(body).toMatchObject({
      outcome: 'invalid',
      reason: { code: 'wrong_mode' },
      revocation: null,
      person: null,
      usage: [],
    });
  });

  it('of a renewed card, or of other octets under a known serial, is not what was confirmed', async () => {
    const card = await stack.sandbox.issue();
    await logIn(stack, key, card);
    const before = await certificateOf(card);
    await stack.sandbox.renew(card);
    expect((await present(await certificateOf(card))).body).toMatchObject(MISSING);
    const stranger = await stack.sandbox.issue();
    await logIn(stack, key, stranger);
    // As if the serial of `before` had been confirmed with the octets of another certificate.
    const { rows } = await stack.owner.query<{ id: string; certificate_hash: Buffer }>(
      `select id, certificate_hash from person_certificate where tenant_id = $1 order by first_seen_at desc, id desc limit 2`,
      [tenantId],
    );
    const [confirmed, other] = [rows[1]!, rows[0]!];
    const hashed = (id: string, hash: Buffer) =>
      stack.owner.query('update person_certificate set certificate_hash = $2 where id = $1', [id, hash]);
    expect((await present(before)).body).toMatchObject({ person: {} });
    await hashed(confirmed.id, Buffer.alloc(32));
    await hashed(other.id, confirmed.certificate_hash);
    expect((await present(before)).body).toMatchObject(MISSING);
    await hashed(other.id, other.certificate_hash);
    await hashed(confirmed.id, confirmed.certificate_hash);
  });

  it('is no confirmed use after a login that did not ask whose it is, or a forged one', async () => {
    const card = await stack.sandbox.issue();
    await logIn(stack, key, card, { identify: false });
    const body = await authenticationBody(stack, key, card);
    const forged = Buffer.alloc(256, 1).toString('base64');
    await key.client.POST('/v1/authentications', { body: { ...body, signature: forged, identify: true } });
    expect((await present(body.certificate)).body).toMatchObject(MISSING);
  });

  it('of a deleted person is like any other, and a repeated request is 404', async () => {
    const card = await stack.sandbox.issue();
    const { person } = await logIn(stack, key, card);
    const certificate = await certificateOf(card);
    const same = randomUUID();
    const first = await present(certificate, key, same);
    const again = await present(certificate, key, same);
    expect([again.body, again.headers.get('idempotent-replayed')]).toEqual([first.body, 'true']);
    await stack.send('DELETE', `/v1/persons/${person!.id!}`, { key });
    expect((await present(certificate, key, same)).body).toMatchObject({ status: 404, code: 'not_found' });
    expect((await present(certificate)).body).toMatchObject(MISSING);
  });

  it('of a sign certificate is invalid, and of no certificate is refused', async () => {
    const signing = { padding: 'pkcs1_v15', digest_algorithm: 'sha256', content: 'AAAA' } as const;
    const card = await stack.sandbox.issue();
    const { certificate } = await stack.sandbox.signRaw(card, { certificate: 'sign', ...signing });
    expect((await present(certificate)).body).toMatchObject({ outcome: 'invalid', revocation: null, usage: [] });
    expect((await present('AAAA')).body).toMatchObject({ status: 422, code: 'certificate_malformed' });
  });

  it.each([
    [{}, 'request_invalid', 'certificate'],
    [{ certificate: '' }, 'request_invalid', 'certificate'],
    [{ certificate: 'no base64!' }, 'base64_malformed', 'certificate'],
    [{ certificate: 'AAAA', serial: '1' }, 'request_invalid', ''],
  ])('of %j is refused, the field named', async (body, code, field) => {
    const headers = { 'idempotency-key': randomUUID() };
    const answer = await stack.send('POST', '/v1/presentations', { key, headers, body: JSON.stringify(body) });
    expect([answer.status, answer.body['code'], answer.body['field']]).toEqual([400, code, field]);
  });

  it('needs the scope of logins, and lists among the contracted methods', async () => {
    const reader = await stack.newKey({ tenantId, scopes: ['verifications:read'] });
    expect((await present('AAAA', reader)).body).toMatchObject({ status: 403, code: 'scope_missing' });
    const otherTenant = await stack.newTenant();
    await stack.setContract(otherTenant, { pinlessStatus: true, revocationMethods: ['ocsp'] });
    const other = await stack.newKey({ tenantId: otherTenant });
    expect((await present('AAAA', other)).body).toMatchObject({ status: 403, feature: 'revocation_crl' });
  });

  it('is in the audit trail of the tenant, whatever came of it', async () => {
    const { body } = await present(await certificateOf(await stack.sandbox.issue()));
    const { rows } = await stack.owner.query(`select tenant_id, action, detail from audit_event where target = $1`, [
      `presentation:${uuidOf(String(body['id']))}`,
    ]);
    expect(rows).toEqual([
      {
        tenant_id: tenantId,
        action: 'presentation.create',
        detail: { outcome: 'indeterminate', reason: 'confirmed_use_missing' },
      },
    ]);
  });

  it('after the lists have run out is undecided, counted and not charged', async () => {
    const card = await stack.sandbox.issue();
    await logIn(stack, key, card);
    const certificate = await certificateOf(card);
    await stack.moveClock('+3d');
    try {
      const same = randomUUID();
      const { body } = await present(certificate, key, same);
      expect(body).toMatchObject({ outcome: 'indeterminate', reason: { code: 'revocation_stale' }, person: {} });
      expect(await metered(body['id'])).toMatchObject([{ outcome: 'indeterminate', billable: false }]);
      // Not decided: the same key asks again.
      expect((await present(certificate, key, same)).headers.get('idempotent-replayed')).toBeNull();
    } finally {
      await stack.moveClock('0');
    }
  });
});

describe('the status of a certificate known by a counterpart lookup only', () => {
  let personId: string;
  beforeAll(async () => {
    personId = (await logIn(stack, key, await stack.sandbox.issue())).person!.id!;
    await stack.owner.query(
      `update person_certificate set provenance = 'counterpart', presented_at = null where person_id = $1`,
      [uuidOf(personId)],
    );
  });
  const policy = (disclosure: Disclosure) =>
    stack.owner.query('insert into counterpart_disclosure values (clock_timestamp(), $1)', [disclosure]);

  it.each<[Disclosure, Disclosure, Disclosure, string | null]>([
    ['conclusion_only', 'status', 'conclusion_only', null],
    ['status', 'conclusion_only', 'conclusion_only', null],
    ['status', 'status', 'status', 'good'],
    ['status', 'none', 'none', null],
    ['none', 'status', 'none', null],
    ['conclusion_only', 'none', 'none', null],
  ])('with policy %s and contract %s is told as %s', async (platform, disclosure, holds, status) => {
    await policy(platform);
    await stack.setContract(tenantId, { disclosure });
    const { body } = await stack.send('GET', `/v1/persons/${personId}/certificates`, { key });
    expect(body['data']).toMatchObject([{ disclosure: holds, status }]);
  });

  it('is not even concluded from, nor metered, when the contract says none', async () => {
    await policy('status');
    await stack.setContract(tenantId, { disclosure: 'none' });
    const { body } = await stack.send('GET', `/v1/persons/${personId}/status`, { key });
    expect([body['sign'], body['auth'], body['usage']]).toEqual([null, null, []]);
  });
});
