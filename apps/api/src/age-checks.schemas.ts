import { z } from 'zod';
import { MAX_AGES } from '#lib/persons';
import { authenticationRequest, time } from './schemas.js';

/** Fields of an authentication that an age check can bring with it. */
const { challenge_id, certificate, signature, padding, digest_algorithm, revocation, reference } =
  authenticationRequest.shape;

const day = z.iso.date();
const age = z.int().min(0).max(130);

export const ageCheckRequest = z
  .strictObject({
    verification_id: z.string().max(64).optional().meta({
      description: 'A `valid` signature verification or authentication of the person, at most ten minutes old.',
    }),
    authentication: z
      .strictObject({ challenge_id, certificate, signature, padding, digest_algorithm, revocation, reference })
      .optional()
      .meta({
        description: "Instead: the card's answer to a challenge, verified first as POST /v1/authentications does.",
      }),
    ages: z
      .array(age)
      .min(1)
      .max(MAX_AGES)
      .refine((ages) => new Set(ages).size === ages.length, 'must differ')
      .meta({ description: 'Whole years; only those of the contract.' }),
    on: day.optional().meta({ description: 'A day of Japan that the contract lists. Left out: today in Japan.' }),
  })
  .refine((body) => (body.verification_id === undefined) !== (body.authentication === undefined), {
    message: 'send either verification_id or authentication',
    path: ['verification_id'],
  })
  .meta({ id: 'AgeCheckRequest' });
export type AgeCheckBody = z.output<typeof ageCheckRequest>;

export const ageCheckAnswer = z
  .object({
    id: z.string(),
    verification_id: z.string().meta({ description: 'The check it rests on; metered there and not again here.' }),
    source: z.enum(['sign_certificate', 'jlis']),
    created_at: time.meta({ description: 'By the clock of the mode; test time can be moved.' }),
    on: day,
    legal_day_inclusive: z.boolean().meta({
      description: 'Whether the contract has the age reached on the day before the birthday, at whose end it is.',
    }),
    answers: z.array(
      z.object({
        age,
        answer: z.enum(['yes', 'no', 'unknown']).meta({
          description: '`unknown`: the date of birth is incomplete and does not decide it.',
        }),
      }),
    ),
  })
  .meta({ id: 'AgeCheck' });
export type AgeCheckAnswer = z.output<typeof ageCheckAnswer>;
