import { z } from 'zod';
import { REVOCATION_METHODS } from '#lib/tenancy';

export const meAnswer = z
  .object({
    tenant_id: z.string(),
    mode: z.enum(['live', 'test']),
    api_key: z.object({ id: z.string(), scopes: z.array(z.string()) }),
    contract: z.object({
      reference_format: z.string().nullable(),
      revocation_methods: z
        .array(z.enum(REVOCATION_METHODS))
        .meta({ description: 'What `revocation` of a verification may say.' }),
      identify: z.boolean(),
      counterpart: z.boolean(),
      latest_attributes: z.boolean(),
      allowed_ages: z.array(z.number()).meta({ description: 'Thresholds of age checks; empty: none are included.' }),
      age_dates: z.array(z.string()).meta({ description: 'Reference dates of age checks besides today.' }),
      age_questions_a_year: z.number(),
      age_legal_day_inclusive: z.boolean(),
      sign_up_consent: z
        .object({ text_version: z.string(), purposes: z.array(z.enum(['serial_linkage', 'counterpart'])) })
        .nullable()
        .meta({ description: 'The text that every user accepts at sign-up, and what it covers.' }),
    }),
    now: z.iso.datetime().meta({ description: 'The clock of the mode.' }),
  })
  .meta({ id: 'Me' });
