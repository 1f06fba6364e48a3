import { createHash, sign } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Schemas } from '#lib/api-client';
import { ApiStack, type TestKey } from '../support/api.js';
import { base64, type Padding, rawBody } from '../support/card.js';
import { buildCms, contentTypeAttribute, digestAttribute, issuerAndSerial } from '../support/cms.js';
import * as der from '../support/der-writer.js';
import {
  type CertificateSpec,
  issueEndEntity,
  makeAuthority,
  profileExtensions,
  rsaKey,
  type TestAuthority,
  type TestEndEntity,
  USAGE,
} from '../support/pki.js';

type Verification = Schemas['Verification'];
const DAY_MS = 86_400_000;
const NOW = Math.floor(Date.now() / 1_000) * 1_000;
const LIFE = { notBefore: NOW - 400 * DAY_MS, notAfter: NOW + 400 * DAY_MS };
const AUTHORITY_LIFE = { notBefore: NOW - 900 * DAY_MS, notAfter: NOW + 900 * DAY_MS };
const CONTENT = Buffer.from('contract 1');

let stack: ApiStack;
let key: TestKey;
/** A root that test mode trusts and of which every card can be made here. */
let authority: TestAuthority;
beforeAll(async () => {
  stack = await ApiStack.start();
  key = await stack.newKey();
  authority = makeAuthority('sign', 2024, AUTHORITY_LIFE);
  await stack.importAnchor('test', 'sign', authority.der, fingerprint(authority.der));
  await stack.untilCaughtUp();
}, 120_000);
afterAll(() => stack.stop());

const fingerprint = (certificate: Buffer): string => createHash('sha256').update(certificate).digest('hex');
const results = ({ checks }: Verification): string[] => checks.map(({ result }) => result);
const codes = ({ reasons }: Verification): string[] => reasons.map(({ code }) => code);

async function verify(body: Schemas['SignatureVerificationRequest'], with_ = key): Promise<Verification> {
  const { data, error, response } = await with_.client.POST('/v1/signature-verifications', { body });
  expect([response.status, error?.code]).toEqual([201, undefined]);
  return data!;
}

const signedBy = (holder: TestEndEntity): Schemas['RawSignature'] => ({
  format: 'raw',
  certificate: base64(holder.der),
  signature: base64(sign('sha256', CONTENT, holder.key.privateKey)),
  padding: 'pkcs1_v15',
  digest_algorithm: 'sha256',
  content: base64(CONTENT),
});

/** Nothing was asked about the certificate and nothing is told of its holder. */
async function expectNothingRevealed(verification: Verification): Promise<void> {
  expect(verification).toMatchObject({ attributes: null, revocation: null, revocation_attempts: [], usage: [] });
  expect(results(verification).at(-1)).toBe('not_run');
  const id = verification.id.slice(4);
  const { rows } = await stack.owner.query(
    `select 1 from usage_event where replace(verification_id::text, '-', '') = $1`,
    [id],
  );
  expect(rows).toEqual([]);
}

describe('201 invalid: revoked', () => {
  it.each([
    ['moved', 'affiliationChanged'],
    ['renewed-old', 'superseded'],
    ['deceased', 'affiliationChanged'],
    ['card-lost', 'cessationOfOperation'],
    ['on-hold', 'certificateHold'],
  ])('%s says so with the reason %s, by CRL and by OCSP alike', async (card, reason) => {
    const body = await rawBody(stack.sandbox, { card });
    const times: unknown[] = [];
    for (const revocation of ['crl', 'ocsp'] as const) {
      const verification = await verify({ ...body, revocation });
      expect([verification.outcome, codes(verification)]).toEqual(['invalid', ['revoked']]);
      expect(verification.reason?.operands).toEqual({ reason, revoked_at: verification.revocation?.revoked_at });
      expect(verification.revocation).toMatchObject({ method: revocation, status: 'revoked', reason });
      expect(results(verification)).toEqual(['passed', 'passed', 'passed', 'passed', 'failed']);
      expect(verification.usage).toHaveLength(1);
      // The signature was made by the holder: whose it was may be told.
      expect(verification.attributes?.name.value).toEqual(expect.any(String));
      times.push(verification.revocation?.revoked_at);
    }
    expect(times[0]).toBe(times[1]);
  });

  it('never tells the person the cause', async () => {
    const texts = new Set<string>();
    for (const card of ['moved', 'deceased', 'card-lost'])
      texts.add(JSON.stringify((await verify(await rawBody(stack.sandbox, { card }))).reason?.user_message));
    expect(texts.size).toBe(1);
  });
});

describe('201 invalid: expired', () => {
  it('certificate under a living root: certificate_expired, and silence of the list proves nothing', async () => {
    const verification = await verify({ ...(await rawBody(stack.sandbox, { card: 'expired' })), revocation: 'ocsp' });
    expect(codes(verification)).toEqual(['certificate_expired']);
    expect(results(verification)).toEqual(['passed', 'passed', 'failed', 'not_run', 'not_run']);
    await expectNothingRevealed(verification);
  });

  it('root of the 2015 generation: issuer_expired', async () => {
    const verification = await verify(await rawBody(stack.sandbox, { card: 'adult-expired-2015' }));
    expect(codes(verification)).toEqual(['issuer_expired']);
    await expectNothingRevealed(verification);
  });
});

describe('201 invalid: the signature', () => {
  const paddings: Padding[] = ['pkcs1_v15', 'pkcs1_v15_bare', 'pss'];
  it.each(paddings.flatMap((made) => paddings.filter((said) => said !== made).map((said) => ({ made, said }))))(
    'made with $made and said to be $said is padding_mismatch and names what was found',
    async ({ made, said }) => {
      const verification = await verify({ ...(await rawBody(stack.sandbox, { padding: made })), padding: said });
      expect(verification.outcome).toBe('invalid');
      expect(verification.reason).toMatchObject({
        code: 'padding_mismatch',
        operands: { expected: said, found: made },
      });
    },
  );

  it.each([
    ['other content', { content: base64('contract 2') }],
    ['another digest algorithm', { digest_algorithm: 'sha512' as const }],
    ['a signature of 255 bytes', { signature: base64(Buffer.alloc(255, 1)) }],
    ['a signature above the modulus', { signature: base64(Buffer.alloc(256, 0xff)) }],
    ['a signature of zeros', { signature: base64(Buffer.alloc(256)) }],
  ])('with %s is signature_mismatch', async (_what, change) => {
    const verification = await verify({ ...(await rawBody(stack.sandbox)), ...change });
    expect([verification.outcome, codes(verification)]).toEqual(['invalid', ['signature_mismatch']]);
    await expectNothingRevealed(verification);
  });

  it('by another card is signature_mismatch', async () => {
    const { signature } = await rawBody(stack.sandbox, { card: 'rare-kanji' });
    expect(codes(await verify({ ...(await rawBody(stack.sandbox)), signature }))).toEqual(['signature_mismatch']);
  });
});

describe('201 invalid: CMS', () => {
  const content = base64(CONTENT);
  const cmsOf = async (options: object): Promise<string> =>
    stack.sandbox.signCms('adult-valid', { content, ...options });

  it('with other content is message_digest_mismatch', async () => {
    const verification = await verify({ format: 'cms', cms: await cmsOf({}), content: base64('contract 2') });
    expect(codes(verification)).toEqual(['message_digest_mismatch']);
    await expectNothingRevealed(verification);
  });

  it('with other content and no signed attributes is signature_mismatch', async () => {
    const cms = await cmsOf({ signed_attributes: false });
    expect(codes(await verify({ format: 'cms', cms, content: base64('contract 2') }))).toEqual(['signature_mismatch']);
  });

  it('whose attached content is not the one stated is message_digest_mismatch', async () => {
    const cms = await cmsOf({ detached: false });
    const verification = await verify({ format: 'cms', cms, content: base64('contract 2') });
    expect(codes(verification)).toContain('message_digest_mismatch');
    expect(verification.outcome).toBe('invalid');
  });

  it('over SHA-1 is digest_algorithm_refused', async () => {
    const cms = await cmsOf({ digest_algorithm: 'sha1' });
    expect(codes(await verify({ format: 'cms', cms, content }))).toEqual(['digest_algorithm_refused']);
  });

  it('signed tomorrow is signing_time_out_of_range', async () => {
    const cms = await cmsOf({ signing_time: new Date(NOW + DAY_MS).toISOString() });
    expect(codes(await verify({ format: 'cms', cms, content }))).toEqual(['signing_time_out_of_range']);
  });

  it('whose signed content type is another is content_type_mismatch', async () => {
    const holder = issueEndEntity(authority, LIFE);
    const cms = buildCms({
      content: CONTENT,
      key: holder.key,
      signerId: issuerAndSerial(authority.name, Buffer.from('0abc1234', 'hex')),
      certificates: [holder.der],
      attributes: [
        contentTypeAttribute('1.2.840.113549.1.7.3'),
        digestAttribute(createHash('sha256').update(CONTENT).digest()),
      ],
    });
    expect(codes(await verify({ format: 'cms', cms: base64(cms) }))).toEqual(['content_type_mismatch']);
  });
});

describe('201 invalid: the wrong certificate', () => {
  it('an auth certificate at signature verifications is wrong_hierarchy, though its signature is right', async () => {
    const verification = await verify(await rawBody(stack.sandbox, { certificate: 'auth' }));
    expect(verification.reason).toMatchObject({
      code: 'wrong_hierarchy',
      operands: { expected: 'sign', found: 'auth' },
    });
    expect(results(verification)).toEqual(['failed', 'not_run', 'not_run', 'not_run', 'not_run']);
    await expectNothingRevealed(verification);
  });

  it('a sandbox card with a live key is wrong_mode', async () => {
    const live = await stack.newKey({ mode: 'live' });
    const verification = await verify(await rawBody(stack.sandbox), live);
    expect([verification.mode, codes(verification)]).toEqual(['live', ['wrong_mode']]);
    await expectNothingRevealed(verification);
  });

  it('a card of a live root with a test key is wrong_mode', async () => {
    const liveRoot = makeAuthority('sign', 2023, { ...AUTHORITY_LIFE, organization: 'JPKI', key: rsaKey('live') });
    await stack.importAnchor('live', 'sign', liveRoot.der, fingerprint(liveRoot.der));
    const body = signedBy(issueEndEntity(liveRoot, LIFE));
    await stack.until(
      'the API knows the live root',
      async () => (await verify(body)).reason?.code !== 'issuer_unknown',
    );
    expect(codes(await verify(body))).toEqual(['wrong_mode']);
  });

  it('of a self-made chain with the right names is issuer_unknown', async () => {
    const own = makeAuthority('sign', 2024, { ...AUTHORITY_LIFE, key: rsaKey('forger') });
    const verification = await verify(signedBy(issueEndEntity(own, LIFE)));
    expect(codes(verification)).toEqual(['issuer_unknown']);
    await expectNothingRevealed(verification);
  });

  it('of a self-made chain that also copies the key identifier and serial of the root is issuer_signature_invalid', async () => {
    const forged = { ...authority, key: { ...rsaKey('forger'), keyId: authority.key.keyId } };
    const verification = await verify(signedBy(issueEndEntity(forged, LIFE)));
    expect(codes(verification)).toEqual(['issuer_signature_invalid']);
    await expectNothingRevealed(verification);
  });

  it('the root itself is not a card', async () => {
    const verification = await verify(signedBy({ der: authority.der, key: authority.key }));
    expect(verification.outcome).toBe('invalid');
    expect(codes(verification)).toContain('end_entity_is_ca');
    await expectNothingRevealed(verification);
  });
});

describe('201 invalid: a certificate of the trusted root that breaks one rule of the profile', () => {
  const without = (...names: string[]): Partial<CertificateSpec> => ({
    extensions: Object.entries(profileExtensions(authority))
      .filter(([name]) => !names.includes(name))
      .map(([, extension]) => extension),
  });
  const plus = (oid: string, value: Buffer, critical = false): Partial<CertificateSpec> => ({
    extensions: [...Object.values(profileExtensions(authority)), { oid, value, critical }],
  });
  const keyUsage = (bits: number): Partial<CertificateSpec> => ({
    extensions: [...without('keyUsage').extensions!, { oid: '2.5.29.15', critical: true, value: der.namedBits(bits) }],
  });

  it('control: unbroken, it is stopped by nothing but the missing list', async () => {
    const verification = await verify(signedBy(issueEndEntity(authority, LIFE)));
    expect(verification.reason).toMatchObject({
      code: 'revocation_unavailable',
      operands: { detail: 'no_partition' },
    });
    expect(results(verification)).toEqual(['passed', 'passed', 'passed', 'passed', 'failed']);
  });

  it.each<[string, string, () => Partial<CertificateSpec> & { key?: ReturnType<typeof rsaKey> }]>([
    ['key_usage_not_allowed', 'no key usage', () => without('keyUsage')],
    ['key_usage_not_allowed', 'the key usage of an auth certificate', () => keyUsage(USAGE.auth)],
    ['policy_not_allowed', 'no policy', () => without('policies')],
    ['profile_mismatch', 'no attributes', () => without('san')],
    ['profile_mismatch', 'a subject without municipality', () => ({ subject: authority.name })],
    [
      'extended_key_usage_not_allowed',
      'an extended key usage',
      () => plus('2.5.29.37', der.sequence(der.oid('1.3.6.1.5.5.7.3.2'))),
    ],
    ['end_entity_is_ca', 'the CA flag', () => plus('2.5.29.19', der.sequence(der.boolean(true)), true)],
    ['critical_extension_unknown', 'an unknown critical extension', () => plus('1.2.3.4', der.nul(), true)],
    ['certificate_not_yet_valid', 'a life that begins tomorrow', () => ({ notBefore: NOW + DAY_MS })],
    ['certificate_expired', 'a life that ended a second ago', () => ({ notAfter: NOW - 1_000 })],
    ['algorithm_refused', 'a SHA-1 signature', () => ({ digest: 'sha1' })],
    ['key_refused', 'a key of 1024 bits', () => ({ key: rsaKey('small', 1024), spki: rsaKey('small', 1024).spki })],
    [
      'issuer_signature_invalid',
      'one changed bit in its signature',
      () => ({ tamper: (signature) => Buffer.concat([signature.subarray(0, -1), Buffer.of(signature.at(-1)! ^ 1)]) }),
    ],
  ])('%s: %s', async (code, _what, change) => {
    const verification = await verify(signedBy(issueEndEntity(authority, { ...LIFE, ...change() })));
    expect([verification.outcome, codes(verification)]).toEqual(['invalid', [code]]);
    await expectNothingRevealed(verification);
  });
});

describe('201 invalid: a copied certificate with a garbage signature', () => {
  it.each(['adult-valid', 'deceased', 'on-hold'])('of %s reveals nothing and costs nothing', async (card) => {
    const body = await rawBody(stack.sandbox, { card });
    await stack.sandbox.takeOcspCount();
    for (const revocation of ['crl', 'ocsp', 'ocsp_or_crl'] as const) {
      const signature = base64(Buffer.alloc(256, 0x5a));
      const verification = await verify({ ...body, signature, revocation });
      expect(codes(verification)).toEqual(['signature_mismatch']);
      expect(results(verification)).toEqual(['passed', 'passed', 'passed', 'failed', 'not_run']);
      await expectNothingRevealed(verification);
    }
    expect(await stack.sandbox.takeOcspCount()).toBe(0);
  });

  it('cannot be told from that of a revoked card', async () => {
    const shape = async (card: string): Promise<unknown> => {
      const body = { ...(await rawBody(stack.sandbox, { card })), signature: base64(Buffer.alloc(256, 0x5a)) };
      const { id, decided_at, certificate, ...rest } = await verify(body);
      expect([id, decided_at, certificate.kind]).toEqual([expect.any(String), expect.any(String), 'sign']);
      return rest;
    };
    expect(await shape('deceased')).toEqual(await shape('adult-valid'));
  });
});
