import { describe, expect, it } from '@jest/globals';
import type { Contract } from '#lib/tenancy';
import { checkConsent, consentExpiry, type GivenConsent } from './consent-check.js';
import { WIDE_LIMITS } from '../../../test/support/limits.js';

const AT = Date.parse('2026-11-23T03:00:00Z');
const contract = (purposes: ('serial_linkage' | 'counterpart')[] = []): Contract => ({
  referenceFormat: null,
  revocationMethods: ['crl'],
  limits: WIDE_LIMITS,
  identify: true,
  counterpart: true,
  latestAttributes: false,
  pinlessStatus: false,
  disclosure: 'conclusion_only',
  allowedAges: [],
  ageDates: [],
  ageQuestionsAYear: 10,
  ageLegalDayInclusive: false,
  changeEvents: false,
  signUpConsent: purposes.length === 0 ? undefined : { textVersion: 'terms-7', purposes },
});
const stated = (change: Partial<Extract<GivenConsent, { givenAt: number }>> = {}): GivenConsent => ({
  textVersion: 'v1',
  givenAt: AT - 1_000,
  covers: ['jlis_use', 'obtain_previous_serial'],
  ...change,
});

describe('a consent that comes with a call', () => {
  it('is usable when it was given before and covers the purpose, and ends ten years after it was given', () => {
    expect(checkConsent('serial_linkage', stated(), contract(), AT)).toEqual({
      usable: true,
      consent: {
        textVersion: 'v1',
        givenAt: AT - 1_000,
        covers: ['jlis_use', 'obtain_previous_serial'],
        source: 'call',
        expiresAt: Date.parse('2036-11-23T03:00:00Z') - 1_000,
      },
    });
    expect(checkConsent('serial_linkage', stated({ givenAt: AT }), contract(), AT)).toMatchObject({ usable: true });
  });

  it.each<[string, GivenConsent | undefined, string]>([
    ['nothing at all', undefined, 'consent_missing'],
    ['one given a moment from now', stated({ givenAt: AT + 1 }), 'consent_given_in_future'],
    ['one that ends at this moment', stated({ givenAt: Date.parse('2016-11-23T03:00:00Z') }), 'consent_expired'],
    ['one to something else', stated({ covers: ['jlis_use', 'obtain_counterpart'] }), 'consent_covers_missing'],
    ['one that leaves out J-LIS', stated({ covers: ['obtain_previous_serial'] }), 'consent_covers_missing'],
    ['the sign-up text of a contract without one', { signUp: true }, 'consent_sign_up_not_contracted'],
  ])('%s is refused, and says what is needed', (_what, given, fault) => {
    expect(checkConsent('serial_linkage', given, contract(), AT)).toEqual({
      usable: false,
      fault,
      needs: ['jlis_use', 'obtain_previous_serial'],
    });
  });

  it('lasts to the last millisecond before it ends', () => {
    const givenAt = Date.parse('2016-11-23T03:00:00.001Z');
    expect(consentExpiry(givenAt)).toBe(AT + 1);
    expect(checkConsent('serial_linkage', stated({ givenAt }), contract(), AT)).toMatchObject({ usable: true });
  });
});

describe("the contract's sign-up consent", () => {
  it('covers the purposes it names and no others', () => {
    const signUp = { signUp: true } as const;
    expect(checkConsent('serial_linkage', signUp, contract(['serial_linkage']), AT)).toMatchObject({
      usable: true,
      consent: {
        textVersion: 'terms-7',
        givenAt: AT,
        source: 'sign_up',
        covers: ['jlis_use', 'obtain_previous_serial'],
      },
    });
    expect(checkConsent('counterpart', signUp, contract(['serial_linkage']), AT)).toEqual({
      usable: false,
      fault: 'consent_sign_up_not_contracted',
      needs: ['jlis_use', 'obtain_counterpart'],
    });
  });

  it('counts from when the person was first seen, and ends like any other', () => {
    const seen = Date.parse('2020-01-01T00:00:00Z');
    const since = (signedUpAt: number) =>
      checkConsent('counterpart', { signUp: true }, contract(['counterpart']), AT, signedUpAt);
    expect(since(seen)).toMatchObject({ usable: true, consent: { givenAt: seen } });
    expect(since(Date.parse('2016-11-23T03:00:00Z'))).toMatchObject({ usable: false, fault: 'consent_expired' });
  });
});
