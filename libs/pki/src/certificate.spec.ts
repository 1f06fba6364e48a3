import { describe, expect, it } from '@jest/globals';
import { X509Certificate } from 'node:crypto';
import * as pkijs from 'pkijs';
import * as der from '../../../test/support/der-writer.js';
import {
  type CertificateSpec,
  issueEndEntity,
  makeAuthority,
  profileExtensions,
  type TestExtension,
} from '../../../test/support/pki.js';
import { CERTIFICATE_LIMITS, parseCertificate } from './certificate.js';
import { DerReader, Malformed, TAG } from './der.js';
import { KEY_USAGE } from './extensions.js';
import { nameToString } from './name.js';

const sign = makeAuthority('sign', 2023);
const auth = makeAuthority('auth', 2023);
const signDer = issueEndEntity(sign).der;
const authDer = issueEndEntity(auth).der;

const rule = (bytes: Uint8Array): string => {
  try {
    parseCertificate(bytes);
  } catch (error) {
    if (error instanceof Malformed) return error.rule;
    throw error;
  }
  return 'accepted';
};
const build = (change: Partial<CertificateSpec>): Buffer => issueEndEntity(sign, change).der;
const withExtension = (...more: TestExtension[]): Buffer =>
  build({ extensions: [...Object.values(profileExtensions(sign)), ...more] });
const hex = (bytes: Uint8Array | undefined): string | undefined => bytes && Buffer.from(bytes).toString('hex');

describe('parseCertificate agrees with other readers', () => {
  it.each([
    ['signature certificate', signDer],
    ['authentication certificate', authDer],
    ['root', sign.der],
  ])('node reads the same from a %s', (_why, bytes) => {
    const ours = parseCertificate(bytes);
    const theirs = new X509Certificate(bytes);
    expect(BigInt(ours.serialNumber)).toBe(BigInt(`0x${theirs.serialNumber}`));
    expect(new Date(ours.notBefore)).toEqual(new Date(theirs.validFrom));
    expect(new Date(ours.notAfter)).toEqual(new Date(theirs.validTo));
    expect(nameToString(ours.subject).split(',').reverse()).toEqual(theirs.subject.split('\n'));
    expect(nameToString(ours.issuer).split(',').reverse()).toEqual(theirs.issuer.split('\n'));
    expect(ours.publicKey.keyObject().equals(theirs.publicKey)).toBe(true);
    expect(ours.extensions.basicConstraints?.ca ?? false).toBe(theirs.ca);
  });

  it.each([
    ['signature certificate', signDer],
    ['authentication certificate', authDer],
    ['root', sign.der],
  ])('pkijs reads the same from a %s', (_why, bytes) => {
    const ours = parseCertificate(bytes);
    const theirs = pkijs.Certificate.fromBER(bytes);
    expect(hex(ours.tbs)).toBe(hex(new Uint8Array(theirs.tbsView)));
    expect(hex(ours.signature)).toBe(hex(theirs.signatureValue.valueBlock.valueHexView));
    expect(ours.signatureAlgorithm.oid).toBe(theirs.signatureAlgorithm.algorithmId);
    expect(ours.extensions.list.map(({ oid, critical, value }) => [oid, critical, hex(value)])).toEqual(
      theirs.extensions?.map(({ extnID, critical, extnValue }) => [
        extnID,
        critical,
        hex(extnValue.valueBlock.valueHexView),
      ]),
    );
  });

  it('reads what the JPKI profile states', () => {
    const { extensions, algorithmsAgree, version, publicKey } = parseCertificate(authDer);
    expect({ version, algorithmsAgree }).toEqual({ version: 3, algorithmsAgree: true });
    expect(publicKey.rsa).toMatchObject({ modulusBits: 2048, exponent: 65537 });
    expect(extensions.keyUsage).toEqual({ critical: true, bits: KEY_USAGE.digitalSignature });
    expect(extensions.extendedKeyUsage).toEqual({ critical: false, oids: ['1.3.6.1.5.5.7.3.2'] });
    expect(extensions.certificatePolicies).toEqual({ critical: true, oids: ['1.2.392.200149.8.5.1.0.30'] });
    expect(extensions.ocspUrls).toEqual(['http://ocsp.jpki.example']);
    expect(extensions.unknownCritical).toEqual([]);
    expect(hex(extensions.authorityKeyIdentifier?.keyId)).toBe(hex(auth.key.keyId));
    expect(hex(extensions.authorityKeyIdentifier?.serial)).toBe(hex(auth.serial));
    expect(extensions.crlDistributionPoints?.[0]?.fullName?.directoryNames.map(nameToString)).toEqual([
      'CN=Minato-ku CRLDP,OU=Tokyo-to,OU=CRL Distribution Points,OU=JPKI for user authentication,O=JPKI-TEST,C=JP',
    ]);
  });

  it.each([
    ['of 20 octets', Buffer.from('7f'.repeat(20), 'hex'), BigInt(`0x${'7f'.repeat(20)}`)],
    ['with the sign octet', Buffer.from('00ff', 'hex'), 255n],
    ['of seven octets', Buffer.from('01000000000000', 'hex'), 2n ** 48n],
    ['that is negative', Buffer.from('ff7f', 'hex'), -129n],
    ['that is zero', Buffer.from('00', 'hex'), 0n],
  ])('a serial %s is exact in decimal', (_why, serial, expected) => {
    const parsed = parseCertificate(build({ serial }));
    expect(parsed.serialNumber).toBe(String(expected));
    expect(hex(parsed.serial)).toBe(hex(serial));
  });

  it('times from 2050 on are read as GeneralizedTime', () => {
    expect(parseCertificate(build({ notAfter: '2052-02-29T14:59:59Z' })).notAfter).toBe(
      Date.UTC(2052, 1, 29, 14, 59, 59),
    );
  });

  it('differing statements of the algorithm are reported, not refused', () => {
    const outerAlgorithm = der.sequence(der.oid('1.2.840.113549.1.1.12'), der.nul());
    expect(parseCertificate(build({ outerAlgorithm })).algorithmsAgree).toBe(false);
  });

  it('critical extensions whose meaning is unknown are listed', () => {
    const unknown = { oid: '1.2.3.4', critical: true, value: der.nul() };
    const nameConstraints = { oid: '2.5.29.30', critical: true, value: der.sequence() };
    const harmless = { oid: '1.2.3.5', value: Buffer.from('not even DER') };
    expect(parseCertificate(withExtension(unknown, nameConstraints, harmless)).extensions.unknownCritical).toEqual([
      '1.2.3.4',
      '2.5.29.30',
    ]);
  });

  it('critical policies with a qualifier that nobody here understands count as unknown', () => {
    const qualifier = der.sequence(der.oid('1.2.3'), der.nul());
    const value = der.sequence(der.sequence(der.oid('1.2.392.200149.8.5.1.0.20'), der.sequence(qualifier)));
    const extensions = { ...profileExtensions(sign), policies: { oid: '2.5.29.32', critical: true, value } };
    expect(parseCertificate(build({ extensions: Object.values(extensions) })).extensions.unknownCritical).toEqual([
      '2.5.29.32',
    ]);
  });
});

describe('parseCertificate refuses', () => {
  const change = (oid: string, value: Buffer): Buffer =>
    build({
      extensions: [...Object.values(profileExtensions(sign)).filter((each) => each.oid !== oid), { oid, value }],
    });
  const spki = (algorithm: Buffer, key: Buffer): Buffer => build({ spki: der.sequence(algorithm, der.bitString(key)) });
  const rsa = der.sequence(der.oid('1.2.840.113549.1.1.1'), der.nul());

  it.each<[string, Buffer, string]>([
    ['no bytes', Buffer.alloc(0), 'missing_element'],
    ['more bytes than any certificate has', Buffer.alloc(CERTIFICATE_LIMITS.bytes + 1), 'too_large'],
    ['a length of 4 GiB', Buffer.from('3084ffffffff', 'hex'), 'truncated'],
    ['bytes after the certificate', Buffer.concat([signDer, Buffer.from([0])]), 'trailing_bytes'],
    ['no validity', build({ omit: ['validity'] }), 'unexpected_tag'],
    ['no subject', build({ omit: ['subject'] }), 'unexpected_tag'],
    ['no serial', build({ omit: ['serial'] }), 'unexpected_tag'],
    ['a serial of 21 octets', build({ serial: Buffer.alloc(21, 1) }), 'integer_too_large'],
    ['a serial that is not minimal', build({ serial: Buffer.from([0, 1]) }), 'integer_not_minimal'],
    ['version 1 written out', build({ version: 1 as 2 }), 'bad_version'],
    ['version 4', build({ version: 4 as 3 }), 'bad_version'],
    ['extensions in version 2', build({ version: 2 }), 'version_too_low'],
    ['an empty list of extensions', build({ extensions: [] }), 'empty_extensions'],
    ['an extension twice', withExtension(profileExtensions(sign).keyUsage), 'duplicate_extension'],
    [
      'an unknown extension twice',
      withExtension({ oid: '1.2.3', value: der.nul() }, { oid: '1.2.3', value: der.nul() }),
      'duplicate_extension',
    ],
    [
      'more extensions than the limit',
      withExtension(...Array.from({ length: 64 }, (_, i) => ({ oid: `1.2.3.${i}`, value: der.nul() }))),
      'too_many_extensions',
    ],
    ['a key usage with trailing zero bits', change('2.5.29.15', Buffer.from('03020080', 'hex')), 'bad_bit_string'],
    ['bytes after a key usage', change('2.5.29.15', Buffer.from('0302078000', 'hex')), 'trailing_bytes'],
    ['cA FALSE written out', change('2.5.29.19', der.sequence(der.boolean(false))), 'default_encoded'],
    [
      'a negative path length',
      change('2.5.29.19', der.sequence(der.boolean(true), der.integer(-1))),
      'negative_integer',
    ],
    ['no purposes', change('2.5.29.37', der.sequence()), 'empty_list'],
    ['no policies', change('2.5.29.32', der.sequence()), 'empty_list'],
    [
      'a policy twice',
      change('2.5.29.32', der.sequence(der.sequence(der.oid('1.2.3')), der.sequence(der.oid('1.2.3')))),
      'duplicate_policy',
    ],
    ['an empty key identifier', change('2.5.29.14', der.octetString(Buffer.alloc(0))), 'bad_key_identifier'],
    [
      'an authority serial without its issuer',
      change('2.5.29.35', der.sequence(der.implicit(2, Buffer.from([1])))),
      'authority_key_identifier_incomplete',
    ],
    ['no alternative names', change('2.5.29.17', der.sequence()), 'empty_general_names'],
    [
      'more alternative names than the limit',
      change('2.5.29.17', der.sequence(...Array.from({ length: 65 }, () => der.implicit(6, Buffer.from('a'))))),
      'too_many_general_names',
    ],
    [
      'an otherName without a value',
      change('2.5.29.17', der.sequence(der.explicit(0, der.oid('1.2.3')))),
      'missing_element',
    ],
    [
      'an otherName that is no UTF-8',
      change(
        '2.5.29.17',
        der.sequence(der.explicit(0, der.oid('1.2.3'), der.explicit(0, der.tlv(0x0c, Buffer.from([0xff]))))),
      ),
      'bad_utf8',
    ],
    ['a URI of 8-bit octets', change('2.5.29.17', der.sequence(der.implicit(6, Buffer.from([0xff])))), 'bad_string'],
    [
      'a distribution point name of no known form',
      change('2.5.29.31', der.sequence(der.sequence(der.explicit(0, der.explicit(2, der.nul()))))),
      'unexpected_tag',
    ],
    [
      'an RSA key without NULL parameters',
      spki(der.sequence(der.oid('1.2.840.113549.1.1.1')), der.nul()),
      'missing_element',
    ],
    ['an RSA modulus of zero', spki(rsa, der.sequence(der.integer(0), der.integer(3))), 'zero_key_integer'],
    ['a negative RSA modulus', spki(rsa, der.sequence(der.integer(-5), der.integer(3))), 'negative_integer'],
  ])('%s', (_why, bytes, expected) => expect(rule(bytes)).toBe(expected));

  it('31 February', () => {
    const bytes = Buffer.from(signDer);
    bytes.write('290231145959Z', bytes.indexOf('290331145959Z'));
    expect(rule(bytes)).toBe('bad_time');
  });

  it('every truncation', () => {
    for (let end = 0; end < signDer.length; end++) expect(rule(signDer.subarray(0, end))).not.toBe('accepted');
  });

  it('names nested a thousand deep, without descending', () => {
    let nested: Buffer = der.nul();
    for (let i = 0; i < 1000; i++) nested = der.sequence(nested);
    expect(rule(nested)).toBe('missing_element');
    expect(rule(build({ subject: nested }))).toBe('unexpected_tag');
  });
});

it('a certificate is read in place: its parts are views of the bytes given', () => {
  const parsed = parseCertificate(signDer);
  expect(parsed.tbs.buffer).toBe(signDer.buffer);
  expect(new DerReader(parsed.tbs, 'tbs').next()).toBe(TAG.SEQUENCE);
});
