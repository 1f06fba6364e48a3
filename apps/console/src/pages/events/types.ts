import type { Schemas } from '../../api';

export type EventType = Schemas['EventHead']['type'];

const TEXTS = {
  'person.linked': 'events.type_person_linked',
  'person.merged': 'events.type_person_merged',
  'person.status_changed': 'events.type_person_status_changed',
  'person.certificate_expiring': 'events.type_person_certificate_expiring',
  'linkage.resolved': 'events.type_linkage_resolved',
  'consent.withdrawn': 'events.type_consent_withdrawn',
  'sweep.completed': 'events.type_sweep_completed',
  'sweep.failed': 'events.type_sweep_failed',
  'sweep.cancelled': 'events.type_sweep_cancelled',
  'webhook_endpoint.test': 'events.type_webhook_endpoint_test',
  'webhook_endpoint.disabled': 'events.type_webhook_endpoint_disabled',
} as const satisfies Record<EventType, string>;

/** What a tenant is told of. */
export const EVENT_TYPES = Object.keys(TEXTS) as EventType[];

/** A type in words. */
export const eventText = (type: EventType): (typeof TEXTS)[EventType] => TEXTS[type];
