import { z } from 'zod';
import { AS_OF, attributesSchema } from '#lib/verification';
import { explanation } from './search-schemas.js';
import { mode, text, time } from './schemas.js';

/** 3 to 500 characters, which the database asks for too. */
export const evidenceReason = text(500).min(3).meta({ description: 'Why it has to be seen; kept in the audit trail.' });

export const evidenceRequest = z.strictObject({ reason: evidenceReason }).meta({ id: 'EvidenceRequest' });
export type EvidenceBody = z.output<typeof evidenceRequest>;

export const revealedHolder = z
  .object({
    verification_id: z.string(),
    tenant_id: z.string(),
    mode,
    certificate_kind: z.enum(['sign', 'auth']),
    attributes: attributesSchema.nullable().meta({ description: 'Of a sign certificate.' }),
    certificate: z
      .object({
        serial_number: z.string(),
        issuer: z.string(),
        subject: z.string(),
        not_before: time,
        not_after: time,
        sha256: z.string(),
      })
      .nullable()
      .meta({ description: 'Of an auth certificate, which has no attributes.' }),
    withheld: z.enum(['not_proved', 'attributes_missing']).nullable().meta({
      description:
        'Why there is neither. `not_proved`: path, profile, validity or signature did not pass, so nothing shows that it was the holder.',
    }),
  })
  .meta({ id: 'RevealedHolder' });
export type RevealedHolderAnswer = z.output<typeof revealedHolder>;

export const operatorReverifyRequest = z
  .strictObject({
    as_of: z.enum(AS_OF).meta({
      description:
        '`then`: by what was known when it was decided. `now`: at this moment, by the lists in the database.',
    }),
    reason: evidenceReason,
  })
  .meta({ id: 'OperatorReverifyRequest' });
export type OperatorReverifyBody = z.output<typeof operatorReverifyRequest>;

const { shape } = explanation;
export const operatorReverification = z
  .object({
    verification_id: z.string(),
    as_of: z.enum(AS_OF),
    at: time.meta({ description: 'The moment for which the checks were repeated, by the clock of the mode.' }),
    outcome: shape.outcome,
    reason: shape.reason,
    agrees: z.boolean().meta({ description: 'Outcome, reasons and checks are those of the verification.' }),
    steps: shape.steps,
    revocation_attempts: z.array(
      shape.revocation_attempts.element.extend({
        basis: z.enum(['rederived', 'as_recorded']).meta({
          description: '`as_recorded`: the statement it rests on is not kept or there was none; taken from the record.',
        }),
      }),
    ),
    policy: z.object({ then: z.string().nullable(), now: z.string() }),
  })
  .meta({ id: 'OperatorReverification' });
export type OperatorReverificationAnswer = z.output<typeof operatorReverification>;
