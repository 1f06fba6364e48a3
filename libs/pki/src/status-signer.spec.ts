import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { authorityKeyId, buildCrl, CRL_AT, crlNumber, type CrlSpec } from '../../../test/support/crl.js';
import {
  authority,
  certificate,
  issuer,
  outcome,
  question,
  revoking,
  unknownCritical,
} from '../../../test/support/crl-question.js';
import * as der from '../../../test/support/der-writer.js';
import {
  authorityExtensions,
  buildCertificate,
  issueEndEntity,
  makeAuthority,
  nameDer,
  rsaKey,
  type TestAuthority,
  type TestExtension,
} from '../../../test/support/pki.js';
import { DEFAULT_ALGORITHM_POLICY } from './algorithms.js';
import { type Certificate, parseCertificate } from './certificate.js';
import { readCrl } from './crl-reader.js';
import { MAX_CRL_SIGNATURE_TRIES } from './crl-signer.js';
import { type CrlQuestion, statusFromCrls } from './status.js';
import type { RevocationFinding } from './verdict.js';

interface SignerSpec {
  by?: TestAuthority;
  usage?: number;
  subject?: Buffer;
  notAfter?: string;
  more?: TestExtension[];
}

/** A certificate under the authority's own name for signing lists. */
function crlSigner(spki: Buffer, spec: SignerSpec = {}): Certificate {
  const { by = authority, usage = 0b100_0000, subject = authority.name, notAfter = '2027-01-01', more = [] } = spec;
  const keyUsage = { oid: '2.5.29.15', critical: true, value: der.namedBits(usage) };
  const dates = { notBefore: '2025-01-01', notAfter };
  const named = { version: 3 as const, serial: 77, issuer: by.name, subject, spki };
  return parseCertificate(buildCertificate({ ...named, ...dates, extensions: [keyUsage, ...more] }, by.key));
}

describe('A list signed by another key under the issuer’s name', () => {
  const key = rsaKey('crl-signer');
  const byOther: TestAuthority = { ...authority, key };
  const askWith = (candidates: Certificate[], change: Partial<CrlQuestion> = {}): string[] =>
    outcome([revoking], { candidates, ...change }, byOther);
  const other = makeAuthority('sign', 2019);
  const refused = ['unavailable', 'signature_invalid'];

  it('counts when the issuer certified that key for lists', () => {
    expect(askWith([crlSigner(key.spki)])).toEqual(['revoked']);
    expect(askWith([crlSigner(key.spki)], { issuer, anchors: [] })).toEqual(['revoked']);
  });

  it.each<[string, Certificate[]]>([
    ['no certificate is given for it', []],
    ['its certificate may not sign lists', [crlSigner(key.spki, { usage: 0b10_0000 })]],
    ['its certificate has expired', [crlSigner(key.spki, { notAfter: '2026-01-01' })]],
    ['its certificate has another name', [crlSigner(key.spki, { subject: nameDer(['O', 'Other']) })]],
    ['its certificate has an unknown critical extension', [crlSigner(key.spki, { more: [unknownCritical] })]],
    ['another anchor under the same name certified it', [crlSigner(key.spki, { by: other })]],
    ['it certified itself', [crlSigner(key.spki, { by: byOther })]],
    ['only the holder’s own certificate is given', [certificate]],
  ])('does not count when %s', (_why, candidates) => expect(askWith(candidates)).toEqual(refused));

  it('does not count for being an anchor of the same name that did not certify the issuer', () => {
    const anchors = [authority, other].map(({ der: bytes }) => ({ certificate: parseCertificate(bytes) }));
    expect(outcome([revoking], { anchors, candidates: [crlSigner(key.spki, { by: other })] }, byOther)).toEqual(
      refused,
    );
    expect(outcome([revoking], { anchors }, other)).toEqual(refused);
  });

  it('counts when the anchor of an intermediate issuer certified it, and not when another anchor did', () => {
    const root = makeAuthority('auth', 2023);
    const subKey = rsaKey('sub-ca');
    const subName = nameDer(['O', 'Sub']);
    const sub = parseCertificate(
      buildCertificate(
        {
          version: 3,
          serial: 5,
          issuer: root.name,
          subject: subName,
          notBefore: '2025-01-01',
          notAfter: '2030-01-01',
          spki: subKey.spki,
          extensions: Object.values(authorityExtensions(subKey)),
        },
        root.key,
      ),
    );
    const leaf = parseCertificate(issueEndEntity({ ...authority, name: subName, key: subKey }).der);
    const crls = [readCrl(buildCrl({ ...byOther, name: subName }, revoking))];
    const input = { ...question, certificate: leaf, crls, anchors: [root, other].map(asAnchor) };
    const asked = (by: TestAuthority): RevocationFinding =>
      statusFromCrls({
        ...input,
        issuer: { name: sub.subject, publicKey: sub.publicKey, certificate: sub },
        candidates: [crlSigner(key.spki, { by, subject: subName })],
      });
    expect(asked(root).status).toBe('revoked');
    expect(asked(other)).toMatchObject({ status: 'unavailable', detail: 'signature_invalid' });
  });

  const asAnchor = ({ der: bytes }: TestAuthority): { certificate: Certificate } => ({
    certificate: parseCertificate(bytes),
  });

  it('does not count when the issuer’s own certificate allows it no lists, though the key is right', () => {
    const usage = { oid: '2.5.29.15', critical: true, value: der.namedBits(0b10_0000) };
    const extensions = Object.values({ ...authorityExtensions(authority.key), keyUsage: usage });
    const held = parseCertificate(makeAuthority('sign', 2023, { extensions }).der);
    expect(outcome([{}], { issuer: { ...issuer, certificate: held } })).toEqual([
      'unavailable',
      'issuer_not_crl_signer',
    ]);
  });

  it('brings no delta to a complete list of the issuer’s own key', () => {
    const indicator = { oid: '2.5.29.27', critical: true, value: der.integer(7) };
    const delta = { ...revoking, extensions: [crlNumber(9), indicator] };
    const signer = crlSigner(key.spki);
    const crls = [readCrl(buildCrl(authority, {})), readCrl(buildCrl({ ...authority, key }, delta))];
    expect(statusFromCrls({ ...question, crls, candidates: [signer] }).status).toBe('good');
  });

  it('ends after a stated number of signatures, whatever is put before it', () => {
    const tampered = (i: number): CrlSpec => ({
      extensions: [authorityKeyId(authority.key.keyId), crlNumber(i)],
      thisUpdate: CRL_AT - i,
      tamper: (signature) => Buffer.from(signature).fill(1),
    });
    const specs = Array.from({ length: MAX_CRL_SIGNATURE_TRIES + 1 }, (_, i) => tampered(i));
    expect(outcome([{ thisUpdate: '2025-01-01' }, ...specs])).toContain('unavailable');
  });
});

describe('Of a list signed on a curve', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const key = { privateKey, publicKey, spki, keyId: Buffer.alloc(20, 5) };
  const innerAlgorithm = der.sequence(der.oid('1.2.840.10045.4.3.2'));
  const onCurve = makeAuthority('sign', 2023, { key, innerAlgorithm });
  const held = parseCertificate(onCurve.der);
  const input = { ...question, issuer: { name: held.subject, publicKey: held.publicKey, certificate: held } };
  const bytes = buildCrl(onCurve, { ...revoking, innerAlgorithm });

  it('the general profile takes a statement and the profiles of JPKI take none', () => {
    const crls = [readCrl(bytes)];
    expect(statusFromCrls({ ...input, crls }).status).toBe('revoked');
    expect(statusFromCrls({ ...input, crls, policy: DEFAULT_ALGORITHM_POLICY })).toMatchObject({
      status: 'unavailable',
      detail: 'algorithm_refused',
    });
  });

  it('a forgery is found', () => {
    const forged = buildCrl(
      { ...onCurve, key: { ...key, ...generateKeyPairSync('ec', { namedCurve: 'P-256' }) } },
      {
        ...revoking,
        innerAlgorithm,
      },
    );
    const found = statusFromCrls({ ...input, crls: [readCrl(forged)] });
    expect(found).toMatchObject({ status: 'unavailable', detail: 'signature_invalid' });
  });
});
