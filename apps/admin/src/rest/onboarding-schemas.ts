import { z } from 'zod';
import { CONTACT_ROLES, TENANT_STEPS } from '#lib/tenancy';
import { reason, text } from './schemas.js';
import { tenantAnswer } from './tenant-schemas.js';

const MAX_CALLS_A_MONTH = 1_000_000_000;

const contact = z.strictObject({
  role: z.enum(CONTACT_ROLES),
  name: text(100),
  email: z
    .string()
    .trim()
    .max(254)
    .regex(/^[^\s@\p{Cc}]+@[^\s@\p{Cc}]+$/u, 'must be an e-mail address'),
  phone: text(20),
});

export const application = z
  .strictObject({
    kind: z.enum(['corporation', 'other']).meta({ description: '`other`: whoever has no corporate number.' }),
    legal_name: text(200),
    legal_name_kana: text(200).meta({ description: 'In full-width katakana.' }),
    corporate_number: text(20).nullable().meta({ description: '13 digits with their check digit.' }),
    address: text(300),
    contacts: z.array(contact).min(1).max(10).meta({ description: 'One of them responsible.' }),
    service_name: text(200),
    purpose_of_use: text(1000),
    expected_volumes: z.strictObject({
      signature_verifications_a_month: z.int().min(0).max(MAX_CALLS_A_MONTH),
      authentications_a_month: z.int().min(0).max(MAX_CALLS_A_MONTH),
    }),
    invoice_registration_number: text(20)
      .nullable()
      .meta({ description: 'T and 13 digits; of a corporation its corporate number.' }),
  })
  .meta({ id: 'Application' });
export type ApplicationBody = z.output<typeof application>;

const warning = z.object({ field: z.string(), rule: z.string(), message: z.string(), message_ja: z.string() });
export const filedAnswer = z
  .object({ tenant: tenantAnswer, warnings: z.array(warning).meta({ description: 'For the review.' }) })
  .meta({ id: 'FiledApplication' });

/** YYYY-MM-DD of Japan; the service checks that it is not in the future. */
export const stepRequest = z
  .discriminatedUnion('step', [
    z.strictObject({ step: z.literal('notify'), reason, notified_on: z.iso.date(), reference: text(100) }),
    z.strictObject({ step: z.enum(TENANT_STEPS).exclude(['notify']), reason }),
  ])
  .meta({ id: 'TenantStep', description: '`notify` records that J-LIS was notified, when and by which reference.' });
export type StepBody = z.output<typeof stepRequest>;

export const goLiveRequest = z.strictObject({ reason }).meta({ id: 'GoLive' });
