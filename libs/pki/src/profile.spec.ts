import { describe, expect, it } from '@jest/globals';
import * as der from '../../../test/support/der-writer.js';
import {
  attributesDer,
  type CertificateSpec,
  issueEndEntity,
  makeAuthority,
  nameDer,
  otherNameDer,
  type ProfileExtensions,
  profileExtensions,
} from '../../../test/support/pki.js';
import { parseCertificate } from './certificate.js';
import { BELIEVED_PROFILES, checkProfile, profileFor, PROFILES } from './profile.js';
import { checkValidity } from './validity.js';

const authorities = { sign: makeAuthority('sign', 2023), auth: makeAuthority('auth', 2023) };
type Kind = keyof typeof authorities;
const issue = (kind: Kind, change: Partial<CertificateSpec> = {}) =>
  parseCertificate(issueEndEntity(authorities[kind], change).der);
const check = (kind: Kind, change: Partial<CertificateSpec> = {}) => {
  const certificate = issue(kind, change);
  return checkProfile(certificate, profileFor(certificate, { hierarchy: kind, mode: 'test' }));
};
/** Extensions of the profile with some replaced, or left out when undefined. */
const extensions = (
  kind: Kind,
  change: Partial<Record<keyof ProfileExtensions | 'extra', ProfileExtensions['aki'] | undefined>>,
) => ({
  extensions: Object.values({ ...profileExtensions(authorities[kind]), ...change }).filter(
    (each) => each !== undefined,
  ),
});
const usage = (bits: number, critical = true) => ({ oid: '2.5.29.15', critical, value: der.namedBits(bits) });
const policies = (oid: string, critical = true) => ({
  oid: '2.5.29.32',
  critical,
  value: der.sequence(der.sequence(der.oid(oid))),
});
const SIGN_POLICY = '1.2.392.200149.8.5.1.0.20';
const purposes = (...oids: string[]) => ({ oid: '2.5.29.37', value: der.sequence(...oids.map(der.oid)) });

describe('checkProfile', () => {
  it.each(['sign', 'auth'] as const)('finds nothing wrong with a %s certificate of its shape', (kind) =>
    expect(check(kind)).toEqual([]),
  );

  it('names of attributes that are not known yet are no fault', () => {
    const value = der.sequence(
      attributesDer().subarray(attributesDer().length > 0x81 + 2 ? 3 : 2),
      otherNameDer(7, 'ハナコ'),
    );
    expect(check('sign', extensions('sign', { san: { oid: '2.5.29.17', value } }))).toEqual([]);
  });

  it.each<[string, Kind, Partial<CertificateSpec>, string]>([
    ['no key usage', 'sign', extensions('sign', { keyUsage: undefined }), 'key_usage_not_allowed'],
    ['only one of its two key usages', 'sign', extensions('sign', { keyUsage: usage(0b1) }), 'key_usage_not_allowed'],
    ['one key usage more', 'sign', extensions('sign', { keyUsage: usage(0b111) }), 'key_usage_not_allowed'],
    [
      'the right to sign certificates',
      'auth',
      extensions('auth', { keyUsage: usage(0b10_0001) }),
      'key_usage_not_allowed',
    ],
    [
      'a key usage that is not critical',
      'sign',
      extensions('sign', { keyUsage: usage(0b11, false) }),
      'profile_mismatch key_usage',
    ],
    ['no policy', 'sign', extensions('sign', { policies: undefined }), 'policy_not_allowed'],
    [
      'the policy of live certificates',
      'sign',
      extensions('sign', { policies: policies('1.2.392.200149.8.5.1.1.20') }),
      'policy_not_allowed',
    ],
    [
      'the policy of the other kind',
      'sign',
      extensions('sign', { policies: policies('1.2.392.200149.8.5.1.0.30') }),
      'policy_not_allowed',
    ],
    ['anyPolicy', 'sign', extensions('sign', { policies: policies('2.5.29.32.0') }), 'policy_not_allowed'],
    [
      'a policy that is not critical',
      'sign',
      extensions('sign', { policies: policies(SIGN_POLICY, false) }),
      'profile_mismatch certificate_policies',
    ],
    ['a purpose', 'sign', extensions('sign', { eku: purposes('1.3.6.1.5.5.7.3.2') }), 'extended_key_usage_not_allowed'],
    ['no purpose', 'auth', extensions('auth', { eku: undefined }), 'extended_key_usage_not_allowed'],
    [
      'another purpose',
      'auth',
      extensions('auth', { eku: purposes('1.3.6.1.5.5.7.3.1') }),
      'extended_key_usage_not_allowed',
    ],
    [
      'one purpose more',
      'auth',
      extensions('auth', { eku: purposes('1.3.6.1.5.5.7.3.2', '1.3.6.1.5.5.7.3.1') }),
      'extended_key_usage_not_allowed',
    ],
    [
      'the claim to be a CA',
      'auth',
      extensions('auth', { extra: { oid: '2.5.29.19', critical: true, value: der.sequence(der.boolean(true)) } }),
      'end_entity_is_ca',
    ],
    [
      'no authority key identifier',
      'sign',
      extensions('sign', { aki: undefined }),
      'profile_mismatch authority_key_identifier',
    ],
    [
      'an authority named by issuer and serial only',
      'sign',
      extensions('sign', {
        aki: {
          oid: '2.5.29.35',
          value: der.sequence(
            der.explicit(1, der.explicit(4, authorities.sign.name)),
            der.implicit(2, authorities.sign.serial),
          ),
        },
      }),
      'profile_mismatch authority_key_identifier',
    ],
    [
      'a critical extension that nobody understands',
      'auth',
      extensions('auth', { extra: { oid: '1.2.3', critical: true, value: der.nul() } }),
      'critical_extension_unknown',
    ],
    ['a serial of zero', 'sign', { serial: 0 }, 'profile_mismatch serial_number'],
    ['a negative serial', 'sign', { serial: -5 }, 'profile_mismatch serial_number'],
    [
      'the subject of the other kind',
      'sign',
      { subject: nameDer(['C', 'JP'], ['CN', 'x']) },
      'profile_mismatch subject',
    ],
    ['another country', 'auth', { subject: nameDer(['C', 'US'], ['CN', 'x']) }, 'profile_mismatch subject'],
    ['an empty common name', 'auth', { subject: nameDer(['C', 'JP'], ['CN', '']) }, 'profile_mismatch subject'],
    ['no subject at all', 'auth', { subject: nameDer() }, 'profile_mismatch subject'],
    ['no attributes', 'sign', extensions('sign', { san: undefined }), 'profile_mismatch subject_alt_name'],
    [
      'one of the four attributes missing',
      'sign',
      extensions('sign', {
        san: {
          oid: '2.5.29.17',
          value: der.sequence(otherNameDer(1, 'a'), otherNameDer(4, '400000000'), otherNameDer(3, '1')),
        },
      }),
      'profile_mismatch subject_alt_name',
    ],
    [
      'two names',
      'sign',
      extensions('sign', {
        san: {
          oid: '2.5.29.17',
          value: der.sequence(...[1, 1, 4, 3, 5].map((type) => otherNameDer(type, '1'))),
        },
      }),
      'profile_mismatch subject_alt_name',
    ],
  ])('a certificate with %s (%s) fails', (_why, kind, change, expected) => {
    const found = check(kind, change).map(({ code, operands }) =>
      code === 'profile_mismatch' ? `${code} ${operands?.field}` : code,
    );
    expect(found).toEqual([expected]);
  });

  it('a certificate of version 1 fails in its version and in each thing its extensions would have said', () => {
    const certificate = issue('auth', { omit: ['version', 'extensions'] });
    expect(certificate.version).toBe(1);
    expect(checkProfile(certificate, profileFor(certificate, { hierarchy: 'auth', mode: 'test' }))).toEqual([
      { code: 'profile_mismatch', operands: { field: 'version' } },
      { code: 'policy_not_allowed', operands: { found: '' } },
      { code: 'key_usage_not_allowed', operands: { found: '' } },
      { code: 'extended_key_usage_not_allowed', operands: { found: '' } },
      { code: 'profile_mismatch', operands: { field: 'authority_key_identifier' } },
    ]);
  });
});

describe('profileFor', () => {
  it('takes the row whose policy the certificate states, so that another medium is another kind', () => {
    const certificate = issue('sign', extensions('sign', { policies: policies('1.2.392.200149.8.5.1.1.40') }));
    const live = { hierarchy: 'sign', mode: 'live' } as const;
    expect(profileFor(certificate, live).medium).toBe('card');
    expect(checkProfile(certificate, profileFor(certificate, live))).toMatchObject([{ code: 'policy_not_allowed' }]);
    const extended = profileFor(certificate, live, [...PROFILES, ...BELIEVED_PROFILES]);
    expect(extended.medium).toBe('phone');
    expect(checkProfile(certificate, extended)).toEqual([]);
  });

  it('every hierarchy and mode has a kind, and no policy stands for two of them', () => {
    expect(PROFILES.map(({ hierarchy, mode }) => `${mode} ${hierarchy}`).sort()).toEqual([
      'live auth',
      'live sign',
      'test auth',
      'test sign',
    ]);
    const oids = [...PROFILES, ...BELIEVED_PROFILES].flatMap(({ policyOids }) => policyOids);
    expect(new Set(oids).size).toBe(oids.length);
  });
});

describe('checkValidity', () => {
  const certificate = issue('sign');
  it.each([
    ['the first second', '2024-04-01T01:02:03.000Z', []],
    ['the end of the last second, midnight in Japan', '2029-03-31T14:59:59.999Z', []],
    ['a millisecond before the first second', '2024-04-01T01:02:02.999Z', ['certificate_not_yet_valid']],
    ['the second after the last', '2029-03-31T15:00:00.000Z', ['certificate_expired']],
  ])('%s', (_why, at, expected) =>
    expect(checkValidity(certificate, Date.parse(at)).map(({ code }) => code)).toEqual(expected),
  );

  it('a period that ends before it begins holds at no time', () => {
    const odd = issue('sign', { notBefore: '2026-01-01T00:00:00Z', notAfter: '2025-01-01T00:00:00Z' });
    for (const at of ['2024-06-01', '2025-06-01', '2026-06-01'])
      expect(checkValidity(odd, Date.parse(at))).toHaveLength(1);
  });
});
