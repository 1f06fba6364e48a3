import { describe, it } from '@jest/globals';
import * as fc from 'fast-check';
import * as der from '../../../test/support/der-writer.js';
import { issueEndEntity, makeAuthority, nameDer } from '../../../test/support/pki.js';
import { type Certificate, parseCertificate } from './certificate.js';
import { Malformed, TAG } from './der.js';

const sign = makeAuthority('sign', 2023);
const signDer = issueEndEntity(sign).der;
const authDer = issueEndEntity(makeAuthority('auth', 2023)).der;

const read = (bytes: Uint8Array): Certificate | Malformed => {
  try {
    return parseCertificate(bytes);
  } catch (error) {
    if (error instanceof Malformed) return error;
    throw error;
  }
};

describe('hostile bytes only ever give a certificate or Malformed, and quickly', () => {
  const settle = (bytes: Uint8Array): boolean => {
    // Work, not time: on a busy machine a parse waits for a processor.
    const start = process.cpuUsage();
    const outcome = read(bytes);
    if (!(outcome instanceof Malformed)) {
      const { issuer, subject, extensions } = outcome;
      // What is decoded late must not fail late.
      [issuer.canonical, subject.canonical, extensions.subjectAltName?.otherNames.map(({ value }) => value)].flat();
    }
    const { user, system } = process.cpuUsage(start);
    return user + system < 250_000;
  };

  it('with octets changed', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(signDer, authDer, sign.der),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 8 }),
        (source, changes) => {
          const bytes = Buffer.from(source);
          for (const [at, octet] of changes) bytes[at % bytes.length] = octet;
          return settle(bytes);
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('with pieces cut out or repeated', () => {
    fc.assert(
      fc.property(fc.nat(signDer.length), fc.nat(signDer.length), fc.boolean(), (a, b, repeat) => {
        const [from, to] = [Math.min(a, b), Math.max(a, b)];
        const kept = [signDer.subarray(0, repeat ? to : from), signDer.subarray(repeat ? from : to)];
        return settle(Buffer.concat(kept));
      }),
      { numRuns: 1500 },
    );
  });

  it('at random', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), settle), { numRuns: 1500 });
  });

  it('made of well-formed elements in the wrong places', () => {
    const { element, rest } = fc.letrec<{ element: Buffer; rest: Buffer[] }>((tie) => ({
      element: fc.oneof(
        { maxDepth: 6, depthSize: 'medium' },
        fc.uint8Array({ maxLength: 12 }).map((bytes) => der.tlv(TAG.OCTET_STRING, bytes)),
        fc.constantFrom(der.nul(), der.integer(2), der.oid('2.5.29.15'), nameDer(['CN', 'x']), der.boolean(true)),
        fc.tuple(fc.constantFrom(0x30, 0x31, 0xa0, 0xa3), tie('rest')).map(([tag, parts]) => der.tlv(tag, ...parts)),
      ),
      rest: fc.array(tie('element'), { maxLength: 6 }),
    }));
    fc.assert(
      fc.property(element, rest, (first, others) => settle(der.sequence(der.sequence(first, ...others)))),
      {
        numRuns: 1500,
      },
    );
  });
});
