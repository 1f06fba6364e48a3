import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Schemas } from '#lib/api-client';
import { ApiStack, type TestKey } from '../support/api.js';
import { base64, rawBody, type CmsOptions } from '../support/card.js';
import { authenticationBody } from '../support/login.js';
import { codes, verifySignature, type Verification } from '../support/verification.js';

type AsOf = Schemas['ReverifyRequest']['as_of'];

let stack: ApiStack;
let tenantId: string;
let key: TestKey;
beforeAll(async () => {
  stack = await ApiStack.start();
  tenantId = await stack.newTenant();
  key = await stack.newKey({ tenantId });
}, 300_000);
afterAll(() => stack.stop());

const evidenceOf = async ({ id }: Pick<Verification, 'id'>, asker = key) =>
  asker.client.GET('/v1/verifications/{id}/evidence', { params: { path: { id } } });

async function reverify({ id }: Pick<Verification, 'id'>, as_of: AsOf, asker = key, idempotencyKey?: string) {
  const header = idempotencyKey === undefined ? {} : { 'Idempotency-Key': idempotencyKey };
  return asker.client.POST('/v1/verifications/{id}/reverify', { params: { path: { id }, header }, body: { as_of } });
}

async function metered({ id }: Pick<Verification, 'id'>): Promise<unknown[]> {
  const { rows } = await stack.owner.query<Record<string, unknown>>(
    `select u.meter, u.method, u.purpose, u.outcome, u.billable from usage_event u
     join verification v on v.certificate_hash = u.certificate_hash and v.tenant_id = u.tenant_id
     where replace(v.id::text, '-', '') = $1 and u.source = 'reverification' order by u.id`,
    [id.slice(4)],
  );
  return rows;
}

const audited = async (action: string, { id }: Pick<Verification, 'id'>): Promise<Record<string, unknown>[]> => {
  const { rows } = await stack.owner.query<{ detail: Record<string, unknown> }>(
    `select detail from audit_event where action = $1 and replace(target, '-', '') = $2 order by id`,
    [action, `verification:${id.slice(4)}`],
  );
  return rows.map(({ detail }) => detail);
};

const CONTENT = base64('contract');
async function cms(options: CmsOptions, change: Partial<Schemas['CmsSignature']> = {}): Promise<Verification> {
  const message = await stack.sandbox.signCms('adult-valid', { content: CONTENT, ...options });
  return verifySignature(key, { format: 'cms', cms: message, revocation: 'crl', identify: false, ...change });
}

describe('200: the evidence of a verification', () => {
  it('shows checks, times, the list it rests on, receipt and retention', async () => {
    const verification = await verifySignature(key, await rawBody(stack.sandbox));
    const { data, response } = await evidenceOf(verification);
    expect(response.status).toBe(200);
    expect(data).toMatchObject({
      verification_id: verification.id,
      outcome: 'valid',
      checks: verification.checks,
      revocation_attempts: [{ method: 'crl', crl_number: expect.any(String), source_sha256: expect.any(String) }],
      policy: expect.any(String),
      receipt: verification.receipt,
      kept: ['certificate', 'signature', 'digest', 'crl'],
      retention: { kind: 'verification' },
    });
    const years = new Date(data!.retention.until).getUTCFullYear() - new Date(data!.recorded_at).getUTCFullYear();
    expect(years).toBe(7);
    expect(await audited('verification.read_evidence', verification)).toHaveLength(1);
  });

  it('has neither certificate nor signature nor attributes in it', async () => {
    const body = await rawBody(stack.sandbox);
    const verification = await verifySignature(key, body);
    const text = JSON.stringify((await evidenceOf(verification)).data);
    const certificate = Buffer.from(body.certificate, 'base64');
    for (const form of [
      body.certificate,
      certificate.toString('base64url'),
      certificate.toString('hex'),
      body.signature,
    ])
      expect(text).not.toContain(form.slice(0, 60));
    expect(text).not.toContain(verification.attributes!.name.value);
  });

  it('names the OCSP answer that is kept', async () => {
    const verification = await verifySignature(key, { ...(await rawBody(stack.sandbox)), revocation: 'ocsp' });
    expect((await evidenceOf(verification)).data?.kept).toContain('ocsp_answer');
  });
});

describe('200: checks repeated as of then', () => {
  const made: [string, () => Promise<Verification>][] = [
    ['a raw signature', async () => verifySignature(key, await rawBody(stack.sandbox))],
    ['a PSS signature', async () => verifySignature(key, await rawBody(stack.sandbox, { padding: 'pss' }))],
    ['a revoked certificate', async () => verifySignature(key, await rawBody(stack.sandbox, { card: 'moved' }))],
    ['an expired certificate', async () => verifySignature(key, await rawBody(stack.sandbox, { card: 'expired' }))],
    [
      'a signature over something else',
      async () => verifySignature(key, { ...(await rawBody(stack.sandbox)), content: base64('other') }),
    ],
    [
      'a certificate of the other kind',
      async () => verifySignature(key, await rawBody(stack.sandbox, { certificate: 'auth' })),
    ],
    ['an OCSP answer', async () => verifySignature(key, { ...(await rawBody(stack.sandbox)), revocation: 'ocsp' })],
    [
      'a responder that was down, and the list after it',
      async () => {
        await stack.sandbox.ocspFault('down');
        const body = { ...(await rawBody(stack.sandbox)), revocation: 'ocsp_or_crl' } as const;
        const verification = await verifySignature(key, body);
        await stack.sandbox.ocspFault('none');
        return verification;
      },
    ],
    ['an attached message', () => cms({ detached: false, signed_attributes: true })],
    ['a message without signed attributes', () => cms({ detached: false, signed_attributes: false, padding: 'pss' })],
    ['a detached message', () => cms({ detached: true, signed_attributes: true }, { content: CONTENT })],
    ['a detached message with another content', () => cms({ detached: true }, { content: base64('other') })],
    ['an attached message contradicted by the request', () => cms({ detached: false }, { content: base64('other') })],
    [
      'a signing time in the future',
      () => cms({ detached: false, signing_time: new Date(Date.now() + 86_400_000).toISOString() }),
    ],
    [
      'a login',
      async () => {
        const body = await authenticationBody(stack, key, 'adult-valid');
        return (await key.client.POST('/v1/authentications', { body })).data!;
      },
    ],
  ];
  it.each(made)('agree for %s', async (_what, make) => {
    const verification = await make();
    const { data } = await reverify(verification, 'then');
    expect(data).toMatchObject({
      verification_id: verification.id,
      at: verification.decided_at,
      outcome: verification.outcome,
      reasons: verification.reasons,
      checks: verification.checks,
      agrees: true,
      usage: [],
    });
    const attempts = data!.revocation_attempts.map(({ basis: _basis, ...attempt }) => attempt);
    expect(attempts).toEqual(verification.revocation_attempts);
    for (const { source_sha256, basis } of data!.revocation_attempts)
      expect(basis).toBe(source_sha256 === null ? 'as_recorded' : 'rederived');
  });

  it('agree for a card of test against live', async () => {
    const live = await stack.newKey({ tenantId, mode: 'live' });
    const verification = await verifySignature(live, await rawBody(stack.sandbox));
    expect(codes(verification)).toEqual(['wrong_mode']);
    expect((await reverify(verification, 'then', live)).data).toMatchObject({ agrees: true, outcome: 'invalid' });
  });

  it('ask nobody and are not metered', async () => {
    const verification = await verifySignature(key, { ...(await rawBody(stack.sandbox)), revocation: 'ocsp' });
    await stack.sandbox.takeOcspCount();
    const before = await metered(verification);
    await reverify(verification, 'then');
    expect(await stack.sandbox.takeOcspCount()).toBe(0);
    expect(await metered(verification)).toEqual(before);
  });
});

describe('200: checks repeated after a revocation', () => {
  it.each(['crl', 'ocsp'] as const)(
    'say revoked as of now and valid as of then (%s)',
    async (revocation) => {
      const card = await stack.sandbox.issue();
      const verification = await verifySignature(key, { ...(await rawBody(stack.sandbox, { card })), revocation });
      await stack.sandbox.revoke(card, 'sign', 'keyCompromise');
      await stack.refresh();
      const now = (await reverify(verification, 'now')).data!;
      expect([now.outcome, now.reason?.code, now.agrees]).toEqual(['invalid', 'revoked', false]);
      const then = (await reverify(verification, 'then')).data!;
      expect([then.outcome, then.reason, then.agrees]).toEqual(['valid', null, true]);
      const meter = { meter: 'sign_check', purpose: 'reverification', outcome: 'invalid', billable: true };
      expect(await metered(verification)).toEqual([{ ...meter, method: revocation }]);
      expect(now.usage).toEqual([{ id: expect.stringMatching(/^use_/), meter: 'sign_check', method: revocation }]);
      expect(await audited('verification.reverify', verification)).toEqual([
        { as_of: 'now', outcome: 'invalid', reason: 'revoked', agrees: false },
        { as_of: 'then', outcome: 'valid', reason: null, agrees: true },
      ]);
      const { data: unchanged } = await key.client.GET('/v1/verifications/{id}', {
        params: { path: { id: verification.id } },
      });
      expect(unchanged).toEqual(verification);
    },
    30_000,
  );

  it('count once however often a request is repeated', async () => {
    const card = await stack.sandbox.issue();
    const verification = await verifySignature(key, await rawBody(stack.sandbox, { card }));
    const idempotencyKey = randomUUID();
    await reverify(verification, 'now', key, idempotencyKey);
    await reverify(verification, 'now', key, idempotencyKey);
    expect(await metered(verification)).toHaveLength(1);
    await reverify(verification, 'now', key, randomUUID());
    expect(await metered(verification)).toHaveLength(2);
  });

  it('are doubtful and not billed when the lists have gone stale', async () => {
    const card = await stack.sandbox.issue();
    const verification = await verifySignature(key, await rawBody(stack.sandbox, { card }));
    await stack.moveClock('+3d');
    try {
      expect((await reverify(verification, 'now')).data?.reason?.code).toBe('revocation_stale');
      expect((await reverify(verification, 'then')).data?.agrees).toBe(true);
      expect(await metered(verification)).toMatchObject([{ outcome: 'indeterminate', billable: false }]);
    } finally {
      await stack.moveClock('0');
    }
  });
});

describe('404', () => {
  it('is what another tenant and the other mode get, as for an id that was never given', async () => {
    const verification = await verifySignature(key, await rawBody(stack.sandbox));
    const askers = [await stack.newKey(), await stack.newKey({ tenantId, mode: 'live' })];
    for (const asker of askers)
      for (const id of [verification.id, `ver_${randomUUID().replaceAll('-', '')}`, 'x']) {
        const answers = [await evidenceOf({ id }, asker), await reverify({ id }, 'now', asker)];
        expect(answers.map(({ response, error }) => [response.status, error?.code])).toEqual([
          [404, 'not_found'],
          [404, 'not_found'],
        ]);
      }
    expect(await audited('verification.reverify', verification)).toEqual([]);
  });
});

describe('403 and 400', () => {
  it('refuse a key without the scope, and an as_of of another kind', async () => {
    const verification = await verifySignature(key, await rawBody(stack.sandbox));
    const reader = await stack.newKey({ tenantId, scopes: ['verifications:read'] });
    expect((await reverify(verification, 'now', reader)).error?.code).toBe('scope_missing');
    const path = `/v1/verifications/${verification.id}/reverify`;
    const answer = await stack.send('POST', path, { key, body: JSON.stringify({ as_of: 'yesterday' }) });
    expect([answer.status, answer.body['code']]).toEqual([400, 'request_invalid']);
  });
});
