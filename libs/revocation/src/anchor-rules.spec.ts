import { describe, expect, it } from '@jest/globals';
import { authorityExtensions, authorityName, makeAuthority, nameDer, rsaKey } from '../../../test/support/pki.js';
import { judgeAnchorImport } from './anchor-rules.js';

const test = makeAuthority('sign', 2023).der;
const real = makeAuthority('sign', 2023, { organization: 'JPKI' }).der;
const { keyUsage, ski } = authorityExtensions(rsaKey('sign-2023'));

describe('importing a trust anchor', () => {
  it('takes a test root for test and gives the year its key began', () => {
    expect(judgeAnchorImport(test, 'test', 'sign')).toMatchObject({
      generation: '2023',
      anchor: { hierarchy: 'sign' },
    });
  });

  it('takes a root named JPKI for live', () => {
    expect(judgeAnchorImport(real, 'live', 'sign')).toMatchObject({ generation: '2023' });
  });

  it('takes an expired root: signatures of its time are still judged', () => {
    expect(judgeAnchorImport(makeAuthority('sign', 2015).der, 'test', 'sign')).toMatchObject({ generation: '2015' });
  });

  it.each([
    ['test_anchor_in_live', test, 'live', 'sign'],
    // However the name is written: names compare without case and outer spaces.
    ['test_anchor_in_live', makeAuthority('sign', 2023, { organization: ' jpki-Test ' }).der, 'live', 'sign'],
    ['real_anchor_in_test', real, 'test', 'sign'],
    ['anchor_hierarchy_wrong', test, 'test', 'auth'],
    ['anchor_name_wrong', makeAuthority('sign', 2023, { organization: 'JPKI-TEST2' }).der, 'test', 'sign'],
    [
      'anchor_name_wrong',
      makeAuthority('sign', 2023, { subject: nameDer(['C', 'JP'], ['O', 'JPKI-TEST']) }).der,
      'test',
      'sign',
    ],
    ['anchor_malformed', test.subarray(0, -1), 'test', 'sign'],
    ['anchor_malformed', Buffer.concat([test, Buffer.of(0)]), 'test', 'sign'],
    ['anchor_malformed', Buffer.alloc(0), 'test', 'sign'],
  ] as const)('refuses %s (%#)', (code, der, mode, hierarchy) => {
    expect(judgeAnchorImport(der, mode, hierarchy)).toMatchObject({ refusal: { code } });
  });

  it.each([
    [
      'whose signature is broken',
      { tamper: (s: Buffer) => Buffer.from(s.map((b, i) => (i === 9 ? b ^ 1 : b))) },
      'self_signature_invalid',
    ],
    ['issued by another', { issuer: authorityName('auth') }, 'not_self_issued'],
    ['that is no CA', { extensions: [keyUsage, ski] }, 'issuer_not_ca'],
    ['signed with SHA-1', { digest: 'sha1' as const }, 'algorithm_refused'],
    ['with a key of 1024 bits', { key: rsaKey('small', 1024), spki: rsaKey('small', 1024).spki }, 'key_refused'],
  ])('refuses a certificate %s', (_, change, rule) => {
    const { der } = makeAuthority('sign', 2023, change);
    expect(judgeAnchorImport(der, 'test', 'sign')).toEqual({ refusal: { code: 'anchor_unfit', rule } });
  });
});
