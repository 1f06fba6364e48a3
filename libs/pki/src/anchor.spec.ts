import { describe, expect, it } from '@jest/globals';
import {
  authorityExtensions,
  authorityName,
  issueEndEntity,
  makeAuthority,
  nameDer,
  rsaKey,
} from '../../../test/support/pki.js';
import { sha256Hex } from './algorithms.js';
import { AnchorRefused, createAnchor, isTestAnchor, KNOWN_ROOTS } from './anchor.js';
import { parseCertificate } from './certificate.js';
import { Malformed } from './der.js';

const sign2015 = makeAuthority('sign', 2015);
const sign2023 = makeAuthority('sign', 2023);

describe('createAnchor', () => {
  const refusal = (bytes: Buffer): string => {
    try {
      createAnchor(bytes, 'sign');
    } catch (error) {
      if (error instanceof AnchorRefused || error instanceof Malformed) return error.rule;
      throw error;
    }
    return 'accepted';
  };

  it('names an anchor by the SHA-256 of its DER', () => {
    const { fingerprint } = createAnchor(sign2023.der, 'sign');
    expect(fingerprint).toBe(sha256Hex(sign2023.der));
    expect(fingerprint).toMatch(/^[0-9a-f]{64}$/);
  });

  it('accepts an expired root: old signatures are judged at their own time', () =>
    expect(refusal(sign2015.der)).toBe('accepted'));

  const { keyUsage, basicConstraints } = authorityExtensions(sign2023.key);
  it.each<[string, () => Buffer, string]>([
    ['an end-entity certificate', () => issueEndEntity(sign2023).der, 'not_self_issued'],
    ['a root without a name', () => makeAuthority('sign', 2023, { subject: nameDer() }).der, 'not_self_issued'],
    [
      'a root whose signature is another’s',
      () =>
        makeAuthority('sign', 2023, { tamper: (signature) => Buffer.from(signature).fill(1, 8, 9).fill(2, 9, 10) }).der,
      'self_signature_invalid',
    ],
    ['a root signed with SHA-1', () => makeAuthority('sign', 2023, { digest: 'sha1' }).der, 'algorithm_refused'],
    ['a root of 1024 bits', () => makeAuthority('sign', 2023, { key: rsaKey('short', 1024) }).der, 'key_refused'],
    [
      'a root without a key identifier',
      () => makeAuthority('sign', 2023, { extensions: [keyUsage, basicConstraints] }).der,
      'no_subject_key_identifier',
    ],
    ['a PEM file', () => Buffer.from('-----BEGIN CERTIFICATE-----'), 'unexpected_tag'],
  ])('refuses %s', (_why, bytes, rule) => expect(refusal(bytes())).toBe(rule));
});

describe('which mode an anchor is for', () => {
  it.each([
    ['JPKI-TEST', true],
    ['jpki-test ', true],
    ['JPKI', false],
    ['JPKI-TEST2', false],
  ])('O=%s is a test anchor: %s', (organization, expected) => {
    const { der: bytes } = makeAuthority('sign', 2023, {
      subject: authorityName('sign', organization),
      issuer: authorityName('sign', organization),
    });
    expect(isTestAnchor(parseCertificate(bytes))).toBe(expected);
  });

  it('the known roots are three generations of each hierarchy', () => {
    const rows = [...KNOWN_ROOTS.values()].map(({ hierarchy, generation }) => `${hierarchy} ${generation}`);
    expect(rows.sort()).toEqual(['auth 2015', 'auth 2019', 'auth 2023', 'sign 2015', 'sign 2019', 'sign 2023']);
    for (const fingerprint of KNOWN_ROOTS.keys()) expect(fingerprint).toMatch(/^[0-9a-f]{64}$/);
  });
});
