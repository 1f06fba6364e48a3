import { z } from 'zod';
import { CHECKS } from '#lib/pki';
import { cursor, id, limit, mode, sortBy, text, time } from './schemas.js';

const bound = z.iso.datetime({ offset: true });
const outcome = z.enum(['valid', 'invalid', 'indeterminate']);
const bilingual = z.object({ ja: z.string(), en: z.string() });

export const verificationFilter = z.strictObject({
  tenant_id: id.optional(),
  mode: mode.optional(),
  reference: text(128).optional().meta({ description: "The tenant's own reference; needs tenant_id." }),
  outcome: outcome.optional(),
  created_after: bound
    .optional()
    .meta({ description: 'Real time. Without tenant_id: at most 7 days before created_before, by default one day.' }),
  created_before: bound.optional(),
});
export type VerificationFilter = z.output<typeof verificationFilter>;
export const verificationQuery = verificationFilter.extend({ sort: sortBy('recorded_at'), cursor, limit });
export type VerificationQuery = z.output<typeof verificationQuery>;

const found = {
  id: z.string(),
  tenant_id: z.string(),
  mode,
  api_key_id: z.string(),
  kind: z.enum(['signature', 'authentication']),
  decided_at: time,
  recorded_at: time,
  outcome,
  reason: z.string().nullable(),
  reference: z.string().nullable(),
};
export const foundVerification = z.object(found).meta({ id: 'FoundVerification' });
export const foundList = z
  .object({ data: z.array(foundVerification), next_cursor: z.string().nullable() })
  .meta({ id: 'FoundVerificationList' });

export const explanation = z
  .object({
    ...found,
    steps: z.array(
      z
        .object({
          check: z.enum(CHECKS),
          result: z.enum(['passed', 'failed', 'not_run']),
          title: bilingual,
          reasons: z.array(
            z.object({
              code: z.string(),
              operands: z.record(z.string(), z.union([z.string(), z.number()])),
              message: z.string(),
              remedy: z.string(),
              user_message: bilingual,
            }),
          ),
        })
        .meta({ id: 'ExplainedStep' }),
    ),
    signature: z.object({
      format: z.enum(['raw', 'cms']),
      padding: z.string().nullable(),
      digest_algorithm: z.string().nullable(),
      signing_time: time.nullable(),
    }),
    certificate: z.object({
      kind: z.enum(['sign', 'auth']),
      not_before: time,
      not_after: time,
      issuer_fingerprint: z.string().nullable(),
    }),
    revocation_attempts: z.array(
      z.object({
        method: z.enum(['crl', 'ocsp']),
        status: z.string(),
        reason: z.string().nullable(),
        revoked_at: time.nullable(),
        this_update: time.nullable(),
        next_update: time.nullable(),
        produced_at: time.nullable(),
        crl_number: z.string().nullable(),
        source_sha256: z.string().nullable(),
        detail: z.string().nullable(),
      }),
    ),
  })
  .meta({ id: 'Explanation' });
export type Explanation = z.output<typeof explanation>;

export const auditQuery = z.strictObject({
  actor: text(200).optional(),
  action: z
    .string()
    .max(100)
    .regex(/^[a-z_]+\.([a-z_]+|\*)$/, 'must be <noun>.<verb> or <noun>.*')
    .optional()
    .meta({ description: 'An action such as `operator.sign_in`, or all of a noun: `operator.*`.' }),
  target: text(200).optional(),
  tenant_id: id.optional().meta({
    description: 'What concerns its data, what was done to it, and the approvals of what was proposed about it.',
  }),
  request_id: text(64).optional(),
  recorded_after: bound.optional().meta({ description: 'By default 30 days before recorded_before.' }),
  recorded_before: bound.optional(),
  sort: sortBy('recorded_at'),
  cursor,
  limit,
});
export type AuditQuery = z.output<typeof auditQuery>;
export const auditEvent = z
  .object({
    id: z.string(),
    recorded_at: time,
    tenant_id: z.string().nullable(),
    mode: mode.nullable(),
    actor: z.string(),
    action: z.string(),
    target: z.string(),
    request_id: z.string().nullable(),
    ip: z.string().nullable(),
    schema_version: z.number(),
    detail: z.unknown(),
    change: z.unknown().meta({
      description:
        '`before` and `after` of the fields that differ. Personal values in it are ciphertext or keyed hashes, and stay so here.',
    }),
  })
  .meta({ id: 'AuditEvent' });
export type AuditEventAnswer = z.output<typeof auditEvent>;
export const auditList = z
  .object({ data: z.array(auditEvent), next_cursor: z.string().nullable() })
  .meta({ id: 'AuditEventList' });
