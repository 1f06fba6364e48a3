import { describe, expect, it } from '@jest/globals';
import { CRL_REASONS, type CrlReason } from '#lib/pki';
import { conclude, concludeFrom, CONCLUSIONS, type CertificateState, type ConclusionCode } from './conclusion.js';
import { CONCLUSION_TEXTS, NEXT_STEPS } from './conclusion-texts.js';

const AS_OF = Date.UTC(2026, 10, 22);
const revoked = (reason: CrlReason): CertificateState => ({ state: 'revoked', reason });
const STATES: Record<string, CertificateState> = {
  good: { state: 'good', thisUpdate: AS_OF },
  absent: { state: 'absent' },
  expired: { state: 'expired' },
  unknown: { state: 'unknown' },
};
for (const reason of CRL_REASONS) if (reason !== undefined) STATES[reason] = revoked(reason);
const names = Object.keys(STATES);
const code = (sign: string, auth: string): ConclusionCode => conclude(STATES[sign]!, STATES[auth]!).code;

describe('the published pairs', () => {
  it.each<[string, string, ConclusionCode]>([
    ['good', 'good', 'unchanged'],
    ['affiliationChanged', 'good', 'attributes_changed'],
    ['superseded', 'good', 'renewed'],
    ['superseded', 'superseded', 'renewed'],
    ['affiliationChanged', 'affiliationChanged', 'death_or_emigration'],
    ['cessationOfOperation', 'cessationOfOperation', 'card_stopped'],
    ['cessationOfOperation', 'certificateHold', 'card_stopped'],
    ['certificateHold', 'cessationOfOperation', 'card_stopped'],
    ['certificateHold', 'certificateHold', 'card_stopped'],
    ['absent', 'good', 'auth_only'],
    ['good', 'absent', 'auth_unusable'],
    ['good', 'superseded', 'auth_unusable'],
    ['good', 'affiliationChanged', 'auth_unusable'],
    ['good', 'certificateHold', 'auth_unusable'],
  ])('sign %s, auth %s: %s', (sign, auth, expected) => {
    expect(code(sign, auth)).toBe(expected);
  });
  it.each(names)('a compromised key counts before anything else (%s)', (other) => {
    expect([code('keyCompromise', other), code(other, 'keyCompromise')]).toEqual(['compromised', 'compromised']);
  });
  it.each(names.filter((name) => !['keyCompromise', 'cACompromise'].includes(name)))(
    'an expired sign certificate is too old to tell, or an anomaly (auth %s)',
    (auth) => {
      expect(['too_old', 'anomaly']).toContain(code('expired', auth));
    },
  );
});

describe('pairs that are not published', () => {
  it.each<[string, string, ConclusionCode]>([
    ['unknown', 'good', 'undetermined'],
    ['good', 'unknown', 'undetermined'],
    ['unknown', 'unknown', 'undetermined'],
    ['unknown', 'affiliationChanged', 'death_or_emigration'],
    ['absent', 'affiliationChanged', 'death_or_emigration'],
    ['superseded', 'affiliationChanged', 'death_or_emigration'],
    ['affiliationChanged', 'unknown', 'change_unexplained'],
    ['affiliationChanged', 'absent', 'change_unexplained'],
    ['affiliationChanged', 'superseded', 'attributes_changed'],
    ['affiliationChanged', 'certificateHold', 'card_stopped'],
    ['certificateHold', 'good', 'sign_unusable'],
    ['certificateHold', 'absent', 'card_stopped'],
    ['absent', 'superseded', 'renewed'],
    ['absent', 'expired', 'too_old'],
    ['absent', 'absent', 'nothing_known'],
    ['unspecified', 'good', 'anomaly'],
    ['good', 'unspecified', 'anomaly'],
    ['removeFromCRL', 'good', 'anomaly'],
    ['good', 'cACompromise', 'compromised'],
  ])('sign %s, auth %s: %s', (sign, auth, expected) => {
    expect(code(sign, auth)).toBe(expected);
  });
});

describe('every pair of states', () => {
  const pairs = names.flatMap((sign) => names.map((auth) => [sign, auth] as const));
  it.each(pairs)('sign %s, auth %s has one conclusion, and is alive exactly when auth is good', (sign, auth) => {
    const { code: found, aliveAsOf } = conclude(STATES[sign]!, STATES[auth]!);
    expect(CONCLUSIONS).toContain(found);
    expect(aliveAsOf).toBe(auth === 'good' ? AS_OF : undefined);
  });
  it('without a good auth certificate is never "nothing to do"', () => {
    for (const [sign, auth] of pairs)
      if (CONCLUSION_TEXTS[code(sign, auth)].nextStep === 'none') expect(auth).toBe('good');
  });
});

describe('one kind alone', () => {
  it('that is good proves its own half and no more', () => {
    const [good, absent] = [STATES['good']!, STATES['absent']!];
    expect(concludeFrom('auth', absent, good)).toEqual({ code: 'alive', aliveAsOf: AS_OF });
    expect(concludeFrom('sign', good, absent)).toEqual({ code: 'attributes_unchanged', aliveAsOf: undefined });
    expect(concludeFrom('auth', absent, absent).code).toBe('nothing_known');
    expect(concludeFrom('sign', absent, absent).code).toBe('nothing_known');
  });
  it.each<[string, ConclusionCode, ConclusionCode]>([
    ['affiliationChanged', 'death_or_emigration', 'change_unexplained'],
    ['superseded', 'renewed', 'renewed'],
    ['certificateHold', 'card_stopped', 'card_stopped'],
    ['keyCompromise', 'compromised', 'compromised'],
    ['expired', 'too_old', 'too_old'],
    ['unknown', 'undetermined', 'undetermined'],
  ])('that is %s: %s of auth, %s of sign', (state, auth, sign) => {
    expect(concludeFrom('auth', STATES['absent']!, STATES[state]!).code).toBe(auth);
    expect(concludeFrom('sign', STATES[state]!, STATES['absent']!).code).toBe(sign);
  });
});

describe('the texts of a conclusion', () => {
  it.each(CONCLUSIONS)('of %s are in both languages, and what the end user may read names no cause', (each) => {
    const { message, user, nextStep } = CONCLUSION_TEXTS[each];
    for (const text of [message, user]) {
      expect(text.ja).toMatch(/[ぁ-ん]/);
      expect(text.en).toMatch(/^[A-Z].*[.]$/);
    }
    expect(user.ja).not.toMatch(/死亡|転出|紛失|失効|危殆|変更|返納|停止|不正/);
    expect(user.en).not.toMatch(/death|dead|deceas|emigrat|lost|revok|compromis|chang|fraud|stopp/i);
    expect(NEXT_STEPS).toContain(nextStep);
  });
});
