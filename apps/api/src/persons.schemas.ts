import { z } from 'zod';
import { METERS, METHODS } from '#lib/billing';
import { CONCLUSIONS, NEXT_STEPS } from '#lib/persons';
import { CRL_REASONS } from '#lib/pki';
import { DISCLOSURES } from '#lib/tenancy';
import type { PersonRequest } from '#lib/verification';
import { consentOf, givenConsent } from './given-consent.js';

/** What a check may be asked about its holder; goes into the requests of verifications and authentications. */
export const personMembers = {
  identify: z.boolean().default(false).meta({
    description:
      'Whether to tell whose certificate it is, from your own records. Needs the contract to include `identify`. An auth certificate that nobody has seen is connected with the one before it by itself, given a `consent`.',
  }),
  counterpart: z.boolean().default(false).meta({
    description:
      "With `identify`: whether to find the holder's other certificate too, with a `consent`. Counted when J-LIS delivers one. Needs the contract to include `counterpart`.",
  }),
  consent: givenConsent,
};

export const needsIdentify = {
  check: (body: { identify: boolean; counterpart: boolean; consent?: unknown }): boolean =>
    body.identify || (!body.counterpart && body.consent === undefined),
  fault: { message: 'counterpart and consent go with identify', path: ['identify'] },
};

/** What a request asks about the holder. */
export const personRequestOf = (body: {
  identify: boolean;
  counterpart: boolean;
  consent?: z.output<typeof givenConsent>;
}): { person?: PersonRequest } =>
  body.identify ? { person: { counterpart: body.counterpart, ...consentOf(body.consent) } } : {};

const personId = z.string().meta({ description: 'Random, of this tenant and mode.' });

const time = z.iso.datetime();
const text = z.object({ ja: z.string(), en: z.string() });
const certificateStatus = z.enum(['good', 'revoked', 'expired', 'unknown']);
const provenance = z.enum(['presented', 'linked', 'counterpart']).meta({
  description:
    'How the certificate became known: presented with a signature, by a linkage, or by a counterpart lookup.',
});
const reason = z.enum(CRL_REASONS.filter((name) => name !== undefined));
const usage = z.array(z.object({ id: z.string(), meter: z.enum(METERS), method: z.enum(METHODS) }));

const toldStatus = z
  .object({
    certificate_id: z.string(),
    provenance,
    status: certificateStatus
      .nullable()
      .meta({ description: 'Null where it may not be told; see docs/api/persons.md.' }),
    reason: reason.nullable(),
    this_update: time.nullable(),
  })
  .meta({ id: 'PersonCertificateStatus' });

export const personStatus = z
  .object({
    checked_at: time,
    conclusion: z.enum(CONCLUSIONS),
    alive: z
      .object({ state: z.enum(['confirmed_as_of', 'not_confirmed']), this_update: time.nullable() })
      .meta({ description: 'Confirmed by an unexpired, unrevoked auth certificate and fresh data, by nothing else.' }),
    message: text.meta({ description: 'For your staff. May be reworded; act on `conclusion`.' }),
    user_message: text.meta({ description: 'Safe to show to the person: names no cause.' }),
    next_step: z.enum(NEXT_STEPS),
    sign: toldStatus.nullable().meta({ description: 'Null: no sign certificate is known.' }),
    auth: toldStatus.nullable().meta({ description: 'Null: no auth certificate is known.' }),
    usage: usage.meta({ description: 'The questions that were asked for this.' }),
  })
  .meta({ id: 'PersonStatus' });

export const verificationPerson = z
  .object({
    state: z.enum(['identified', 'severed', 'ambiguous']).meta({
      description:
        '`severed`: the certificate belonged to a person who was deleted. `ambiguous`: what is known about the certificate contradicts itself, so nobody is named.',
    }),
    id: personId.nullable(),
    new: z.boolean().meta({ description: 'The certificate was seen for the first time and made a person.' }),
    merged_into: personId
      .nullable()
      .meta({ description: 'The person under whom this one goes on, when both have turned out to be the same.' }),
    status: personStatus.nullable().meta({
      description: 'As concluded then, when certificates of both kinds were known.',
    }),
  })
  .meta({ id: 'VerificationPerson' });

export const person = z
  .object({ id: personId, created_at: time, merged_into: personId.nullable() })
  .meta({ id: 'Person' });
export const personList = z
  .object({ data: z.array(person), next_cursor: z.string().nullable() })
  .meta({ id: 'PersonList' });
/** Without an id: a named schema would not be told apart into query parameters in the API's description. */
export const personListQuery = z.strictObject({
  cursor: z.string().max(64).optional(),
  limit: z.coerce.number().int().min(1).max(100).default(20),
});

export const personCertificates = z
  .object({
    person_id: personId,
    data: z.array(
      z
        .object({
          id: z.string(),
          kind: z.enum(['sign', 'auth']),
          provenance,
          first_seen_at: time,
          not_after: time.nullable().meta({ description: 'Null where it is not known or may not be told.' }),
          disclosure: z.enum(DISCLOSURES),
          status: certificateStatus.nullable(),
          reason: reason.nullable(),
          this_update: time.nullable(),
        })
        .meta({ id: 'PersonCertificate' }),
    ),
  })
  .meta({ id: 'PersonCertificates' });
