import type { AuditEvent } from '#lib/audit';
import { fromPublicId, type IdPrefix, toPublicId } from '#lib/platform';
import { publicActor } from './contract.js';
import type { AuditEventAnswer } from './search-schemas.js';

const PREFIX_OF: Record<string, IdPrefix> = {
  operator: 'opr',
  tenant: 'ten',
  api_key: 'key',
  approval: 'apr',
  verification: 'ver',
  webhook_endpoint: 'whe',
};

/** `operator:opr_…` as it is stored; anything else as it was typed. */
export function storedName(text: string): string {
  const [noun = '', id = ''] = text.split(':', 2);
  const prefix = PREFIX_OF[noun];
  const uuid = prefix && fromPublicId(prefix, id);
  return uuid === undefined ? text : `${noun}:${uuid}`;
}

export const auditAnswer = (event: AuditEvent): AuditEventAnswer => ({
  id: toPublicId('aud', event.id),
  recorded_at: event.recordedAt,
  tenant_id: event.tenantId === null ? null : toPublicId('ten', event.tenantId),
  mode: event.mode,
  actor: publicActor(event.actor),
  action: event.action,
  target: publicActor(event.target),
  request_id: event.requestId,
  ip: event.ip,
  schema_version: event.schemaVersion,
  detail: event.detail,
  change: event.change,
});
