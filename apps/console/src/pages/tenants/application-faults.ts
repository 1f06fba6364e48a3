import { corporateNumberFault, type Draft, hasCheckDigit } from './application-draft';

/** What can be told to be wrong before the server is asked; its rules, which it applies once more. */
export type DraftFault =
  | 'kana'
  | 'corporate_number_form'
  | 'corporate_number_check_digit'
  | 'phone'
  | 'email'
  | 'responsible_missing'
  | 'count'
  | 'invoice_number_form'
  | 'invoice_number_check_digit'
  | 'invoice_number_differs';

const KANA = /^[ァ-ヺー・　 ]+$/u;
const PHONE = /^0[0-9]{9,10}$/;
const EMAIL = /^[^\s@\p{Cc}]+@[^\s@\p{Cc}]+$/u;
const COUNT = /^[0-9]+$/;
const MOST_A_MONTH = 1_000_000_000;

/** The faults of a draft by the names of the fields in the request. */
export function faultsOf(draft: Draft): Record<string, DraftFault> {
  const faults: Record<string, DraftFault> = {};
  const check = (field: string, holds: boolean, fault: DraftFault): void => {
    if (!holds) faults[field] = fault;
  };
  check('legal_name_kana', KANA.test(draft.legal_name_kana.trim().normalize('NFC')), 'kana');
  const number = corporateNumberFault(draft);
  if (number !== undefined) faults['corporate_number'] = `corporate_number_${number}`;
  draft.contacts.forEach(({ email, phone }, index) => {
    check(`contacts.${index}.email`, EMAIL.test(email.trim()), 'email');
    check(`contacts.${index}.phone`, PHONE.test(phone.trim().replaceAll('-', '')), 'phone');
  });
  check(
    'contacts',
    draft.contacts.some(({ role }) => role === 'responsible'),
    'responsible_missing',
  );
  for (const name of ['signature_verifications_a_month', 'authentications_a_month'] as const) {
    const typed = draft[name].trim().replaceAll(',', '');
    check(`expected_volumes.${name}`, COUNT.test(typed) && Number(typed) <= MOST_A_MONTH, 'count');
  }
  const invoice = invoiceFault(draft);
  if (invoice !== undefined) faults['invoice_registration_number'] = invoice;
  return faults;
}

function invoiceFault(draft: Draft): DraftFault | undefined {
  const number = draft.invoice_registration_number.trim();
  if (number === '') return undefined;
  if (!/^T[1-9][0-9]{12}$/.test(number)) return 'invoice_number_form';
  // Of who is no corporation a check digit that does not fit is for the review to see, and stops nothing.
  if (draft.kind === 'other') return undefined;
  if (!hasCheckDigit(number.slice(1))) return 'invoice_number_check_digit';
  return draft.corporate_number.trim() === number.slice(1) ? undefined : 'invoice_number_differs';
}

/** Digits, letters and hyphens as the request has them, however wide they were typed. */
export const halfWidth = (text: string): string =>
  text
    .normalize('NFKC')
    .replace(/[‐‑‒–—―−ー]/gu, '-')
    .trim();

/** Hiragana and half-width katakana as full-width katakana; all else stays. */
export const katakana = (text: string): string =>
  text
    .replace(/[\uff61-\uff9f]+/gu, (narrow) => narrow.normalize('NFKC'))
    .replace(/[ぁ-ゖ]/gu, (kana) => String.fromCodePoint(kana.codePointAt(0)! + 0x60))
    .trim();

/** The form that a line is put into when one leaves it. */
export const FORM_OF: Partial<Record<keyof Draft, (text: string) => string>> = {
  legal_name_kana: katakana,
  corporate_number: halfWidth,
  signature_verifications_a_month: halfWidth,
  authentications_a_month: halfWidth,
  invoice_registration_number: halfWidth,
};

/**
 * The draft as it will be once every field was left. It is what is judged: a fault that went only when its field is left would
 * take a line off the page while somebody presses the button below it, and the press would miss.
 */
export function tidied(draft: Draft): Draft {
  const lines = Object.entries(FORM_OF).map(([name, form]) => [
    name,
    form(draft[name as keyof typeof FORM_OF] as string),
  ]);
  const contacts = draft.contacts.map((contact) => ({
    ...contact,
    email: halfWidth(contact.email),
    phone: halfWidth(contact.phone),
  }));
  return { ...draft, ...(Object.fromEntries(lines) as Partial<Draft>), contacts };
}
