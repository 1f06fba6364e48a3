import { z } from 'zod';
import { UPDATE_STATES } from '#lib/persons';
import { attributesSchema } from '#lib/verification';
import { time } from './schemas.js';

const MAX_PERSONS = 100;

export const attributeUpdateRequest = z
  .strictObject({
    person_ids: z
      .array(z.string().regex(/^per_[0-9a-f]{32}$/))
      .min(1)
      .max(MAX_PERSONS)
      .refine((ids) => new Set(ids).size === ids.length, 'must differ'),
    since: z.enum(['last_delivery', 'own_certificate']).default('last_delivery').meta({
      description:
        'Newer than what: the attributes delivered last, or those of the certificate the person presented. The second delivers again, and is metered again, what an answer that got lost had delivered.',
    }),
  })
  .meta({ id: 'AttributeUpdateRequest' });
export type AttributeUpdateBody = z.output<typeof attributeUpdateRequest>;

export const attributeUpdateAnswer = z
  .object({
    id: z.string(),
    created_at: time.meta({ description: 'By the clock of the mode; test time can be moved.' }),
    results: z
      .array(
        z.object({
          person_id: z.string(),
          state: z.enum([...UPDATE_STATES, 'delivered']).meta({
            description: '`delivered`: in a repeated answer, what was `updated` in the first. It is not kept.',
          }),
          attributes: attributesSchema.nullable().meta({ description: 'With `updated` only.' }),
        }),
      )
      .meta({ description: 'In the order of `person_ids`.' }),
  })
  .meta({ id: 'AttributeUpdate' });
export type AttributeUpdateAnswer = z.output<typeof attributeUpdateAnswer>;
