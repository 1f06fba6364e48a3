import { z } from 'zod';
import { CONSENT_COVERS, COUNTERPART_DETAILS, COUNTERPART_STATES } from '#lib/persons';
import { givenConsent } from './given-consent.js';

const time = z.iso.datetime();

export const counterpartLookupRequest = z
  .strictObject({
    verification_id: z.string().max(64).meta({
      description: 'A `valid` signature verification or authentication, at most ten minutes old.',
    }),
    consent: givenConsent,
  })
  .meta({ id: 'CounterpartLookupRequest' });
export type CounterpartLookupBody = z.output<typeof counterpartLookupRequest>;

export const counterpartLookupAnswer = z
  .object({
    id: z.string(),
    state: z.enum(COUNTERPART_STATES).meta({
      description:
        '`found`: the person is now known by both certificates. `not_found`: there is no other one. `not_yet_linkable`: too fresh, ask again from `retry_at` on. `consent_required`: J-LIS was not asked. `ambiguous`: the answer contradicts what is recorded; nothing was changed. `severed`: it was the certificate of a person you deleted.',
    }),
    detail: z.enum(COUNTERPART_DETAILS).nullable().meta({ description: 'Why, where the state alone does not tell.' }),
    needs: z
      .array(z.enum(CONSENT_COVERS))
      .nullable()
      .meta({ description: 'With `consent_required`: what a consent has to cover.' }),
    person_id: z.string().nullable().meta({ description: 'The holder, as it is now: a merge later is followed.' }),
    certificate_id: z.string().nullable().meta({ description: 'The one that was presented.' }),
    counterpart_certificate_id: z.string().nullable().meta({ description: 'The other one.' }),
    source: z.enum(['own_record', 'jlis']).nullable().meta({
      description: '`own_record`: it was recorded before, so J-LIS was not asked and nothing is charged.',
    }),
    retry_at: time.nullable(),
    verification_id: z.string().meta({ description: 'The check it rests on.' }),
    consent_id: z.string().nullable(),
    usage: z.array(
      z.object({ id: z.string(), meter: z.literal('counterpart_delivered'), method: z.literal('service') }),
    ),
    created_at: time.meta({ description: 'By the clock of the mode; test time can be moved.' }),
  })
  .meta({ id: 'CounterpartLookup' });
export type CounterpartLookupAnswer = z.output<typeof counterpartLookupAnswer>;
