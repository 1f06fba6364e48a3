import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import * as der from '../../../test/support/der-writer.js';
import {
  buildOcspResponse,
  byName,
  type OcspSpec,
  RESPONDER_NAME,
  responderCertificate,
  responderKey,
  revokedStatus,
  type SingleSpec,
  OCSP_AT,
} from '../../../test/support/ocsp.js';
import { issueEndEntity, makeAuthority } from '../../../test/support/pki.js';
import { parseCertificate } from './certificate.js';
import { Malformed } from './der.js';
import { judgeOcsp, parseOcspResponse } from './ocsp.js';

const authority = makeAuthority('auth', 2023);
const holder = issueEndEntity(authority);
const certificate = parseCertificate(holder.der);
const issuer = parseCertificate(authority.der);
const expected = { certificate, issuer, at: OCSP_AT };
const { serial } = certificate;

const rule = (bytes: Uint8Array): string => {
  try {
    parseOcspResponse(bytes);
  } catch (error) {
    if (error instanceof Malformed) return error.rule;
    throw error;
  }
  return 'accepted';
};

describe('A response that is not well-formed is refused for its one fault', () => {
  const enumerated = (code: number): Buffer => der.tlv(0x0a, Buffer.from([code]));
  const build = (spec: Partial<OcspSpec>): Buffer => buildOcspResponse(authority, { answers: [{ serial }], ...spec });
  it.each<[string, Buffer, string]>([
    ['nothing', Buffer.alloc(0), 'missing_element'],
    ['64 KiB and more', Buffer.alloc(65_537), 'too_large'],
    ['status 4', der.sequence(enumerated(4)), 'bad_response_status'],
    ['status 7', der.sequence(enumerated(7)), 'bad_response_status'],
    ['successful without bytes', der.sequence(enumerated(0)), 'missing_element'],
    ['a failure with bytes', der.sequence(enumerated(3), der.explicit(0, der.nul())), 'trailing_bytes'],
    ['33 answers', build({ answers: Array<SingleSpec>(33).fill({ serial }) }), 'too_many_responses'],
    ['5 certificates', build({ certificates: Array<Buffer>(5).fill(holder.der) }), 'too_many_certificates'],
    ['a certificate that is none', build({ certificates: [der.sequence()] }), 'missing_element'],
    [
      'an unknown kind of status',
      build({ answers: [{ serial, status: der.implicit(3, Buffer.alloc(0)) }] }),
      'unexpected_tag',
    ],
    ['good with content', build({ answers: [{ serial, status: der.implicit(0, Buffer.alloc(1)) }] }), 'bad_status'],
    ['reason 7', build({ answers: [{ serial, status: revokedStatus(0, 7) }] }), 'bad_reason'],
    ['removeFromCRL', build({ answers: [{ serial, status: revokedStatus(0, 8) }] }), 'bad_reason'],
    ['an empty nonce', build({ nonce: Buffer.alloc(0) }), 'bad_octet_string'],
    ['a padded serial', build({ answers: [{ serial: Buffer.from([0, 1]) }] }), 'integer_not_minimal'],
    ['a byte after it', Buffer.concat([build({}), Buffer.alloc(1)]), 'trailing_bytes'],
  ])('%s', (_why, bytes, wanted) => expect(rule(bytes)).toBe(wanted));

  it('whatever octets are changed: a finding that is not good, or Malformed', () => {
    const bytes = buildOcspResponse(authority, {
      answers: [{ serial }],
      signer: responderKey(),
      responder: byName(RESPONDER_NAME),
      certificates: [responderCertificate(authority)],
    });
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const copy = Buffer.from(bytes);
        copy[at]! ^= change;
        if (rule(copy) === 'accepted') expect(judgeOcsp(parseOcspResponse(copy), expected).status).not.toBe('good');
      }),
      { numRuns: 1000 },
    );
  });
});
