import { describe, expect, it } from '@jest/globals';
import { constants, generateKeyPairSync, sign as signBytes } from 'node:crypto';
import * as der from '../../../test/support/der-writer.js';
import {
  authorityExtensions,
  type CertificateSpec,
  issueEndEntity,
  makeAuthority,
  nameDer,
  profileExtensions,
  rsaKey,
  type TestAuthority,
  type TestExtension,
} from '../../../test/support/pki.js';
import { AnchorRefused, createAnchor } from './anchor.js';
import { DEFAULT_ALGORITHM_POLICY, sha256Hex } from './algorithms.js';
import { parseCertificate } from './certificate.js';
import { type Hierarchy, MAX_SIGNATURE_TRIES, type TrustAnchor, validatePath } from './path.js';

const sign2015 = makeAuthority('sign', 2015);
const sign2019 = makeAuthority('sign', 2019);
const sign2023 = makeAuthority('sign', 2023);
const auth2023 = makeAuthority('auth', 2023);
const anchorOf = (authority: TestAuthority): TrustAnchor => createAnchor(authority.der, authority.hierarchy);
const ANCHORS = [sign2015, sign2019, sign2023, auth2023].map(anchorOf);
const AT = Date.UTC(2025, 5, 1);

const validate = (certificate: Buffer, change: { anchors?: TrustAnchor[]; hierarchy?: Hierarchy; at?: number } = {}) =>
  validatePath({ certificate: parseCertificate(certificate), anchors: ANCHORS, hierarchy: 'sign', at: AT, ...change });
const codes = (...input: Parameters<typeof validate>): string[] => validate(...input).reasons.map(({ code }) => code);
const without = (authority: TestAuthority, name: 'aki', replacement?: Buffer): TestExtension[] => {
  const { [name]: removed, ...rest } = profileExtensions(authority);
  return [...Object.values(rest), ...(replacement ? [{ ...removed, value: replacement }] : [])];
};
/** An anchor as an importer without checks would make it. */
const unchecked = (change: Parameters<typeof makeAuthority>[2]): [TestAuthority, TrustAnchor] => {
  const authority = makeAuthority('sign', 2023, change);
  const certificate = parseCertificate(authority.der);
  return [authority, { certificate, hierarchy: 'sign', fingerprint: sha256Hex(authority.der) }];
};

describe('the issuer is found', () => {
  it.each([
    ['2015', sign2015, 0, Date.UTC(2024, 5, 1)],
    ['2019', sign2019, 1, AT],
    ['2023', sign2023, 2, AT],
  ])('among generations that share one name: %s', (_why, authority, index, at) => {
    const { anchor, reasons } = validate(issueEndEntity(authority).der, { at });
    expect(reasons).toEqual([]);
    expect(anchor).toBe(ANCHORS[index]);
  });

  it('by signature when the certificate names no key', () => {
    const { anchor } = validate(issueEndEntity(sign2019, { extensions: without(sign2019, 'aki') }).der);
    expect(anchor).toBe(ANCHORS[1]);
  });

  it('although the name is encoded and spelled differently', () => {
    const issuer = der.sequence(
      der.set(der.sequence(der.oid('2.5.4.6'), der.utf8('jp'))),
      der.set(der.sequence(der.oid('2.5.4.10'), der.printable('jpki-TEST'))),
      der.set(der.sequence(der.oid('2.5.4.11'), der.printable('JPKI for  digital signature '))),
      der.set(der.sequence(der.oid('2.5.4.11'), der.utf8('Japan Agency for Local Authority Information Systems'))),
    );
    expect(codes(issueEndEntity(sign2023, { issuer }).der)).toEqual([]);
  });

  it.each(['sha256', 'sha384', 'sha512'] as const)('when it signed with %s', (digest) =>
    expect(codes(issueEndEntity(sign2023, { digest }).der)).toEqual([]),
  );
});

const hashDer = (last: number): Buffer => der.sequence(der.oid(`2.16.840.1.101.3.4.2.${last}`), der.nul());
const pss = (hash: Buffer, mask: Buffer, salt: number): Buffer =>
  der.sequence(
    der.oid('1.2.840.113549.1.1.10'),
    der.sequence(
      der.explicit(0, hash),
      der.explicit(1, der.sequence(der.oid('1.2.840.113549.1.1.8'), mask)),
      der.explicit(2, der.integer(salt)),
    ),
  );
const signedWithPss = (innerAlgorithm: Buffer, saltLength: number): Buffer =>
  issueEndEntity(sign2023, {
    innerAlgorithm,
    sign: (tbs) =>
      signBytes('sha256', tbs, {
        key: sign2023.key.privateKey,
        padding: constants.RSA_PKCS1_PSS_PADDING,
        saltLength,
      }),
  }).der;

describe('a certificate signed with RSASSA-PSS', () => {
  it.each([32, 20])('passes with a stated salt of %d octets', (salt) =>
    expect(codes(signedWithPss(pss(hashDer(1), hashDer(1), salt), salt))).toEqual([]),
  );
  it('fails when the salt is not as long as stated', () =>
    expect(codes(signedWithPss(pss(hashDer(1), hashDer(1), 20), 32))).toEqual(['issuer_signature_invalid']));
  it('is refused when digest and mask digest differ', () =>
    expect(codes(signedWithPss(pss(hashDer(1), hashDer(2), 32), 32))).toEqual(['algorithm_refused']));
  it('is refused with default parameters, which mean SHA-1', () =>
    expect(codes(signedWithPss(der.sequence(der.oid('1.2.840.113549.1.1.10'), der.sequence()), 20))).toEqual([
      'algorithm_refused',
    ]));
});

describe('the path is refused when', () => {
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'der' });
  const self = makeAuthority('sign', 2023, { key: rsaKey('intruder') });
  const intruder = rsaKey('intruder');
  const signedByIntruder = (): Buffer =>
    issueEndEntity({ ...sign2023, key: { ...sign2023.key, privateKey: intruder.privateKey } }).der;
  const akiOf = (keyId: Buffer, name: Buffer, serial: Buffer): Buffer =>
    der.sequence(der.implicit(0, keyId), der.explicit(1, der.explicit(4, name)), der.implicit(2, serial));
  const { keyId } = sign2023.key;

  it.each<[string, () => Buffer, string]>([
    ['no anchor has the name', () => issueEndEntity({ ...sign2023, name: nameDer(['CN', 'x']) }).der, 'issuer_unknown'],
    ['a self-made authority has the right name', () => issueEndEntity(self).der, 'issuer_unknown'],
    [
      'the key identifier is copied and the signature is not the authority’s',
      signedByIntruder,
      'issuer_signature_invalid',
    ],
    [
      'nobody with the name made the signature and no key is named',
      () => issueEndEntity(self, { extensions: without(self, 'aki') }).der,
      'issuer_signature_invalid',
    ],
    [
      'one bit of the signature differs',
      () =>
        issueEndEntity(sign2023, {
          tamper: (signature) => Buffer.concat([signature.subarray(0, 255), Buffer.from([signature[255]! ^ 1])]),
        }).der,
      'issuer_signature_invalid',
    ],
    [
      'the signature is empty',
      () => issueEndEntity(sign2023, { tamper: () => Buffer.alloc(0) }).der,
      'issuer_signature_invalid',
    ],
    [
      'the authority serial is another',
      () =>
        issueEndEntity(sign2023, {
          extensions: without(sign2023, 'aki', akiOf(keyId, sign2023.name, Buffer.from([9]))),
        }).der,
      'issuer_unknown',
    ],
    [
      'the authority issuer is another',
      () =>
        issueEndEntity(sign2023, {
          extensions: without(sign2023, 'aki', akiOf(keyId, nameDer(['CN', 'x']), sign2023.serial)),
        }).der,
      'issuer_unknown',
    ],
    ['the anchor belongs to the other hierarchy', () => issueEndEntity(auth2023).der, 'wrong_hierarchy'],
    ['SHA-1 was used', () => issueEndEntity(sign2023, { digest: 'sha1' }).der, 'algorithm_refused'],
    [
      'the two statements of the algorithm differ',
      () => issueEndEntity(sign2023, { outerAlgorithm: der.sequence(der.oid('1.2.840.113549.1.1.12'), der.nul()) }).der,
      'algorithm_mismatch',
    ],
    ['the key is an elliptic curve key', () => issueEndEntity(sign2023, { spki: ec }).der, 'key_refused'],
    ['the key has 1024 bits', () => issueEndEntity(sign2023, { spki: rsaKey('short', 1024).spki }).der, 'key_refused'],
    [
      'the key has exponent 3',
      () => issueEndEntity(sign2023, { spki: rsaKey('low', 2048, 3).spki }).der,
      'key_refused',
    ],
    [
      'the modulus is even',
      () =>
        issueEndEntity(sign2023, {
          spki: der.sequence(
            der.sequence(der.oid('1.2.840.113549.1.1.1'), der.nul()),
            der.bitString(der.sequence(der.integer(2n ** 2047n), der.integer(65537))),
          ),
        }).der,
      'key_refused',
    ],
  ])('%s', (_why, certificate, code) => {
    const result = validate(certificate());
    expect(result.reasons.map((reason) => reason.code)).toEqual([code]);
    expect(result.anchor).toBeUndefined();
  });

  it('there is no anchor at all', () =>
    expect(codes(issueEndEntity(sign2023).der, { anchors: [] })).toEqual(['issuer_unknown']));

  it.each([
    ['after the last second of the anchor', Date.UTC(2033, 6, 15, 15), 'issuer_expired'],
    ['before the first second of the anchor', Date.UTC(2023, 6, 15, 23, 59, 59, 999), 'issuer_not_yet_valid'],
  ])('the time is %s', (_why, at, code) => expect(codes(issueEndEntity(sign2023).der, { at })).toEqual([code]));

  it('the last second of the anchor counts to its end', () =>
    expect(codes(issueEndEntity(sign2023).der, { at: Date.UTC(2033, 6, 15, 14, 59, 59, 999) })).toEqual([]));

  const { keyUsage, basicConstraints, ski } = authorityExtensions(sign2023.key);
  it.each<[string, Partial<CertificateSpec>, string]>([
    ['has no basic constraints', { extensions: [keyUsage, ski] }, 'issuer_not_ca'],
    [
      'says that it is no CA',
      { extensions: [keyUsage, { ...basicConstraints, value: der.sequence() }, ski] },
      'issuer_not_ca',
    ],
    ['has no key usage', { extensions: [basicConstraints, ski] }, 'issuer_not_ca'],
    [
      'may not sign certificates',
      { extensions: [{ ...keyUsage, value: der.namedBits(0b100_0000) }, basicConstraints, ski] },
      'issuer_not_ca',
    ],
    [
      'has a critical extension that nobody understands',
      { extensions: [keyUsage, basicConstraints, ski, { oid: '1.2.3', critical: true, value: der.nul() }] },
      'critical_extension_unknown',
    ],
    ['has no key identifier to be chosen by', { extensions: [keyUsage, basicConstraints] }, 'issuer_unknown'],
  ])('the anchor %s', (_why, change, code) => {
    const [authority, anchor] = unchecked(change);
    expect(codes(issueEndEntity(authority).der, { anchors: [anchor] })).toEqual([code]);
    expect(() => createAnchor(authority.der, 'sign')).toThrow(AnchorRefused);
  });

  it('the anchor’s key is too weak for the policy in force', () => {
    const policy = { ...DEFAULT_ALGORITHM_POLICY, minModulusBits: 3072 };
    const certificate = parseCertificate(issueEndEntity(sign2023, { spki: rsaKey('strong', 3072).spki }).der);
    const { reasons } = validatePath({ certificate, anchors: ANCHORS, hierarchy: 'sign', at: AT, policy });
    expect(reasons.map(({ code }) => code)).toEqual(['key_refused']);
  });

  it('a certificate that names no key would need more signature checks than are made', () => {
    const others = Array.from({ length: MAX_SIGNATURE_TRIES }, () => ANCHORS[0]!);
    const certificate = issueEndEntity(sign2023, { extensions: without(sign2023, 'aki') }).der;
    expect(codes(certificate, { anchors: [...others, ANCHORS[2]!] })).toEqual(['issuer_signature_invalid']);
    expect(codes(certificate, { anchors: [...others.slice(1), ANCHORS[2]!] })).toEqual([]);
  });
});
