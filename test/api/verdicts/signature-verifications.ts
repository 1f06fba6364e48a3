import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Schemas } from '#lib/api-client';
import { ApiStack, type TestKey } from '../../support/api.js';
import { base64, type CmsOptions, type Padding, rawBody } from '../../support/card.js';
import { type Verification, verifySignature } from '../../support/verification.js';

let stack: ApiStack;
let key: TestKey;
beforeAll(async () => {
  stack = await ApiStack.shared();
  key = await stack.newKey();
}, 120_000);

const verify = (body: Schemas['SignatureVerificationRequest']): Promise<Verification> => verifySignature(key, body);

const named = ({ checks }: Verification): string[] => checks.map(({ name, result }) => `${name} ${result}`);
const ALL_PASSED = ['path passed', 'profile passed', 'validity passed', 'signature passed', 'revocation passed'];
const TEXT = '重要事項の説明を受けました。';
const hashed = (algorithm: string): string => createHash(algorithm).update(TEXT).digest('base64');
const DIGESTS = ['sha256', 'sha384', 'sha512'] as const;

describe('201 valid: a raw signature', () => {
  const paddings: Padding[] = ['pkcs1_v15', 'pkcs1_v15_bare', 'pss'];
  it.each(paddings.flatMap((padding) => DIGESTS.map((digest) => ({ padding, digest }))))(
    'with $padding over $digest is valid by content and by digest',
    async ({ padding, digest }) => {
      const { content, ...body } = await rawBody(stack.sandbox, { text: TEXT, padding, digest_algorithm: digest });
      for (const signed of [{ content: content! }, { digest: hashed(digest) }]) {
        const verification = await verify({ ...body, ...signed });
        expect(verification.outcome).toBe('valid');
        expect(verification.signature).toEqual({
          format: 'raw',
          padding,
          digest_algorithm: digest,
          signing_time: null,
        });
      }
    },
  );

  it('passes every check, has no reason, and is metered once without a price', async () => {
    const verification = await verify({ ...(await rawBody(stack.sandbox)), reference: '契約-2026/0001' });
    expect(verification).toMatchObject({
      kind: 'signature',
      mode: 'test',
      outcome: 'valid',
      reason: null,
      reasons: [],
      reference: '契約-2026/0001',
      challenge_id: null,
      certificate: { kind: 'sign' },
    });
    expect(named(verification)).toEqual(ALL_PASSED);
    expect(verification.usage).toEqual([{ id: expect.stringMatching(/^use_/), meter: 'sign_check', method: 'crl' }]);
    // Names of fields only: an id or a hash may spell a word by chance.
    const fields = [...JSON.stringify(verification).matchAll(/"(\w+)":/g)].map(([, field]) => field!);
    expect(fields).toContain('outcome');
    expect(fields.filter((field) => /price|amount|yen|fee/.test(field))).toEqual([]);
  });

  it('takes a content of one MiB', async () => {
    const text = 'x'.repeat(1024 * 1024);
    expect((await verify(await rawBody(stack.sandbox, { text }))).outcome).toBe('valid');
  });

  it('is valid for a certificate of the 2019 generation, under another root than one of 2023', async () => {
    const roots = await stack.sandbox.anchors();
    const fingerprintOf = (generation: string): string | undefined =>
      roots.find((root) => root.hierarchy === 'sign' && root.generation === generation)?.fingerprint;
    for (const [card, generation] of [
      ['adult-valid-2019', '2019'],
      ['adult-valid', '2023'],
    ] as const) {
      const verification = await verify(await rawBody(stack.sandbox, { card }));
      expect(verification.outcome).toBe('valid');
      expect(verification.certificate.issuer_fingerprint).toBe(fingerprintOf(generation));
    }
  });
});

describe('201 valid: CMS', () => {
  interface Shape {
    sent: 'content' | 'digest' | 'nothing, for it is attached' | 'content, attached too';
    options: CmsOptions;
  }
  const signers = [
    { signer_id: 'issuer_serial', signed_attributes: true },
    { signer_id: 'ski', signed_attributes: true },
    { signer_id: 'issuer_serial', signed_attributes: false },
    { signer_id: 'ski', signed_attributes: false },
  ] as const;
  const shapes: Shape[] = signers.flatMap((signer): Shape[] => [
    { sent: 'content', options: { ...signer, detached: true } },
    { sent: 'digest', options: { ...signer, detached: true, padding: 'pss', digest_algorithm: 'sha384' } },
    { sent: 'nothing, for it is attached', options: { ...signer, detached: false, digest_algorithm: 'sha512' } },
    { sent: 'content, attached too', options: { ...signer, detached: false, padding: 'pss' } },
  ]);
  it.each(shapes)('with $options is valid when the request brings $sent', async ({ sent, options }) => {
    const { padding = 'pkcs1_v15', digest_algorithm = 'sha256' } = options;
    const content = base64(TEXT);
    const cms = await stack.sandbox.signCms('adult-valid', { ...options, content });
    const verification = await verify({
      format: 'cms',
      cms,
      ...(sent.startsWith('content') ? { content } : {}),
      ...(sent === 'digest' ? { digest: hashed('sha384'), digest_algorithm: 'sha384' } : {}),
    });
    expect([verification.outcome, named(verification)]).toEqual(['valid', ALL_PASSED]);
    expect(verification.signature).toEqual({
      format: 'cms',
      padding,
      digest_algorithm,
      signing_time: options.signed_attributes ? expect.stringMatching(/Z$/) : null,
    });
  });

  it('tells the signing time the signer claims', async () => {
    const content = base64(TEXT);
    const signing_time = '2026-01-31T23:59:58.000Z';
    const cms = await stack.sandbox.signCms('adult-valid', { content, signing_time });
    expect((await verify({ format: 'cms', cms, content })).signature.signing_time).toBe(signing_time);
  });
});

describe('201 valid: revocation evidence', () => {
  const iso = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

  it('by CRL names the list it rests on, and asks no OCSP', async () => {
    await stack.sandbox.takeOcspCount();
    const { revocation, revocation_attempts, usage } = await verify({
      ...(await rawBody(stack.sandbox)),
      revocation: 'crl',
    });
    expect(revocation).toEqual({
      method: 'crl',
      status: 'good',
      reason: null,
      revoked_at: null,
      this_update: iso,
      next_update: iso,
      produced_at: null,
      crl_number: expect.stringMatching(/^\d+$/),
      source_sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      detail: null,
    });
    expect(revocation_attempts).toEqual([revocation]);
    expect(usage.map(({ method }) => method)).toEqual(['crl']);
    expect(await stack.sandbox.takeOcspCount()).toBe(0);
  });

  it.each(['ocsp', 'ocsp_or_crl'] as const)(
    'by %s names the answer it rests on, asked for once',
    async (revocation) => {
      await stack.sandbox.takeOcspCount();
      const answer = await verify({ ...(await rawBody(stack.sandbox)), revocation });
      expect(answer.outcome).toBe('valid');
      expect(answer.revocation).toEqual({
        method: 'ocsp',
        status: 'good',
        reason: null,
        revoked_at: null,
        this_update: iso,
        next_update: iso,
        produced_at: iso,
        crl_number: null,
        source_sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
        detail: null,
      });
      expect(answer.usage.map(({ method }) => method)).toEqual(['ocsp']);
      expect(await stack.sandbox.takeOcspCount()).toBe(1);
    },
  );

  it('of a card revoked just now differs between OCSP and a list that is not fetched yet', async () => {
    const card = await stack.sandbox.issue();
    const body = await rawBody(stack.sandbox, { card });
    await stack.sandbox.revoke(card, 'sign', 'keyCompromise');
    expect((await verify({ ...body, revocation: 'crl' })).outcome).toBe('valid');
    const before = await verify({ ...body, revocation: 'ocsp' });
    expect([before.outcome, before.reason?.code]).toEqual(['invalid', 'revoked']);
    const listed = (await verify(body)).revocation;

    await stack.refresh();
    const after = await verify(body);
    expect(after.reason).toMatchObject({ code: 'revoked', operands: { reason: 'keyCompromise' } });
    expect(after.revocation).toMatchObject({ status: 'revoked', reason: 'keyCompromise', revoked_at: iso });
    expect(Number(after.revocation?.crl_number)).toBeGreaterThan(Number(listed?.crl_number));
  });
});

describe('201 valid: attributes', () => {
  const attributesOf = async (card: string): Promise<Schemas['Attributes']> =>
    (await verify(await rawBody(stack.sandbox, { card }))).attributes!;

  it('are the four of the certificate', async () => {
    expect(await attributesOf('adult-valid')).toEqual({
      name: { value: '見本　太郎', substitution: '00000', substitution_fits: true },
      date_of_birth: {
        raw: '319850412',
        era: 'showa',
        year: 1985,
        month: 4,
        day: 12,
        precision: 'day',
        iso: '1985-04-12',
      },
      sex: 'male',
      address: { value: '東京都架空区見本町１丁目２番３号', substitution: '0'.repeat(16), substitution_fits: true },
      other: [],
    });
  });

  it('show which characters stand for others', async () => {
    const { name, address } = await attributesOf('rare-kanji');
    expect(name).toEqual({ value: '吉見　高志', substitution: '10010', substitution_fits: true });
    expect(address).toMatchObject({ substitution: '000000100000', substitution_fits: true });
  });

  it.each([
    ['birthdate-incomplete', { raw: '400000000', era: 'heisei', precision: 'unknown' }],
    ['birthdate-year-only', { raw: '319500000', era: 'showa', year: 1950, precision: 'year' }],
  ])('of %s leave out what is not known of the birth date', async (card, expected) => {
    expect((await attributesOf(card)).date_of_birth).toEqual(expected);
  });
});

describe('200: the stored verification', () => {
  it.each(['adult-valid', 'moved', 'expired'])('of %s says the same facts again', async (card) => {
    const made = await verify({ ...(await rawBody(stack.sandbox, { card })), reference: 'again', revocation: 'ocsp' });
    const { data } = await key.client.GET('/v1/verifications/{id}', { params: { path: { id: made.id } } });
    expect(data).toEqual(made);
  });

  it('leaves an audit event for each read of personal data and for no other', async () => {
    const reads = async (id: string): Promise<number> => {
      await key.client.GET('/v1/verifications/{id}', { params: { path: { id } } });
      const uuid = id.slice(4).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
      const { rows } = await stack.owner.query(
        `select 1 from audit_event where target = $1 and action = 'verification.read_attributes'`,
        [`verification:${uuid}`],
      );
      return rows.length;
    };
    expect(await reads((await verify(await rawBody(stack.sandbox))).id)).toBe(1);
    expect(await reads((await verify(await rawBody(stack.sandbox, { card: 'expired' }))).id)).toBe(0);
  });
});
