import { z } from 'zod';
import { DELIVERY_STATES, EVENT_TYPES } from '#lib/webhook';
import { time } from './schemas.js';

const MAX_URL = 2_048;
const MAX_OVERLAP_HOURS = 168;
const USUAL_OVERLAP_HOURS = 24;

const distinct = (values: readonly string[]): boolean => new Set(values).size === values.length;
const url = z
  .url()
  .max(MAX_URL)
  // Written out by a parser it may be longer.
  .refine((text) => URL.canParse(text) && new URL(text).href.length <= MAX_URL, 'is too long')
  .meta({ description: 'https:// and not an address of a private network; also not behind its name.' });
const description = z
  .string()
  .max(200)
  .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must not contain control characters');
const eventTypes = z
  .array(z.enum(EVENT_TYPES))
  .min(1)
  .max(EVENT_TYPES.length)
  .refine(distinct, 'must differ')
  .nullable()
  .meta({ description: 'Null: all, also types there will be.' });

export const webhookEndpointRequest = z
  .strictObject({
    url,
    description: description.default(''),
    event_types: eventTypes.default(null),
    enabled: z.boolean().default(true),
  })
  .meta({ id: 'WebhookEndpointRequest' });
export type WebhookEndpointBody = z.output<typeof webhookEndpointRequest>;

export const webhookEndpointChange = z
  .strictObject({
    url: url.optional(),
    description: description.optional(),
    event_types: eventTypes.optional(),
    enabled: z.boolean().optional().meta({ description: 'True sends what was waiting at once.' }),
  })
  .meta({ id: 'WebhookEndpointChange' });
export type WebhookEndpointChangeBody = z.output<typeof webhookEndpointChange>;

export const webhookSecretRotation = z
  .strictObject({
    overlap_hours: z.int().min(0).max(MAX_OVERLAP_HOURS).default(USUAL_OVERLAP_HOURS).meta({
      description: 'How long the old secret signs beside the new one.',
    }),
  })
  .meta({ id: 'WebhookSecretRotation' });
export type WebhookSecretRotationBody = z.output<typeof webhookSecretRotation>;

const fields = {
  id: z.string(),
  url: z.string(),
  description: z.string(),
  event_types: z.array(z.enum(EVENT_TYPES)).nullable().meta({ description: 'Null: all.' }),
  enabled: z.boolean(),
  disabled_reason: z.enum(['failing', 'gone']).nullable().meta({
    description:
      'Why the platform has disabled it: `failing`, all attempts at a delivery failed and no other succeeded meanwhile; `gone`, the receiver answered 410. Null: you did, or it is enabled.',
  }),
  disabled_at: time.nullable(),
  failing_since: time.nullable().meta({ description: 'No attempt has succeeded since.' }),
  last_success_at: time.nullable(),
  last_failure_at: time.nullable(),
  old_secrets_until: z.array(time).meta({ description: 'Ends of the secrets that were replaced and still sign.' }),
  created_at: time,
};
export const webhookEndpoint = z.object(fields).meta({ id: 'WebhookEndpoint' });
export type WebhookEndpointAnswer = z.output<typeof webhookEndpoint>;
export const newWebhookEndpoint = z
  .object({
    ...fields,
    secret: z.string().nullable().meta({
      description: 'Shown this once: null in a repeated answer. Who lost it rotates it.',
    }),
  })
  .meta({ id: 'NewWebhookEndpoint' });
export const webhookEndpointList = z
  .object({ data: z.array(webhookEndpoint), next_cursor: z.string().nullable() })
  .meta({ id: 'WebhookEndpointList' });

/** Without an id: a named schema would not be told apart into query parameters in the API's description. */
export const webhookListQuery = z.strictObject({
  cursor: z.string().max(64).optional(),
  limit: z.coerce.number().int().min(1).max(100).default(20),
});
export const webhookDeliveryListQuery = webhookListQuery.extend({ state: z.enum(DELIVERY_STATES).optional() });

const delivery = {
  event_id: z.string(),
  type: z.enum(EVENT_TYPES),
  sequence: z.number().nullable().meta({ description: 'As sent; null before the first attempt.' }),
  state: z.enum(DELIVERY_STATES),
  attempts: z.number().meta({ description: 'Since it was put out or last sent again.' }),
  next_attempt_at: time.nullable().meta({ description: 'Null: at once, or never.' }),
  created_at: time,
  finished_at: time.nullable(),
};
export const webhookDeliverySummary = z.object(delivery).meta({ id: 'WebhookDeliverySummary' });
export const webhookDeliveryList = z
  .object({ data: z.array(webhookDeliverySummary), next_cursor: z.string().nullable() })
  .meta({ id: 'WebhookDeliveryList' });
export const webhookDelivery = z
  .object({
    ...delivery,
    log: z
      .array(
        z.object({
          started_at: time,
          duration_ms: z.number(),
          status: z.number().nullable().meta({ description: 'Of the answer; null: none came.' }),
          failure: z
            .enum([
              'status',
              'redirected',
              'timeout',
              'unreachable',
              'tls_refused',
              'answer_malformed',
              'target_refused',
              'unresolved',
            ])
            .nullable()
            .meta({ description: 'Null: delivered.' }),
          response_head: z.string().nullable().meta({ description: 'The first 512 characters of the answer.' }),
        }),
      )
      .meta({ description: 'Attempts of the last thirty days, the newest first, at most a hundred.' }),
  })
  .meta({ id: 'WebhookDelivery' });

export const webhookReplayRequest = z
  .strictObject({
    event_id: z.string().max(64).optional(),
    recorded_after: z.iso.datetime({ offset: true }).optional().meta({ description: 'Real time, this or later.' }),
    recorded_before: z.iso.datetime({ offset: true }).optional(),
    undelivered_only: z.boolean().optional().meta({ description: 'Of a time: leaves out what was delivered.' }),
  })
  .refine(
    ({ event_id, recorded_after, recorded_before, undelivered_only }) =>
      event_id === undefined
        ? recorded_after !== undefined && recorded_before !== undefined
        : recorded_after === undefined && recorded_before === undefined && undelivered_only === undefined,
    'needs either event_id alone, or recorded_after and recorded_before',
  )
  .meta({ id: 'WebhookReplayRequest' });
export type WebhookReplayBody = z.output<typeof webhookReplayRequest>;
export const webhookReplay = z
  .object({ events: z.number().meta({ description: 'How many events are sent again.' }) })
  .meta({ id: 'WebhookReplay' });
