import {
  type Contract,
  type ContractChange,
  DISCLOSURES,
  ENDPOINT_CLASSES,
  type EndpointClass,
  GREATEST_LIMIT,
  type LimitsChange,
  REVOCATION_METHODS,
  type SignUpPurpose,
  storeLimits,
} from '#lib/tenancy';
import { CommandRefused } from './command-refused.js';

const PURPOSES: readonly SignUpPurpose[] = ['serial_linkage', 'counterpart'];
/** The least and the greatest age that J-LIS is asked about. */
const AGES = { least: 0, greatest: 130 };
const QUESTIONS = { least: 1, greatest: 100 };
const MAX_LISTED = 20;
/** As in the consents that are sent to J-LIS. */
const TEXT_VERSION = /^[A-Za-z0-9._-]{1,64}$/;

function refuse(name: string, form: string): never {
  throw new CommandRefused(`${name} is ${form}`);
}

function onOff(name: string, text: string): boolean {
  return text === 'on' || (text === 'off' ? false : refuse(name, 'on or off'));
}

function integer(name: string, text: string, { least, greatest }: { least: number; greatest: number }): number {
  const value = /^[0-9]{1,12}$/.test(text) ? Number(text) : -1;
  return value >= least && value <= greatest ? value : refuse(name, `a whole number from ${least} to ${greatest}`);
}

/** Distinct values separated by commas, or none. */
function list<T>(name: string, text: string, one: (part: string) => T): T[] {
  if (text === 'none') return [];
  const parts = text.split(',');
  if (parts.length > MAX_LISTED) refuse(name, `a list of at most ${MAX_LISTED}`);
  if (new Set(parts).size < parts.length) refuse(name, 'a list that names each thing once');
  return parts.map(one);
}

function date(name: string, text: string): string {
  const parsed = /^\d{4}-\d{2}-\d{2}$/.test(text) ? new Date(`${text}T00:00:00Z`) : undefined;
  // The round trip refuses a 30 February that was taken for a day of March.
  if (!parsed || Number.isNaN(parsed.getTime()) || parsed.toISOString().slice(0, 10) !== text)
    refuse(name, 'dates of the form YYYY-MM-DD, or none');
  return text;
}

function signUpConsent(name: string, text: string): ContractChange {
  if (text === 'none') return { signUpConsent: null };
  const [textVersion = '', purposes = '', ...rest] = text.split(':');
  if (rest.length > 0 || !TEXT_VERSION.test(textVersion))
    refuse(name, 'VERSION:PURPOSE,… or none; a version is 1 to 64 letters, digits, dots, hyphens and underscores');
  const covered = list(name, purposes, (part) => {
    const purpose = PURPOSES.find((each) => each === part);
    return purpose ?? refuse(name, `VERSION:PURPOSE,… with purposes of ${PURPOSES.join(', ')}`);
  });
  return { signUpConsent: { textVersion, purposes: covered } };
}

/** `CLASS:VALUE,…` */
function byClass<T>(name: string, text: string, valueOf: (text: string) => T): [EndpointClass, T][] {
  const form = `CLASS:VALUE,… with classes of ${ENDPOINT_CLASSES.join(', ')}`;
  const read = list(name, text, (part): [EndpointClass, T] => {
    const [named, value, ...rest] = part.split(':');
    const endpointClass = ENDPOINT_CLASSES.find((each) => each === named);
    if (endpointClass === undefined || value === undefined || rest.length > 0) refuse(name, form);
    return [endpointClass, valueOf(value)];
  });
  if (read.length === 0) refuse(name, form);
  if (new Set(read.map(([endpointClass]) => endpointClass)).size < read.length)
    refuse(name, 'a list that names each class once');
  return read;
}

const TERMS: Record<string, (name: string, text: string) => ContractChange> = {
  identify: (name, text) => ({ identify: onOff(name, text) }),
  counterpart: (name, text) => ({ counterpart: onOff(name, text) }),
  latest_attributes: (name, text) => ({ latestAttributes: onOff(name, text) }),
  pinless_status: (name, text) => ({ pinlessStatus: onOff(name, text) }),
  allowed_ages: (name, text) => ({
    allowedAges: list(name, text, (part) => integer(name, part, AGES)).sort((a, b) => a - b),
  }),
  age_dates: (name, text) => ({ ageDates: list(name, text, (part) => date(name, part)).sort() }),
  age_questions_a_year: (name, text) => ({ ageQuestionsAYear: integer(name, text, QUESTIONS) }),
  age_legal_day_inclusive: (name, text) => ({ ageLegalDayInclusive: onOff(name, text) }),
  change_events: (name, text) => ({ changeEvents: onOff(name, text) }),
  disclosure: (name, text) => {
    const disclosure = DISCLOSURES.find((each) => each === text);
    return disclosure ? { disclosure } : refuse(name, `one of ${DISCLOSURES.join(', ')}`);
  },
  sign_up_consent: signUpConsent,
  revocation_methods: (name, text) => {
    const form = `one or more of ${REVOCATION_METHODS.join(', ')}`;
    const revocationMethods = list(name, text, (part) => {
      const method = REVOCATION_METHODS.find((each) => each === part);
      return method ?? refuse(name, form);
    });
    return revocationMethods.length > 0 ? { revocationMethods } : refuse(name, form);
  },
  rate_limits: (name, text) => {
    const bounds = { least: 1, greatest: GREATEST_LIMIT.perSecond };
    const read = byClass(name, text, (value) => ({ perSecond: integer(name, value, bounds) }));
    return { limits: Object.fromEntries(read) };
  },
  monthly_quotas: (name, text) => {
    const bounds = { least: 0, greatest: GREATEST_LIMIT.perMonth };
    const read = byClass(name, text, (value) => ({ perMonth: value === 'none' ? null : integer(name, value, bounds) }));
    return { limits: Object.fromEntries(read) };
  },
};

/** Reads `NAME=VALUE` texts. @throws CommandRefused that says which term has which form. */
export function readTerms(texts: readonly string[]): ContractChange {
  if (texts.length === 0) throw new CommandRefused('--term is missing');
  const seen = new Set<string>();
  let change: ContractChange = {};
  for (const text of texts) {
    const at = text.indexOf('=');
    const name = text.slice(0, Math.max(at, 0));
    const read = Object.hasOwn(TERMS, name) ? TERMS[name] : undefined;
    if (!read) throw new CommandRefused(`--term is NAME=VALUE with one of ${Object.keys(TERMS).join(', ')}`);
    if (seen.has(name)) throw new CommandRefused(`--term ${name} is given twice`);
    seen.add(name);
    const { limits, ...terms } = read(name, text.slice(at + 1));
    change = { ...change, ...terms, ...(limits ? { limits: together(change.limits ?? {}, limits) } : {}) };
  }
  return change;
}

/** Rate and quota of a class may come from two terms. */
const together = (one: LimitsChange, other: LimitsChange): LimitsChange =>
  Object.fromEntries(
    ENDPOINT_CLASSES.filter((each) => one[each] ?? other[each]).map((each) => [each, { ...one[each], ...other[each] }]),
  );

/** The terms as they are shown, under the names by which they are set. */
export const showTerms = (contract: Contract): Record<string, unknown> => ({
  reference_format: contract.referenceFormat,
  revocation_methods: contract.revocationMethods,
  identify: contract.identify,
  counterpart: contract.counterpart,
  latest_attributes: contract.latestAttributes,
  pinless_status: contract.pinlessStatus,
  allowed_ages: contract.allowedAges,
  age_dates: contract.ageDates,
  age_questions_a_year: contract.ageQuestionsAYear,
  age_legal_day_inclusive: contract.ageLegalDayInclusive,
  change_events: contract.changeEvents,
  disclosure: contract.disclosure,
  sign_up_consent: contract.signUpConsent
    ? { text_version: contract.signUpConsent.textVersion, purposes: contract.signUpConsent.purposes }
    : null,
  limits: storeLimits(contract.limits),
});
