import { z } from 'zod';
import { MODES } from '#lib/platform';
import { auditEvent, auditQuery } from './search-schemas.js';
import { id, time } from './schemas.js';

const day = z.iso.date();
const range = {
  from: day.optional().meta({ description: 'First day of the chain, of Japan; by default its first.' }),
  to: day.optional().meta({ description: 'Last day; by default the one that is open.' }),
};
const inOrder = ({ from, to }: { from?: string | undefined; to?: string | undefined }): boolean =>
  from === undefined || to === undefined || from <= to;
const ORDER = { message: 'must not be before from', path: ['to'] };
const tenant = {
  tenant_id: id.optional(),
  mode: z.enum(MODES).optional().meta({ description: 'Needs tenant_id.' }),
};
const modeHasTenant = ({ tenant_id, mode }: { tenant_id?: string | undefined; mode?: string | undefined }): boolean =>
  mode === undefined || tenant_id !== undefined;
const TENANT = { message: 'needs tenant_id', path: ['mode'] };

export const auditExportQuery = z
  .strictObject({ ...range, ...tenant })
  .refine(inOrder, ORDER)
  .refine(modeHasTenant, TENANT);
export type AuditExportQuery = z.output<typeof auditExportQuery>;

const { actor, action, target, request_id } = auditQuery.shape;
export const auditTableQuery = z
  .strictObject({ ...range, ...tenant, actor, action, target, request_id })
  .refine(inOrder, ORDER)
  .refine(modeHasTenant, TENANT);
export type AuditTableQuery = z.output<typeof auditTableQuery>;

export const auditEventDetail = auditEvent
  .extend({
    seal: z
      .object({ seq: z.number(), day, row_hash: z.string(), head: z.string() })
      .nullable()
      .meta({ description: 'Its place in the chain; null while it waits for one, usually for some seconds.' }),
  })
  .meta({ id: 'AuditEventDetail' });
export type AuditEventDetailAnswer = z.output<typeof auditEventDetail>;

export const auditChain = z
  .object({
    seq: z.number().meta({ description: 'Events in the chain.' }),
    head: z.string().meta({ description: 'The hash that the last one leads to.' }),
    open_day: day.nullable(),
    sealed_at: time.nullable(),
    signed_at: time.nullable(),
    first_day: day.nullable(),
    last_closed_day: day.nullable(),
    closed_days: z.number(),
    unclosed_days: z.number().meta({ description: 'Days that are over and not signed: anything but 0 needs a look.' }),
    unsealed: z.number().meta({ description: 'Events that wait for their seal, at most 100,000.' }),
    oldest_unsealed_at: time.nullable(),
    key_ids: z.array(z.string()),
    verification_running: z.boolean().meta({ description: 'In the process that answers.' }),
    last_verification: auditEvent.nullable().meta({
      description: 'The event `audit.verify` of the last run, here or by the command; its detail has what was found.',
    }),
  })
  .meta({ id: 'AuditChain' });
export type AuditChainAnswer = z.output<typeof auditChain>;

export const auditVerifyRequest = z.strictObject(range).refine(inOrder, ORDER).meta({ id: 'AuditVerifyRequest' });
export type AuditVerifyBody = z.output<typeof auditVerifyRequest>;

export const auditVerification = z
  .object({
    state: z
      .enum(['done', 'running'])
      .meta({ description: '`running`: it goes on, and the chain’s `last_verification` will have the result.' }),
    report: z
      .object({
        whole: z.boolean(),
        fault_count: z.number(),
        faults: z.array(
          z.object({
            code: z.string(),
            meaning: z.string(),
            seq: z.number().nullable(),
            id: z.string().nullable(),
            day: z.string().nullable(),
          }),
        ),
        from: day.nullable(),
        to: day.nullable(),
        events: z.number(),
        seq: z.number().nullable(),
        signed_at: z.string().nullable(),
      })
      .nullable(),
  })
  .meta({ id: 'AuditVerification' });
export type AuditVerificationAnswer = z.output<typeof auditVerification>;
