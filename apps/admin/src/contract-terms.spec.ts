import { describe, expect, it } from '@jest/globals';
import { readTerms } from './contract-terms.js';

describe('the terms of a contract', () => {
  it('are read from NAME=VALUE texts; what is not named is not changed', () => {
    expect(
      readTerms([
        'identify=on',
        'counterpart=off',
        'pinless_status=on',
        'disclosure=none',
        'allowed_ages=20,18',
        'age_dates=2027-04-02,2027-04-01',
        'age_questions_a_year=5',
        'sign_up_consent=2026-10:serial_linkage,counterpart',
      ]),
    ).toEqual({
      identify: true,
      counterpart: false,
      pinlessStatus: true,
      disclosure: 'none',
      allowedAges: [18, 20],
      ageDates: ['2027-04-01', '2027-04-02'],
      ageQuestionsAYear: 5,
      signUpConsent: { textVersion: '2026-10', purposes: ['serial_linkage', 'counterpart'] },
    });
  });
  it('name rate and quota of classes of endpoints, in one term each', () => {
    expect(
      readTerms(['rate_limits=verification:50,read:10', 'monthly_quotas=verification:1000000,manage:none']),
    ).toEqual({
      limits: {
        verification: { perSecond: 50, perMonth: 1_000_000 },
        read: { perSecond: 10 },
        manage: { perMonth: null },
      },
    });
  });
  it('can be emptied', () => {
    expect(readTerms(['allowed_ages=none', 'age_dates=none', 'sign_up_consent=none'])).toEqual({
      allowedAges: [],
      ageDates: [],
      signUpConsent: null,
    });
  });
  it.each([
    [[], '--term is missing'],
    [['identify'], '--term is NAME=VALUE with one of identify'],
    [['=on'], '--term is NAME=VALUE'],
    [['toString=on'], '--term is NAME=VALUE'],
    [['identify=on', 'identify=off'], '--term identify is given twice'],
    [['identify=yes'], 'identify is on or off'],
    [['pinless_status=1'], 'pinless_status is on or off'],
    [['disclosure=all'], 'disclosure is one of none, conclusion_only, status'],
    [['allowed_ages=-1'], 'allowed_ages is a whole number from 0 to 130'],
    [['allowed_ages=131'], 'allowed_ages is a whole number from 0 to 130'],
    [['allowed_ages=18,18'], 'allowed_ages is a list that names each thing once'],
    [['allowed_ages='], 'allowed_ages is a whole number'],
    [['age_dates=2027-02-30'], 'age_dates is dates of the form YYYY-MM-DD'],
    [['age_dates=2027-4-1'], 'age_dates is dates of the form YYYY-MM-DD'],
    [['age_questions_a_year=0'], 'age_questions_a_year is a whole number from 1 to 100'],
    [['rate_limits=verification'], 'rate_limits is CLASS:VALUE,… with classes of verification'],
    [['rate_limits=write:5'], 'rate_limits is CLASS:VALUE'],
    [['rate_limits=none'], 'rate_limits is CLASS:VALUE'],
    [['rate_limits=read:0'], 'rate_limits is a whole number from 1 to 100000'],
    [['rate_limits=read:none'], 'rate_limits is a whole number from 1'],
    [['rate_limits=read:1,read:2'], 'rate_limits is a list that names each class once'],
    [['monthly_quotas=read:-1'], 'monthly_quotas is a whole number from 0'],
    [['sign_up_consent=2026 10:counterpart'], 'sign_up_consent is VERSION:PURPOSE'],
    [['sign_up_consent=v1:latest_attributes'], 'sign_up_consent is VERSION:PURPOSE,… with purposes of'],
  ])('%j are refused: %s', (texts, message) => {
    expect(() => readTerms(texts)).toThrow(message);
  });
});
