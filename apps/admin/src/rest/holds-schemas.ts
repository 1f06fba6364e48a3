import { z } from 'zod';
import { MODES } from '#lib/platform';
import { evidenceReason } from './evidence-schemas.js';
import { cursor, id, limit, mode, time } from './schemas.js';

export const legalHold = z
  .object({
    id: z.string(),
    tenant_id: z.string(),
    mode,
    person_id: z.string().nullable(),
    verification_id: z.string().nullable(),
    reason: z.string(),
    placed_by: z.string(),
    placed_at: time,
    lifted_by: z.string().nullable(),
    lift_reason: z.string().nullable(),
    lifted_at: time.nullable(),
  })
  .meta({ id: 'LegalHold', description: 'Neither a person nor a verification: everything of the tenant and mode.' });
export type LegalHoldAnswer = z.output<typeof legalHold>;
export const legalHoldList = z
  .object({ data: z.array(legalHold), next_cursor: z.string().nullable() })
  .meta({ id: 'LegalHoldList' });

export const legalHoldQuery = z.strictObject({
  tenant_id: id.optional(),
  mode: z.enum(MODES).optional(),
  state: z.enum(['open', 'lifted']).optional(),
  cursor,
  limit,
});
export type LegalHoldQuery = z.output<typeof legalHoldQuery>;

export const legalHoldRequest = z
  .strictObject({
    tenant_id: id,
    mode,
    person_id: id.optional(),
    verification_id: id.optional(),
    reason: evidenceReason.meta({ description: 'Why it has to be kept; shown and recorded.' }),
  })
  .refine((body) => body.person_id === undefined || body.verification_id === undefined, {
    message: 'send either person_id or verification_id',
    path: ['verification_id'],
  })
  .meta({ id: 'NewLegalHold' });
export type LegalHoldBody = z.output<typeof legalHoldRequest>;

export const liftRequest = z
  .strictObject({ reason: evidenceReason.meta({ description: 'Why it is needed no more; shown and recorded.' }) })
  .meta({ id: 'LiftLegalHold' });
export type LiftBody = z.output<typeof liftRequest>;

export const retentionRules = z
  .object({
    data: z.array(
      z
        .object({
          kind: z.string(),
          valid_from: time.nullable().meta({ description: 'Holds for what was recorded from then on; null: always.' }),
          keep: z.string().meta({ description: 'ISO 8601 duration.' }),
          ground: z.string(),
        })
        .meta({ id: 'RetentionRule' }),
    ),
  })
  .meta({ id: 'RetentionRuleList' });

export const retentionDueQuery = z.strictObject({ months: z.coerce.number().int().min(1).max(24).default(12) });
export type RetentionDueQuery = z.output<typeof retentionDueQuery>;
export const retentionDue = z
  .object({
    data: z.array(
      z
        .object({
          kind: z.string(),
          starts: time
            .nullable()
            .meta({ description: 'Null: overdue, because it is held or the next run has not come.' }),
          ends: time,
          things: z.number().meta({ description: 'Counted up to 100,000.' }),
        })
        .meta({ id: 'RetentionDue' }),
    ),
  })
  .meta({ id: 'RetentionDueList' });
