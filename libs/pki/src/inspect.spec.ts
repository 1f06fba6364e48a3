import { describe, expect, it } from '@jest/globals';
import { sign } from 'node:crypto';
import { certify, certifyLeaf, CHAIN_AT, type TestIssuer } from '../../../test/support/chain.js';
import { buildCrl, type CrlSpec, crlEntry } from '../../../test/support/crl.js';
import { ID_DATA } from '../../../test/support/cms.js';
import { issueEndEntity, makeAuthority, nameDer, rsaKey, type TestAuthority } from '../../../test/support/pki.js';
import { Malformed } from './der.js';
import { inspectCertificate, type InspectRequest } from './inspect.js';

const rsa = (label: string) => ({ key: rsaKey(label) });
const root = certify(undefined, 'root', rsa('root'));
const middle = certify(root, 'middle', rsa('middle'));
const leaf = certifyLeaf(middle, 'leaf', { ...rsa('leaf'), serial: 77 });
const listOf = ({ name, key }: TestIssuer, spec: CrlSpec = {}): Buffer =>
  buildCrl({ name, key } as TestAuthority, {
    thisUpdate: '2026-01-14T00:00:00Z',
    nextUpdate: '2026-01-20T00:00:00Z',
    entries: null,
    ...spec,
  });
const content = Buffer.from('agreed');
const signed = {
  format: 'raw',
  padding: 'pkcs1_v15',
  digestAlgorithm: 'sha256',
  signed: { content },
  signature: sign('sha256', content, rsaKey('leaf').privateKey),
} as const;

const REQUEST: InspectRequest = {
  certificate: leaf.der,
  anchors: [root.der],
  intermediates: [middle.der],
  crls: [],
  ocsp: [],
  at: CHAIN_AT,
  policy: {},
  profile: 'rfc5280',
  revocation: 'none',
};
const inspect = (change: Partial<InspectRequest>) => {
  const { verdict, malformed, ...rest } = inspectCertificate({ ...REQUEST, ...change });
  return {
    outcome: verdict?.outcome,
    codes: verdict?.reasons.map(({ code, operands }) => `${code}@${operands?.['depth'] ?? '-'}`),
    checks: verdict?.checks.map(({ name, result }) => `${name} ${result}`).join(),
    malformed: malformed && { structure: malformed.structure, rule: malformed.rule },
    ...rest,
  };
};

describe('the general profile', () => {
  it('is valid without the checks that were not asked for', () => {
    const { outcome, checks, path } = inspect({});
    expect(outcome).toBe('valid');
    expect(checks).toBe('path passed,profile passed,validity passed,signature not_run,revocation not_run');
    expect(path.map(({ subject }) => subject)).toEqual(['CN=leaf', 'CN=middle', 'CN=root']);
  });

  it('checks a signature and the lists of every authority on the path', () => {
    const { outcome, checks, statuses } = inspect({
      signature: signed,
      revocation: 'crl',
      crls: [listOf(middle), listOf(root)],
    });
    expect(outcome).toBe('valid');
    expect(checks).toBe('path passed,profile passed,validity passed,signature passed,revocation passed');
    expect(statuses.map(({ depth, finding }) => [depth, finding.status])).toEqual([
      [0, 'good'],
      [1, 'good'],
    ]);
  });

  it.each<[string, Partial<InspectRequest>, string, string[]]>([
    [
      'the certificate is revoked',
      {
        crls: [
          listOf(middle, { entries: [crlEntry({ serial: 77, revokedAt: '2026-01-02T00:00:00Z' })] }),
          listOf(root),
        ],
      },
      'invalid',
      ['revoked@0'],
    ],
    ['no list speaks for the authority', { crls: [listOf(middle)] }, 'indeterminate', ['revocation_unavailable@1']],
    [
      'a list is out of date',
      { crls: [listOf(middle, { nextUpdate: '2026-01-14T12:00:00Z' }), listOf(root)] },
      'indeterminate',
      ['revocation_stale@0'],
    ],
    [
      'a list is cut off',
      { crls: [listOf(middle).subarray(0, 100), listOf(root)] },
      'indeterminate',
      ['revocation_unavailable@0'],
    ],
    [
      'there is no response',
      { revocation: 'ocsp', crls: [] },
      'indeterminate',
      ['revocation_unavailable@0', 'revocation_unavailable@1'],
    ],
    [
      'a response is garbage',
      { revocation: 'ocsp', ocsp: [Buffer.from('garbage')] },
      'indeterminate',
      ['revocation_unavailable@0', 'revocation_unavailable@1'],
    ],
  ])('is not valid when %s', (_why, change, outcome, codes) =>
    expect(inspect({ revocation: 'crl', ...change })).toMatchObject({ outcome, codes }),
  );

  it('does not look up the status for a signature that is not the certificate’s', () => {
    const signature = { ...signed, signed: { content: Buffer.from('forged') } };
    const { codes, checks, statuses } = inspect({ signature, revocation: 'crl', crls: [listOf(middle), listOf(root)] });
    expect(codes).toEqual(['signature_mismatch@-']);
    expect(checks).toContain('revocation not_run');
    expect(statuses).toEqual([]);
  });

  it('refuses a signature by a key that may only encrypt', () => {
    const certificate = certifyLeaf(middle, 'leaf', { ...rsa('leaf'), keyUsage: 0b100 }).der;
    expect(inspect({ certificate, signature: signed }).codes).toEqual(['key_usage_not_allowed@-']);
  });

  it('takes another path when an authority on the first is revoked', () => {
    const other = certify(root, 'middle', { ...rsa('middle'), serial: 5 });
    const revoking = listOf(root, { entries: [crlEntry({ serial: 5, revokedAt: '2026-01-02T00:00:00Z' })] });
    const change = { revocation: 'crl', crls: [listOf(middle), revoking] } as const;
    expect(inspect({ ...change, intermediates: [other.der] }).codes).toEqual(['revoked@1']);
    expect(inspect({ ...change, intermediates: [other.der, middle.der] }).outcome).toBe('valid');
  });
});

describe('what cannot be read', () => {
  it('makes the certificate invalid', () =>
    expect(inspect({ certificate: Buffer.from('3003', 'hex') }).malformed).toEqual({
      structure: 'certificate',
      rule: 'truncated',
    }));
  it('is named and passed over when it is not the certificate', () => {
    const broken = new Malformed('certificate', 'bad_base64', 0);
    const { outcome, unreadable } = inspect({
      intermediates: [broken, middle.der],
      anchors: [Buffer.alloc(0), root.der],
    });
    expect(outcome).toBe('valid');
    expect(unreadable).toEqual([
      { item: 'intermediates[0]', structure: 'certificate', rule: 'bad_base64' },
      { item: 'anchors[0]', structure: 'certificate', rule: 'missing_element' },
    ]);
  });
  it('gives a finding when it is the CMS', () => {
    const signature = { format: 'cms', cms: Buffer.from(ID_DATA) } as const;
    expect(inspect({ signature }).codes).toEqual(['signature_mismatch@-']);
  });
});

describe('the JPKI profiles', () => {
  const sign2023 = makeAuthority('sign', 2023);
  const auth2023 = makeAuthority('auth', 2023);
  const jpki = { anchors: [sign2023.der, auth2023.der], intermediates: [], at: Date.UTC(2026, 0, 15) };
  const certificate = issueEndEntity(sign2023).der;

  it('are those of the product', () => {
    expect(inspect({ ...jpki, certificate, profile: 'jpki_sign' }).outcome).toBe('valid');
    expect(inspect({ ...jpki, certificate, profile: 'jpki_auth' }).codes).toEqual(['wrong_hierarchy@-']);
    expect(inspect({ ...jpki, certificate: issueEndEntity(auth2023).der, profile: 'jpki_auth' }).outcome).toBe('valid');
  });
  it('refuse what is not of their form', () =>
    expect(
      inspect({
        ...jpki,
        certificate: issueEndEntity(sign2023, { subject: nameDer(['CN', 'x']) }).der,
        profile: 'jpki_sign',
      }).codes,
    ).toEqual(['profile_mismatch@-']));
  it('apply a policy set that is asked for', () => {
    const policy = { initialPolicySet: ['1.2.3'], requireExplicitPolicy: true };
    expect(inspect({ ...jpki, certificate, profile: 'jpki_sign', policy }).codes).toEqual(['policy_not_allowed@0']);
  });
  it('take no anchor that could not be imported', () => {
    const { codes, unreadable } = inspect({ ...jpki, anchors: [root.der], certificate, profile: 'jpki_sign' });
    expect(codes).toEqual(['issuer_unknown@-']);
    expect(unreadable).toEqual([]);
  });
});
