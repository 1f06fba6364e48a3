import type { JlisTariff, Price, PricePlan, PricePlanTerms, UsageCount } from '#lib/billing';

/** The J-LIS fees of 2016 to 2022 and those after, in the form of the product's own data. */
export const TARIFFS: readonly JlisTariff[] = [
  {
    validFrom: '2016-01-01',
    terms: {
      rates: { sign_check: '20', auth_check: '2', counterpart_delivered: '2', serial_linkage: '0', age_check: '0' },
      year_start: '04-01',
      tax_category: 'standard',
      source: 'a test',
    },
  },
  {
    validFrom: '2023-01-01',
    terms: {
      rates: {
        sign_check: '0',
        auth_check: '0',
        counterpart_delivered: '0',
        attributes_delivered: '20',
        serial_linkage: '0',
        age_check: '0',
      },
      year_start: '04-01',
      tax_category: 'standard',
      source: 'a test',
    },
  },
];

export const flat = (meter: Price['meter'], unit_price: string, change: Partial<Price> = {}): Price => ({
  meter,
  tiering: 'graduated',
  tiers: [{ up_to: null, unit_price }],
  free: 0,
  dedupe: 'none',
  ...change,
});

/** Sign 20, auth 2, counterpart 2, attributes 30; nothing else costs anything. */
export const planTerms = (change: Partial<PricePlanTerms> = {}): PricePlanTerms => ({
  label: { ja: '標準', en: 'standard' },
  base_fee: '0',
  prices: [
    flat('sign_check', '20'),
    flat('auth_check', '2'),
    flat('counterpart_delivered', '2'),
    flat('attributes_delivered', '30'),
  ],
  minimum: '0',
  discounts: [],
  setup: [],
  billed_outcomes: ['valid', 'invalid'],
  pass_through: false,
  tax_category: 'standard',
  ...change,
});

/** The standard terms with another price of a meter. */
export const withPrice = (price: Price, change: Partial<PricePlanTerms> = {}): PricePlanTerms => {
  const { prices } = planTerms();
  return planTerms({ prices: [...prices.filter(({ meter }) => meter !== price.meter), price], ...change });
};

export const plan = (validFrom: string, change: Partial<PricePlanTerms> = {}): PricePlan => ({
  validFrom,
  terms: planTerms(change),
});

/** Sign checks by list for a signature, valid. */
export const counted = (events: number, change: Partial<UsageCount> = {}): UsageCount => ({
  meter: 'sign_check',
  method: 'crl',
  purpose: 'signature_verification',
  outcome: 'valid',
  billable: true,
  certificateKind: 'sign',
  late: false,
  jlisDay: '2020-06-01',
  contractDay: '2020-06-01',
  jlis: 'each',
  contractAgain: false,
  events,
  ...change,
});
