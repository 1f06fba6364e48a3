import { describe, expect, it } from '@jest/globals';
import {
  authorityKeyId,
  buildCrl,
  CRL_AT,
  CRL_TIMES,
  crlEntry,
  crlNumber,
  type CrlSpec,
  issuingDistributionPoint,
  pointName,
} from '../../../test/support/crl.js';
import * as der from '../../../test/support/der-writer.js';
import { authorityExtensions, authorityName, makeAuthority, partitionName, rsaKey } from '../../../test/support/pki.js';
import { parseCertificate } from './certificate.js';
import { checkCrl, CRL_SKEW_MS, type CrlExpectation } from './crl-check.js';
import { readCrl } from './crl-reader.js';
import { parseName } from './name.js';
import type { TrustAnchor } from './path.js';

const authority = makeAuthority('sign', 2023);
const anchorOf = (bytes: Uint8Array): TrustAnchor => ({
  certificate: parseCertificate(bytes),
  hierarchy: 'sign',
  fingerprint: '',
});
const anchor = anchorOf(authority.der);
const expected: CrlExpectation = { anchor, scope: { kind: 'full' }, at: CRL_AT };

const codes = (spec: CrlSpec, change: Partial<CrlExpectation> = {}): string[] =>
  checkCrl(readCrl(buildCrl(authority, spec)), { ...expected, ...change }).map(({ code }) => code);

const point = (name = 'Minato-ku'): Buffer => pointName(partitionName('sign', name));
const partition: CrlExpectation['scope'] = { kind: 'partition', distributionPoint: parseName(partitionName('sign')) };
const flag = (n: number): Buffer => der.implicit(n, Buffer.from([0xff]));
const scoped = (...fields: Buffer[]): CrlSpec => ({ extensions: [issuingDistributionPoint(...fields)] });

describe('A CRL is accepted when it is', () => {
  it.each<[string, CrlSpec, Partial<CrlExpectation>]>([
    ['a full list of the anchor', {}, {}],
    ['signed with SHA-512', { digest: 'sha512' }, {}],
    ['without an authority key identifier', { extensions: null }, {}],
    ['a full list for end-entity certificates only', scoped(flag(1)), {}],
    ['the list of the wanted partition', scoped(point()), { scope: partition }],
    ['the list of several partitions, the wanted one among them', scoped(twoNames()), { scope: partition }],
    ['as far ahead of our clock as is allowed', { thisUpdate: CRL_AT + CRL_SKEW_MS }, {}],
    ['used one millisecond before its end', {}, { at: Date.parse(CRL_TIMES.nextUpdate) - 1 }],
    ['newer than the one before', {}, { previous: { crlNumber: '6', thisUpdate: CRL_AT - 9e9, fileSha256: 'other' } }],
  ])('%s', (_what, spec, change) => expect(codes(spec, change)).toEqual([]));

  function twoNames(): Buffer {
    const names = ['Minato-ku', 'Shibuya-ku'].map((name) => der.explicit(4, partitionName('sign', name)));
    return der.explicit(0, der.explicit(0, ...names));
  }
});

describe('A CRL is refused for', () => {
  const unknownCritical = { oid: '2.5.29.99', critical: true, value: der.nul() };
  const previous = { crlNumber: '7', thisUpdate: Date.parse(CRL_TIMES.thisUpdate), fileSha256: 'other' };
  const otherKey = makeAuthority('sign', 2019);
  const withUsage = (value: Buffer): TrustAnchor => {
    const extensions = { ...authorityExtensions(authority.key), keyUsage: { oid: '2.5.29.15', critical: true, value } };
    return anchorOf(makeAuthority('sign', 2023, { extensions: Object.values(extensions) }).der);
  };

  it.each<[string, CrlSpec, Partial<CrlExpectation>, string[]]>([
    ['another issuer', { issuer: authorityName('auth') }, {}, ['issuer_mismatch']],
    [
      'the key id of another generation',
      { extensions: [authorityKeyId(otherKey.key.keyId)] },
      {},
      ['authority_key_mismatch'],
    ],
    [
      'a signature by another generation under the same name',
      { extensions: [crlNumber(7)] },
      { anchor: anchorOf(otherKey.der) },
      ['signature_invalid'],
    ],
    ['a garbage signature', { tamper: (s) => Buffer.from(s).fill(0x55) }, {}, ['signature_invalid']],
    ['a signature cut short', { tamper: (s) => s.subarray(0, 200) }, {}, ['signature_invalid']],
    ['SHA-1', { digest: 'sha1' }, {}, ['algorithm_refused']],
    [
      'an issuer that has expired',
      { nextUpdate: '2040-01-01' },
      { at: Date.UTC(2034, 0, 1) },
      ['issuer_not_acceptable'],
    ],
    [
      'an issuer that may not sign lists',
      {},
      { anchor: withUsage(der.namedBits(0b10_0000)) },
      ['issuer_not_crl_signer'],
    ],
    ['a critical extension', { extensions: [unknownCritical] }, {}, ['critical_extension_unknown']],
    [
      'a critical entry extension',
      { entries: [crlEntry({ serial: 1, extensions: [unknownCritical] })] },
      {},
      ['critical_entry_extension_unknown'],
    ],
    [
      'being a delta',
      { extensions: [{ oid: '2.5.29.27', critical: true, value: der.integer(3) }] },
      {},
      ['delta_unsupported'],
    ],
    ['being indirect', scoped(flag(4)), {}, ['indirect_unsupported']],
    [
      'an entry of another issuer',
      { entries: [crlEntry({ serial: 1, extensions: [{ oid: '2.5.29.29', critical: true, value: der.sequence() }] })] },
      {},
      ['indirect_unsupported'],
    ],
    ['some reasons only', scoped(der.tlv(0x83, Buffer.from('0640', 'hex'))), {}, ['some_reasons_unsupported']],
    ['CA certificates only', scoped(flag(2)), {}, ['scope_mismatch']],
    ['attribute certificates only', scoped(flag(5)), {}, ['scope_mismatch']],
    ['one partition where all is wanted', scoped(point()), {}, ['scope_mismatch']],
    ['no partition where one is wanted', {}, { scope: partition }, ['scope_mismatch']],
    ['another partition', scoped(point('Shibuya-ku')), { scope: partition }, ['scope_mismatch']],
    [
      'a point named by URI where all is wanted',
      scoped(der.explicit(0, der.explicit(0, der.implicit(6, Buffer.from('http://x.example/1'))))),
      {},
      ['scope_mismatch'],
    ],
    ['no nextUpdate', { nextUpdate: null }, {}, ['next_update_missing']],
    ['having ended at this instant', {}, { at: Date.parse(CRL_TIMES.nextUpdate) }, ['next_update_passed']],
    ['a start in the future', { thisUpdate: CRL_AT + CRL_SKEW_MS + 1000 }, {}, ['this_update_in_future']],
    [
      'an end before its start',
      { thisUpdate: CRL_AT + 60_000, nextUpdate: CRL_AT + 30_000 },
      {},
      ['next_update_before_this_update'],
    ],
    [
      'an older thisUpdate',
      {},
      { previous: { crlNumber: '6', thisUpdate: previous.thisUpdate + 1000, fileSha256: 'other' } },
      ['this_update_went_back'],
    ],
    ['a smaller number', {}, { previous: { ...previous, crlNumber: '10' } }, ['crl_number_went_back']],
    ['the same number for other content', {}, { previous }, ['crl_number_reused']],
    ['no number after a numbered one', { extensions: null }, { previous }, ['crl_number_missing']],
  ])('%s', (_why, spec, change, wanted) => expect(codes(spec, change)).toEqual(wanted));

  it('an older thisUpdate under a larger number, and for both when both went back', () => {
    const newer = { thisUpdate: previous.thisUpdate + 1000, fileSha256: 'other' };
    expect(codes({}, { previous: { ...newer, crlNumber: '3' } })).toEqual(['this_update_went_back']);
    expect(codes({}, { previous: { ...newer, crlNumber: '8' } })).toEqual([
      'this_update_went_back',
      'crl_number_went_back',
    ]);
  });

  it('being the same file again, which is no fault', () => {
    const crl = readCrl(buildCrl(authority));
    const same = { crlNumber: '7', thisUpdate: crl.thisUpdate, fileSha256: crl.fileSha256 };
    expect(checkCrl(crl, { ...expected, previous: same })).toEqual([{ code: 'unchanged' }]);
  });

  it('one changed octet anywhere in the signed part', () => {
    const bytes = buildCrl(authority);
    const at = bytes.indexOf(Buffer.from('020401234567', 'hex')) + 5;
    bytes[at]! ^= 1;
    expect(checkCrl(readCrl(bytes), expected).map(({ code }) => code)).toEqual(['signature_invalid']);
  });

  it('a key too small, even when it signed', () => {
    const weak = makeAuthority('sign', 2023, { key: rsaKey('weak', 1024) });
    const crl = readCrl(buildCrl(weak));
    expect(checkCrl(crl, { ...expected, anchor: anchorOf(weak.der) }).map(({ code }) => code)).toEqual([
      'issuer_not_acceptable',
      'signature_invalid',
    ]);
  });
});
