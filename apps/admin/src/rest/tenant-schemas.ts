import { z } from 'zod';
import {
  DISCLOSURES,
  ENDPOINT_CLASSES,
  type EndpointClass,
  GREATEST_LIMIT,
  REVOCATION_METHODS,
  TENANT_KEYS,
  TENANT_STATES,
  TENANT_STEPS,
} from '#lib/tenancy';
import { cursor, limit, mode, reason, sortBy, text, time } from './schemas.js';

const day = z.iso.date();
const signUpConsent = z
  .strictObject({
    text_version: z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, 'must be 1 to 64 letters, digits, dots, dashes'),
    purposes: z.array(z.enum(['serial_linkage', 'counterpart'])).max(2),
  })
  .nullable();

const classLimit = z.strictObject({
  per_second: z.int().min(1).max(GREATEST_LIMIT.perSecond).meta({ description: 'Requests in a second.' }),
  per_month: z
    .int()
    .min(0)
    .max(GREATEST_LIMIT.perMonth)
    .nullable()
    .meta({ description: 'Requests in a month of Japan; null: as many as the rate lets through.' }),
});
const ofEachClass = <T>(schema: T): Record<EndpointClass, T> =>
  Object.fromEntries(ENDPOINT_CLASSES.map((each) => [each, schema])) as Record<EndpointClass, T>;
const limits = z.strictObject(ofEachClass(classLimit));
const limitsChange = z
  .strictObject(ofEachClass(classLimit.partial()))
  .partial()
  .meta({ description: 'Of each class of endpoints of the SP API.' });

const terms = {
  revocation_methods: z.array(z.enum(REVOCATION_METHODS)).min(1).max(3),
  identify: z.boolean(),
  counterpart: z.boolean(),
  latest_attributes: z.boolean(),
  pinless_status: z.boolean().meta({ description: 'Whether auth certificates may be presented without a signature.' }),
  allowed_ages: z.array(z.int().min(0).max(130)).max(20),
  age_dates: z.array(day).max(20),
  age_questions_a_year: z.int().min(1).max(100),
  age_legal_day_inclusive: z.boolean(),
  change_events: z.boolean(),
  disclosure: z.enum(DISCLOSURES).meta({
    description:
      'At most, of certificates known by a counterpart lookup only; the policy of the platform may allow less.',
  }),
  sign_up_consent: signUpConsent,
};
export const contractChange = z
  .strictObject({ ...terms, limits: limitsChange })
  .partial()
  .meta({ id: 'ContractChange', description: 'Terms to change; what is absent stays as it is.' });
export type ContractChangeBody = z.output<typeof contractChange>;
/** What a contract includes is proposed; limits one operator changes. */
export const contractProposal = z
  .strictObject({ change: contractChange.omit({ limits: true }), reason })
  .meta({ id: 'ContractProposal' });
export const contractAnswer = z
  .object({ mode, reference_format: z.string().nullable(), ...terms, limits })
  .meta({ id: 'Contract' });
export type ContractAnswer = z.output<typeof contractAnswer>;

export const tenantRequest = z.strictObject({ name: text(200) }).meta({ id: 'NewTenant' });
const tenant = {
  id: z.string(),
  name: z.string(),
  created_at: time,
  state: z.enum(TENANT_STATES),
  state_since: time,
  steps: z.array(z.enum(TENANT_STEPS)).meta({ description: 'What can be done next, besides going live.' }),
  suspended_from: z.enum(TENANT_STATES).nullable(),
  notification: z.object({ notified_on: day, reference: z.string() }).nullable(),
  terminated_at: time.nullable().meta({ description: 'Retention of what the tenant leaves behind counts from here.' }),
};
export const tenantAnswer = z.object(tenant).meta({ id: 'Tenant' });
export const tenantDetail = z.object({ ...tenant, contracts: z.array(contractAnswer) }).meta({ id: 'TenantDetail' });
export const tenantList = z
  .object({ data: z.array(tenantAnswer), next_cursor: z.string().nullable() })
  .meta({ id: 'TenantList' });
export const tenantListQuery = z.strictObject({
  name: text(200).optional(),
  sort: sortBy(...TENANT_KEYS),
  cursor,
  limit,
});
export type TenantListQuery = z.output<typeof tenantListQuery>;
