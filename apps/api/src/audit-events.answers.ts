import type { AuditEvent } from '#lib/audit';
import { csvRow, fromPublicId, ID_PREFIXES, type IdPrefix, toPublicId } from '#lib/platform';
import type { AuditEventAnswer } from './audit-events.schemas.js';

/** How the audit trail names things that a tenant knows by a public id. */
const NOUNS: Partial<Record<string, IdPrefix>> = {
  tenant: 'ten',
  api_key: 'key',
  challenge: 'chl',
  verification: 'ver',
  usage_event: 'use',
  person: 'per',
  person_certificate: 'crt',
  consent: 'cns',
  serial_linkage: 'lnk',
  counterpart_lookup: 'cpl',
  age_check: 'age',
  attribute_update: 'atu',
  event: 'evt',
  webhook_endpoint: 'whe',
  presentation: 'prs',
};
const NOUN_OF = new Map(Object.entries(NOUNS).map(([noun, prefix]) => [prefix, noun]));
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** `ver_…` as the audit trail has it, `verification:<uuid>`; undefined for an id that names nothing. */
export function auditTarget(publicId: string): string | undefined {
  const prefix = ID_PREFIXES.find((each) => publicId.startsWith(`${each}_`));
  const noun = prefix && NOUN_OF.get(prefix);
  const uuid = prefix && fromPublicId(prefix, publicId);
  return noun === undefined || uuid === undefined ? undefined : `${noun}:${uuid}`;
}

/** `<noun>:<id>` in two, with the public id where there is one. */
function named(text: string): { type: string; id: string } {
  const at = text.indexOf(':');
  const [type, id] = at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
  const prefix = NOUNS[type];
  return { type, id: prefix !== undefined && UUID.test(id) ? toPublicId(prefix, id) : id };
}

function actorOf(text: string): AuditEventAnswer['actor'] {
  const { type, id } = named(text);
  if (type === 'api_key') return { type, id };
  return { type: type === 'operator' ? 'operator' : 'system', id: null };
}

/** Why an operator looked at evidence, or keeps it, may be an inquiry that whom it is about must not learn of. */
const UNTOLD_REASONS = new Set(['evidence.open', 'verification.reveal', 'legal_hold.place', 'legal_hold.lift']);

/**
 * Left out: hashes of serials that J-LIS named and nobody of the tenant has, as how many there are is not the tenant's to
 * know; reasons that could warn somebody.
 */
function toldDetail({ action, detail: { discarded: _discarded, ...detail } }: AuditEvent): AuditEvent['detail'] {
  const { reason: _reason, ...withoutReason } = detail;
  return UNTOLD_REASONS.has(action) ? withoutReason : detail;
}

/** An event as its tenant sees it: of our own people neither name nor address, of strangers' certificates nothing. */
export function auditEventAnswerOf(event: AuditEvent): AuditEventAnswer {
  const actor = actorOf(event.actor);
  return {
    id: toPublicId('aud', event.id),
    mode: event.mode ?? 'test',
    recorded_at: event.recordedAt,
    actor,
    action: event.action,
    schema_version: event.schemaVersion,
    target: named(event.target),
    request_id: event.requestId,
    ip: actor.type === 'api_key' ? event.ip : null,
    detail: toldDetail(event),
    change: event.change,
  };
}

export const AUDIT_CSV_COLUMNS = [
  'id',
  'mode',
  'recorded_at',
  'actor_type',
  'actor_id',
  'action',
  'schema_version',
  'target_type',
  'target_id',
  'request_id',
  'ip',
  'detail',
  'change',
];

export function auditCsvRow(answer: AuditEventAnswer): string {
  const { id, mode, recorded_at, actor, action, schema_version, target, request_id, ip, detail, change } = answer;
  return csvRow([
    id,
    mode,
    recorded_at,
    actor.type,
    actor.id,
    action,
    schema_version,
    target.type,
    target.id,
    request_id,
    ip,
    JSON.stringify(detail),
    change === null ? null : JSON.stringify(change),
  ]);
}
