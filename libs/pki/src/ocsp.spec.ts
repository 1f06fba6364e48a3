import { describe, expect, it } from '@jest/globals';
import { BasicOCSPResponse, Certificate as PkijsCertificate, OCSPRequest, OCSPResponse } from 'pkijs';
import * as der from '../../../test/support/der-writer.js';
import {
  buildOcspResponse,
  byKey,
  byName,
  GOOD,
  OCSP_AT,
  type OcspSpec,
  RESPONDER_EXTENSIONS,
  RESPONDER_NAME,
  responderCertificate,
  responderKey,
  revokedStatus,
  type SingleSpec,
  UNKNOWN,
} from '../../../test/support/ocsp.js';
import { issueEndEntity, makeAuthority, rsaKey } from '../../../test/support/pki.js';
import { parseCertificate } from './certificate.js';
import {
  buildOcspRequest,
  judgeOcsp,
  OCSP_MAX_AGE_MS,
  OCSP_SKEW_MS,
  type OcspExpectation,
  parseOcspResponse,
} from './ocsp.js';

const authority = makeAuthority('auth', 2023);
const otherGeneration = makeAuthority('auth', 2019);
const holder = issueEndEntity(authority);
const certificate = parseCertificate(holder.der);
const issuer = parseCertificate(authority.der);
const expected: OcspExpectation = { certificate, issuer, at: OCSP_AT };
const { serial } = certificate;

const judged = (spec: Partial<OcspSpec>, change: Partial<OcspExpectation> = {}) => {
  const bytes = buildOcspResponse(authority, { answers: [{ serial }], ...spec });
  return judgeOcsp(parseOcspResponse(bytes), { ...expected, ...change });
};
const answered = (answer: Partial<SingleSpec>, change: Partial<OcspExpectation> = {}) =>
  judged({ answers: [{ serial, ...answer }] }, change);
const delegated = (certificateDer: Buffer, spec: Partial<OcspSpec> = {}) =>
  judged({
    signer: responderKey(),
    responder: byKey(responderKey().keyId),
    certificates: [certificateDer],
    ...spec,
  });
const { purpose, usage, nocheck } = RESPONDER_EXTENSIONS;

describe('buildOcspRequest', () => {
  it.each(['sha1', 'sha256'] as const)('asks about one certificate as pkijs reads it, by %s', (hash) => {
    const nonce = Buffer.alloc(32, 7);
    const request = OCSPRequest.fromBER(buildOcspRequest({ certificate, issuer, hash, nonce }));
    expect(request.tbsRequest.requestList).toHaveLength(1);
    const certId = request.tbsRequest.requestList[0]!.reqCert;
    expect(certId.hashAlgorithm.algorithmId).toBe(hash === 'sha1' ? '1.3.14.3.2.26' : '2.16.840.1.101.3.4.2.1');
    expect(Buffer.from(certId.serialNumber.valueBlock.valueHexView)).toEqual(Buffer.from(serial));
    const [extension] = request.tbsRequest.requestExtensions ?? [];
    expect(Buffer.from(extension!.extnValue.valueBlock.valueHexView)).toEqual(der.octetString(nonce));
  });

  it('leaves the extensions out without a nonce, and refuses a nonce no responder may accept', () => {
    const question = { certificate, issuer, hash: 'sha1' as const };
    expect(OCSPRequest.fromBER(buildOcspRequest(question)).tbsRequest.requestExtensions).toBeUndefined();
    for (const length of [0, 33])
      expect(() => buildOcspRequest({ ...question, nonce: Buffer.alloc(length) })).toThrow(RangeError);
  });
});

describe('judgeOcsp believes', () => {
  it('good, with the times and the source it rests on', () => {
    const bytes = buildOcspResponse(authority, { answers: [{ serial }] });
    const response = parseOcspResponse(bytes);
    expect(judgeOcsp(response, expected)).toEqual({
      method: 'ocsp',
      status: 'good',
      thisUpdate: OCSP_AT - 60_000,
      nextUpdate: OCSP_AT + 600_000,
      producedAt: OCSP_AT,
      sourceSha256: response.sha256,
    });
  });

  it('revoked with time and reason, and unknown apart from both', () => {
    const revokedAt = Date.UTC(2025, 0, 1);
    expect(answered({ status: revokedStatus(revokedAt, 4) })).toMatchObject({
      status: 'revoked',
      revokedAt,
      reason: 'superseded',
    });
    expect(answered({ status: revokedStatus(revokedAt) })).not.toHaveProperty('reason');
    expect(answered({ status: UNKNOWN })).toMatchObject({ status: 'unknown', detail: 'not_known_to_responder' });
  });

  it.each<[string, Partial<OcspSpec>]>([
    ['the anchor itself by name', { responder: byName(authority.name) }],
    ['the anchor itself by key', {}],
    ['a CertID by SHA-256', { answers: [{ serial, hash: 'sha256' }] }],
    ['the wanted answer among others', { answers: [{ serial: Buffer.from([9]), status: UNKNOWN }, { serial }] }],
    ['a nonce that was not asked for', { nonce: Buffer.alloc(8) }],
  ])('%s', (_what, spec) => expect(judged(spec).status).toBe('good'));

  it('a responder the anchor appointed, by key or by name', () => {
    const own = responderCertificate(authority);
    expect(delegated(own).status).toBe('good');
    expect(delegated(own, { responder: byName(RESPONDER_NAME) }).status).toBe('good');
  });

  it('the nonce that was sent', () => {
    const nonce = Buffer.alloc(32, 3);
    expect(judged({ nonce }, { nonce }).status).toBe('good');
    expect(judged({}, { nonce, nonceRequired: false }).status).toBe('good');
  });

  it('times up to the stated skew and age', () => {
    expect(answered({ thisUpdate: OCSP_AT + OCSP_SKEW_MS }).status).toBe('good');
    expect(answered({ nextUpdate: OCSP_AT - OCSP_SKEW_MS }).status).toBe('good');
    expect(answered({ nextUpdate: null, thisUpdate: OCSP_AT - OCSP_MAX_AGE_MS }).status).toBe('good');
  });

  it('what pkijs finds signed by the responder too', async () => {
    const bytes = buildOcspResponse(authority, {
      answers: [{ serial, status: GOOD }],
      signer: responderKey(),
      responder: byName(RESPONDER_NAME),
      certificates: [responderCertificate(authority)],
    });
    const { responseBytes } = OCSPResponse.fromBER(bytes);
    const basic = BasicOCSPResponse.fromBER(responseBytes!.response.valueBlock.valueHexView);
    const trusted = PkijsCertificate.fromBER(authority.der);
    expect(await basic.verify({ trustedCerts: [trusted] })).toBe(true);
    expect(judgeOcsp(parseOcspResponse(bytes), expected).status).toBe('good');
  });
});

describe('judgeOcsp finds no status in', () => {
  const minute = 60_000;
  it.each<[string, Partial<SingleSpec>, string, string]>([
    ['an answer about another serial', { serial: Buffer.from([1]) }, 'unavailable', 'no_matching_answer'],
    ['an answer under another issuer name', { nameHash: Buffer.alloc(20) }, 'unavailable', 'no_matching_answer'],
    ['an answer under another issuer key', { keyHash: otherGeneration.key.keyId }, 'unavailable', 'no_matching_answer'],
    ['a CertID by a hash we do not compute', { hash: 'sha384' }, 'unavailable', 'no_matching_answer'],
    ['an answer from the future', { thisUpdate: OCSP_AT + minute + 1000 }, 'unavailable', 'this_update_in_future'],
    [
      'an answer that ended',
      { thisUpdate: OCSP_AT - 9 * minute, nextUpdate: OCSP_AT - minute - 1000 },
      'stale',
      'next_update_passed',
    ],
    ['an old answer without an end', { nextUpdate: null, thisUpdate: OCSP_AT - 17 * minute }, 'stale', 'too_old'],
    ['an end before the start', { nextUpdate: OCSP_AT - 2 * minute }, 'unavailable', 'times_contradict'],
    [
      'a critical extension of the answer',
      { extensions: [{ oid: '1.2.3', critical: true, value: der.nul() }] },
      'unsupported',
      'critical_extension',
    ],
  ])('%s', (_why, answer, status, detail) => expect(answered(answer)).toMatchObject({ status, detail }));

  it.each<[string, Partial<OcspSpec>, string, string]>([
    [
      'two answers about it',
      { answers: [{ serial }, { serial, status: UNKNOWN }] },
      'unavailable',
      'several_matching_answers',
    ],
    ['no answers', { answers: [] }, 'unavailable', 'no_matching_answer'],
    ['a garbage signature', { tamper: (s) => Buffer.from(s).fill(9) }, 'unavailable', 'signature_invalid'],
    [
      'another key under the name',
      { responder: byName(authority.name), signer: otherGeneration.key },
      'unavailable',
      'signature_invalid',
    ],
    ['SHA-1', { digest: 'sha1' }, 'unavailable', 'algorithm_refused'],
    ['a responder nobody knows', { responder: byKey(Buffer.alloc(20)) }, 'unavailable', 'responder_not_found'],
    ['production in the future', { producedAt: OCSP_AT + 2 * minute }, 'unavailable', 'produced_in_future'],
    ['production before the statement', { producedAt: OCSP_AT - 3 * minute }, 'unavailable', 'times_contradict'],
    ['another response type', { responseType: '1.2.3.4' }, 'unsupported', 'response_type'],
    [
      'a critical extension',
      { extensions: [{ oid: '1.2.3', critical: true, value: der.nul() }] },
      'unsupported',
      'critical_extension',
    ],
  ])('%s', (_why, spec, status, detail) => expect(judged(spec)).toMatchObject({ status, detail }));

  it.each<[string, Buffer, string]>([
    [
      'without its purpose',
      responderCertificate(authority, { extensions: [usage, nocheck] }),
      'responder_not_authorised',
    ],
    [
      'for another purpose',
      responderCertificate(authority, {
        extensions: [{ ...purpose, value: der.sequence(der.oid('1.3.6.1.5.5.7.3.2')) }, usage, nocheck],
      }),
      'responder_not_authorised',
    ],
    [
      'of another generation under the same name',
      responderCertificate(authority, {}, otherGeneration.key),
      'responder_not_issued_by_issuer',
    ],
    [
      'of another issuer',
      responderCertificate(authority, { issuer: RESPONDER_NAME }),
      'responder_not_issued_by_issuer',
    ],
    ['that has expired', responderCertificate(authority, { notAfter: '2026-02-01' }), 'responder_not_valid_now'],
    ['that is not valid yet', responderCertificate(authority, { notBefore: '2026-02-03' }), 'responder_not_valid_now'],
    [
      'that may itself be revoked',
      responderCertificate(authority, { extensions: [purpose, usage] }),
      'responder_revocation_unknown',
    ],
    [
      'whose key may not sign',
      responderCertificate(authority, { extensions: [purpose, { ...usage, value: der.namedBits(0b100) }, nocheck] }),
      'responder_key_usage',
    ],
    [
      'with a critical extension',
      responderCertificate(authority, {
        extensions: [purpose, nocheck, { oid: '1.2.3', critical: true, value: der.nul() }],
      }),
      'responder_critical_extension',
    ],
  ])('a response by a delegate %s', (_why, bytes, detail) =>
    expect(delegated(bytes)).toMatchObject({ status: 'unavailable', detail }),
  );

  it('a response signed with the holder’s own card', () => {
    const bytes = buildOcspResponse(authority, {
      answers: [{ serial }],
      signer: rsaKey('holder'),
      responder: byKey(rsaKey('holder').keyId),
      certificates: [holder.der],
    });
    expect(judgeOcsp(parseOcspResponse(bytes), expected)).toMatchObject({ detail: 'responder_not_authorised' });
  });

  it('a response with another nonce or none', () => {
    const nonce = Buffer.alloc(32, 1);
    expect(judged({ nonce: Buffer.alloc(32, 2) }, { nonce })).toMatchObject({ detail: 'nonce_mismatch' });
    expect(judged({}, { nonce })).toMatchObject({ status: 'unavailable', detail: 'nonce_missing' });
  });

  it.each([
    [1, 'responder_malformed_request'],
    [2, 'responder_internal_error'],
    [3, 'responder_try_later'],
    [5, 'responder_sig_required'],
    [6, 'responder_unauthorized'],
  ])('response status %i', (code, detail) => {
    const response = parseOcspResponse(der.sequence(der.tlv(0x0a, Buffer.from([code]))));
    expect(judgeOcsp(response, expected)).toMatchObject({ status: 'unavailable', detail });
  });

  it('times of a response that is not authentic', () => {
    const finding = judged({ tamper: (s) => Buffer.from(s).fill(9) });
    expect(finding).not.toHaveProperty('thisUpdate');
    expect(finding).not.toHaveProperty('producedAt');
  });
});
