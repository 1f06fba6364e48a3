import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ApiStack, type TestKey } from '../support/api.js';
import { rawBody } from '../support/card.js';
import * as der from '../support/der-writer.js';
import {
  AUTHORITY_LIFE,
  CARD_LIFE,
  DAY_MS,
  fingerprintOf,
  NOW,
  signedBy,
  trustOwnAuthority,
} from '../support/own-authority.js';
import {
  type CertificateSpec,
  issueEndEntity,
  makeAuthority,
  profileExtensions,
  rsaKey,
  type TestAuthority,
  USAGE,
} from '../support/pki.js';
import { codes, expectNothingRevealed, results, verifySignature } from '../support/verification.js';

let stack: ApiStack;
let key: TestKey;
let authority: TestAuthority;
beforeAll(async () => {
  stack = await ApiStack.start();
  key = await stack.newKey();
  authority = await trustOwnAuthority(stack);
}, 120_000);
afterAll(() => stack.stop());

describe('201 invalid: the wrong certificate', () => {
  it('an auth certificate at signature verifications is wrong_hierarchy, though its signature is right', async () => {
    const verification = await verifySignature(key, await rawBody(stack.sandbox, { certificate: 'auth' }));
    expect(verification.reason).toMatchObject({
      code: 'wrong_hierarchy',
      operands: { expected: 'sign', found: 'auth' },
    });
    expect(results(verification)).toEqual(['failed', 'not_run', 'not_run', 'not_run', 'not_run']);
    await expectNothingRevealed(stack, verification);
  });

  it('a sandbox card with a live key is wrong_mode', async () => {
    const live = await stack.newKey({ mode: 'live' });
    const verification = await verifySignature(live, await rawBody(stack.sandbox));
    expect([verification.mode, codes(verification)]).toEqual(['live', ['wrong_mode']]);
    await expectNothingRevealed(stack, verification);
  });

  it('a card of a live root with a test key is wrong_mode', async () => {
    const liveRoot = makeAuthority('sign', 2023, { ...AUTHORITY_LIFE, organization: 'JPKI', key: rsaKey('live') });
    await stack.importAnchor('live', 'sign', liveRoot.der, fingerprintOf(liveRoot.der));
    const body = signedBy(issueEndEntity(liveRoot, CARD_LIFE));
    await stack.until(
      'the API knows the live root',
      async () => (await verifySignature(key, body)).reason?.code !== 'issuer_unknown',
    );
    expect(codes(await verifySignature(key, body))).toEqual(['wrong_mode']);
  });

  it('of a self-made chain with the right names is issuer_unknown', async () => {
    const own = makeAuthority('sign', 2024, { ...AUTHORITY_LIFE, key: rsaKey('forger') });
    const verification = await verifySignature(key, signedBy(issueEndEntity(own, CARD_LIFE)));
    expect(codes(verification)).toEqual(['issuer_unknown']);
    await expectNothingRevealed(stack, verification);
  });

  it('of a self-made chain that also copies the key identifier and serial of the root is issuer_signature_invalid', async () => {
    const forged = { ...authority, key: { ...rsaKey('forger'), keyId: authority.key.keyId } };
    const verification = await verifySignature(key, signedBy(issueEndEntity(forged, CARD_LIFE)));
    expect(codes(verification)).toEqual(['issuer_signature_invalid']);
    await expectNothingRevealed(stack, verification);
  });

  it('the root itself is not a card', async () => {
    const verification = await verifySignature(key, signedBy({ der: authority.der, key: authority.key }));
    expect(verification.outcome).toBe('invalid');
    expect(codes(verification)).toContain('end_entity_is_ca');
    await expectNothingRevealed(stack, verification);
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
    const verification = await verifySignature(key, signedBy(issueEndEntity(authority, CARD_LIFE)));
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
    const verification = await verifySignature(key, signedBy(issueEndEntity(authority, { ...CARD_LIFE, ...change() })));
    expect([verification.outcome, codes(verification)]).toEqual(['invalid', [code]]);
    await expectNothingRevealed(stack, verification);
  });
});
