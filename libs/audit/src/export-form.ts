import { z } from 'zod';

/**
 * The lines of an export, JSON objects in the one form of `canonical`. One `header`; then per day the events by `seq` and
 * the day's statement; one `end`. See docs/audit.md.
 */
export const EXPORT_FORMAT = 'shomei-audit-export/1';

/** Octets of a line: an event holds at most 64 KiB of `detail` and of `change`, and a character becomes six at most. */
export const MAX_EXPORT_LINE_BYTES = 1024 * 1024;

const hash = z.string().regex(/^[0-9a-f]{64}$/);
const seq = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const day = z.iso.date();
const text = z.string();
/** As written by us and by nobody else: bits and characters that decoding passes over would be a change that no check sees. */
const octets = text.refine((value) => Buffer.from(value, 'base64').toString('base64') === value);
const keyId = z.string().regex(/^[\w-]{1,32}$/);

const place = { seq, day, hash, head: hash };

export const exportLine = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('header'),
    format: z.literal(EXPORT_FORMAT),
    /** First and last day. */
    from: day,
    to: day,
    /** Events of others are `hidden`. */
    tenant: z.strictObject({ tenant_id: text, mode: text.nullable() }).nullable(),
    after_seq: seq,
    after_head: hash,
    /** Public keys by id, SubjectPublicKeyInfo in base64. */
    keys: z.record(keyId, octets),
    made_at: text,
  }),
  z.strictObject({
    type: z.literal('event'),
    ...place,
    event: z.strictObject({
      id: text,
      tenant_id: text.nullable(),
      mode: text.nullable(),
      actor: text,
      action: text,
      schema_version: z.number().int(),
      target: text,
      request_id: text.nullable(),
      ip: text.nullable(),
      detail: text,
      change: text.nullable(),
      recorded_at: text,
    }),
  }),
  // An event that this export does not show: its hash keeps its place in the chain.
  z.strictObject({ type: z.literal('hidden'), ...place }),
  // The chain has the event, the database no longer does.
  z.strictObject({ type: z.literal('lost'), ...place, id: text }),
  z.strictObject({
    type: z.literal('statement'),
    statement: z.strictObject({
      kind: z.enum(['closing', 'checkpoint']),
      day,
      after_seq: seq,
      after_head: hash,
      seq,
      head: hash,
      signed_at: text,
      key: keyId,
    }),
    signature: z.string().regex(/^[\w-]{86}$/),
  }),
  z.strictObject({ type: z.literal('end'), seq, head: hash }),
]);
export type ExportLine = z.output<typeof exportLine>;
export type HeaderLine = Extract<ExportLine, { type: 'header' }>;
export type RowLine = Extract<ExportLine, { type: 'event' | 'hidden' | 'lost' }>;
export type StatementLine = Extract<ExportLine, { type: 'statement' }>;
