import { z } from 'zod';
import { DELIVERY_STATES, EVENT_TYPES, MOST_COUNTED } from '#lib/webhook';
import { cursor, id, limit, mode, sortBy, time } from './schemas.js';

const eventType = z.enum(EVENT_TYPES);
const counted = (what: string) =>
  z.number().meta({ description: `${what}; ${MOST_COUNTED} and more are not counted.` });

export const endpointHealthList = z
  .object({
    data: z.array(
      z
        .object({
          id: z.string(),
          mode,
          origin: z.string().meta({ description: 'Of its URL: scheme, host and port.' }),
          event_types: z.array(eventType).nullable().meta({ description: 'Null: all.' }),
          enabled: z.boolean(),
          disabled_reason: z.enum(['failing', 'gone']).nullable(),
          disabled_at: time.nullable(),
          failing_since: time.nullable(),
          last_success_at: time.nullable(),
          last_failure_at: time.nullable(),
          waiting: counted('Deliveries that wait for an attempt'),
          waiting_since: time.nullable(),
          failed: counted('Deliveries given up in the last thirty days'),
          created_at: time,
        })
        .meta({ id: 'WebhookEndpointHealth' }),
    ),
  })
  .meta({ id: 'WebhookEndpointHealthList' });

export const deliveryQuery = z.strictObject({
  state: z.enum(DELIVERY_STATES).optional(),
  sort: sortBy('created_at'),
  cursor,
  limit,
});
const delivery = {
  event_id: z.string(),
  type: eventType,
  sequence: z.number().nullable(),
  state: z.enum(DELIVERY_STATES),
  attempts: z.number(),
  next_attempt_at: time.nullable(),
  created_at: time,
  finished_at: time.nullable(),
};
export const deliverySummary = z.object(delivery).meta({ id: 'WebhookDeliverySummary' });
export const deliveryList = z
  .object({ data: z.array(deliverySummary), next_cursor: z.string().nullable() })
  .meta({ id: 'WebhookDeliveryList' });
export const deliveryDetail = z
  .object({
    ...delivery,
    log: z.array(
      z.object({
        started_at: time,
        duration_ms: z.number(),
        status: z.number().nullable(),
        failure: z.string().nullable(),
      }),
    ),
  })
  .meta({ id: 'WebhookDelivery' });

export const replayRequest = z
  .strictObject({
    event_id: id.optional(),
    recorded_after: z.iso.datetime({ offset: true }).optional(),
    recorded_before: z.iso.datetime({ offset: true }).optional(),
    undelivered_only: z.boolean().optional(),
  })
  .refine(
    ({ event_id, recorded_after, recorded_before, undelivered_only }) =>
      event_id === undefined
        ? recorded_after !== undefined && recorded_before !== undefined
        : recorded_after === undefined && recorded_before === undefined && undelivered_only === undefined,
    'needs either event_id alone, or recorded_after and recorded_before',
  )
  .meta({ id: 'WebhookReplayRequest' });
export const replayAnswer = z.object({ events: z.number() }).meta({ id: 'WebhookReplay' });

const bound = z.iso.datetime({ offset: true }).optional();
export const eventQuery = z.strictObject({
  mode,
  type: eventType.optional(),
  recorded_after: bound,
  recorded_before: bound,
  sort: sortBy('recorded_at'),
  cursor,
  limit,
});
const event = {
  id: z.string(),
  mode,
  type: eventType,
  occurred_at: time.meta({ description: 'By the clock of the mode; recorded_at is real time.' }),
  recorded_at: time,
};
export const eventHead = z.object(event).meta({ id: 'EventHead', description: 'What happened and when, not to whom.' });
export const eventHeadList = z
  .object({ data: z.array(eventHead), next_cursor: z.string().nullable() })
  .meta({ id: 'EventHeadList' });
export const toldEvent = z
  .object({
    ...event,
    deliveries: z
      .array(
        z
          .object({
            endpoint_id: z.string(),
            origin: z.string().meta({ description: 'Of the URL: scheme, host and port.' }),
            ...delivery,
          })
          .meta({ id: 'EventDelivery' }),
      )
      .meta({ description: 'To endpoints that there still are.' }),
  })
  .meta({ id: 'ToldEvent' });
