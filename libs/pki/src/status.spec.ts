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
import {
  authorityExtensions,
  authorityName,
  buildCertificate,
  issueEndEntity,
  makeAuthority,
  nameDer,
  partitionName,
  profileExtensions,
  rsaKey,
  type TestAuthority,
  type TestExtension,
} from '../../../test/support/pki.js';
import { type Certificate, parseCertificate } from './certificate.js';
import { CRL_SKEW_MS } from './crl-check.js';
import { readCrl } from './crl-reader.js';
import { MAX_CRL_SIGNATURE_TRIES } from './crl-signer.js';
import { type CrlQuestion, statusFromCrls } from './status.js';
import type { RevocationFinding } from './verdict.js';

const authority = makeAuthority('sign', 2023);
const authorityCertificate = parseCertificate(authority.der);
const SERIAL = 0x0abc1234;
const { crlDistributionPoints, ...otherExtensions } = profileExtensions(authority);

/** A certificate of the authority with these distribution points, or none. */
function holder(points?: Buffer[], more: TestExtension[] = []): Certificate {
  const point = points && { ...crlDistributionPoints, value: der.sequence(...points) };
  const extensions = [...Object.values(otherExtensions), ...(point ? [point] : []), ...more];
  return parseCertificate(issueEndEntity(authority, { extensions }).der);
}
const certificate = parseCertificate(issueEndEntity(authority).der);
const issuer = { name: authorityCertificate.subject, publicKey: authorityCertificate.publicKey };
const question: Omit<CrlQuestion, 'crls'> = {
  certificate,
  issuer: { ...issuer, certificate: authorityCertificate },
  anchors: [{ certificate: authorityCertificate }],
  at: CRL_AT,
};

const ask = (specs: CrlSpec[], change: Partial<CrlQuestion> = {}, by: TestAuthority = authority): RevocationFinding =>
  statusFromCrls({ ...question, crls: specs.map((spec) => readCrl(buildCrl(by, spec))), ...change });
const outcome = (specs: CrlSpec[], change: Partial<CrlQuestion> = {}, by?: TestAuthority): string[] => {
  const { status, detail } = ask(specs, change, by);
  return detail === undefined ? [status] : [status, detail];
};

const revokedEntry = (reason = 4): Buffer => crlEntry({ serial: SERIAL, reason });
const revoking: CrlSpec = { entries: [revokedEntry()] };
const flag = (n: number): Buffer => der.implicit(n, Buffer.from([0xff]));
const number = crlNumber(7);
const scoped = (...fields: Buffer[]): CrlSpec => ({ extensions: [number, issuingDistributionPoint(...fields)] });
const uri = (text: string): Buffer => der.implicit(6, Buffer.from(text));
const unknownCritical = { oid: '2.5.29.99', critical: true, value: der.nul() };

describe('statusFromCrls says', () => {
  it('good, and on which list it rests', () => {
    const crl = readCrl(buildCrl(authority));
    expect(statusFromCrls({ ...question, crls: [crl] })).toEqual({
      method: 'crl',
      status: 'good',
      thisUpdate: Date.parse(CRL_TIMES.thisUpdate),
      nextUpdate: Date.parse(CRL_TIMES.nextUpdate),
      crlNumber: '7',
      sourceSha256: crl.fileSha256,
    });
  });

  it('revoked with time and reason, of a list of version 1 too', () => {
    expect(ask([revoking])).toMatchObject({
      status: 'revoked',
      reason: 'superseded',
      revokedAt: Date.parse('2026-01-02T03:04:05Z'),
    });
    const first: CrlSpec = { version: null, extensions: null, entries: [crlEntry({ serial: SERIAL })] };
    expect(ask([first])).toMatchObject({ status: 'revoked', reason: 'unspecified' });
    expect(ask([first])).not.toHaveProperty('crlNumber');
  });

  it('what the newest list in force says, in whatever order they come', () => {
    const older: CrlSpec = { thisUpdate: '2026-01-31', extensions: [crlNumber(6)] };
    expect(outcome([older, revoking])).toEqual(['revoked']);
    expect(outcome([revoking, older])).toEqual(['revoked']);
    const held = { ...older, entries: [revokedEntry(6)] };
    expect(outcome([held, {}])).toEqual(['good']);
  });

  it('what the larger number says of two lists of one second', () => {
    const later: CrlSpec = { ...revoking, extensions: [crlNumber(8)] };
    expect(outcome([{}, later])).toEqual(['revoked']);
    expect(outcome([later, {}])).toEqual(['revoked']);
  });

  it('what a list in force says, beside one that has ended, comes from the future or is forged', () => {
    const beside: CrlSpec[] = [
      { nextUpdate: CRL_AT - 1000, thisUpdate: CRL_AT - 2000, entries: [revokedEntry()] },
      { thisUpdate: CRL_AT + CRL_SKEW_MS + 1000, entries: [revokedEntry()] },
      { tamper: (signature) => Buffer.from(signature).fill(1), thisUpdate: CRL_AT - 1000, entries: [revokedEntry()] },
    ];
    for (const spec of beside) expect(outcome([spec, {}])).toEqual(['good']);
  });

  it('unknown of a certificate that had expired before the list, and revoked when the list still names it', () => {
    const at = Date.UTC(2031, 0, 2);
    const late = { thisUpdate: '2031-01-01', nextUpdate: '2031-01-03' };
    expect(outcome([late], { at })).toEqual(['unknown', 'expired_before_list']);
    expect(outcome([{ ...late, ...revoking }], { at })).toEqual(['revoked']);
    const lastDay = { thisUpdate: '2029-03-31T14:59:59Z', nextUpdate: '2031-01-03' };
    expect(outcome([lastDay], { at })).toEqual(['good']);
  });
});

describe('A list is taken for one about the certificate only when its scope says so:', () => {
  const municipality = pointName(partitionName('sign'));
  const relative = (name: string): Buffer => der.tlv(0xa1, der.sequence(der.oid('2.5.4.3'), der.utf8(name)));
  const fullUri = (text: string): Buffer => der.explicit(0, der.explicit(0, uri(text)));
  const point = (...fields: Buffer[]): Buffer => der.sequence(...fields);
  const ca = (): Certificate =>
    holder(undefined, [{ oid: '2.5.29.19', critical: true, value: der.sequence(der.boolean(true)) }]);

  it.each<[string, CrlSpec, Certificate, string[]]>([
    ['no scope is everything', {}, certificate, ['good']],
    ['the same directory name', scoped(municipality), certificate, ['good']],
    [
      'another directory name',
      scoped(pointName(partitionName('sign', 'Shibuya-ku'))),
      certificate,
      ['unavailable', 'distribution_point'],
    ],
    [
      'a named point, for a certificate without points',
      scoped(municipality),
      holder(),
      ['unavailable', 'distribution_point'],
    ],
    ['a point named as the issuer itself, for the same', scoped(pointName(authority.name)), holder(), ['good']],
    [
      'relative names on both sides',
      scoped(der.explicit(0, relative('P1'))),
      holder([point(der.explicit(0, relative('p1 ')))]),
      ['good'],
    ],
    [
      'a relative name that differs',
      scoped(der.explicit(0, relative('P1'))),
      holder([point(der.explicit(0, relative('P2')))]),
      ['unavailable', 'distribution_point'],
    ],
    [
      'a relative name in the list against the full one in the certificate',
      scoped(der.explicit(0, relative('P1'))),
      holder([point(pointName(nameDerOfIssuerWith('P1')))]),
      ['good'],
    ],
    [
      'a relative name that completes to no name',
      scoped(der.explicit(0, relative('P1'))),
      holder([point(der.explicit(0, der.tlv(0xa1, der.nul())))]),
      ['unavailable', 'distribution_point'],
    ],
    [
      'the same URI but for the case of scheme and host',
      scoped(fullUri('HTTP://Crl.example/A')),
      holder([point(fullUri('http://crl.EXAMPLE/A'))]),
      ['good'],
    ],
    [
      'a URI whose path differs in case',
      scoped(fullUri('http://crl.example/A')),
      holder([point(fullUri('http://crl.example/a'))]),
      ['unavailable', 'distribution_point'],
    ],
    ['user certificates, for a user', scoped(flag(1)), certificate, ['good']],
    ['user certificates, for a CA', scoped(flag(1)), ca(), ['unavailable', 'only_contains_user_certs']],
    ['CA certificates, for a CA', scoped(flag(2)), ca(), ['good']],
    ['CA certificates, for a user', scoped(flag(2)), certificate, ['unavailable', 'only_contains_ca_certs']],
    ['attribute certificates', scoped(flag(5)), certificate, ['unavailable', 'only_contains_attribute_certs']],
    ['an indirect list', scoped(flag(4)), certificate, ['unsupported', 'indirect_crl']],
    [
      'some reasons only',
      scoped(der.tlv(0x83, Buffer.from('0640', 'hex'))),
      certificate,
      ['unsupported', 'only_some_reasons'],
    ],
    [
      'a point that the certificate splits by reasons',
      scoped(municipality),
      holder([point(municipality, der.tlv(0x81, Buffer.from('0640', 'hex')))]),
      ['unsupported', 'distribution_point_reasons'],
    ],
    [
      'a point of the certificate at another CRL issuer',
      scoped(municipality),
      holder([point(municipality, der.explicit(2, der.explicit(4, nameDer(['O', 'Other']))))]),
      ['unsupported', 'distribution_point_crl_issuer'],
    ],
    ['another issuer', { issuer: authorityName('auth') }, certificate, ['unavailable', 'issuer_mismatch']],
    [
      'an unknown critical extension',
      { extensions: [unknownCritical] },
      certificate,
      ['unsupported', 'critical_extension_2.5.29.99'],
    ],
    [
      'an unknown critical extension of another certificate’s entry',
      { entries: [crlEntry({ serial: 1, extensions: [unknownCritical] })] },
      certificate,
      ['unsupported', 'critical_entry_extension_2.5.29.99'],
    ],
    [
      'an entry of another certificate issuer',
      { entries: [crlEntry({ serial: 1, extensions: [{ oid: '2.5.29.29', critical: true, value: der.sequence() }] })] },
      certificate,
      ['unsupported', 'indirect_crl'],
    ],
  ])('%s', (_what, spec, about, expected) => expect(outcome([spec], { certificate: about })).toEqual(expected));

  it('a complete list of the issuer answers also where the certificate splits its points by reasons', () => {
    const split = holder([point(municipality, der.tlv(0x81, Buffer.from('0640', 'hex')))]);
    expect(outcome([{}], { certificate: split })).toEqual(['good']);
  });

  it('a list not understood is reported only when it is authentic', () => {
    const forged = { ...scoped(flag(4)), tamper: (signature: Buffer) => Buffer.from(signature).fill(1) };
    expect(outcome([forged])).toEqual(['unavailable', 'signature_invalid']);
  });

  function nameDerOfIssuerWith(commonName: string): Buffer {
    const rdn = der.set(der.sequence(der.oid('2.5.4.3'), der.utf8(commonName)));
    return der.sequence(authority.name.subarray(authority.name.length - contentLength(authority.name)), rdn);
  }

  function contentLength(element: Buffer): number {
    return element[1]! < 0x80 ? element[1]! : element.length - 2 - (element[1]! & 0x7f);
  }
});

describe('Without a list that answers, the doubt is named:', () => {
  it.each<[string, CrlSpec[], string[]]>([
    ['none given', [], ['unavailable', 'no_list']],
    ['ended at this instant', [{ nextUpdate: CRL_AT }], ['stale', 'next_update_passed']],
    ['without an end', [{ nextUpdate: null }], ['unavailable', 'next_update_missing']],
    ['from the future', [{ thisUpdate: CRL_AT + CRL_SKEW_MS + 1000 }], ['unavailable', 'this_update_in_future']],
    [
      'a forged signature',
      [{ tamper: (signature) => Buffer.from(signature).fill(1) }],
      ['unavailable', 'signature_invalid'],
    ],
    ['signed with SHA-1', [{ digest: 'sha1' }], ['unavailable', 'algorithm_refused']],
    [
      'ended, beside one of another issuer',
      [{ nextUpdate: CRL_AT }, { issuer: authorityName('auth') }],
      ['stale', 'next_update_passed'],
    ],
    [
      'not understood, beside one that ended',
      [{ nextUpdate: CRL_AT }, scoped(flag(4))],
      ['unsupported', 'indirect_crl'],
    ],
  ])('%s', (_what, specs, expected) => expect(outcome(specs)).toEqual(expected));

  it('a list that revokes and has ended is stale: who withholds newer ones chooses what we see', () => {
    expect(ask([{ ...revoking, nextUpdate: CRL_AT }])).toMatchObject({ status: 'stale', nextUpdate: CRL_AT });
  });

  it('a list about certificates of another issuer', () => {
    const other = { ...question.issuer, name: parseCertificate(makeAuthority('auth', 2023).der).subject };
    expect(outcome([{}], { issuer: other })).toEqual(['unavailable', 'issuer_mismatch']);
  });
});

describe('A delta list', () => {
  const delta = (change: CrlSpec & { number?: number; base?: number; more?: TestExtension[] } = {}): CrlSpec => ({
    thisUpdate: '2026-02-01T12:00:00Z',
    entries: [],
    extensions: [
      crlNumber(change.number ?? 9),
      { oid: '2.5.29.27', critical: true, value: der.integer(change.base ?? 7) },
      ...(change.more ?? []),
    ],
    ...change,
  });
  const held: CrlSpec = { entries: [revokedEntry(6)] };
  const lifting = delta({ entries: [crlEntry({ serial: SERIAL, reason: 8 })] });

  it('adds to, overrides and leaves standing what the complete list says', () => {
    expect(outcome([{}, delta({ entries: [revokedEntry()] })])).toEqual(['revoked']);
    expect(ask([held, delta({ entries: [revokedEntry(1)] })])).toMatchObject({ reason: 'keyCompromise' });
    expect(ask([held, delta()])).toMatchObject({ status: 'revoked', reason: 'certificateHold' });
    expect(outcome([{}, delta()])).toEqual(['good']);
  });

  it('lifts a hold with removeFromCRL, and nothing else', () => {
    expect(outcome([held, lifting])).toEqual(['good']);
    expect(ask([{ entries: [revokedEntry(1)] }, lifting])).toMatchObject({
      status: 'revoked',
      reason: 'keyCompromise',
    });
    expect(outcome([{}, lifting])).toEqual(['good']);
  });

  it('gives the pair its number and times, and its own hash', () => {
    const crls = [readCrl(buildCrl(authority, {})), readCrl(buildCrl(authority, delta()))];
    expect(statusFromCrls({ ...question, crls })).toMatchObject({
      crlNumber: '9',
      thisUpdate: Date.parse('2026-02-01T12:00:00Z'),
      sourceSha256: crls[1]!.fileSha256,
    });
  });

  it('names the list that has the entry as the source of a revocation', () => {
    const crls = [readCrl(buildCrl(authority, revoking)), readCrl(buildCrl(authority, delta()))];
    expect(statusFromCrls({ ...question, crls })).toMatchObject({ sourceSha256: crls[0]!.fileSha256 });
  });

  it('keeps a complete list in force that has ended itself', () => {
    expect(outcome([{ nextUpdate: CRL_AT }, delta()])).toEqual(['good']);
    expect(outcome([{ nextUpdate: CRL_AT }, delta({ nextUpdate: CRL_AT })])).toEqual(['stale', 'next_update_passed']);
  });

  it('of the largest number applies when there are several', () => {
    const first = delta({ number: 8, thisUpdate: '2026-02-01T06:00:00Z', entries: [revokedEntry()] });
    const second = delta({ number: 9, entries: [revokedEntry(1)] });
    for (const pair of [
      [first, second],
      [second, first],
    ])
      expect(ask([{}, ...pair])).toMatchObject({ reason: 'keyCompromise', crlNumber: '9' });
  });

  it('alone says what changed, not what holds', () => {
    expect(outcome([delta({ entries: [revokedEntry()] })])).toEqual(['unavailable', 'delta_without_base']);
  });

  const revokes = { entries: [revokedEntry()] };
  it.each<[string, CrlSpec]>([
    ['whose base is later than the complete list', delta({ base: 8, ...revokes })],
    ['no newer than the complete list', delta({ number: 7, ...revokes })],
    ['of another scope', delta({ ...revokes, more: [issuingDistributionPoint(flag(1))] })],
    ['without a number', { ...delta(revokes), extensions: delta().extensions!.slice(1) }],
    ['that has ended', delta({ ...revokes, nextUpdate: CRL_AT })],
    ['from the future', delta({ ...revokes, thisUpdate: CRL_AT + CRL_SKEW_MS + 1000 })],
    ['that is forged', delta({ ...revokes, tamper: (signature) => Buffer.from(signature).fill(1) })],
  ])('is not applied %s', (_why, spec) => expect(outcome([{}, spec])).toEqual(['good']));

  it('is not applied to a complete list without a number', () => {
    expect(outcome([{ extensions: null }, delta(revokes)])).toEqual(['good']);
  });

  it('is not applied when another key under the same name signed it', () => {
    const key = rsaKey('crl-signer');
    const signer = crlSigner(key.spki);
    const crls = [readCrl(buildCrl(authority, {})), readCrl(buildCrl({ ...authority, key }, delta(revokes)))];
    expect(statusFromCrls({ ...question, crls, candidates: [signer] }).status).toBe('good');
  });
});

/** A certificate under the authority's own name for signing lists. */
function crlSigner(
  spki: Buffer,
  { by = authority, usage = 0b100_0000, subject = authority.name, ...change } = {} as {
    by?: TestAuthority;
    usage?: number;
    subject?: Buffer;
    notAfter?: string;
    more?: TestExtension[];
  },
): Certificate {
  const keyUsage = { oid: '2.5.29.15', critical: true, value: der.namedBits(usage) };
  return parseCertificate(
    buildCertificate(
      {
        version: 3,
        serial: 77,
        issuer: by.name,
        subject,
        notBefore: '2025-01-01',
        notAfter: change.notAfter ?? '2027-01-01',
        spki,
        extensions: [keyUsage, ...(change.more ?? [])],
      },
      by.key,
    ),
  );
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
