import { hasCorporateCheckDigit } from '#lib/platform';
import { mayHoldMyNumber } from './reference.js';

export const CONTACT_ROLES = ['responsible', 'technical', 'security', 'billing'] as const;
export type ContactRole = (typeof CONTACT_ROLES)[number];

export interface Contact {
  role: ContactRole;
  name: string;
  email: string;
  /** Domestic, with or without hyphens. */
  phone: string;
}

/** What a service provider applies with. */
export interface Application {
  /** `other`: a sole proprietor or a body without a corporate number. */
  kind: 'corporation' | 'other';
  legalName: string;
  legalNameKana: string;
  corporateNumber: string | null;
  address: string;
  contacts: readonly Contact[];
  serviceName: string;
  purposeOfUse: string;
  /** Expected calls. */
  signatureVerificationsAMonth: number;
  authenticationsAMonth: number;
  /** `T` and 13 digits; null: not registered as an issuer of qualified invoices. */
  invoiceRegistrationNumber: string | null;
}

/** Every rule an application can break, in the words for who typed it. */
export const APPLICATION_RULES = {
  my_number: {
    en: 'must not hold an Individual Number (My Number)',
    ja: 'マイナンバー（個人番号）と思われる番号は入力できません。',
  },
  kana: { en: 'must be in full-width katakana', ja: '全角カタカナで入力してください。' },
  corporate_number_missing: { en: 'is needed for a corporation', ja: '法人の場合は法人番号を入力してください。' },
  corporate_number_unexpected: {
    en: 'belongs to corporations only',
    ja: '法人でない場合、法人番号は入力できません。',
  },
  corporate_number_form: { en: 'must be 13 digits', ja: '法人番号は13桁の半角数字で入力してください。' },
  corporate_number_check_digit: {
    en: 'has a wrong check digit: a digit is mistyped',
    ja: '法人番号の検査用数字が一致しません。入力間違いがないかご確認ください。',
  },
  invoice_number_form: {
    en: 'must be T and 13 digits',
    ja: '登録番号は「T」と13桁の半角数字で入力してください。',
  },
  invoice_number_check_digit: {
    en: 'has a wrong check digit: a digit is mistyped',
    ja: '登録番号の検査用数字が一致しません。入力間違いがないかご確認ください。',
  },
  invoice_number_differs: {
    en: 'of a corporation is T and its corporate number',
    ja: '法人の登録番号は「T」と法人番号の組み合わせです。法人番号と一致していません。',
  },
  phone: {
    en: 'must be a domestic number of 10 or 11 digits beginning with 0',
    ja: '電話番号は0から始まる10桁または11桁の番号で入力してください。',
  },
  responsible_missing: {
    en: 'must name a responsible person',
    ja: '責任者の連絡先を入力してください。',
  },
} as const;
export type ApplicationRule = keyof typeof APPLICATION_RULES;

export interface ApplicationFault {
  /** As in the API, `contacts.0.phone`. */
  field: string;
  rule: ApplicationRule;
}

/** Katakana, the long-vowel mark, the middle dot and spaces; digits and Latin letters are read out. */
const KANA = /^[ァ-ヺー・　 ]+$/u;
/** A number of 12 digits has no place here, so that nobody's Individual Number can be typed as one. */
const PHONE = /^0[0-9]{9,10}$/;

/** Faults stop an application; warnings are for who reviews it. Sizes and types are checked before. */
export function judgeApplication(application: Application): {
  faults: ApplicationFault[];
  warnings: ApplicationFault[];
} {
  const faults = [
    ...textFaults(application),
    ...check('legal_name_kana', KANA.test(application.legalNameKana.normalize('NFC')), 'kana'),
    ...corporateNumberFaults(application),
    ...application.contacts.flatMap(({ phone }, index) =>
      check(`contacts.${index}.phone`, PHONE.test(phone.replaceAll('-', '')), 'phone'),
    ),
    ...check(
      'contacts',
      application.contacts.some(({ role }) => role === 'responsible'),
      'responsible_missing',
    ),
  ];
  const invoice = judgeInvoiceNumber(application);
  if (invoice === undefined) return { faults, warnings: [] };
  const fault = { field: 'invoice_registration_number', rule: invoice };
  // The tax office does not promise the check digit for numbers that are no corporate numbers.
  return application.kind === 'other' && invoice === 'invoice_number_check_digit'
    ? { faults, warnings: [fault] }
    : { faults: [...faults, fault], warnings: [] };
}

const check = (field: string, holds: boolean, rule: ApplicationRule): ApplicationFault[] =>
  holds ? [] : [{ field, rule }];

function textFaults(application: Application): ApplicationFault[] {
  const texts: [string, string][] = [
    ['legal_name', application.legalName],
    ['address', application.address],
    ['service_name', application.serviceName],
    ['purpose_of_use', application.purposeOfUse],
    ['corporate_number', application.corporateNumber ?? ''],
    ['invoice_registration_number', (application.invoiceRegistrationNumber ?? '').replace(/^[TtＴｔ]/u, '')],
    ...application.contacts.flatMap(({ name, email, phone }, index): [string, string][] => [
      [`contacts.${index}.name`, name],
      [`contacts.${index}.email`, email],
      [`contacts.${index}.phone`, phone],
    ]),
  ];
  return texts.flatMap(([field, text]) => check(field, !mayHoldMyNumber(text), 'my_number'));
}

function corporateNumberFaults({ kind, corporateNumber: number }: Application): ApplicationFault[] {
  const field = 'corporate_number';
  if (kind === 'other') return check(field, number === null, 'corporate_number_unexpected');
  if (number === null) return [{ field, rule: 'corporate_number_missing' }];
  if (!/^[0-9]{13}$/.test(number)) return [{ field, rule: 'corporate_number_form' }];
  return check(field, hasCorporateCheckDigit(number), 'corporate_number_check_digit');
}

function judgeInvoiceNumber({
  kind,
  corporateNumber,
  invoiceRegistrationNumber: number,
}: Application): ApplicationRule | undefined {
  if (number === null) return undefined;
  if (!/^T[1-9][0-9]{12}$/.test(number)) return 'invoice_number_form';
  if (!hasCorporateCheckDigit(number.slice(1))) return 'invoice_number_check_digit';
  return kind === 'corporation' && corporateNumber !== number.slice(1) ? 'invoice_number_differs' : undefined;
}
