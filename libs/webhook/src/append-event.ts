import type { EntityManager } from 'typeorm';
import { newId, type Tenancy } from '#lib/platform';

/** What a tenant is told about. */
export const EVENT_TYPES = [
  'person.linked',
  'person.merged',
  'person.status_changed',
  'person.certificate_expiring',
  'linkage.resolved',
  'consent.withdrawn',
  'sweep.completed',
  'sweep.failed',
  'sweep.cancelled',
  'webhook_endpoint.test',
  'webhook_endpoint.disabled',
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** Members of an event's data: public ids of things of the tenant, and nothing else. */
export interface EventData {
  person_id?: string;
  merged_person_id?: string;
  certificate_id?: string;
  serial_linkage_id?: string;
  consent_id?: string;
  status_sweep_id?: string;
  webhook_endpoint_id?: string;
}

/**
 * Tells the tenant of a change, in the transaction that makes the change. Where the tenant has webhook endpoints for it,
 * the database puts the event out to them in the same statement (trigger `put_out` of the table).
 * @param at milliseconds, by the clock of the mode
 */
export async function appendEvent(
  manager: EntityManager,
  { tenantId, mode }: Tenancy,
  event: { type: EventType; at: number; data: EventData },
): Promise<string> {
  const id = newId(Date.now());
  await manager.query(
    'insert into event (tenant_id, mode, id, type, occurred_at, data) values ($1, $2, $3, $4, $5, $6)',
    [tenantId, mode, id, event.type, new Date(event.at), JSON.stringify(event.data)],
  );
  return id;
}
