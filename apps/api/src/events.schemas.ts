import { z } from 'zod';
import { EVENT_TYPES } from '#lib/webhook';

const type = z.enum(EVENT_TYPES);

export const event = z
  .object({
    id: z.string(),
    type,
    occurred_at: z.iso.datetime(),
    data: z
      .object({
        person_id: z.string().optional(),
        merged_person_id: z.string().optional(),
        certificate_id: z.string().optional(),
        serial_linkage_id: z.string().optional(),
        consent_id: z.string().optional(),
        status_sweep_id: z.string().optional(),
        webhook_endpoint_id: z.string().optional(),
      })
      .meta({ description: 'Ids of things of yours, and nothing else.' }),
  })
  .meta({ id: 'Event' });

export const eventList = z
  .object({
    data: z.array(event),
    next_cursor: z
      .string()
      .nullable()
      .meta({ description: 'Where to go on, now or later; null only when nothing has ever happened.' }),
    has_more: z.boolean(),
  })
  .meta({ id: 'EventList' });

/** Without an id: a named schema would not be told apart into query parameters in the API's description. */
export const eventListQuery = z.strictObject({
  cursor: z.string().max(128).optional(),
  limit: z.coerce.number().int().min(1).max(100).default(20),
  types: z
    .string()
    .max(1_000)
    .transform((text) => text.split(','))
    .pipe(z.array(type).min(1).max(EVENT_TYPES.length))
    .optional(),
});
