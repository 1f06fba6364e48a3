import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { ApiStack, type TestKey } from '../../support/api.js';
import { base64, type Padding, rawBody } from '../../support/card.js';
import { buildCms, contentTypeAttribute, digestAttribute, issuerAndSerial } from '../../support/cms.js';
import { CARD_LIFE, CONTENT, DAY_MS, NOW, trustOwnAuthority } from '../../support/own-authority.js';
import { issueEndEntity } from '../../support/pki.js';
import { codes, expectNothingRevealed, results, verifySignature } from '../../support/verification.js';

let stack: ApiStack;
let key: TestKey;
beforeAll(async () => {
  stack = await ApiStack.shared();
  key = await stack.newKey();
}, 120_000);

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
      const verification = await verifySignature(key, { ...body, revocation });
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
      texts.add(
        JSON.stringify((await verifySignature(key, await rawBody(stack.sandbox, { card }))).reason?.user_message),
      );
    expect(texts.size).toBe(1);
  });
});

describe('201 invalid: expired', () => {
  it('certificate under a living root: certificate_expired, and silence of the list proves nothing', async () => {
    const verification = await verifySignature(key, {
      ...(await rawBody(stack.sandbox, { card: 'expired' })),
      revocation: 'ocsp',
    });
    expect(codes(verification)).toEqual(['certificate_expired']);
    expect(results(verification)).toEqual(['passed', 'passed', 'failed', 'not_run', 'not_run']);
    await expectNothingRevealed(stack, verification);
  });

  it('root of the 2015 generation: issuer_expired', async () => {
    const verification = await verifySignature(key, await rawBody(stack.sandbox, { card: 'adult-expired-2015' }));
    expect(codes(verification)).toEqual(['issuer_expired']);
    await expectNothingRevealed(stack, verification);
  });
});

describe('201 invalid: the signature', () => {
  const paddings: Padding[] = ['pkcs1_v15', 'pkcs1_v15_bare', 'pss'];
  it.each(paddings.flatMap((made) => paddings.filter((said) => said !== made).map((said) => ({ made, said }))))(
    'made with $made and said to be $said is padding_mismatch and names what was found',
    async ({ made, said }) => {
      const verification = await verifySignature(key, {
        ...(await rawBody(stack.sandbox, { padding: made })),
        padding: said,
      });
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
    const verification = await verifySignature(key, { ...(await rawBody(stack.sandbox)), ...change });
    expect([verification.outcome, codes(verification)]).toEqual(['invalid', ['signature_mismatch']]);
    await expectNothingRevealed(stack, verification);
  });

  it('by another card is signature_mismatch', async () => {
    const { signature } = await rawBody(stack.sandbox, { card: 'rare-kanji' });
    expect(codes(await verifySignature(key, { ...(await rawBody(stack.sandbox)), signature }))).toEqual([
      'signature_mismatch',
    ]);
  });
});

describe('201 invalid: CMS', () => {
  const content = base64(CONTENT);
  const cmsOf = async (options: object): Promise<string> =>
    stack.sandbox.signCms('adult-valid', { content, ...options });

  it('with other content is message_digest_mismatch', async () => {
    const verification = await verifySignature(key, {
      format: 'cms',
      cms: await cmsOf({}),
      content: base64('contract 2'),
    });
    expect(codes(verification)).toEqual(['message_digest_mismatch']);
    await expectNothingRevealed(stack, verification);
  });

  it('with other content and no signed attributes is signature_mismatch', async () => {
    const cms = await cmsOf({ signed_attributes: false });
    expect(codes(await verifySignature(key, { format: 'cms', cms, content: base64('contract 2') }))).toEqual([
      'signature_mismatch',
    ]);
  });

  it('whose attached content is not the one stated is message_digest_mismatch', async () => {
    const cms = await cmsOf({ detached: false });
    const verification = await verifySignature(key, { format: 'cms', cms, content: base64('contract 2') });
    expect(codes(verification)).toContain('message_digest_mismatch');
    expect(verification.outcome).toBe('invalid');
  });

  it('over SHA-1 is digest_algorithm_refused', async () => {
    const cms = await cmsOf({ digest_algorithm: 'sha1' });
    expect(codes(await verifySignature(key, { format: 'cms', cms, content }))).toEqual(['digest_algorithm_refused']);
  });

  it('signed tomorrow is signing_time_out_of_range', async () => {
    const cms = await cmsOf({ signing_time: new Date(NOW + DAY_MS).toISOString() });
    expect(codes(await verifySignature(key, { format: 'cms', cms, content }))).toEqual(['signing_time_out_of_range']);
  });

  it('whose signed content type is another is content_type_mismatch', async () => {
    const authority = await trustOwnAuthority(stack);
    const holder = issueEndEntity(authority, CARD_LIFE);
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
    expect(codes(await verifySignature(key, { format: 'cms', cms: base64(cms) }))).toEqual(['content_type_mismatch']);
  });
});

describe('201 invalid: a copied certificate with a garbage signature', () => {
  it.each(['adult-valid', 'deceased', 'on-hold'])('of %s reveals nothing and costs nothing', async (card) => {
    const body = await rawBody(stack.sandbox, { card });
    await stack.sandbox.takeOcspCount();
    for (const revocation of ['crl', 'ocsp', 'ocsp_or_crl'] as const) {
      const signature = base64(Buffer.alloc(256, 0x5a));
      const verification = await verifySignature(key, { ...body, signature, revocation });
      expect(codes(verification)).toEqual(['signature_mismatch']);
      expect(results(verification)).toEqual(['passed', 'passed', 'passed', 'failed', 'not_run']);
      await expectNothingRevealed(stack, verification);
    }
    expect(await stack.sandbox.takeOcspCount()).toBe(0);
  });

  it('cannot be told from that of a revoked card', async () => {
    const shape = async (card: string): Promise<unknown> => {
      const body = { ...(await rawBody(stack.sandbox, { card })), signature: base64(Buffer.alloc(256, 0x5a)) };
      const { id, decided_at, certificate, receipt, ...rest } = await verifySignature(key, body);
      // Random in every answer: id, time, signature and salt of the receipt.
      const text = expect.any(String);
      expect([id, decided_at, receipt, certificate.kind]).toEqual([text, text, text, 'sign']);
      return rest;
    };
    expect(await shape('deceased')).toEqual(await shape('adult-valid'));
  });
});
