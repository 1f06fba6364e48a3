import type { InvoiceIssuerTerms, InvoiceTermsTerms } from '#lib/billing';

export const ISSUER: InvoiceIssuerTerms = {
  name: '株式会社プラットフォーム',
  registration_number: 'T4011001098993',
  address: '東京都千代田区丸の内一丁目1番1号',
  payment: '見本銀行 本店 普通 1234567 カ）プラットフォーム',
  fiscal_year_start: '04-01',
};
/** Closed at the end of the month, due at the end of the next one, before it when banks rest. */
export const TERMS: InvoiceTermsTerms = {
  recipient_name: '髙﨑商事株式会社',
  recipient_address: '群馬県高崎市栄町1番1号',
  closing_day: 'end',
  due_months: 1,
  due_day: 'end',
  due_shift: 'previous',
};
