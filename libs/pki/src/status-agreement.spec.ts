import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Certificate as PkijsCertificate, CertificateRevocationList } from 'pkijs';
import {
  buildCrl,
  CRL_AT,
  crlEntry,
  crlNumber,
  type CrlSpec,
  issuingDistributionPoint,
  pointName,
} from '../../../test/support/crl.js';
import { authority, certificate, flag, question, scoped, unknownCritical } from '../../../test/support/crl-question.js';
import * as der from '../../../test/support/der-writer.js';
import {
  buildOcspResponse,
  responderCertificate,
  responderKey,
  revokedStatus,
  UNKNOWN,
} from '../../../test/support/ocsp.js';
import { byKey, type OcspSpec, RESPONDER_EXTENSIONS } from '../../../test/support/ocsp.js';
import {
  issueEndEntity,
  makeAuthority,
  partitionName,
  type TestAuthority,
  type TestExtension,
} from '../../../test/support/pki.js';
import { parseCertificate } from './certificate.js';
import { readCrl } from './crl-reader.js';
import { statusFromCrls, statusFromOcsp } from './status.js';

/** The second opinions: OpenSSL's command line on lists and responses, pkijs on lists. */
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'status-agreement-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const pem = (label: string, bytes: Uint8Array): string =>
  `-----BEGIN ${label}-----\n${Buffer.from(bytes).toString('base64')}\n-----END ${label}-----\n`;

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

function openssl(args: readonly string[]): { status: number | null; text: string } {
  const { status, stdout, stderr, error } = spawnSync('openssl', args);
  if (error) throw error;
  return { status, text: `${stdout.toString()}${stderr.toString()}` };
}

type Opinion = 'good' | 'revoked' | 'undecided';

/** X509_V_ERR_CERT_REVOKED is 23; every other failure leaves the status open. */
function opensslCrl(crls: readonly Buffer[], deltas: boolean): Opinion {
  const args = ['verify', '-crl_check', '-extended_crl', '-attime', String(CRL_AT / 1000), '-no-CApath', '-no-CAstore'];
  if (deltas) args.push('-use_deltas');
  args.push('-CAfile', file('ca.pem', pem('CERTIFICATE', authority.der)));
  args.push('-CRLfile', file('crl.pem', crls.map((crl) => pem('X509 CRL', crl)).join('')));
  // OpenSSL does not know the policies' criticality as we do and is not asked about them here.
  args.push(file('holder.pem', pem('CERTIFICATE', certificate.raw)));
  const { status, text } = openssl(args);
  if (status === 0) return 'good';
  return text.includes('error 23 at 0 depth') ? 'revoked' : 'undecided';
}

function ourCrl(crls: readonly Buffer[]): Opinion {
  const { status } = statusFromCrls({ ...question, crls: crls.map((crl) => readCrl(crl)) });
  return status === 'good' || status === 'revoked' ? status : 'undecided';
}

const revoked = (reason?: number): Buffer =>
  crlEntry({ serial: certificate.serial, ...(reason === undefined ? {} : { reason }) });
const deltaOf = (base: number, spec: CrlSpec): CrlSpec => ({
  thisUpdate: '2026-02-01T12:00:00Z',
  extensions: [crlNumber(9), { oid: '2.5.29.27', critical: true, value: der.integer(base) }],
  ...spec,
});
/** OpenSSL looks for deltas only where the complete list says that there are some (RFC 5280 §5.2.6). */
const freshest = { oid: '2.5.29.46', value: der.sequence(der.sequence(pointName(authority.name))) };
const complete = (entries: Buffer[] = []): CrlSpec => ({ extensions: [crlNumber(7), freshest], entries });
const point = (municipality: string): Buffer => pointName(partitionName('sign', municipality));

const CRL_CASES: readonly (readonly [string, readonly CrlSpec[]])[] = [
  ['an empty list', [{ entries: [] }]],
  ['no list of entries', [{ entries: null }]],
  ['another serial', [{}]],
  ...[undefined, 0, 1, 2, 3, 4, 5, 6, 9, 10].map((reason): [string, CrlSpec[]] => [
    `reason ${reason ?? 'absent'}`,
    [{ entries: [revoked(reason)] }],
  ]),
  [
    'among a thousand',
    [{ entries: [...Array.from({ length: 999 }, (_, i) => crlEntry({ serial: i + 1 })), revoked(4)] }],
  ],
  ['version 1', [{ version: null, extensions: null, entries: [crlEntry({ serial: certificate.serial })] }]],
  ['ended', [{ nextUpdate: CRL_AT - 1000 }]],
  ['from the future', [{ thisUpdate: CRL_AT + 3_600_000 }]],
  ['forged', [{ tamper: (signature) => Buffer.from(signature).fill(1) }]],
  ['its own distribution point', [scoped(point('Minato-ku'))]],
  ['its own distribution point, revoked', [{ ...scoped(point('Minato-ku')), entries: [revoked(4)] }]],
  ['another distribution point', [scoped(point('Shibuya-ku'))]],
  [
    'two partitions, the second its own',
    [scoped(point('Shibuya-ku')), { ...scoped(point('Minato-ku')), entries: [revoked(1)] }],
  ],
  ['user certificates', [scoped(flag(1))]],
  ['CA certificates', [scoped(flag(2))]],
  ['attribute certificates', [scoped(flag(5))]],
  ['an unknown critical extension', [{ extensions: [unknownCritical] }]],
  ['an unknown critical entry extension', [{ entries: [crlEntry({ serial: 1, extensions: [unknownCritical] })] }]],
  ['some reasons', [scoped(der.tlv(0x83, Buffer.from('0640', 'hex')))]],
  ['a delta that adds', [complete(), deltaOf(7, { entries: [revoked(4)] })]],
  ['a delta that lifts a hold', [complete([revoked(6)]), deltaOf(7, { entries: [revoked(8)] })]],
  ['a delta that is silent', [complete([revoked(6)]), deltaOf(7, { entries: [] })]],
  ['a delta of a later base', [complete(), deltaOf(8, { entries: [revoked(4)] })]],
  [
    'a delta of another scope',
    [
      complete(),
      {
        ...deltaOf(7, { entries: [revoked(4)] }),
        extensions: [
          crlNumber(9),
          { oid: '2.5.29.27', critical: true, value: der.integer(7) },
          issuingDistributionPoint(flag(1)),
        ],
      },
    ],
  ],
];

/** What each is called in docs/conformance.md; a difference that vanishes is to be taken out there. */
const CRL_DIFFERENCES: readonly (readonly [string, readonly CrlSpec[], Opinion, Opinion])[] = [
  ['a list signed with SHA-1', [{ digest: 'sha1' }], 'undecided', 'good'],
  [
    'a delta that lifts another reason than a hold',
    [complete([revoked(1)]), deltaOf(7, { entries: [revoked(8)] })],
    'revoked',
    'good',
  ],
];

describe('OpenSSL and statusFromCrls', () => {
  it.each(CRL_CASES)('agree on %s', (_what, specs) => {
    const crls = specs.map((spec) => buildCrl(authority, spec));
    expect(ourCrl(crls)).toBe(opensslCrl(crls, specs.length > 1));
  });

  it.each(CRL_DIFFERENCES)('differ on %s', (_what, specs, ours, theirs) => {
    const crls = specs.map((spec) => buildCrl(authority, spec));
    expect({ ours: ourCrl(crls), theirs: opensslCrl(crls, specs.length > 1) }).toEqual({ ours, theirs });
  });
});

describe('pkijs and this library', () => {
  it('agree on whose signature a list has and on what it lists', async () => {
    const other = makeAuthority('sign', 2019);
    const cases: [TestAuthority, CrlSpec][] = [
      [authority, {}],
      [other, {}],
      [authority, { entries: [revoked(4)] }],
      [authority, { tamper: (signature: Buffer) => Buffer.from(signature).fill(1) }],
    ];
    for (const [signer, spec] of cases) {
      const bytes = buildCrl(signer, spec);
      const theirs = CertificateRevocationList.fromBER(bytes);
      const isAuthentic = await theirs.verify({ issuerCertificate: PkijsCertificate.fromBER(authority.der) });
      const isListed = theirs.isCertificateRevoked(PkijsCertificate.fromBER(certificate.raw));
      expect(ourCrl([bytes])).toBe(!isAuthentic ? 'undecided' : isListed ? 'revoked' : 'good');
    }
  });
});

describe('OpenSSL and statusFromOcsp', () => {
  // `openssl ocsp` compares with the machine's own time, so here alone the time is that of the run.
  const at = Math.floor(Date.now() / 1000) * 1000;
  const day = 86_400_000;
  const validity = { notBefore: at - 30 * day, notAfter: at + 30 * day };
  const root = makeAuthority('auth', 2023, validity);
  const holder = issueEndEntity(root, validity);
  const subject = parseCertificate(holder.der);
  const { serial } = subject;
  const now = { thisUpdate: at - 60_000, nextUpdate: at + 600_000 };
  const answer = { serial, ...now };
  const { purpose, usage, nocheck } = RESPONDER_EXTENSIONS;
  const delegated = (extensions: TestExtension[] = [purpose, usage, nocheck], issuer = root): Partial<OcspSpec> => ({
    signer: responderKey(),
    responder: byKey(responderKey().keyId),
    certificates: [responderCertificate(root, { ...validity, extensions }, issuer.key)],
  });

  function opensslOcsp(response: Buffer, hash = 'sha1'): string {
    const args = ['ocsp', `-${hash}`, '-respin', file('response.der', response), '-no_nonce', '-validity_period', '60'];
    args.push('-no-CApath', '-no-CAstore', '-CAfile', file('root.pem', pem('CERTIFICATE', root.der)));
    args.push('-issuer', file('issuer.pem', pem('CERTIFICATE', root.der)));
    args.push('-cert', file('subject.pem', pem('CERTIFICATE', holder.der)));
    const { text } = openssl(args);
    if (!text.includes('Response verify OK') || text.includes('Status times invalid')) return 'unavailable';
    return /subject\.pem: (good|revoked|unknown)/u.exec(text)?.[1] ?? 'unavailable';
  }

  function ourOcsp(response: Buffer): string {
    const { status } = statusFromOcsp({ certificate: subject, issuer: parseCertificate(root.der), at, response });
    return status === 'good' || status === 'revoked' || status === 'unknown' ? status : 'unavailable';
  }

  const CASES: readonly (readonly [string, Partial<OcspSpec>])[] = [
    ['good by the issuer itself', {}],
    ['revoked', { answers: [{ ...answer, status: revokedStatus(at - day, 4) }] }],
    ['unknown', { answers: [{ ...answer, status: UNKNOWN }] }],
    ['the right one of several', { answers: [{ ...answer, serial: Buffer.from([9]), status: UNKNOWN }, answer] }],
    ['another serial alone', { answers: [{ ...answer, serial: Buffer.from([9]) }] }],
    ['an answer that ended', { answers: [{ serial, thisUpdate: at - day, nextUpdate: at - 600_000 }] }],
    ['an answer from the future', { answers: [{ serial, thisUpdate: at + day, nextUpdate: at + 2 * day }] }],
    ['a forged signature', { tamper: (signature) => Buffer.from(signature).fill(9) }],
    ['a delegated responder', delegated()],
    ['a delegate without its purpose', delegated([usage, nocheck])],
    ['a delegate that another key certified', delegated(undefined, makeAuthority('auth', 2019))],
    [
      'a response signed with the holder’s own key',
      { signer: holder.key, responder: byKey(holder.key.keyId), certificates: [holder.der] },
    ],
  ];

  it.each(CASES)('agree on %s', (_what, spec) => {
    const response = buildOcspResponse(root, { answers: [answer], producedAt: at, ...spec });
    expect(ourOcsp(response)).toBe(opensslOcsp(response));
  });

  it('agree on a CertID by SHA-256', () => {
    const response = buildOcspResponse(root, { answers: [{ ...answer, hash: 'sha256' }], producedAt: at });
    expect([ourOcsp(response), opensslOcsp(response, 'sha256')]).toEqual(['good', 'good']);
  });

  it.each<[string, Partial<OcspSpec>, string, string]>([
    ['a delegate that may itself be revoked', delegated([purpose, usage]), 'unavailable', 'good'],
    ['a response signed with SHA-1', { digest: 'sha1' }, 'unavailable', 'good'],
    [
      'two answers that contradict each other',
      { answers: [answer, { ...answer, status: UNKNOWN }] },
      'unavailable',
      'good',
    ],
  ])('differ on %s', (_what, spec, ours, theirs) => {
    const response = buildOcspResponse(root, { answers: [answer], producedAt: at, ...spec });
    expect({ ours: ourOcsp(response), theirs: opensslOcsp(response) }).toEqual({ ours, theirs });
  });
});
