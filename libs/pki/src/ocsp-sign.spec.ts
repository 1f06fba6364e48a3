import { createHash, verify } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { OCSPRequest } from 'pkijs';
import * as der from '../../../test/support/der-writer.js';
import { buildOcspResponse, OCSP_AT, revokedStatus, type SingleSpec, UNKNOWN } from '../../../test/support/ocsp.js';
import { issueEndEntity, makeAuthority, rsaKey } from '../../../test/support/pki.js';
import { parseCertificate } from './certificate.js';
import { Malformed } from './der.js';
import { buildOcspRequest, signOcspRequest } from './ocsp.js';
import { type OcspQuestionedResponse, statusFromOcsp } from './status.js';

const authority = makeAuthority('auth', 2023);
const issuer = parseCertificate(authority.der);
const certificate = parseCertificate(issueEndEntity(authority).der);
const { serial } = certificate;

describe('signOcspRequest', () => {
  const own = issueEndEntity(authority, { key: rsaKey('platform') });
  const { privateKey } = own.key;
  const signer = { key: privateKey, certificates: [own.der, authority.der] as [Buffer, Buffer] };
  const nonce = Buffer.alloc(32, 7);
  const request = buildOcspRequest({ certificate, issuer, hash: 'sha256', nonce });

  it('names the requestor and signs all that is asked, as pkijs reads it', () => {
    const signed = OCSPRequest.fromBER(signOcspRequest(request, signer));
    const { tbsRequest, optionalSignature } = signed;
    expect(tbsRequest.requestorName?.type).toBe(4);
    const requestor = der.explicit(1, der.explicit(4, Buffer.from(parseCertificate(own.der).subject.der)));
    expect(Buffer.from(tbsRequest.tbsView).includes(requestor)).toBe(true);
    expect(tbsRequest.requestList).toHaveLength(1);
    const [extension] = tbsRequest.requestExtensions ?? [];
    expect(Buffer.from(extension!.extnValue.valueBlock.valueHexView)).toEqual(der.octetString(nonce));
    expect(optionalSignature?.certs).toHaveLength(2);
    expect(optionalSignature?.signatureAlgorithm.algorithmId).toBe('1.2.840.113549.1.1.11');
    const signature = Buffer.from(optionalSignature!.signature.valueBlock.valueHexView);
    expect(verify('sha256', Buffer.from(tbsRequest.tbsView), own.key.publicKey, signature)).toBe(true);
  });

  it('signs a request without a nonce as well', () => {
    const plain = buildOcspRequest({ certificate, issuer, hash: 'sha1' });
    const { tbsRequest } = OCSPRequest.fromBER(signOcspRequest(plain, signer));
    expect(tbsRequest.requestExtensions).toBeUndefined();
  });

  it('refuses a key that is not the certificate’s', () => {
    const key = rsaKey('another').privateKey;
    expect(() => signOcspRequest(request, { ...signer, key })).toThrow(RangeError);
  });

  it('refuses what is no request, and what is signed already', () => {
    for (const bytes of [Buffer.alloc(0), der.sequence(), authority.der, signOcspRequest(request, signer)])
      expect(() => signOcspRequest(bytes, signer)).toThrow(Malformed);
  });
});

describe('statusFromOcsp', () => {
  const ask = (answer: Partial<SingleSpec>, change: Partial<OcspQuestionedResponse> = {}) =>
    statusFromOcsp({
      certificate,
      issuer,
      at: OCSP_AT,
      response: buildOcspResponse(authority, { answers: [{ serial, ...answer }] }),
      ...change,
    });

  it('gives the status of the one certificate asked about', () => {
    expect(ask({}).status).toBe('good');
    expect(ask({ status: revokedStatus(OCSP_AT - 1000, 4) })).toMatchObject({
      status: 'revoked',
      reason: 'superseded',
    });
    expect(ask({ status: UNKNOWN }).status).toBe('unknown');
  });

  it('finds no status in bytes that are no response', () => {
    for (const response of [Buffer.alloc(0), Buffer.alloc(200, 0x30), der.sequence(der.nul())])
      expect(ask({}, { response })).toEqual({ method: 'ocsp', status: 'unavailable', detail: 'ocsp_malformed' });
  });

  it('gives a status signed by an intermediate issuer, and none signed by another authority', () => {
    const name = parseCertificate(issueEndEntity(authority).der).subject;
    const middle = { ...authority, name: Buffer.from(name.der), key: rsaKey('holder') };
    const leaf = parseCertificate(issueEndEntity(middle, { key: rsaKey('leaf') }).der);
    const response = buildOcspResponse(middle, { answers: [{ serial: leaf.serial }] });
    expect(ask({}, { certificate: leaf, issuer: certificate, response }).status).toBe('good');
    const other = buildOcspResponse(middle, { answers: [{ serial: leaf.serial }], signer: authority.key });
    expect(ask({}, { certificate: leaf, issuer: certificate, response: other })).toMatchObject({
      detail: 'signature_invalid',
    });
  });

  it('chooses among answers by every field of the CertID, not by the serial alone', () => {
    const other = makeAuthority('auth', 2019);
    const keyBits = other.key.publicKey.export({ type: 'pkcs1', format: 'der' });
    const keyHash = createHash('sha1').update(keyBits).digest();
    const answers: SingleSpec[] = [
      { serial, keyHash, status: revokedStatus(OCSP_AT - 1000, 1) },
      { serial, nameHash: Buffer.alloc(20), status: revokedStatus(OCSP_AT - 1000, 1) },
      { serial: Buffer.from([1]), status: UNKNOWN },
      { serial },
    ];
    expect(ask({}, { response: buildOcspResponse(authority, { answers }) }).status).toBe('good');
  });
});

describe('Of a certificate that has expired', () => {
  const at = Date.UTC(2031, 0, 2);
  const cutoff = (time: number, critical = false) => ({
    oid: '1.3.6.1.5.5.7.48.1.6',
    critical,
    value: der.generalizedTime(time),
  });
  const ask = (answer: Partial<SingleSpec> = {}) =>
    statusFromOcsp({
      certificate,
      issuer,
      at,
      response: buildOcspResponse(authority, {
        producedAt: at,
        answers: [{ serial, thisUpdate: at - 1000, nextUpdate: at + 60_000, ...answer }],
      }),
    });
  const beyond = { status: 'unknown', detail: 'expired_beyond_archive_cutoff' };

  it('good means nothing without an archive cutoff, or with one after its end', () => {
    expect(ask()).toMatchObject(beyond);
    expect(ask({ extensions: [cutoff(certificate.notAfter + 1000)] })).toMatchObject(beyond);
  });

  it('good counts when the archive reaches back to its end', () => {
    expect(ask({ extensions: [cutoff(certificate.notAfter)] }).status).toBe('good');
    expect(ask({ extensions: [cutoff(Date.UTC(2020, 0, 1), true)] }).status).toBe('good');
  });

  it('revoked counts in any case', () => {
    expect(ask({ status: revokedStatus(OCSP_AT, 4) }).status).toBe('revoked');
  });

  it('a cutoff that is no time makes the response malformed', () => {
    expect(ask({ extensions: [{ oid: '1.3.6.1.5.5.7.48.1.6', value: der.time(at) }] })).toMatchObject({
      detail: 'ocsp_malformed',
    });
  });
});
