import type { Schemas } from '../../api';

export type PlanTerms = Schemas['PricePlanList']['data'][number]['terms'];
type Price = PlanTerms['prices'][number];

/** The terms as they are typed: numbers are texts, and what is empty is left out. */
export interface PlanDraft {
  label_ja: string;
  label_en: string;
  base_fee: string;
  minimum: string;
  ends_on: string;
  tax_category: PlanTerms['tax_category'];
  pass_through: boolean;
  billed_outcomes: PlanTerms['billed_outcomes'];
  prices: PriceDraft[];
  discounts: DiscountDraft[];
  setup: SetupDraft[];
}
export interface PriceDraft extends Pick<Price, 'meter' | 'tiering' | 'dedupe'> {
  /** Empty: every purpose. */
  purpose: NonNullable<Price['purpose']> | '';
  free: string;
  /** An empty end: without end. */
  tiers: { up_to: string; unit_price: string }[];
}
export type DiscountDraft = Pick<
  PlanTerms['discounts'][number],
  'applies_to' | 'kind' | 'value' | 'valid_from' | 'valid_until'
> & { label_ja: string; label_en: string };
export interface SetupDraft {
  label_ja: string;
  label_en: string;
  amount: string;
  on: string;
}

export const METERS = [
  'sign_check',
  'auth_check',
  'counterpart_delivered',
  'attributes_delivered',
] as const satisfies Price['meter'][];

export const newPrice = (meter: Price['meter']): PriceDraft => ({
  meter,
  purpose: '',
  tiering: 'graduated',
  free: '0',
  dedupe: 'none',
  tiers: [{ up_to: '', unit_price: '0' }],
});
export const newDiscount: DiscountDraft = {
  label_ja: '',
  label_en: '',
  applies_to: 'usage',
  kind: 'percent',
  value: '',
  valid_from: '',
  valid_until: '',
};
export const newSetup: SetupDraft = { label_ja: '', label_en: '', amount: '', on: '' };

/** A first plan: a price for every meter, of nothing yet. */
export const EMPTY_PLAN: PlanDraft = {
  label_ja: '',
  label_en: '',
  base_fee: '0',
  minimum: '0',
  ends_on: '',
  tax_category: 'standard',
  pass_through: true,
  billed_outcomes: ['valid', 'invalid'],
  prices: METERS.map(newPrice),
  discounts: [],
  setup: [],
};

export const draftOf = ({ label, prices, discounts, setup, ends_on, ...terms }: PlanTerms): PlanDraft => ({
  ...terms,
  label_ja: label.ja,
  label_en: label.en,
  ends_on: ends_on ?? '',
  prices: prices.map((price) => ({
    ...price,
    purpose: price.purpose ?? '',
    free: String(price.free),
    tiers: price.tiers.map((tier) => ({ ...tier, up_to: tier.up_to === null ? '' : String(tier.up_to) })),
  })),
  discounts: discounts.map(({ label: name, ...rest }) => ({ ...rest, label_ja: name.ja, label_en: name.en })),
  setup: setup.map(({ label: name, ...rest }) => ({ ...rest, label_ja: name.ja, label_en: name.en })),
});

export const termsOf = ({ label_ja, label_en, prices, discounts, setup, ends_on, ...draft }: PlanDraft): PlanTerms => ({
  ...draft,
  label: { ja: label_ja, en: label_en },
  prices: prices.map(({ purpose, free, tiers, ...price }) => ({
    ...price,
    ...(purpose === '' ? {} : { purpose }),
    free: Number(free),
    tiers: tiers.map((tier) => ({ ...tier, up_to: tier.up_to.trim() === '' ? null : Number(tier.up_to) })),
  })),
  discounts: discounts.map(({ label_ja: ja, label_en: en, ...rest }) => ({ ...rest, label: { ja, en } })),
  setup: setup.map(({ label_ja: ja, label_en: en, ...rest }) => ({ ...rest, label: { ja, en } })),
  ...(ends_on === '' ? {} : { ends_on }),
});
