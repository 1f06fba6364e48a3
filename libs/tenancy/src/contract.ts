import type { EntityManager } from 'typeorm';
import { Problem, type Tenancy } from '#lib/platform';
import { readLimits, type Limits, type StoredLimits } from './limits.js';

/** Consents that a sign-up text can cover for every user. */
export type SignUpPurpose = 'serial_linkage' | 'counterpart';

/** Where a request may have the revocation status looked up. */
export const REVOCATION_METHODS = ['crl', 'ocsp', 'ocsp_or_crl'] as const;
export type RevocationMethod = (typeof REVOCATION_METHODS)[number];

/**
 * What a tenant may be told about a certificate, the least first. `none`: it is not asked about. `conclusion_only`: it
 * counts in what is concluded about the person, and its own status is not told.
 */
export const DISCLOSURES = ['none', 'conclusion_only', 'status'] as const;
export type Disclosure = (typeof DISCLOSURES)[number];

/** What the contract of a tenant and mode allows. */
export interface Contract {
  referenceFormat: string | null;
  /** At least one. */
  revocationMethods: readonly RevocationMethod[];
  identify: boolean;
  counterpart: boolean;
  latestAttributes: boolean;
  /** Whether an auth certificate may be presented without a signature (かざし利用). */
  pinlessStatus: boolean;
  /** Thresholds an age check may ask for; empty: none. */
  allowedAges: readonly number[];
  /** Reference dates besides today, YYYY-MM-DD of Japan. */
  ageDates: readonly string[];
  /** Distinct questions about one person in a year of Japan. */
  ageQuestionsAYear: number;
  /** Whether a person is of an age on the day before the birthday, at whose end the law has them reach it. */
  ageLegalDayInclusive: boolean;
  /** Whether the tenant is told when a person's status changes or a certificate ends soon. */
  changeEvents: boolean;
  /** At most, of certificates known by a counterpart lookup only; the platform's own policy may allow less. */
  disclosure: Disclosure;
  signUpConsent: { textVersion: string; purposes: readonly SignUpPurpose[] } | undefined;
  limits: Limits;
}

/** What a contract includes, under the names of its columns: as it stands in a proposal. */
export interface ContractFeatures {
  revocation_methods: RevocationMethod[];
  identify: boolean;
  counterpart: boolean;
  latest_attributes: boolean;
  pinless_status: boolean;
  allowed_ages: number[];
  age_dates: string[];
  age_questions_a_year: number;
  age_legal_day_inclusive: boolean;
  change_events: boolean;
  disclosure: Disclosure;
  sign_up_consent_version: string | null;
  sign_up_consent_purposes: SignUpPurpose[];
}

type Row = ContractFeatures & { reference_format: string | null; limits: StoredLimits };

/**
 * The contract's terms as they are now. Row-level security shows the one of the transaction's tenant and mode.
 * @param manager of a transaction of this tenant
 */
export async function readContract(manager: EntityManager, { tenantId, mode }: Tenancy): Promise<Contract> {
  const rows: Row[] = await manager.query(
    `select reference_format, revocation_methods, identify, counterpart, latest_attributes, pinless_status, allowed_ages, age_dates::text[] as age_dates,
       age_questions_a_year, age_legal_day_inclusive, change_events, disclosure, sign_up_consent_version, sign_up_consent_purposes, limits
     from contract where tenant_id = $1 and mode = $2`,
    [tenantId, mode],
  );
  const row = rows[0];
  if (!row) throw new Error(`tenant ${tenantId} has no contract in ${mode}`);
  return toContract(row);
}

/** A contract from its columns. */
export function toContract(row: Row): Contract {
  return {
    referenceFormat: row.reference_format,
    revocationMethods: row.revocation_methods,
    identify: row.identify,
    counterpart: row.counterpart,
    latestAttributes: row.latest_attributes,
    pinlessStatus: row.pinless_status,
    allowedAges: row.allowed_ages,
    ageDates: row.age_dates,
    ageQuestionsAYear: row.age_questions_a_year,
    ageLegalDayInclusive: row.age_legal_day_inclusive,
    changeEvents: row.change_events,
    disclosure: row.disclosure,
    signUpConsent:
      row.sign_up_consent_version === null
        ? undefined
        : { textVersion: row.sign_up_consent_version, purposes: row.sign_up_consent_purposes },
    limits: readLimits(row.limits),
  };
}

export const featuresOf = (contract: Contract): ContractFeatures => ({
  revocation_methods: [...contract.revocationMethods],
  identify: contract.identify,
  counterpart: contract.counterpart,
  latest_attributes: contract.latestAttributes,
  pinless_status: contract.pinlessStatus,
  allowed_ages: [...contract.allowedAges],
  age_dates: [...contract.ageDates],
  age_questions_a_year: contract.ageQuestionsAYear,
  age_legal_day_inclusive: contract.ageLegalDayInclusive,
  change_events: contract.changeEvents,
  disclosure: contract.disclosure,
  sign_up_consent_version: contract.signUpConsent?.textVersion ?? null,
  sign_up_consent_purposes: [...(contract.signUpConsent?.purposes ?? [])],
});

/** Parts of the contract that are on or off. */
export type Feature = 'identify' | 'counterpart' | 'latest_attributes' | 'pinless_status' | 'age_check';

const INCLUDES: Record<Feature, (contract: Contract) => boolean> = {
  identify: (contract) => contract.identify,
  counterpart: (contract) => contract.counterpart,
  latest_attributes: (contract) => contract.latestAttributes,
  pinless_status: (contract) => contract.pinlessStatus,
  age_check: (contract) => contract.allowedAges.length > 0,
};

/** @throws Problem `feature_not_contracted` */
export function requireFeature(contract: Contract, feature: Feature): void {
  if (!INCLUDES[feature](contract)) throw new Problem('feature_not_contracted', { feature });
}

/** @throws Problem `feature_not_contracted`, its `feature` being `revocation_<method>` */
export function requireMethod(contract: Pick<Contract, 'revocationMethods'>, method: RevocationMethod): void {
  if (!contract.revocationMethods.includes(method))
    throw new Problem('feature_not_contracted', { feature: `revocation_${method}` });
}
