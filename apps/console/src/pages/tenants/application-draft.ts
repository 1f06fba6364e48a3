import type { Schemas } from '../../api';

export type Application = Schemas['Application'];
export type Contact = Application['contacts'][number];
export const CONTACT_ROLES = ['responsible', 'technical', 'security', 'billing'] as const;

/** What is typed, as it is typed. */
export interface Draft {
  kind: Application['kind'];
  legal_name: string;
  legal_name_kana: string;
  corporate_number: string;
  address: string;
  contacts: Contact[];
  service_name: string;
  purpose_of_use: string;
  signature_verifications_a_month: string;
  authentications_a_month: string;
  invoice_registration_number: string;
}

export const emptyContact = (role: Contact['role']): Contact => ({ role, name: '', email: '', phone: '' });

export const emptyDraft = (): Draft => ({
  kind: 'corporation',
  legal_name: '',
  legal_name_kana: '',
  corporate_number: '',
  address: '',
  contacts: [emptyContact('responsible')],
  service_name: '',
  purpose_of_use: '',
  signature_verifications_a_month: '0',
  authentications_a_month: '0',
  invoice_registration_number: '',
});

export const draftOf = (application: Application): Draft => ({
  ...application,
  corporate_number: application.corporate_number ?? '',
  invoice_registration_number: application.invoice_registration_number ?? '',
  signature_verifications_a_month: String(application.expected_volumes.signature_verifications_a_month),
  authentications_a_month: String(application.expected_volumes.authentications_a_month),
});

/** The request. A number that is none goes along as NaN, which the server refuses by the field's name. */
export const applicationOf = ({
  signature_verifications_a_month: verifications,
  authentications_a_month: authentications,
  ...draft
}: Draft): Application => ({
  ...draft,
  corporate_number: draft.kind === 'other' ? null : orNull(draft.corporate_number),
  invoice_registration_number: orNull(draft.invoice_registration_number),
  expected_volumes: {
    signature_verifications_a_month: count(verifications),
    authentications_a_month: count(authentications),
  },
});

/** What is wrong with a corporate number, told before the server is asked; undefined: nothing. */
export function corporateNumberFault({ kind, corporate_number: typed }: Draft): 'form' | 'check_digit' | undefined {
  if (kind !== 'corporation') return undefined;
  if (!/^[0-9]{13}$/.test(typed.trim())) return 'form';
  return hasCheckDigit(typed.trim()) ? undefined : 'check_digit';
}

/** Of the 13 digits of a corporate number the first one fits the others. */
export function hasCheckDigit(number: string): boolean {
  const [check, ...digits] = number;
  // From the right each second digit counts twice; of the twelve the first one does.
  const sum = digits.reduce((total, digit, at) => total + Number(digit) * (at % 2 === 0 ? 2 : 1), 0);
  return Number(check) === 9 - (sum % 9);
}

const orNull = (text: string): string | null => (text.trim() === '' ? null : text.trim());
const count = (text: string): number => (text.trim() === '' ? NaN : Number(text.replaceAll(',', '')));

/** The steps of the form with the fields each of them holds. */
export const STEPS = [
  { name: 'organisation', fields: ['kind', 'legal_name', 'legal_name_kana', 'corporate_number', 'address'] },
  { name: 'contacts', fields: ['contacts'] },
  { name: 'service', fields: ['service_name', 'purpose_of_use', 'expected_volumes', 'invoice_registration_number'] },
] as const;

/** What a request has in a field such as `contacts.0.phone`; of a field it does not have, undefined. */
export const valueAt = (application: Application, field: string): unknown =>
  field
    .split('.')
    .reduce<unknown>((of, name) => (of as Readonly<Record<string, unknown>> | null | undefined)?.[name], application);

/** The first step that holds one of these fields. */
export const stepOf = (fields: readonly string[]): number =>
  STEPS.findIndex((step) => step.fields.some((name) => fields.some((field) => field.split('.')[0] === name)));
