import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  buildCrl,
  CRL_TIMES,
  crlEntry,
  crlNumber,
  issuingDistributionPoint,
  reasonExtension,
} from '../../../test/support/crl.js';
import type { CrlSpec } from '../../../test/support/crl.js';
import * as der from '../../../test/support/der-writer.js';
import { ALGORITHMS, makeAuthority, nameDer } from '../../../test/support/pki.js';
import { type CrlLimits, CrlReader, readCrl } from './crl-reader.js';
import { Malformed } from './der.js';

const authority = makeAuthority('sign', 2023);
const build = (spec: CrlSpec = {}): Buffer => buildCrl(authority, spec);

/** The rule of the Malformed that `work` ends in, or `accepted`. */
const outcome = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (error instanceof Malformed) return error.rule;
    throw error;
  }
  return 'accepted';
};
const rule = (bytes: Uint8Array, limits: Partial<CrlLimits> = {}): string => outcome(() => readCrl(bytes, limits));
const octets = (hex: string): Buffer => Buffer.from(hex, 'hex');

describe('A CRL that is not well-formed is refused for its one fault', () => {
  const one = (entry: Buffer): Buffer => build({ entries: [entry] });
  const date = der.time('2026-01-01');
  const withExtension = (...extensions: { oid: string; critical?: boolean; value: Buffer }[]): Buffer =>
    one(crlEntry({ serial: 1, extensions }));
  const list = build();
  const entryStart = list.indexOf(octets('020401234567')) - 2;
  const changed = (at: number, ...values: number[]): Buffer => {
    const copy = Buffer.from(list);
    copy.set(values, at);
    return copy;
  };

  it.each<[string, Buffer, string]>([
    ['nothing', Buffer.alloc(0), 'truncated'],
    ['another kind of element', octets('0400'), 'unexpected_tag'],
    ['an empty CertificateList', octets('3000'), 'missing_element'],
    ['an empty TBSCertList', octets('30023000'), 'missing_element'],
    ['a length of 2^32 - 1', octets('3084ffffffff'), 'too_large'],
    ['a length of nine octets', octets('3089ffffffffffffffffff'), 'length_too_large'],
    ['indefinite form', octets('30803080'), 'indefinite_length'],
    ['a padded length', octets('3082000a'), 'length_not_minimal'],
    ['a padded length inside', octets('3004308400ffffff'), 'length_not_minimal'],
    ['a TBSCertList that passes the end', octets('300530820100'), 'length_beyond_parent'],
    ['a byte after the end', Buffer.concat([list, octets('00')]), 'trailing_bytes'],
    ['version v1 written out', build({ version: 0 }), 'bad_version'],
    ['version v3', build({ version: 2 }), 'bad_version'],
    ['extensions in version 1', build({ version: null, entries: null }), 'extensions_in_v1'],
    [
      'entry extensions in version 1',
      build({ version: null, extensions: null, entries: [crlEntry({ serial: 1, reason: 4 })] }),
      'extensions_in_v1',
    ],
    ['two signature algorithms', build({ outerAlgorithm: ALGORITHMS.sha512 }), 'algorithm_mismatch'],
    ['an entry that is no SEQUENCE', build({ rawList: der.sequence(octets('0500')) }), 'unexpected_tag'],
    ['an entry cut off by the end of the list', changed(entryStart + 1, 0x24), 'length_beyond_parent'],
    ['an entry whose length lies by one less', changed(entryStart + 1, 0x22), 'truncated'],
    [
      'an entry of one octet at the end of the list',
      build({ rawList: der.sequence(octets('30')) }),
      'length_beyond_parent',
    ],
    ['no serial', one(der.sequence(date)), 'unexpected_tag'],
    ['a serial without octets', one(der.sequence(octets('0200'), date)), 'empty_integer'],
    ['a serial of 21 octets', one(crlEntry({ serial: 2n ** 160n })), 'integer_too_large'],
    ['a padded serial', one(der.sequence(octets('02020001'), date)), 'integer_not_minimal'],
    ['a padded serial of five octets', one(der.sequence(octets('02050001020304'), date)), 'integer_not_minimal'],
    ['a padded negative serial', one(der.sequence(octets('0202ff80'), date)), 'integer_not_minimal'],
    ['no time', one(der.sequence(der.integer(1))), 'truncated'],
    ['a time in another type', one(der.sequence(der.integer(1), der.ia5('260101000000Z'))), 'unexpected_tag'],
    [
      'a time without seconds',
      one(der.sequence(der.integer(1), der.tlv(0x17, Buffer.from('2601010000Z')))),
      'bad_time',
    ],
    [
      'a 29 February in no leap year',
      one(der.sequence(der.integer(1), der.tlv(0x17, Buffer.from('260229000000Z')))),
      'bad_time',
    ],
    ['a time with a zone', one(der.sequence(der.integer(1), der.tlv(0x17, Buffer.from('260101000000+')))), 'bad_time'],
    ['a month 00', one(der.sequence(der.integer(1), der.tlv(0x17, Buffer.from('260001000000Z')))), 'bad_time'],
    ['an hour 24', one(der.sequence(der.integer(1), der.tlv(0x17, Buffer.from('260101240000Z')))), 'bad_time'],
    ['letters for digits', one(der.sequence(der.integer(1), der.tlv(0x17, Buffer.from('2601010000a0Z')))), 'bad_time'],
    [
      'GeneralizedTime before 2050',
      one(der.sequence(der.integer(1), der.generalizedTime('2026-01-01'))),
      'wrong_time_form',
    ],
    ['a revocation before 1970', one(crlEntry({ serial: 1, revokedAt: '1969-12-31T23:59:59Z' })), 'time_out_of_range'],
    ['a revocation after 2106', one(crlEntry({ serial: 1, revokedAt: '2106-02-07T06:28:16Z' })), 'time_out_of_range'],
    ['reason 7', one(crlEntry({ serial: 1, reason: 7 })), 'bad_reason'],
    ['reason 11', one(crlEntry({ serial: 1, reason: 11 })), 'bad_reason'],
    ['a negative reason', one(crlEntry({ serial: 1, reason: 0xff })), 'negative_integer'],
    ['an empty reason', withExtension({ oid: '2.5.29.21', value: octets('0a00') }), 'empty_integer'],
    ['a reason as INTEGER', withExtension({ oid: '2.5.29.21', value: der.integer(1) }), 'unexpected_tag'],
    ['a byte after the reason', withExtension({ oid: '2.5.29.21', value: octets('0a010100') }), 'trailing_bytes'],
    ['a reason twice', withExtension(reasonExtension(1), reasonExtension(1)), 'duplicate_extension'],
    ['removeFromCRL in a full list', one(crlEntry({ serial: 1, reason: 8 })), 'remove_from_crl_in_full_list'],
    [
      'an invalidity date in UTCTime',
      withExtension({ oid: '2.5.29.24', value: der.time('2026-01-01') }),
      'unexpected_tag',
    ],
    ['an empty SEQUENCE of entry extensions', one(crlEntry({ serial: 1, extensions: [] })), 'empty_extensions'],
    [
      'critical FALSE written out',
      one(
        der.sequence(
          der.integer(1),
          date,
          der.sequence(der.sequence(der.oid('2.5.29.24'), der.boolean(false), der.octetString(der.nul()))),
        ),
      ),
      'default_encoded',
    ],
    ['a short serial twice', build({ entries: [3, 1, 3].map((serial) => crlEntry({ serial })) }), 'duplicate_serial'],
    [
      'a long serial twice',
      build({ entries: [2n ** 70n, 5n, 2n ** 70n].map((serial) => crlEntry({ serial })) }),
      'duplicate_serial',
    ],
    ['a CRL number twice', build({ extensions: [crlNumber(1), crlNumber(1)] }), 'duplicate_extension'],
    ['a negative CRL number', build({ extensions: [crlNumber(-1)] }), 'negative_integer'],
    ['a CRL number of 21 octets', build({ extensions: [crlNumber(2n ** 160n)] }), 'integer_too_large'],
    ['an empty SEQUENCE of extensions', build({ extensions: [] }), 'empty_extensions'],
    ['an empty scope', build({ extensions: [issuingDistributionPoint()] }), 'empty_scope'],
    [
      'a scope flag FALSE',
      build({ extensions: [issuingDistributionPoint(der.implicit(1, octets('00')))] }),
      'default_encoded',
    ],
    [
      'a scope for users and CAs only',
      build({ extensions: [issuingDistributionPoint(der.implicit(1, octets('ff')), der.implicit(2, octets('ff')))] }),
      'conflicting_scope',
    ],
    ['a thisUpdate in GeneralizedTime', patchTime(build()), 'wrong_time_form'],
  ])('%s', (_why, bytes, expected) => expect(rule(bytes)).toBe(expected));

  function patchTime(bytes: Buffer): Buffer {
    const form = der.generalizedTime(CRL_TIMES.thisUpdate);
    const tbs = der.sequence(der.integer(1), ALGORITHMS.sha256, authority.name, form);
    return der.sequence(tbs, bytes.subarray(-(ALGORITHMS.sha256.length + 261)));
  }
});

describe('Limits hold before work is done', () => {
  it.each<[string, Buffer, Partial<CrlLimits>, string]>([
    ['octets announced', build(), { maxBytes: 100 }, 'too_large'],
    [
      'entries',
      build({ entries: [1, 2, 3].map((serial) => crlEntry({ serial })) }),
      { maxEntries: 2 },
      'too_many_entries',
    ],
    [
      'octets of an entry',
      build({ entries: [crlEntry({ serial: 1, extensions: [{ oid: '1.2.3', value: Buffer.alloc(5000) }] })] }),
      {},
      'entry_too_large',
    ],
    ['octets of the header', build({ issuer: nameDer(['O', 'x'.repeat(20_000)]) }), {}, 'header_too_large'],
    [
      'octets after the entries',
      build({ extensions: [{ oid: '1.2.3', value: Buffer.alloc(70_000) }] }),
      {},
      'tail_too_large',
    ],
  ])('%s', (_what, bytes, limits, expected) => expect(rule(bytes, limits)).toBe(expected));

  it('refuses a huge announcement at its first octets, and reserves nothing for it', () => {
    const reader = new CrlReader();
    expect(outcome(() => reader.push(octets('3084f0000000')))).toBe('too_large');
    const before = process.memoryUsage().arrayBuffers;
    const claim = new CrlReader();
    claim.push(octets('30847ffffff030847fffff00'));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2_000_000);
  });
});

describe('Hostile bytes', () => {
  it('give a CRL or Malformed and nothing else', () => {
    const seed = build({ entries: [crlEntry({ serial: 5, reason: 1 }), crlEntry({ serial: 2n ** 90n })] });
    const edits = fc.array(fc.tuple(fc.nat(seed.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(edits, fc.nat(seed.length), (changes, cut) => {
        const bytes = Buffer.from(seed);
        for (const [at, value] of changes) bytes[at] = value;
        outcome(() => readCrl(bytes));
        outcome(() => readCrl(Buffer.concat([bytes.subarray(0, cut), bytes.subarray(cut + 1)])));
      }),
      { numRuns: 2000 },
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => void outcome(() => readCrl(bytes))));
  });
});
