import { z } from 'zod';
import { CONSENT_COVERS, CONSENT_TEXT_VERSION, type GivenConsent } from '#lib/persons';

/** What a person agreed to, as the service provider states it; the same wherever a request brings a consent. */
export const statedConsent = {
  text_version: z.string().regex(CONSENT_TEXT_VERSION).meta({ description: 'Version of the text the person read.' }),
  given_at: z.iso.datetime({ offset: true }).meta({ description: 'Not later than now, by the clock of the mode.' }),
  covers: z
    .array(z.enum(CONSENT_COVERS))
    .min(1)
    .max(CONSENT_COVERS.length)
    .refine((covers) => new Set(covers).size === covers.length, 'must differ')
    .meta({
      description:
        '`jlis_use`: J-LIS uses its records about the person. Besides, `obtain_previous_serial` for a linkage, `obtain_counterpart` for a counterpart, `obtain_latest_attributes` for latest attributes.',
    }),
};

const stated = z
  .strictObject(statedConsent)
  .meta({ id: 'StatedConsent', description: 'What the person agreed to before this request.' });

const signUp = z
  .strictObject({ sign_up: z.literal(true) })
  .meta({ id: 'SignUpConsent', description: 'The person accepted the sign-up text that your contract declares.' });

/** The consent that a request brings; without it one registered beforehand may serve. */
export const givenConsent = z.union([stated, signUp]).optional().meta({
  description:
    'Without one, a consent of the person registered by POST /v1/consents serves. Without any, J-LIS is not asked and the answer is `consent_required`.',
});

export function consentOf(body: z.output<typeof givenConsent>): { consent?: GivenConsent } {
  if (body === undefined) return {};
  if ('sign_up' in body) return { consent: { signUp: true } };
  return {
    consent: { textVersion: body.text_version, givenAt: Date.parse(body.given_at), covers: body.covers },
  };
}
