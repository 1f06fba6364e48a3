import { z } from 'zod';
import { METERS, METHODS } from '#lib/billing';
import { AS_OF } from '#lib/verification';
import { verificationAnswer } from './schemas.js';

const { shape } = verificationAnswer;
const time = z.iso.datetime();

export const evidenceAnswer = z
  .object({
    verification_id: z.string(),
    kind: shape.kind,
    decided_at: shape.decided_at,
    recorded_at: time.meta({ description: 'Real time.' }),
    outcome: shape.outcome,
    checks: shape.checks,
    certificate: shape.certificate,
    revocation_attempts: shape.revocation_attempts,
    policy: z.string().nullable().meta({ description: 'Name of the rules it was judged by.' }),
    receipt: shape.receipt,
    kept: z
      .array(z.enum(['certificate', 'signature', 'digest', 'signed_attributes', 'ocsp_answer', 'crl']))
      .meta({ description: 'What is kept for you. The bytes stay with the operator of the platform.' }),
    retention: z.object({
      kind: z.literal('verification'),
      until: time.meta({ description: 'Kept at least until then; longer under a legal hold.' }),
    }),
  })
  .meta({ id: 'Evidence' });
export type EvidenceAnswer = z.output<typeof evidenceAnswer>;

export const reverifyRequest = z
  .strictObject({
    as_of: z.enum(AS_OF).meta({
      description:
        '`then`: the same checks from what was kept, by the revocation data of that time; not metered. `now`: at this moment and with current revocation data; metered.',
    }),
  })
  .meta({ id: 'ReverifyRequest' });
export type ReverifyBody = z.output<typeof reverifyRequest>;

export const reverificationAnswer = z
  .object({
    verification_id: z.string(),
    kind: shape.kind,
    as_of: z.enum(AS_OF),
    at: time.meta({ description: 'The moment for which the checks were repeated, by the clock of the mode.' }),
    outcome: shape.outcome,
    reason: shape.reason,
    reasons: shape.reasons,
    checks: shape.checks,
    revocation_attempts: z.array(
      shape.revocation_attempts.element.extend({
        basis: z.enum(['rederived', 'as_recorded']).meta({
          description: '`as_recorded`: the statement it rests on is not kept or there was none; taken from the record.',
        }),
      }),
    ),
    agrees: z.boolean().meta({ description: 'Outcome, reasons and checks are those of the verification.' }),
    policy: z.object({ then: z.string().nullable(), now: z.string() }),
    usage: z.array(z.object({ id: z.string(), meter: z.enum(METERS), method: z.enum(METHODS) })),
  })
  .meta({ id: 'Reverification' });
export type ReverificationAnswer = z.output<typeof reverificationAnswer>;
