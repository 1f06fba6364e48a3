import { z } from 'zod';
import { CONSENT_COVERS, CONSENT_PURPOSES, MAX_CONSENT_DOCUMENT } from '#lib/persons';
import { statedConsent } from './given-consent.js';
import { base64, time } from './schemas.js';

const personId = z.string().max(64);
const purpose = z.enum(CONSENT_PURPOSES);

export const consentRequest = z
  .strictObject({
    person_id: personId,
    purpose,
    ...statedConsent,
    evidence: z
      .strictObject({
        verification_id: z.string().max(64).meta({
          description: 'A `valid` raw signature verification over the document, at most ten minutes old.',
        }),
        document: base64(MAX_CONSENT_DOCUMENT, 'The signed consent document. Passed on to J-LIS, not stored.'),
      })
      .optional()
      .meta({ description: 'Needed for `latest_attributes`.' }),
  })
  .meta({ id: 'ConsentRequest' });
export type ConsentBody = z.output<typeof consentRequest>;

export const consentListQuery = z.strictObject({
  person_id: personId.optional(),
  purpose: purpose.optional(),
  cursor: z.string().max(64).optional(),
  limit: z.coerce.number().int().min(1).max(100).default(20),
});
export type ConsentListQuery = z.output<typeof consentListQuery>;

export const consentAnswer = z
  .object({
    id: z.string(),
    person_id: z.string(),
    purpose,
    text_version: z.string(),
    given_at: time,
    covers: z.array(z.enum(CONSENT_COVERS)),
    source: z.enum(['call', 'sign_up', 'registered']).meta({
      description: 'How it came: with the call it was needed for, by the sign-up text of the contract, or beforehand.',
    }),
    evidence_verification_id: z.string().nullable(),
    registered_with_jlis: z.boolean(),
    expires_at: time,
    created_at: time.meta({ description: 'By the clock of the mode; test time can be moved.' }),
    withdrawal: z
      .object({ withdrawn_at: time, source: z.enum(['tenant', 'jlis', 'person_deleted']) })
      .nullable()
      .meta({ description: '`jlis`: the person withdrew it there.' }),
  })
  .meta({ id: 'Consent' });
export type ConsentAnswer = z.output<typeof consentAnswer>;

export const consentList = z
  .object({ data: z.array(consentAnswer), next_cursor: z.string().nullable() })
  .meta({ id: 'ConsentList' });
