import { z } from 'zod';

const time = z.iso.datetime({ offset: true });
const facts = z.record(z.string(), z.unknown());

export const auditEventAnswer = z
  .object({
    id: z.string(),
    mode: z.enum(['live', 'test']),
    recorded_at: z.string().meta({ description: 'Real time, UTC, to the microsecond.' }),
    actor: z.object({
      type: z.enum(['api_key', 'operator', 'system']),
      id: z.string().nullable().meta({ description: 'Of the API key. Who the operator was is in our own records.' }),
    }),
    action: z.string(),
    schema_version: z.number().meta({ description: 'Of the fields in `detail` and `change` of this action.' }),
    target: z.object({ type: z.string(), id: z.string() }),
    request_id: z.string().nullable(),
    ip: z.string().nullable().meta({ description: 'Where the request came from; not of our own people.' }),
    detail: facts,
    change: facts.nullable().meta({ description: '`before` and `after`: the fields that differ.' }),
  })
  .meta({ id: 'AuditEvent', description: 'Who did what to which thing, written with the deed and never changed.' });
export type AuditEventAnswer = z.output<typeof auditEventAnswer>;

export const auditEventList = z
  .object({ data: z.array(auditEventAnswer), next_cursor: z.string().nullable() })
  .meta({ id: 'AuditEventList' });

const filters = {
  action: z
    .string()
    .max(100)
    .regex(/^[a-z_]+\.([a-z_]+|\*)$/, 'must be like verification.create or verification.*')
    .optional(),
  target: z.string().max(64).optional().meta({ description: 'Id of a thing, for example `ver_…` or `per_…`.' }),
  request_id: z.string().max(64).optional(),
};

export const auditEventListQuery = z.strictObject({
  cursor: z.string().max(64).optional(),
  limit: z.coerce.number().int().min(1).max(100).default(20),
  ...filters,
  recorded_after: time.optional(),
  recorded_before: time.optional(),
});
export type AuditEventListQuery = z.output<typeof auditEventListQuery>;

export const auditEventExportQuery = z.strictObject({ ...filters, recorded_after: time, recorded_before: time });
export type AuditEventExportQuery = z.output<typeof auditEventExportQuery>;
