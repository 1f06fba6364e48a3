import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CertificateRevocationList } from 'pkijs';
import { buildCrl, CRL_TIMES, crlEntry, crlNumber, issuingDistributionPoint } from '../../../test/support/crl.js';
import type { CrlSpec } from '../../../test/support/crl.js';
import * as der from '../../../test/support/der-writer.js';
import { makeAuthority } from '../../../test/support/pki.js';
import { CrlReader, readCrl } from './crl-reader.js';
import { Malformed } from './der.js';
import { nameToString } from './name.js';
import { CRL_REASONS } from './verdict.js';

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
const rule = (bytes: Uint8Array): string => outcome(() => readCrl(bytes));
const octets = (hex: string): Buffer => Buffer.from(hex, 'hex');

describe('A CRL is read whole', () => {
  it('gives header, entries, extensions and digests', () => {
    const entries = [
      crlEntry({ serial: 0xfedcba98, revokedAt: '2025-12-31T23:59:59Z', reason: 5 }),
      crlEntry({ serial: 1, revokedAt: '2024-02-29T00:00:00Z' }),
      crlEntry({ serial: 2n ** 150n, revokedAt: '2051-01-01T00:00:00Z', reason: 1 }),
      crlEntry({ serial: -5, reason: 10 }),
    ];
    const bytes = build({ entries, extensions: [crlNumber(2n ** 100n)], digest: 'sha384' });
    const crl = readCrl(bytes);
    expect(nameToString(crl.issuer)).toContain('O=JPKI-TEST');
    expect([crl.version, crl.thisUpdate, crl.nextUpdate]).toEqual([
      2,
      Date.parse(CRL_TIMES.thisUpdate),
      Date.parse(CRL_TIMES.nextUpdate),
    ]);
    expect(crl.crlNumber).toBe((2n ** 100n).toString());
    expect(crl.entries.size).toBe(4);
    expect(crl.entries.find(octets('00fedcba98'))).toEqual({
      revokedAt: Date.parse('2025-12-31T23:59:59Z'),
      reason: 'cessationOfOperation',
    });
    expect(crl.entries.find(octets('01'))).toEqual({ revokedAt: Date.parse('2024-02-29'), reason: 'unspecified' });
    expect(crl.entries.find(der.integer(2n ** 150n).subarray(2))).toEqual({
      revokedAt: Date.UTC(2051, 0, 1),
      reason: 'keyCompromise',
    });
    expect(crl.entries.find(octets('fb'))?.reason).toBe('aACompromise');
    expect(crl.entries.find(octets('02'))).toBeUndefined();
    expect(crl.fileSha256).toBe(createHash('sha256').update(bytes).digest('hex'));
    const tbsOctets = bytes.readUInt16BE(6) + 4;
    expect(Buffer.from(crl.tbsDigest!)).toEqual(
      createHash('sha384')
        .update(bytes.subarray(4, 4 + tbsOctets))
        .digest(),
    );
  });

  it('keeps serials of every length and sign apart', () => {
    const serials = [
      '00',
      '7f',
      '0080',
      '80',
      'ff7f',
      '7fffffff',
      '0080000000',
      '00ffffffff',
      '0100000000',
      '8000000000',
    ];
    const longest = ['7f', '80', 'ff'].map((first) => first + '7b'.repeat(19));
    const all = [...serials, ...longest].map(octets);
    const crl = readCrl(build({ entries: all.map((serial, i) => crlEntry({ serial, reason: 1 + (i % 6) })) }));
    expect(crl.entries.size).toBe(all.length);
    all.forEach((serial, i) => expect(crl.entries.find(serial)?.reason).toBe(CRL_REASONS[1 + (i % 6)]));
  });

  it('reads times up to the edges of both forms', () => {
    const times = ['1970-01-01T00:00:00Z', '1999-12-31T23:59:59Z', '2000-02-29T12:00:00Z', '2049-12-31T23:59:59Z'];
    const later = ['2050-01-01T00:00:00Z', '2106-02-07T06:28:15Z'];
    for (const revokedAt of [...times, ...later])
      for (const serial of [1, 0x12345678])
        expect(
          readCrl(build({ entries: [crlEntry({ serial, revokedAt })] })).entries.find(der.integer(serial).subarray(2)),
        ).toMatchObject({ revokedAt: Date.parse(revokedAt) });
    const [thisUpdate, nextUpdate] = ['2049-12-31T23:59:59Z', '2050-01-01T00:00:00Z'] as const;
    expect(readCrl(build({ thisUpdate, nextUpdate }))).toMatchObject({
      thisUpdate: Date.parse(thisUpdate),
      nextUpdate: Date.parse(nextUpdate),
    });
  });

  it('represents an absent list, an empty list, an absent nextUpdate and version 1', () => {
    expect(readCrl(build({ entries: null })).entries.size).toBe(0);
    expect(readCrl(build({ entries: [] })).entries.size).toBe(0);
    expect(readCrl(build({ nextUpdate: null })).nextUpdate).toBeUndefined();
    const first = readCrl(build({ version: null, extensions: null, entries: [crlEntry({ serial: 9 })] }));
    expect([first.version, first.entries.size, first.crlNumber]).toEqual([1, 1, undefined]);
    expect(readCrl(build({ entries: null, extensions: null, nextUpdate: null })).entries.size).toBe(0);
  });

  it('gives the scope, and a relative distribution point name completed by the issuer', () => {
    const relative = der.tlv(0xa1, der.sequence(der.oid('2.5.4.3'), der.utf8('Part 1')));
    const point = readCrl(
      build({ extensions: [issuingDistributionPoint(der.explicit(0, relative), der.implicit(1, octets('ff')))] }),
    ).issuingDistributionPoint;
    expect(point).toMatchObject({ critical: true, onlyContainsUserCerts: true, onlyContainsCACerts: false });
    expect(point?.fullName?.map(nameToString)).toEqual([expect.stringMatching(/^CN=Part 1,OU=.*C=JP$/)]);
  });

  it('notes what an acceptance has to refuse', () => {
    const unknown = { oid: '2.5.29.99', critical: true, value: der.nul() };
    const entries = [
      crlEntry({ serial: 1, extensions: [unknown] }),
      crlEntry({ serial: 2, extensions: [{ oid: '2.5.29.29', critical: true, value: der.sequence() }] }),
      crlEntry({ serial: 3, extensions: [{ oid: '2.5.29.24', value: der.generalizedTime('2025-01-01') }] }),
    ];
    const crl = readCrl(build({ entries, extensions: [unknown, { oid: '2.5.29.18', value: der.nul() }] }));
    expect(crl.entryFlags).toMatchObject({ unknownCriticalEntryExtension: '2.5.29.99', certificateIssuerSeen: true });
    expect(crl.unknownCritical).toEqual(['2.5.29.99']);
  });

  it('leaves the digest out when the algorithm is refused anyway', () => {
    expect(readCrl(build({ digest: 'sha1' })).tbsDigest).toBeUndefined();
  });

  it('says the same as pkijs', () => {
    const entries = Array.from({ length: 200 }, (_, i) =>
      crlEntry({
        serial: BigInt(i * 7919) ** 3n + 1n,
        revokedAt: Date.UTC(2020, i % 12, 1 + (i % 28), i % 24),
        reason: i % 7,
      }),
    );
    const bytes = build({ entries });
    const crl = readCrl(bytes);
    const second = CertificateRevocationList.fromBER(bytes);
    expect(crl.entries.size).toBe(second.revokedCertificates?.length);
    expect(crl.thisUpdate).toBe(second.thisUpdate.value.getTime());
    for (const { userCertificate, revocationDate } of second.revokedCertificates ?? [])
      expect(crl.entries.find(userCertificate.valueBlock.valueHexView)?.revokedAt).toBe(revocationDate.value.getTime());
  });
});

describe('How a CRL is cut into chunks does not matter', () => {
  const bytes = build({
    entries: Array.from({ length: 300 }, (_, i) => crlEntry({ serial: i * 1_000_003, reason: i % 7 })),
  });
  const whole = readCrl(bytes);

  it('gives the same for any chunking', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 40 }), (sizes) => {
        const reader = new CrlReader();
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const size = sizes[i % sizes.length]!;
          // The caller's buffer is reused: what was pushed must not be referred to afterwards.
          const chunk = Uint8Array.from(bytes.subarray(at, at + size));
          reader.push(chunk);
          chunk.fill(0);
          at += size;
        }
        const crl = reader.end();
        expect(Buffer.from(crl.entries.encode())).toEqual(Buffer.from(whole.entries.encode()));
        expect([crl.fileSha256, crl.tbsDigest, crl.signature]).toEqual([
          whole.fileSha256,
          whole.tbsDigest,
          whole.signature,
        ]);
      }),
      { numRuns: 40 },
    );
  });

  it('reads a list larger than its window', () => {
    const many = Array.from({ length: 20_000 }, (_, i) => crlEntry({ serial: (i * 7_919_317) % 2 ** 31, reason: 4 }));
    expect(readCrl(build({ entries: many })).entries.size).toBe(20_000);
  });

  it('refuses every proper prefix', () => {
    const small = build();
    for (let length = 0; length < small.length; length++) expect(rule(small.subarray(0, length))).not.toBe('accepted');
  });

  it('throws the same again after it has failed', () => {
    const reader = new CrlReader();
    expect(outcome(() => reader.push(octets('3180')))).toBe('unexpected_tag');
    expect(outcome(() => reader.push(bytes))).toBe('unexpected_tag');
    expect(outcome(() => reader.end())).toBe('unexpected_tag');
  });
});
