import { isTextKey, type TextKey } from '../../texts';

/** One thing that is proposed: where it lies, and what it says. */
export interface Field {
  path: readonly string[];
  /** A word, a number, a yes or no, or a list of them; null: nothing. */
  value: unknown;
}

const isPlain = (value: unknown): boolean => typeof value !== 'object' || value === null;

/** What is proposed field by field. What has parts is opened; a list of words is one field. */
export function fieldsOf(value: unknown, path: readonly string[] = []): Field[] {
  if (isPlain(value) || (Array.isArray(value) && value.every(isPlain))) return [{ path, value }];
  return Object.entries(value as object).flatMap(([name, part]) => fieldsOf(part, [...path, name]));
}

/** What an issuer and a recipient of invoices are read by, in the order of a letter. */
const LETTER = [
  'name',
  'recipient_name',
  'registration_number',
  'address',
  'recipient_address',
  'payment',
  'valid_from',
  'closing_day',
  'due_months',
  'due_day',
  'due_shift',
  'rounding',
  'fiscal_year_start',
];
const rankOf = ({ path }: Field): number => {
  const rank = LETTER.indexOf(path.at(-1) ?? '');
  return rank < 0 ? LETTER.length : rank;
};

/** Fields in the order in which they are read: those of an issuer or recipient as in a letter, all others as they come. */
export const inOrder = (fields: readonly Field[]): Field[] =>
  fields.some(({ path }) => path.at(-1) === 'registration_number' || path.at(-1) === 'recipient_name')
    ? [...fields].sort((one, other) => rankOf(one) - rankOf(other))
    : [...fields];

/** What fields are called, by the names they have in a proposal. */
const NAMES: Record<string, TextKey> = {
  state: 'tenants.state',
  notified_on: 'tenants.notified_on',
  notification_reference: 'tenants.notification_reference',
  roles: 'operators.roles',
  hierarchy: 'revocation.hierarchy',
  generation: 'revocation.generation',
  certificate: 'approvals.field_certificate',
  mode: 'common.mode',
  id: 'approvals.field_id',
  revocation_methods: 'contract.revocation_methods',
  identify: 'contract.flag_identify',
  counterpart: 'contract.flag_counterpart',
  latest_attributes: 'contract.flag_latest_attributes',
  allowed_ages: 'contract.allowed_ages',
  age_dates: 'contract.age_dates',
  age_questions_a_year: 'contract.age_questions_a_year',
  age_legal_day_inclusive: 'contract.flag_age_legal_day_inclusive',
  change_events: 'contract.flag_change_events',
  pinless_status: 'contract.flag_pinless_status',
  disclosure: 'contract.disclosure',
  sign_up_consent: 'contract.sign_up_consent',
  sign_up_consent_version: 'contract.text_version',
  sign_up_consent_purposes: 'contract.purposes',
  text_version: 'contract.text_version',
  purposes: 'contract.purposes',
  valid_from: 'prices.valid_from',
  valid_until: 'prices.valid_until',
  tenant_id: 'prices.tenant_id',
  terms: 'prices.terms',
  label: 'prices.label',
  ja: 'prices.ja',
  en: 'prices.en',
  rates: 'prices.rates',
  sign_check: 'prices.meter_sign_check',
  auth_check: 'prices.meter_auth_check',
  counterpart_delivered: 'prices.meter_counterpart_delivered',
  attributes_delivered: 'prices.meter_attributes_delivered',
  serial_linkage: 'prices.meter_serial_linkage',
  age_check: 'prices.meter_age_check',
  year_start: 'prices.year_start',
  tax_category: 'prices.tax_category',
  source: 'prices.source',
  applies_to: 'prices.applies_to',
  meter: 'prices.meter',
  kind: 'prices.kind',
  value: 'prices.value',
  ground: 'prices.ground',
  approval_reference: 'prices.approval_reference',
  base_fee: 'prices.base_fee',
  prices: 'prices.prices',
  purpose: 'prices.purpose',
  tiering: 'prices.tiering',
  tiers: 'prices.tiers',
  up_to: 'prices.up_to',
  unit_price: 'prices.unit_price',
  free: 'prices.free',
  dedupe: 'prices.dedupe',
  minimum: 'prices.minimum',
  discounts: 'prices.discounts',
  setup: 'prices.setup',
  amount: 'prices.amount',
  on: 'prices.on',
  billed_outcomes: 'prices.billed_outcomes',
  pass_through: 'prices.pass_through',
  ends_on: 'prices.ends_on',
  month: 'invoices.month',
  total_yen: 'approvals.field_total',
  invoices: 'approvals.field_drafts',
  number: 'invoices.number',
  reason: 'invoices.void_reason',
  standard: 'prices.rate_standard',
  reduced: 'prices.rate_reduced',
  rounding: 'prices.rounding',
  name: 'prices.issuer_name',
  registration_number: 'prices.registration_number',
  address: 'prices.address',
  payment: 'prices.payment',
  fiscal_year_start: 'prices.fiscal_year_start',
  recipient_name: 'prices.recipient_name',
  recipient_address: 'prices.recipient_address',
  closing_day: 'prices.closing_day',
  due_months: 'prices.due_months',
  due_day: 'prices.due_day',
  due_shift: 'prices.due_shift',
};

/** The text for a value of a field that has a closed set of them. */
const WORDS: Record<string, (value: string) => string> = {
  state: (value) => `tenants.state_${value}`,
  roles: (value) => `operators.role_${value}`,
  mode: (value) => `common.mode_${value}`,
  hierarchy: (value) => `revocation.hierarchy_${value}`,
  revocation_methods: (value) => `contract.method_${value}`,
  disclosure: (value) => `contract.disclosure_${value}`,
  sign_up_consent_purposes: (value) => `contract.purpose_${value}`,
  purposes: (value) => `contract.purpose_${value}`,
  tax_category: (value) => `prices.tax_${value}`,
  applies_to: (value) => `prices.applies_to_${value}`,
  meter: (value) => `prices.meter_${value}`,
  kind: (value) => `prices.kind_${value}`,
  ground: (value) => `prices.ground_${value}`,
  purpose: (value) => `prices.purpose_${value}`,
  tiering: (value) => `prices.tiering_${value}`,
  dedupe: (value) => `prices.dedupe_${value}`,
  rounding: (value) => `prices.rounding_${value}`,
  closing_day: (value) => `prices.closing_${value}`,
  due_day: (value) => `prices.day_${value}`,
  due_shift: (value) => `prices.due_shift_${value}`,
  billed_outcomes: (value) => `verifications.outcome_${value}`,
};

const DAYS = new Set(['notified_on', 'valid_from', 'valid_until', 'on', 'ends_on', 'age_dates']);
export const isDay = (name: string): boolean => DAYS.has(name);

/** Yen as texts, with at most three decimals. */
const AMOUNTS = new Set(['base_fee', 'minimum', 'unit_price', 'amount']);
export const isAmount = (name: string): boolean => AMOUNTS.has(name);

/** The text that names a field; undefined for one that this console does not know yet. */
export const nameKey = (name: string): TextKey | undefined => (Object.hasOwn(NAMES, name) ? NAMES[name] : undefined);

/** The text that says a value; undefined where it is said as it is. */
export function wordKey(name: string, value: string): TextKey | undefined {
  const key = Object.hasOwn(WORDS, name) ? WORDS[name]!(value) : undefined;
  return key !== undefined && isTextKey(key) ? key : undefined;
}
