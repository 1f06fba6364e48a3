import { describe, expect, it } from '@jest/globals';
import { draftOf, EMPTY_PLAN, METERS, type PlanTerms, termsOf } from './plan-draft';

const TERMS: PlanTerms = {
  label: { ja: '標準', en: 'standard' },
  base_fee: '30000',
  prices: [
    {
      meter: 'sign_check',
      purpose: 'status_check',
      tiering: 'volume',
      tiers: [
        { up_to: 1000, unit_price: '20' },
        { up_to: null, unit_price: '12.5' },
      ],
      free: 100,
      dedupe: 'fiscal_year',
    },
  ],
  minimum: '10000',
  discounts: [
    {
      label: { ja: '開始割引', en: 'start' },
      applies_to: 'all',
      kind: 'percent',
      value: '10',
      valid_from: '2026-12-01',
      valid_until: '2027-03-01',
    },
  ],
  setup: [{ label: { ja: '接続', en: 'connection' }, amount: '50000', on: '2026-12-01' }],
  billed_outcomes: ['valid'],
  pass_through: false,
  tax_category: 'standard',
  ends_on: '2028-01-01',
};

describe('a price plan that is typed', () => {
  it('begins with the one before and says the same when nothing is changed', () => {
    expect(termsOf(draftOf(TERMS))).toEqual(TERMS);
  });

  it('has no last day when none is given', () => {
    const { ends_on: _last, ...open } = TERMS;
    expect(termsOf(draftOf(open))).toEqual(open);
  });

  it('begins with a price for every meter when there is none before', () => {
    expect(termsOf(EMPTY_PLAN).prices.map(({ meter, tiers }) => [meter, tiers])).toEqual(
      METERS.map((meter) => [meter, [{ up_to: null, unit_price: '0' }]]),
    );
  });
});
