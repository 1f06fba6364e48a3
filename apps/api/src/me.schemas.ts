import { z } from 'zod';
import { DISCLOSURES, ENDPOINT_CLASSES, REVOCATION_METHODS } from '#lib/tenancy';

const limit = z.object({
  per_second: z.number().meta({ description: 'Requests in a second.' }),
  per_month: z
    .number()
    .nullable()
    .meta({ description: 'Requests in a month of Japan; null: as many as the rate lets through.' }),
  used_this_month: z.number().meta({ description: 'Requests counted in this month, those just under way included.' }),
});

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
      pinless_status: z.boolean().meta({ description: 'Whether `POST /v1/presentations` is included.' }),
      allowed_ages: z.array(z.number()).meta({ description: 'Thresholds of age checks; empty: none are included.' }),
      age_dates: z.array(z.string()).meta({ description: 'Reference dates of age checks besides today.' }),
      age_questions_a_year: z.number(),
      age_legal_day_inclusive: z.boolean(),
      change_events: z.boolean().meta({
        description: "Whether you are told by events when a person's status changes or a certificate ends soon.",
      }),
      disclosure: z.enum(DISCLOSURES).meta({
        description:
          'What you are told at most of a certificate known by a counterpart lookup only. The policy of the platform may allow less: `disclosure` of a certificate says what holds.',
      }),
      sign_up_consent: z
        .object({ text_version: z.string(), purposes: z.array(z.enum(['serial_linkage', 'counterpart'])) })
        .nullable()
        .meta({ description: 'The text that every user accepts at sign-up, and what it covers.' }),
      limits: z
        .object(
          Object.fromEntries(ENDPOINT_CLASSES.map((each) => [each, limit])) as Record<
            (typeof ENDPOINT_CLASSES)[number],
            typeof limit
          >,
        )
        .meta({ description: 'Of each class of endpoints; `x-endpoint-class` of an operation names its class.' }),
    }),
    now: z.iso.datetime().meta({ description: 'The clock of the mode.' }),
  })
  .meta({ id: 'Me' });
