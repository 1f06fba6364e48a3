import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { buildCms, issuerAndSerial } from '../../../test/support/cms.js';
import {
  authorityKeyId,
  buildCrl,
  crlEntry,
  crlNumber,
  issuingDistributionPoint,
  pointName,
} from '../../../test/support/crl.js';
import * as der from '../../../test/support/der-writer.js';
import {
  buildOcspResponse,
  byName,
  RESPONDER_NAME,
  responderCertificate,
  responderKey,
  revokedStatus,
} from '../../../test/support/ocsp.js';
import { ALGORITHMS, issueEndEntity, makeAuthority, partitionName } from '../../../test/support/pki.js';
import { parseCertificate } from './certificate.js';
import { parseCms } from './cms.js';
import { CrlReader, readCrl } from './crl.js';
import { DerReader, Malformed } from './der.js';
import { parseOcspResponse } from './ocsp.js';
import { RevocationColumns } from './revocation-columns.js';

const authority = makeAuthority('sign', 2023);
const holder = issueEndEntity(authority);
const { serial } = parseCertificate(holder.der);
const list = buildCrl(authority, {
  entries: [crlEntry({ serial: 5, reason: 1 }), crlEntry({ serial: 2n ** 90n }), crlEntry({ serial: -3, reason: 4 })],
  extensions: [
    authorityKeyId(authority.key.keyId),
    crlNumber(2n ** 70n),
    issuingDistributionPoint(pointName(partitionName('sign'))),
  ],
});

/** A parser, and a whole structure for it to begin from. */
const PARSERS: Readonly<Record<string, { seed: Uint8Array; read: (bytes: Uint8Array) => unknown }>> = {
  certificate: { seed: holder.der, read: parseCertificate },
  'certificate list': { seed: list, read: (bytes) => readCrl(bytes) },
  'OCSP response': {
    seed: buildOcspResponse(authority, {
      answers: [{ serial }, { serial: Buffer.from([9]), status: revokedStatus(0, 4) }],
      signer: responderKey(),
      responder: byName(RESPONDER_NAME),
      certificates: [responderCertificate(authority)],
      nonce: Buffer.alloc(16, 1),
    }),
    read: parseOcspResponse,
  },
  'CMS message': {
    seed: buildCms({
      content: Buffer.from('content'),
      key: holder.key,
      signerId: issuerAndSerial(authority.name, serial),
      certificates: [holder.der],
    }),
    read: parseCms,
  },
  'revocation columns': {
    seed: readCrl(list).entries.encode(),
    read: RevocationColumns.decode.bind(RevocationColumns),
  },
};
const EACH = Object.entries(PARSERS).map(([name, { seed, read }]) => [name, seed, read] as const);

/** Elements that DerReader has stepped over: the measure of work, which is the same on every machine. */
let steps = 0;
beforeAll(() => {
  const { next } = DerReader.prototype;
  jest.spyOn(DerReader.prototype, 'next').mockImplementation(function (this: DerReader) {
    steps++;
    return next.call(this);
  });
});
afterAll(() => {
  jest.restoreAllMocks();
});

/**
 * Reads; a value or Malformed and nothing else, within a work bound that grows with the octets only: every octet is
 * stepped over as part of at most a few elements that contain it.
 */
function settle(read: (bytes: Uint8Array) => unknown, bytes: Uint8Array): string {
  steps = 0;
  let rule = 'accepted';
  try {
    read(bytes);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    rule = error.rule;
  }
  if (steps > bytes.length + 64) throw new Error(`${steps} elements read in ${bytes.length} octets`);
  return rule;
}

const octets = fc.uint8Array({ minLength: 1, maxLength: 6 });
/** One edit: octets written over, put in, cut out, or repeated from elsewhere. */
const edit = fc.record({
  kind: fc.constantFrom('write', 'insert', 'cut', 'repeat'),
  at: fc.nat(),
  from: fc.nat(),
  count: fc.integer({ min: 1, max: 300 }),
  octets: fc.oneof(
    octets,
    fc.constantFrom(...['80', '84ffffffff', 'ff7f', '30803080'].map((hex) => Buffer.from(hex, 'hex'))),
  ),
});
type Edit = typeof edit extends fc.Arbitrary<infer Value> ? Value : never;

function apply(source: Uint8Array, edits: readonly Edit[]): Uint8Array {
  let bytes = Buffer.from(source);
  for (const { kind, at: anywhere, from: elsewhere, count, octets: value } of edits) {
    const at = anywhere % (bytes.length + 1);
    const from = elsewhere % (bytes.length + 1);
    if (kind === 'write') bytes.set(value.subarray(0, bytes.length - at), at);
    else if (kind === 'cut') bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + count)]);
    else {
      const added = kind === 'insert' ? value : bytes.subarray(from, from + count);
      bytes = Buffer.concat([bytes.subarray(0, at), added, bytes.subarray(at)]);
    }
  }
  return bytes;
}

describe.each(EACH)('The reader of a structure (%s)', (_name, seed, read) => {
  it('accepts the structure the attacks begin from', () => expect(settle(read, seed)).toBe('accepted'));

  it('gives a value or Malformed for every single octet changed in every bit', () => {
    const bytes = Buffer.from(seed);
    for (let at = 0; at < bytes.length; at++)
      for (const mask of [0x01, 0x80, 0xff]) {
        bytes[at]! ^= mask;
        settle(read, bytes);
        bytes[at]! ^= mask;
      }
  });

  it('refuses every proper beginning', () => {
    for (let length = 0; length < seed.length; length++)
      expect(settle(read, seed.subarray(0, length))).not.toBe('accepted');
  });

  it('gives a value or Malformed after any few edits', () => {
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 6 }), (edits) => void settle(read, apply(seed, edits))),
      { numRuns: 2000 },
    );
  });

  it('gives a value or Malformed for random octets', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), (bytes) => void settle(read, bytes)),
      { numRuns: 1000 },
    );
  });

  it('ends in Malformed for elements nested ten thousand deep', () => {
    for (const tag of [0x30, 0x31, 0xa0, 0xa3]) {
      let nested: Buffer = der.nul();
      for (let depth = 0; depth < 10_000; depth++) nested = der.tlv(tag, nested);
      expect(settle(read, nested)).not.toBe('accepted');
    }
  });

  it('ends in Malformed for twenty megabytes of one octet or of small elements, without keeping them', () => {
    const large = Buffer.alloc(20_000_000);
    const before = process.memoryUsage().arrayBuffers;
    for (const octet of [0x00, 0x30, 0xff]) expect(settle(read, large.fill(octet))).not.toBe('accepted');
    for (const element of ['0500', '3000', '020101'])
      expect(settle(read, large.fill(Buffer.from(element, 'hex')))).not.toBe('accepted');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8_000_000);
  });
});

describe('A CRL is refused that', () => {
  const fields = [der.integer(1), ALGORITHMS.sha256, authority.name, der.time('2026-02-01'), der.time('2026-02-03')];
  /** A list whose outer lengths are those given, with `content` behind them. */
  const claiming = (outer: string, tbs: string, entries: string, content: Buffer): Buffer =>
    Buffer.concat([
      Buffer.from(`3084${outer}3084${tbs}`, 'hex'),
      ...fields,
      Buffer.from(`3084${entries}`, 'hex'),
      content,
    ]);
  const entry = crlEntry({ serial: 1, reason: 4 });

  it('claims room for 2³² entries, at its first octets', () => {
    expect(settle(readCrl, claiming('ffffffff', 'fffffff0', 'ffffff00', entry))).toBe('too_large');
    expect(settle(readCrl, claiming('7fffff00', '7ffffe00', 'ffffff00', entry))).toBe('length_beyond_parent');
  });

  it('claims 2³¹ octets and ends early, and nothing was reserved for the claim', () => {
    const before = process.memoryUsage().arrayBuffers;
    const reader = new CrlReader();
    reader.push(claiming('7fffff00', '7ffffe00', '7ffff000', Buffer.concat(Array<Buffer>(100).fill(entry))));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2_000_000);
    expect(settle(() => reader.end(), Buffer.alloc(0))).toBe('truncated');
  });

  it('lies about the length of any of its layers', () => {
    const bytes = buildCrl(authority);
    for (const at of [2, 3, 6, 7])
      for (const change of [-1, 1]) {
        const copy = Buffer.from(bytes);
        copy[at]! += change;
        expect(settle(readCrl, copy)).not.toBe('accepted');
      }
  });

  it('repeats an entry, next to it or thirty thousand entries later', () => {
    const serials = [7, ...Array.from({ length: 30_000 }, (_, i) => 100 + i), 7];
    const repeated = buildCrl(authority, { entries: serials.map((each) => crlEntry({ serial: each })) });
    expect(settle((bytes) => readCrl(bytes), repeated)).toBe('duplicate_serial');
    const twice = buildCrl(authority, { entries: [7, 7].map((each) => crlEntry({ serial: each })) });
    expect(settle((bytes) => readCrl(bytes), twice)).toBe('duplicate_serial');
  });

  it('has millions of the smallest entries, at the limit that is set', () => {
    const smallest = crlEntry({ serial: 1 });
    const content = Buffer.alloc(smallest.length * 200_000, smallest);
    const bytes = buildCrl(authority, { rawList: der.sequence(content) });
    expect(settle((all) => readCrl(all, { maxEntries: 100_000 }), bytes)).toBe('too_many_entries');
  });
});
