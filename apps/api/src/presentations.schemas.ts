import { z } from 'zod';
import { METERS, METHODS } from '#lib/billing';
import { certificate, check, reason, revocationEvidence, time } from './schemas.js';

export const presentationRequest = z.strictObject({ certificate }).meta({ id: 'PresentationRequest' });
export type PresentationBody = z.output<typeof presentationRequest>;

export const presentationAnswer = z
  .object({
    id: z.string(),
    mode: z.enum(['live', 'test']),
    decided_at: time.meta({ description: 'By the clock of the mode; test time can be moved.' }),
    outcome: z.enum(['valid', 'invalid', 'indeterminate']).meta({
      description: '`valid` says that the certificate may be used, not who presents it.',
    }),
    reason: reason.nullable().meta({ description: 'The headline: the highest-ranking of `reasons`.' }),
    reasons: z.array(reason),
    checks: z.array(check).meta({ description: '`signature` is always `not_run`.' }),
    certificate: z.object({
      not_before: time,
      not_after: time,
      issuer_fingerprint: z.string().nullable(),
    }),
    revocation: revocationEvidence.nullable().meta({
      description: 'null unless you identified the holder by a signature with this certificate before.',
    }),
    person: z
      .object({ id: z.string() })
      .nullable()
      .meta({ description: 'Whose certificate it is, where that is known.' }),
    usage: z.array(z.object({ id: z.string(), meter: z.enum(METERS), method: z.enum(METHODS) })),
  })
  .meta({ id: 'Presentation' });
export type PresentationAnswer = z.output<typeof presentationAnswer>;
