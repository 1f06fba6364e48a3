import { z } from 'zod';
import { CONSENT_COVERS, LINKAGE_DETAILS, LINKAGE_STATES } from '#lib/persons';
import { givenConsent } from './given-consent.js';

const time = z.iso.datetime();

export const serialLinkageRequest = z
  .strictObject({
    verification_id: z
      .string()
      .max(64)
      .meta({ description: 'A `valid` authentication with the new certificate, at most ten minutes old.' }),
    consent: givenConsent,
  })
  .meta({ id: 'SerialLinkageRequest' });
export type SerialLinkageBody = z.output<typeof serialLinkageRequest>;

export const serialLinkageAnswer = z
  .object({
    id: z.string(),
    state: z.enum(LINKAGE_STATES).meta({
      description:
        '`linked`: the person is known by the certificate before this one. `pending`: asked again until it is resolved; then event `linkage.resolved`. `not_found`: no certificate before it is known to you. `consent_required`: J-LIS was not asked. `ambiguous`: the answer contradicts what is recorded; nothing was changed. `severed`: it was the certificate of a person you deleted.',
    }),
    detail: z.enum(LINKAGE_DETAILS).nullable().meta({ description: 'Why, where the state alone does not tell.' }),
    needs: z
      .array(z.enum(CONSENT_COVERS))
      .nullable()
      .meta({ description: 'With `consent_required`: what a consent has to cover.' }),
    next_step: z.enum(['none', 'wait', 'obtain_consent', 're_enrol', 'check_manually']),
    person_id: z.string().nullable().meta({ description: 'The holder, as it is now: a merge later is followed.' }),
    certificate_id: z.string().nullable().meta({ description: 'The new certificate.' }),
    previous_certificate_id: z
      .string()
      .nullable()
      .meta({ description: 'The one you knew before; steps between are never told.' }),
    source: z
      .enum(['own_record', 'jlis'])
      .nullable()
      .meta({ description: '`own_record`: it was recorded before, so J-LIS was not asked.' }),
    verification_id: z.string().meta({ description: 'The check it rests on.' }),
    consent_id: z.string().nullable(),
    attempts: z.number().int().meta({ description: 'How often J-LIS was asked.' }),
    next_attempt_at: time.nullable(),
    created_at: time.meta({ description: 'By the clock of the mode; test time can be moved.' }),
    updated_at: time,
  })
  .meta({ id: 'SerialLinkage' });
export type SerialLinkageAnswer = z.output<typeof serialLinkageAnswer>;

export const newerCertificatesQuery = z.strictObject({
  previous: z
    .string()
    .max(64)
    .meta({ description: 'Id of an auth certificate you know, `crt_…`. Never a serial number.' }),
});
export type NewerCertificatesQuery = z.output<typeof newerCertificatesQuery>;

export const newerCertificates = z
  .object({
    person_id: z.string(),
    data: z.array(
      z.object({
        certificate_id: z.string(),
        previous_certificate_id: z.string(),
        serial_linkage_id: z.string(),
        linked_at: time,
      }),
    ),
  })
  .meta({
    id: 'NewerCertificates',
    description: 'Step by step, the oldest first. Empty: not renewed as far as you know.',
  });
export type NewerCertificatesAnswer = z.output<typeof newerCertificates>;
