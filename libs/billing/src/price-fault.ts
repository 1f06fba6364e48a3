/** Every rule that prices can break, in the words for who typed them. */
export const PRICE_RULES = {
  not_yen: {
    en: 'must be yen with at most three decimals, such as "20" or "0.5"',
    ja: '金額は「20」「0.5」のように小数点以下3桁までで入力してください。',
  },
  negative: { en: 'must not be negative', ja: '負の金額は指定できません。' },
  not_percent: {
    en: 'must be a percentage from 0 to 100 with at most two decimals',
    ja: '割合は0から100まで、小数点以下2桁までで入力してください。',
  },
  tiers_not_increasing: {
    en: 'each tier must reach further than the one before',
    ja: '段階の上限は前の段階より大きくしてください。',
  },
  tiers_not_open: {
    en: 'the last tier, and only that, has no upper end',
    ja: '最後の段階だけを上限なしにしてください。',
  },
  price_twice: { en: 'this meter and purpose have a price already', ja: '同じ計測項目と目的の単価が重複しています。' },
  meter_not_priced: {
    en: 'every meter needs a price; zero is one',
    ja: 'すべての計測項目に単価が必要です（0円も単価です）。',
  },
  period_empty: { en: 'must end after it begins', ja: '終了日は開始日より後にしてください。' },
  not_month_border: {
    en: 'must be the first day of a month',
    ja: '月の初日を指定してください。',
  },
  registration_form: {
    en: 'must be T and 13 digits',
    ja: '登録番号は「T」と13桁の半角数字で入力してください。',
  },
  check_digit: {
    en: 'has a wrong check digit: it is no corporate number',
    ja: '登録番号の検査用数字が正しくありません。',
  },
  overlap: { en: 'overlaps another period', ja: '他の期間と重複しています。' },
  gap: { en: 'leaves days without a tariff', ja: '料金表のない期間ができてしまいます。' },
  year_start: {
    en: 'must be a day of the year that every year has, MM-DD',
    ja: '年の開始日は毎年ある日付（MM-DD）で指定してください。',
  },
} as const;
export type PriceRule = keyof typeof PRICE_RULES;

export interface PriceFault {
  /** As in the API, `prices.0.tiers.1.unit_price`. */
  field: string;
  rule: PriceRule;
}

export const fault = (field: string, holds: boolean, rule: PriceRule): PriceFault[] => (holds ? [] : [{ field, rule }]);

/** A fault as it is told. */
export const explainPriceFault = ({ field, rule }: PriceFault) => ({
  field,
  rule,
  message: PRICE_RULES[rule].en,
  message_ja: PRICE_RULES[rule].ja,
});
