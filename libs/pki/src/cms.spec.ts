import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ContentInfo, CryptoEngine, setEngine, SignedData } from 'pkijs';
import {
  attribute,
  buildCms,
  CMS_AT,
  type CmsSpec,
  contentTypeAttribute,
  digestAttribute,
  ID_DATA,
  issuerAndSerial,
  pssAlgorithm,
  RSA_ENCRYPTION,
  signingTimeAttribute,
  subjectKeyId,
} from '../../../test/support/cms.js';
import * as der from '../../../test/support/der-writer.js';
import { ALGORITHMS, issueEndEntity, makeAuthority, profileExtensions, rsaKey } from '../../../test/support/pki.js';
import { parseCertificate } from './certificate.js';
import {
  CMS_LIMITS,
  type Cms,
  type CmsSignatureInput,
  type CmsSignatureResult,
  findSigner,
  parseCms,
  SIGNING_TIME_SKEW_MS,
  verifyCmsSignature,
} from './cms.js';
import { Malformed } from './der.js';

const authority = makeAuthority('sign', 2023);
const holder = issueEndEntity(authority);
const certificate = parseCertificate(holder.der);
const content = Buffer.from('申込書 第1号', 'utf8');
const sha256 = createHash('sha256').update(content).digest();
const signerId = issuerAndSerial(authority.name, certificate.serial);
const keyId = Buffer.alloc(20, 0x4b);
const withKeyId = issueEndEntity(authority, {
  extensions: [...Object.values(profileExtensions(authority)), { oid: '2.5.29.14', value: der.octetString(keyId) }],
});

const build = (spec: Partial<CmsSpec> = {}): Buffer =>
  buildCms({ content, key: holder.key, signerId, certificates: [holder.der], ...spec });

function verify(cms: Cms, change: Partial<CmsSignatureInput> = {}): CmsSignatureResult {
  const found = findSigner(cms);
  if (found.signer === undefined) return { reasons: found.reasons };
  return verifyCmsSignature({ cms, signer: found.signer, certificate: found.certificate, at: CMS_AT, ...change });
}
const codes = (bytes: Uint8Array, change: Partial<CmsSignatureInput> = {}): string[] =>
  verify(parseCms(bytes), change).reasons.map(({ code }) => code);
const rule = (bytes: Uint8Array): string => {
  try {
    parseCms(bytes);
  } catch (error) {
    if (error instanceof Malformed) return error.rule;
    throw error;
  }
  return 'accepted';
};

describe('A signature is found good when it is', () => {
  const detached = { attached: false } as const;
  it.each<[string, Partial<CmsSpec>, Partial<CmsSignatureInput>]>([
    ['attached', {}, {}],
    ['attached, and the same content sent beside it', {}, { detachedContent: content }],
    ['detached with the content', detached, { detachedContent: content }],
    ['detached with its digest', detached, { detachedContent: { algorithm: 'sha256', digest: sha256 } }],
    ['by subject key identifier', { signerId: subjectKeyId(keyId), certificates: [withKeyId.der] }, {}],
    ['over the content, without signed attributes', { attributes: null }, {}],
    ['with SHA-384', { digest: 'sha384' }, {}],
    ['with SHA-512', { digest: 'sha512' }, {}],
    ['with rsaEncryption as the algorithm', { signatureAlgorithm: RSA_ENCRYPTION }, {}],
    ['with PSS', { padding: 'pss' }, {}],
    ['with PSS and SHA-512', { padding: 'pss', digest: 'sha512' }, {}],
    ['of another content type that is signed as such', { contentType: '1.2.3.4' }, {}],
    ['without a signing time', { attributes: [contentTypeAttribute(), digestAttribute(sha256)] }, {}],
    [
      'with unknown signed attributes',
      { attributes: [contentTypeAttribute(), digestAttribute(sha256), attribute('1.2.3', der.nul(), der.nul())] },
      {},
    ],
    ['among certificates of others', { certificates: [authority.der, holder.der] }, {}],
    ['signed as far ahead of our clock as is allowed', withTime(CMS_AT + SIGNING_TIME_SKEW_MS), {}],
  ])('%s', (_what, spec, change) => expect(verify(parseCms(build(spec)), change)).toMatchObject({ reasons: [] }));

  it('and says what was signed and when', () => {
    expect(verify(parseCms(build()))).toEqual({
      reasons: [],
      contentDigest: { algorithm: 'sha256', digest: sha256 },
      signingTime: CMS_AT - 60_000,
    });
  });

  it('with a certificate that came beside the message', () => {
    const cms = parseCms(buildCms({ content, key: holder.key, signerId }));
    expect(findSigner(cms).reasons).toMatchObject([{ code: 'signer_not_found' }]);
    const { signer } = findSigner(cms, [certificate]);
    expect(verifyCmsSignature({ cms, signer: signer!, certificate, at: CMS_AT }).reasons).toEqual([]);
  });

  it('as pkijs finds it, too', async () => {
    setEngine('node', new CryptoEngine({ name: 'node', crypto: globalThis.crypto }));
    const check = async (bytes: Buffer): Promise<boolean> => {
      const signed = new SignedData({ schema: ContentInfo.fromBER(bytes).content });
      const result = await signed.verify({ signer: 0, checkChain: false, extendedMode: true }).catch(() => undefined);
      return result?.signatureVerified ?? false;
    };
    for (const spec of [{}, { digest: 'sha512' }, { padding: 'pss' }] as const)
      expect(await check(build(spec))).toBe(true);
    const tampered = build({ tamper: (s) => Buffer.from(s).fill(1, 100, 101) });
    expect([await check(tampered), codes(tampered)]).toEqual([false, ['signature_mismatch']]);
  });

  function withTime(at: number): Partial<CmsSpec> {
    return { attributes: [contentTypeAttribute(), digestAttribute(sha256), signingTimeAttribute(at)] };
  }
});

describe('A request without the content is told what is missing', () => {
  const bytes = build({ attached: false, digest: 'sha512' });
  it.each([
    ['nothing at all', undefined],
    ['a digest by another algorithm', { algorithm: 'sha256' as const, digest: sha256 }],
  ])('%s', (_what, detachedContent) => {
    const change = detachedContent === undefined ? {} : { detachedContent };
    expect(verify(parseCms(bytes), change)).toEqual({ reasons: [], contentMissing: 'sha512' });
  });
});

describe('A signature is refused for its one fault', () => {
  const attributes = (...list: Buffer[]): Partial<CmsSpec> => ({ attributes: list });
  const other = Buffer.from('other');
  it.each<[string, Partial<CmsSpec>, Partial<CmsSignatureInput>, string]>([
    ['other content', { attached: false }, { detachedContent: other }, 'message_digest_mismatch'],
    [
      'another digest',
      { attached: false },
      { detachedContent: { algorithm: 'sha256', digest: Buffer.alloc(32) } },
      'message_digest_mismatch',
    ],
    ['content beside it that is not what is attached', {}, { detachedContent: other }, 'message_digest_mismatch'],
    ['no message digest', attributes(contentTypeAttribute()), {}, 'message_digest_mismatch'],
    ['no content type', attributes(digestAttribute(sha256)), {}, 'content_type_mismatch'],
    [
      'another content type',
      attributes(contentTypeAttribute('1.2.3'), digestAttribute(sha256)),
      {},
      'content_type_mismatch',
    ],
    [
      'content of a type that needs signed attributes, without them',
      { attributes: null, contentType: '1.2.3' },
      {},
      'content_type_mismatch',
    ],
    [
      'a signing time ahead of ours',
      attributes(
        contentTypeAttribute(),
        digestAttribute(sha256),
        signingTimeAttribute(CMS_AT + SIGNING_TIME_SKEW_MS + 1000),
      ),
      {},
      'signing_time_out_of_range',
    ],
    ['SHA-1', { digest: 'sha1' }, {}, 'digest_algorithm_refused'],
    ['SHA-1 in the signature algorithm alone', { signatureAlgorithm: ALGORITHMS.sha1 }, {}, 'digest_algorithm_refused'],
    [
      'PSS masked by SHA-1',
      { padding: 'pss', signatureAlgorithm: pssAlgorithm('sha256', 'sha1') },
      {},
      'digest_algorithm_refused',
    ],
    ['two different digests', { signatureAlgorithm: ALGORITHMS.sha512 }, {}, 'signature_mismatch'],
    [
      'an elliptic curve',
      { signatureAlgorithm: der.sequence(der.oid('1.2.840.10045.4.3.2')) },
      {},
      'unsupported_signature',
    ],
    ['a bare hash without DigestInfo', { padding: 'bare' }, {}, 'padding_mismatch'],
    ['PSS said to be PKCS#1 v1.5', { padding: 'pss', signatureAlgorithm: ALGORITHMS.sha256 }, {}, 'padding_mismatch'],
    ['a garbage signature', { tamper: (s) => Buffer.from(s).fill(0x33) }, {}, 'signature_mismatch'],
    ['an empty signature', { tamper: () => Buffer.alloc(0) }, {}, 'signature_mismatch'],
    [
      'a signature with an octet in front',
      { tamper: (s) => Buffer.concat([Buffer.alloc(1), s]) },
      {},
      'signature_mismatch',
    ],
    ['another key', { key: rsaKey('stranger') }, {}, 'signature_mismatch'],
    ['a signature over the content where it has attributes', { signedBytes: content }, {}, 'signature_mismatch'],
    ['two signers', { signerCount: 2 }, {}, 'unsupported_signature'],
    ['no certificate of the signer', { certificates: [authority.der] }, {}, 'signer_not_found'],
    ['no certificates', { certificates: [] }, {}, 'signer_not_found'],
    [
      'a key identifier the certificate does not carry',
      { signerId: subjectKeyId(holder.key.keyId) },
      {},
      'signer_not_found',
    ],
    ['another serial', { signerId: issuerAndSerial(authority.name, Buffer.from([5])) }, {}, 'signer_not_found'],
    [
      'two certificates under one issuer and serial',
      { certificates: [holder.der, issueEndEntity(authority, { key: rsaKey('stranger') }).der] },
      {},
      'signer_not_found',
    ],
  ])('%s', (_why, spec, change, expected) => expect(codes(build(spec), change)).toEqual([expected]));

  it('attributes passed off as content: the signature over attributes is none over content of the same octets', () => {
    // What the holder signed is DER of attributes; sent as plain content without attributes it would verify (RFC 5652 §5.3).
    const list = [contentTypeAttribute('1.2.3'), digestAttribute(sha256)].sort((a, b) => Buffer.compare(a, b));
    const replayed = build({ content: der.set(...list), attributes: null, contentType: '1.2.3' });
    expect(codes(replayed)).toEqual(['content_type_mismatch']);
  });
});

describe('A message that is not well-formed is refused for its one fault', () => {
  const info = (...parts: Buffer[]): Buffer => der.sequence(der.oid('1.2.840.113549.1.7.2'), der.explicit(0, ...parts));
  const [type, digest] = [contentTypeAttribute(), digestAttribute(sha256)];
  const withAttributes = (...attributes: Buffer[]): Buffer => build({ attributes });
  it.each<[string, Buffer, string]>([
    ['nothing', Buffer.alloc(0), 'missing_element'],
    ['more than the limit', Buffer.alloc(CMS_LIMITS.bytes + 1), 'too_large'],
    ['indefinite length', Buffer.from('3080060100', 'hex'), 'indefinite_length'],
    ['plain data', der.sequence(der.oid(ID_DATA), der.explicit(0, der.octetString(content))), 'not_signed_data'],
    ['no SignedData', info(), 'missing_element'],
    ['an unknown version', info(der.sequence(der.integer(2))), 'bad_version'],
    ['no signer', build({ signerCount: 0 }), 'no_signer'],
    ['5 signers', build({ signerCount: 5 }), 'too_many_signers'],
    ['17 certificates', build({ certificates: Array<Buffer>(17).fill(holder.der) }), 'too_many_certificates'],
    ['a certificate that is none', build({ certificates: [der.sequence()] }), 'missing_element'],
    ['a signer version that does not fit its identifier', build({ signerVersion: 3 }), 'bad_version'],
    ['no attributes in the field for them', withAttributes(), 'empty_attributes'],
    [
      'attributes out of order',
      build({ attributes: [digest, type].sort((a, b) => Buffer.compare(b, a)), unsorted: true }),
      'attributes_not_sorted',
    ],
    ['an attribute twice', withAttributes(type, digest, digestAttribute(Buffer.alloc(32, 1))), 'duplicate_attribute'],
    ['the same attribute twice', withAttributes(type, digest, digest), 'attributes_not_sorted'],
    ['an attribute without value', withAttributes(type, digest, attribute('1.2.3')), 'attribute_without_value'],
    [
      'two message digests in one attribute',
      withAttributes(type, attribute('1.2.840.113549.1.9.4', der.octetString(sha256), der.octetString(sha256))),
      'several_attribute_values',
    ],
    [
      'a bad signing time',
      withAttributes(type, digest, attribute('1.2.840.113549.1.9.5', der.nul())),
      'unexpected_tag',
    ],
    [
      '33 attributes',
      withAttributes(...Array.from({ length: 33 }, (_, i) => attribute(`1.2.3.${i}`, der.nul()))),
      'too_many_attributes',
    ],
    ['a byte after it', Buffer.concat([build(), Buffer.alloc(1)]), 'trailing_bytes'],
  ])('%s', (_why, bytes, expected) => expect(rule(bytes)).toBe(expected));

  it('whatever octets are changed or cut: Malformed, a refusal, or what the holder did sign', () => {
    const bytes = build();
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const copy = Buffer.from(bytes);
        copy[at]! ^= change;
        if (rule(copy) === 'accepted') {
          // Octets outside the signature (a version, the letter case of the issuer's name) may differ; its meaning not.
          const { reasons, contentDigest, signingTime } = verify(parseCms(copy));
          if (reasons.length === 0) expect([contentDigest?.digest, signingTime]).toEqual([sha256, CMS_AT - 60_000]);
        }
        expect(rule(bytes.subarray(0, at))).not.toBe('accepted');
      }),
      { numRuns: 1000 },
    );
  });
});
