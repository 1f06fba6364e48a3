import 'reflect-metadata';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createHash, createPublicKey, verify } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import * as asn1js from 'asn1js';
import {
  AlgorithmIdentifier,
  BasicOCSPResponse,
  Certificate,
  CertID,
  Extension,
  OCSPRequest,
  OCSPResponse,
  Request,
} from 'pkijs';
import { currentCertificate, type CardRecord } from './card-record.js';
import type { Faults } from './faults.js';
import { caName, type Generation, type Hierarchy } from './hierarchy.js';
import { publicKeyBits } from './certificate-profile.js';
import { publicKeyOf } from './key-pair.js';
import { Sandbox } from './sandbox.js';

const stateDirectory = mkdtempSync(join(tmpdir(), 'sandbox-spec-'));
const open = (): Promise<Sandbox> => Sandbox.open({ stateDirectory, publicUrl: 'http://127.0.0.1:4010' });
let sandbox: Sandbox;
let now: number;

beforeAll(async () => {
  sandbox = await open();
  now = sandbox.clock.now();
}, 60_000);
afterAll(() => rmSync(stateDirectory, { recursive: true }));

const issue = (): CardRecord =>
  sandbox.cards.issue({
    holder: sandbox.cards.get('demo').holder,
    municipality: 'shiken',
    generation: '2023',
    hasSign: true,
    notBefore: now,
  });
const serialOf = (card: CardRecord, hierarchy: Hierarchy): bigint =>
  BigInt(currentCertificate(card, hierarchy)!.serial);

const ca = (hierarchy: Hierarchy, generation: Generation): Buffer =>
  sandbox.authorities.get(hierarchy, generation).certificate;

describe('the OCSP responder', () => {
  type Algorithm = 'sha1' | 'sha256';
  const oids = { sha1: '1.3.14.3.2.26', sha256: '2.16.840.1.101.3.4.2.1' };

  function ocspRequest(
    issuer: { hierarchy: Hierarchy; generation: Generation },
    serial: bigint,
    algorithm: Algorithm = 'sha256',
    nonce?: Buffer,
  ): Buffer {
    const authority = sandbox.authorities.get(issuer.hierarchy, issuer.generation);
    const digest = (bytes: Buffer): asn1js.OctetString =>
      new asn1js.OctetString({ valueHex: new Uint8Array(createHash(algorithm).update(bytes).digest()).buffer });
    const request = new OCSPRequest();
    request.tbsRequest.requestList = [
      new Request({
        reqCert: new CertID({
          hashAlgorithm: new AlgorithmIdentifier({ algorithmId: oids[algorithm], algorithmParams: new asn1js.Null() }),
          issuerNameHash: digest(caName(issuer.hierarchy)),
          issuerKeyHash: digest(publicKeyBits(publicKeyOf(authority.issuer.privateKey))),
          serialNumber: asn1js.Integer.fromBigInt(serial),
        }),
      }),
    ];
    if (nonce) {
      const extnValue = new asn1js.OctetString({ valueHex: new Uint8Array(nonce).buffer }).toBER();
      request.tbsRequest.requestExtensions = [new Extension({ extnID: '1.3.6.1.5.5.7.48.1.2', extnValue })];
    }
    return Buffer.from(request.toSchema(true).toBER());
  }

  const ask = async (
    request: Buffer,
    hierarchy: Hierarchy = 'sign',
    mode: Faults['ocsp']['mode'] = 'none',
    at = now,
  ): Promise<OCSPResponse> => OCSPResponse.fromBER(await sandbox.ocsp.answer(hierarchy, request, at, mode));
  const statusOf = (response: OCSPResponse): number => response.responseStatus.valueBlock.valueDec;
  const basicOf = (response: OCSPResponse): BasicOCSPResponse =>
    BasicOCSPResponse.fromBER(response.responseBytes!.response.valueBlock.valueHexView);
  /** Tag of CertStatus: 0 good, 1 revoked, 2 unknown. */
  const certStatus = (response: OCSPResponse): number =>
    (basicOf(response).tbsResponseData.responses[0]!.certStatus as asn1js.BaseBlock).idBlock.tagNumber;
  const issuer = { hierarchy: 'sign', generation: '2023' } as const;
  const serial = (id: string): bigint => serialOf(sandbox.cards.get(id), 'sign');

  test.each(['sha1', 'sha256'] as const)('answers good, revoked and unknown for a CertID by %s', async (algorithm) => {
    expect(certStatus(await ask(ocspRequest(issuer, serial('adult-valid'), algorithm)))).toBe(0);
    expect(certStatus(await ask(ocspRequest(issuer, serial('deceased'), algorithm)))).toBe(1);
    expect(certStatus(await ask(ocspRequest(issuer, 1n, algorithm)))).toBe(2);
  });

  test('a serial of another CA generation is unknown, not good', async () => {
    expect(certStatus(await ask(ocspRequest(issuer, serial('adult-valid-2019'))))).toBe(2);
  });

  test('signs with a delegated certificate of the asked CA, marked for OCSP and nocheck', async () => {
    const basic = basicOf(await ask(ocspRequest(issuer, serial('adult-valid'))));
    const [responder] = basic.certs!;
    const certificate = new x509.X509Certificate(responder!.toSchema().toBER());
    expect(
      await certificate.verify({
        publicKey: new x509.X509Certificate(ca('sign', '2023')).publicKey,
        date: new Date(now),
      }),
    ).toBe(true);
    expect(certificate.getExtension(x509.ExtendedKeyUsageExtension)!.usages).toEqual(['1.3.6.1.5.5.7.3.9']);
    expect(certificate.extensions.map(({ type }) => type)).toContain('1.3.6.1.5.5.7.48.1.5');
    expect(await basic.verify({ trustedCerts: [Certificate.fromBER(ca('sign', '2023'))] })).toBe(true);
  });

  test('sends the nonce back, and none when none came', async () => {
    const nonce = Buffer.from('00112233445566778899aabbccddeeff', 'hex');
    const [extension] = basicOf(await ask(ocspRequest(issuer, 1n, 'sha256', nonce))).tbsResponseData
      .responseExtensions!;
    expect(Buffer.from(extension!.extnValue.valueBlock.valueHexView).subarray(2)).toEqual(nonce);
    expect(basicOf(await ask(ocspRequest(issuer, 1n))).tbsResponseData.responseExtensions).toBeUndefined();
  });

  test('times are the quarter hour before and half an hour after it', async () => {
    const at = Date.UTC(2026, 10, 20, 10, 22, 13);
    const response = basicOf(await ask(ocspRequest(issuer, 1n), 'sign', 'none', at)).tbsResponseData.responses[0]!;
    expect(response.thisUpdate.toISOString()).toBe('2026-11-20T10:15:00.000Z');
    expect(response.nextUpdate?.toISOString()).toBe('2026-11-20T10:45:00.000Z');
  });

  test('a status is never dated before the revocation it reports', async () => {
    const card = issue();
    const revokedAt = Date.UTC(2026, 10, 20, 10, 20);
    sandbox.cards.revoke(card, ['sign'], 'keyCompromise', revokedAt);
    const request = ocspRequest(issuer, serialOf(card, 'sign'));
    const response = basicOf(await ask(request, 'sign', 'none', revokedAt + 1000)).tbsResponseData.responses[0]!;
    expect(response.thisUpdate.getTime()).toBe(revokedAt);
  });

  test('is not authorized for the other hierarchy or an expired CA', async () => {
    expect(statusOf(await ask(ocspRequest({ hierarchy: 'auth', generation: '2023' }, 1n)))).toBe(6);
    expect(statusOf(await ask(ocspRequest({ hierarchy: 'sign', generation: '2015' }, 1n)))).toBe(6);
  });

  test('calls garbage, truncation and trailing bytes malformed', async () => {
    const request = ocspRequest(issuer, 1n);
    const bad = [
      Buffer.alloc(0),
      Buffer.from('garbage'),
      Buffer.alloc(60_000, 0x30),
      ...[1, 2, 10, 40, request.length - 1].map((length) => request.subarray(0, length)),
      Buffer.concat([request, Buffer.from([0])]),
    ];
    for (const body of bad) expect(statusOf(await ask(body))).toBe(1);
  });

  test('a bad signature is the only thing wrong with an answer that has one', async () => {
    const answer = basicOf(await ask(ocspRequest(issuer, serial('adult-valid')), 'sign', 'bad_signature'));
    const responder = new x509.X509Certificate(answer.certs![0]!.toSchema().toBER());
    const signature = Buffer.from(answer.signature.valueBlock.valueHexView);
    const tbs = Buffer.from(answer.tbsResponseData.tbsView);
    const key = createPublicKey({ key: Buffer.from(responder.publicKey.rawData), format: 'der', type: 'spki' });
    expect(verify('sha256', tbs, key, signature)).toBe(false);
    expect(answer.tbsResponseData.responses).toHaveLength(1);
  });

  test('faults: try later, unknown, stale, wrong nonce', async () => {
    const nonce = Buffer.alloc(16, 7);
    const request = ocspRequest(issuer, serial('adult-valid'), 'sha256', nonce);
    expect(statusOf(await ask(request, 'sign', 'try_later'))).toBe(3);
    expect(certStatus(await ask(request, 'sign', 'unknown'))).toBe(2);
    const stale = basicOf(await ask(request, 'sign', 'stale')).tbsResponseData.responses[0]!;
    expect(stale.nextUpdate!.getTime()).toBeLessThan(now);
    const [extension] = basicOf(await ask(request, 'sign', 'wrong_nonce')).tbsResponseData.responseExtensions!;
    expect(Buffer.from(extension!.extnValue.valueBlock.valueHexView).includes(nonce)).toBe(false);
  });
});
