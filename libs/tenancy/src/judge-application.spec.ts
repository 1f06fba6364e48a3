import { describe, expect, it } from '@jest/globals';
import { type Application, APPLICATION_RULES, type Contact, judgeApplication } from './judge-application.js';

const LIKE_MY_NUMBER = '123456789018';
const RESPONSIBLE: Contact = {
  role: 'responsible',
  name: '責任 者',
  email: 'responsible@example.com',
  phone: '03-1234-5678',
};
const BANK: Application = {
  kind: 'corporation',
  legalName: '株式会社あおぞら銀行',
  legalNameKana: 'カブシキガイシャアオゾラギンコウ',
  corporateNumber: '4011001098993',
  address: '東京都港区芝公園４丁目２番地８',
  contacts: [RESPONSIBLE],
  serviceName: '口座開設アプリ',
  purposeOfUse: '口座開設時の本人確認',
  signatureVerificationsAMonth: 10_000,
  authenticationsAMonth: 0,
  invoiceRegistrationNumber: 'T4011001098993',
};
const SHOP: Application = { ...BANK, kind: 'other', corporateNumber: null, invoiceRegistrationNumber: null };

const faultsOf = (application: Application): string[] =>
  judgeApplication(application).faults.map(({ field, rule }) => `${field} ${rule}`);

describe('an application', () => {
  it('of a corporation and of somebody without a corporate number is taken', () => {
    for (const application of [BANK, SHOP, { ...BANK, invoiceRegistrationNumber: null }])
      expect(judgeApplication(application)).toEqual({ faults: [], warnings: [] });
  });

  it.each<[string, Partial<Application>, string]>([
    [
      'no corporate number',
      { corporateNumber: null, invoiceRegistrationNumber: null },
      'corporate_number corporate_number_missing',
    ],
    [
      'twelve digits',
      { corporateNumber: '401100109899', invoiceRegistrationNumber: null },
      'corporate_number corporate_number_form',
    ],
    [
      'full-width digits',
      { corporateNumber: '４０１１００１０９８９９３', invoiceRegistrationNumber: null },
      'corporate_number corporate_number_form',
    ],
    [
      'a mistyped corporate number',
      { corporateNumber: '4011001098994', invoiceRegistrationNumber: null },
      'corporate_number corporate_number_check_digit',
    ],
    [
      'an invoice number without T',
      { invoiceRegistrationNumber: '4011001098993' },
      'invoice_registration_number invoice_number_form',
    ],
    [
      'a mistyped invoice number',
      { invoiceRegistrationNumber: 'T4011001098994' },
      'invoice_registration_number invoice_number_check_digit',
    ],
    [
      "another corporation's invoice number",
      { invoiceRegistrationNumber: 'T7123456789012' },
      'invoice_registration_number invoice_number_differs',
    ],
    ['kana in hiragana', { legalNameKana: 'あおぞら' }, 'legal_name_kana kana'],
    ['kana in half width', { legalNameKana: 'ｱｵｿﾞﾗ' }, 'legal_name_kana kana'],
    ['a phone number from abroad', { contacts: [{ ...RESPONSIBLE, phone: '+81312345678' }] }, 'contacts.0.phone phone'],
    ['nobody responsible', { contacts: [{ ...RESPONSIBLE, role: 'billing' }] }, 'contacts responsible_missing'],
  ])('with %s is refused, and the field is named', (_what, change, fault) =>
    expect(faultsOf({ ...BANK, ...change })).toEqual([fault]),
  );

  it('of no corporation has no corporate number', () =>
    expect(faultsOf({ ...SHOP, corporateNumber: '4011001098993' })).toEqual([
      'corporate_number corporate_number_unexpected',
    ]));

  it('of no corporation may have an invoice number with another check digit: that is a warning', () =>
    expect(judgeApplication({ ...SHOP, invoiceRegistrationNumber: 'T4011001098994' })).toEqual({
      faults: [],
      warnings: [{ field: 'invoice_registration_number', rule: 'invoice_number_check_digit' }],
    }));

  it.each<[string, Partial<Application>]>([
    ['legal_name', { legalName: `商店 ${LIKE_MY_NUMBER}` }],
    ['address', { address: '東京都 1234-5678-9018' }],
    ['service_name', { serviceName: '１２３４５６７８９０１８' }],
    ['purpose_of_use', { purposeOfUse: `本人確認 ${LIKE_MY_NUMBER}` }],
    ['corporate_number', { corporateNumber: LIKE_MY_NUMBER, invoiceRegistrationNumber: null }],
    ['invoice_registration_number', { invoiceRegistrationNumber: `T${LIKE_MY_NUMBER}` }],
    ['contacts.0.name', { contacts: [{ ...RESPONSIBLE, name: LIKE_MY_NUMBER }] }],
    ['contacts.0.phone', { contacts: [{ ...RESPONSIBLE, phone: '1234 5678 9018' }] }],
  ])('never holds an Individual Number in %s', (field, change) =>
    expect(faultsOf({ ...BANK, ...change })).toContain(`${field} my_number`),
  );

  it('is told what is wrong in both languages', () => {
    for (const { en, ja } of Object.values(APPLICATION_RULES))
      expect([en.length > 0, /[ぁ-んァ-ヶ一-龠]/u.test(ja)]).toEqual([true, true]);
  });
});
