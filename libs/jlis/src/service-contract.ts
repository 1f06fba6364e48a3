import { z } from 'zod';
import * as field from './service-fields.js';

/** What one service of the contract in docs/openapi/jlis.json takes and gives. */
export interface ServiceRow {
  method: 'GET' | 'POST';
  path: string;
  summary: string;
  description: string;
  /** J-LIS charges for an answer, so a request that may have been sent is never sent again. */
  metered: boolean;
  /** Withdrawals are of the whole platform; every other request is made for one service provider. */
  platformWide?: true;
  /** The body of a POST, the query of a GET. */
  request: z.ZodObject;
  answer: z.ZodType;
  /** A problem that is an answer about what was asked and no fault of the exchange. */
  refusal?: { status: number; code: string };
}

/** The J-LIS services. Unknown members of an answer are ignored; a wrong type or an unknown state is malformed. */
export const SERVICES = {
  capabilities: {
    method: 'GET',
    path: '/v1/capabilities',
    summary: 'What this side of the contract can do',
    description:
      '`chained_linkage`: a superseded serial may itself be asked about, so that several renewals can be followed.',
    metered: false,
    request: z.object({}),
    answer: z.object({ version: z.string().min(1).max(64), chained_linkage: z.boolean() }).meta({ id: 'Capabilities' }),
  },
  serialLinkage: {
    method: 'POST',
    path: '/v1/serial-linkages',
    summary: 'The serial of the auth certificate before this one',
    description:
      'One step back, with the person’s consent. A superseded serial is `not_found` unless `chained_linkage`. A freshly issued certificate is `not_yet_linkable`. May be repeated.',
    metered: false,
    request: z.object({ serial: field.serial, consent: field.consent }).meta({ id: 'SerialLinkageRequest' }),
    answer: z
      .discriminatedUnion('state', [
        z.object({ state: z.literal('linked'), previous_serial: field.serial }),
        z.object({ state: z.literal('not_found') }),
        field.notYetLinkable,
      ])
      .meta({ id: 'SerialLinkage' }),
  },
  counterpart: {
    method: 'POST',
    path: '/v1/counterparts',
    summary: 'The serial of the same person’s other certificate',
    description:
      'Sign to auth or auth to sign, only to identify that number. Charged when found; never repeated once it may have been sent.',
    metered: true,
    request: z
      .object({ kind: field.kind, serial: field.serial, consent: field.consent })
      .meta({ id: 'CounterpartRequest' }),
    answer: z
      .discriminatedUnion('state', [
        z.object({
          state: z.literal('found'),
          counterpart: z.object({
            kind: field.kind,
            serial: field.serial,
            issuer_key_id: field.keyId.optional(),
            not_after: field.time.optional(),
          }),
        }),
        z.object({ state: z.literal('not_found') }),
        field.notYetLinkable,
      ])
      .meta({ id: 'Counterpart' }),
  },
  ageCheck: {
    method: 'POST',
    path: '/v1/age-checks',
    summary: 'Whether a person has reached an age',
    description:
      'Whether `age` has been reached when the day `on` (JST) begins: yes on the birthday, no on the day before. `unknown` when an incomplete date of birth does not decide it. 404 `not_found`: there is no such auth certificate. May be repeated.',
    metered: false,
    refusal: { status: 404, code: 'not_found' },
    request: z.object({ serial: field.serial, age: field.age, on: field.day }).meta({ id: 'AgeCheckRequest' }),
    answer: z.object({ answer: z.enum(['yes', 'no', 'unknown']) }).meta({ id: 'AgeCheck' }),
  },
  consent: {
    method: 'POST',
    path: '/v1/consents',
    summary: 'Registers a signed consent to latest attributes',
    description:
      '`signature` is over `document`, made with the sign certificate. The same X-Service-Id and X-Request-Id give the same `consent_id`, so it may be repeated. 400 `consent_refused`: the certificate is unknown, is not that serial or is not good, or the signature is not of it.',
    metered: false,
    refusal: { status: 400, code: 'consent_refused' },
    request: z
      .object({
        sign_serial: field.serial,
        text_version: field.textVersion,
        given_at: field.time,
        expires_at: field.time,
        document: field.base64(32 * 1024),
        signature: field.base64(1024),
        certificate: field.base64(8 * 1024),
        digest_algorithm: z.enum(['sha256', 'sha384', 'sha512']),
        padding: z.enum(['pkcs1_v15', 'pkcs1_v15_bare', 'pss']),
      })
      .meta({ id: 'ConsentRequest' }),
    answer: z
      .object({ consent_id: field.consentId, registered_at: field.time, expires_at: field.time })
      .meta({ id: 'Consent' }),
  },
  withdrawals: {
    method: 'GET',
    path: '/v1/consent-withdrawals',
    summary: 'Withdrawn consents in the order of their withdrawal',
    description:
      'Of all service providers. `after` is the sequence number of the last one known; `next` is the value for the following page, null when there is none now. May be repeated.',
    metered: false,
    platformWide: true,
    request: z.object({
      after: field.sequence.optional(),
      limit: z.int().min(1).max(200).optional(),
    }),
    answer: z
      .object({
        withdrawals: z
          .array(
            z.object({
              sequence: z.int().min(1),
              service_id: field.listedServiceId,
              consent_id: field.consentId,
              withdrawn_at: field.time,
            }),
          )
          .max(200),
        next: field.sequence.nullable(),
      })
      .meta({ id: 'Withdrawals' }),
  },
  latestAttributes: {
    method: 'POST',
    path: '/v1/latest-attributes',
    summary: 'The newest four attributes of a consenting person',
    description:
      '`sign_serial` is the certificate the service provider knows. `unchanged`: it is still the newest and good. `no_new_certificate`: it is not good and none is newer. Charged when updated; never repeated once it may have been sent.',
    metered: true,
    request: z
      .object({ consent_id: field.consentId, sign_serial: field.serial })
      .meta({ id: 'LatestAttributesRequest' }),
    answer: z
      .discriminatedUnion('state', [
        z.object({ state: z.literal('updated'), attributes: field.attributes, serial: field.serial }),
        z.object({ state: z.literal('unchanged') }),
        z.object({ state: z.literal('no_new_certificate') }),
        z.object({ state: z.literal('consent_missing') }),
        z.object({ state: z.literal('withdrawn') }),
      ])
      .meta({ id: 'LatestAttributes' }),
  },
} as const satisfies Record<string, ServiceRow>;

export type ServiceName = keyof typeof SERVICES;
export const SERVICE_NAMES = Object.keys(SERVICES) as ServiceName[];
export const serviceRow = (service: ServiceName): ServiceRow => SERVICES[service];

/** As sent. */
export type ServiceRequest<S extends ServiceName> = z.input<(typeof SERVICES)[S]['request']>;
/** As answered, parsed. */
export type ServiceAnswer<S extends ServiceName> = z.output<(typeof SERVICES)[S]['answer']>;
