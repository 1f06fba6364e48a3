import type { Schemas } from '../../api';

type Contract = Schemas['Contract'];
type Change = Schemas['ContractChange'];

export const METHODS = ['crl', 'ocsp', 'ocsp_or_crl'] as const satisfies Contract['revocation_methods'];
export const PURPOSES = ['serial_linkage', 'counterpart'] as const;
export const DISCLOSURES = ['status', 'conclusion_only', 'none'] as const satisfies Contract['disclosure'][];
export const FLAGS = [
  'identify',
  'counterpart',
  'latest_attributes',
  'pinless_status',
  'change_events',
  'age_legal_day_inclusive',
] as const;

/** The terms as they are typed. */
export interface ContractDraft extends Record<(typeof FLAGS)[number], boolean> {
  methods: string[];
  disclosure: Contract['disclosure'];
  /** Separated by commas. */
  ages: string;
  dates: string;
  questions: string | number;
  consent: boolean;
  textVersion: string;
  purposes: string[];
}

export const draftOf = (contract: Contract): ContractDraft => ({
  methods: [...contract.revocation_methods],
  identify: contract.identify,
  counterpart: contract.counterpart,
  latest_attributes: contract.latest_attributes,
  pinless_status: contract.pinless_status,
  change_events: contract.change_events,
  disclosure: contract.disclosure,
  age_legal_day_inclusive: contract.age_legal_day_inclusive,
  ages: contract.allowed_ages.join(', '),
  dates: contract.age_dates.join(', '),
  questions: contract.age_questions_a_year,
  consent: contract.sign_up_consent !== null,
  textVersion: contract.sign_up_consent?.text_version ?? '',
  purposes: [...(contract.sign_up_consent?.purposes ?? [])],
});

const parts = (text: string): string[] => text.split(/[,、，\s]+/u).filter((part) => part !== '');

const termsOf = (draft: ContractDraft): Required<Omit<Change, 'limits'>> => ({
  revocation_methods: METHODS.filter((method) => draft.methods.includes(method)),
  identify: draft.identify,
  counterpart: draft.counterpart,
  latest_attributes: draft.latest_attributes,
  pinless_status: draft.pinless_status,
  change_events: draft.change_events,
  disclosure: draft.disclosure,
  allowed_ages: parts(draft.ages).map(Number),
  age_dates: parts(draft.dates),
  age_questions_a_year: Number(draft.questions),
  age_legal_day_inclusive: draft.age_legal_day_inclusive,
  sign_up_consent: draft.consent
    ? { text_version: draft.textVersion.trim(), purposes: PURPOSES.filter((each) => draft.purposes.includes(each)) }
    : null,
});

/** Only what differs from what is agreed. */
export function changeOf(draft: ContractDraft, contract: Contract): Change {
  const terms = termsOf(draft);
  const before = termsOf(draftOf(contract));
  return Object.fromEntries(
    Object.entries(terms).filter(
      ([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name as keyof typeof before]),
    ),
  );
}
