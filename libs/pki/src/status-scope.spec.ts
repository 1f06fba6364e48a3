import { describe, expect, it } from '@jest/globals';
import { crlEntry, type CrlSpec, pointName } from '../../../test/support/crl.js';
import {
  authority,
  certificate,
  flag,
  holder,
  outcome,
  scoped,
  unknownCritical,
  uri,
} from '../../../test/support/crl-question.js';
import * as der from '../../../test/support/der-writer.js';
import { authorityName, nameDer, partitionName } from '../../../test/support/pki.js';
import type { Certificate } from './certificate.js';

describe('A list is taken for one about the certificate only when its scope says so:', () => {
  const municipality = pointName(partitionName('sign'));
  const relative = (name: string): Buffer => der.tlv(0xa1, der.sequence(der.oid('2.5.4.3'), der.utf8(name)));
  const fullUri = (text: string): Buffer => der.explicit(0, der.explicit(0, uri(text)));
  const point = (...fields: Buffer[]): Buffer => der.sequence(...fields);
  const ca = (): Certificate =>
    holder(undefined, [{ oid: '2.5.29.19', critical: true, value: der.sequence(der.boolean(true)) }]);

  it.each<[string, CrlSpec, Certificate, string[]]>([
    ['no scope is everything', {}, certificate, ['good']],
    ['the same directory name', scoped(municipality), certificate, ['good']],
    [
      'another directory name',
      scoped(pointName(partitionName('sign', 'Shibuya-ku'))),
      certificate,
      ['unavailable', 'distribution_point'],
    ],
    [
      'a named point, for a certificate without points',
      scoped(municipality),
      holder(),
      ['unavailable', 'distribution_point'],
    ],
    ['a point named as the issuer itself, for the same', scoped(pointName(authority.name)), holder(), ['good']],
    [
      'relative names on both sides',
      scoped(der.explicit(0, relative('P1'))),
      holder([point(der.explicit(0, relative('p1 ')))]),
      ['good'],
    ],
    [
      'a relative name that differs',
      scoped(der.explicit(0, relative('P1'))),
      holder([point(der.explicit(0, relative('P2')))]),
      ['unavailable', 'distribution_point'],
    ],
    [
      'a relative name in the list against the full one in the certificate',
      scoped(der.explicit(0, relative('P1'))),
      holder([point(pointName(nameDerOfIssuerWith('P1')))]),
      ['good'],
    ],
    [
      'a relative name that completes to no name',
      scoped(der.explicit(0, relative('P1'))),
      holder([point(der.explicit(0, der.tlv(0xa1, der.nul())))]),
      ['unavailable', 'distribution_point'],
    ],
    [
      'the same URI but for the case of scheme and host',
      scoped(fullUri('HTTP://Crl.example/A')),
      holder([point(fullUri('http://crl.EXAMPLE/A'))]),
      ['good'],
    ],
    [
      'a URI whose path differs in case',
      scoped(fullUri('http://crl.example/A')),
      holder([point(fullUri('http://crl.example/a'))]),
      ['unavailable', 'distribution_point'],
    ],
    ['user certificates, for a user', scoped(flag(1)), certificate, ['good']],
    ['user certificates, for a CA', scoped(flag(1)), ca(), ['unavailable', 'only_contains_user_certs']],
    ['CA certificates, for a CA', scoped(flag(2)), ca(), ['good']],
    ['CA certificates, for a user', scoped(flag(2)), certificate, ['unavailable', 'only_contains_ca_certs']],
    ['attribute certificates', scoped(flag(5)), certificate, ['unavailable', 'only_contains_attribute_certs']],
    ['an indirect list', scoped(flag(4)), certificate, ['unsupported', 'indirect_crl']],
    [
      'some reasons only',
      scoped(der.tlv(0x83, Buffer.from('0640', 'hex'))),
      certificate,
      ['unsupported', 'only_some_reasons'],
    ],
    [
      'a point that the certificate splits by reasons',
      scoped(municipality),
      holder([point(municipality, der.tlv(0x81, Buffer.from('0640', 'hex')))]),
      ['unsupported', 'distribution_point_reasons'],
    ],
    [
      'a point of the certificate at another CRL issuer',
      scoped(municipality),
      holder([point(municipality, der.explicit(2, der.explicit(4, nameDer(['O', 'Other']))))]),
      ['unsupported', 'distribution_point_crl_issuer'],
    ],
    ['another issuer', { issuer: authorityName('auth') }, certificate, ['unavailable', 'issuer_mismatch']],
    [
      'an unknown critical extension',
      { extensions: [unknownCritical] },
      certificate,
      ['unsupported', 'critical_extension_2.5.29.99'],
    ],
    [
      'an unknown critical extension of another certificate’s entry',
      { entries: [crlEntry({ serial: 1, extensions: [unknownCritical] })] },
      certificate,
      ['unsupported', 'critical_entry_extension_2.5.29.99'],
    ],
    [
      'an entry of another certificate issuer',
      { entries: [crlEntry({ serial: 1, extensions: [{ oid: '2.5.29.29', critical: true, value: der.sequence() }] })] },
      certificate,
      ['unsupported', 'indirect_crl'],
    ],
  ])('%s', (_what, spec, about, expected) => expect(outcome([spec], { certificate: about })).toEqual(expected));

  it('a complete list of the issuer answers also where the certificate splits its points by reasons', () => {
    const split = holder([point(municipality, der.tlv(0x81, Buffer.from('0640', 'hex')))]);
    expect(outcome([{}], { certificate: split })).toEqual(['good']);
  });

  it('a list not understood is reported only when it is authentic', () => {
    const forged = { ...scoped(flag(4)), tamper: (signature: Buffer) => Buffer.from(signature).fill(1) };
    expect(outcome([forged])).toEqual(['unavailable', 'signature_invalid']);
  });

  function nameDerOfIssuerWith(commonName: string): Buffer {
    const rdn = der.set(der.sequence(der.oid('2.5.4.3'), der.utf8(commonName)));
    return der.sequence(authority.name.subarray(authority.name.length - contentLength(authority.name)), rdn);
  }

  function contentLength(element: Buffer): number {
    return element[1]! < 0x80 ? element[1]! : element.length - 2 - (element[1]! & 0x7f);
  }
});
