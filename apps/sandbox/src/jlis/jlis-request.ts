import { z } from 'zod';
import { PADDINGS } from '../card-signature.js';
import { HIERARCHIES } from '../hierarchy.js';

/** The largest answer of `withdrawals` stays below 64 KiB. */
const MAX_PAGE = 200;
const MAX_DOCUMENT_OCTETS = 32 * 1024;
const MAX_CERTIFICATE_OCTETS = 8 * 1024;
const MAX_SIGNATURE_OCTETS = 1024;

const serialSchema = z.string().regex(/^[1-9]\d{0,47}$/, 'a serial is a decimal number of up to 48 digits');
const instantSchema = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));
const textVersionSchema = z.string().min(1).max(100);
const consentSchema = z.object({ text_version: textVersionSchema, given_at: instantSchema });

const octets = (most: number) =>
  z
    .base64()
    .min(1)
    .transform((text) => Buffer.from(text, 'base64'))
    .refine(({ length }) => length <= most, `at most ${most} octets`);

/** Headers of every request; `x-service-id` names the service provider. */
export const requestIdSchema = z.uuid();
export const serviceIdSchema = z.string().regex(/^ten_[0-9a-z]{1,60}$/);

export const emptySchema = z.object({});

export const linkageSchema = z.object({ serial: serialSchema, consent: consentSchema });
export type LinkageRequest = z.output<typeof linkageSchema>;

export const counterpartSchema = z.object({
  kind: z.enum(HIERARCHIES),
  serial: serialSchema,
  consent: consentSchema,
});
export type CounterpartRequest = z.output<typeof counterpartSchema>;

export const ageCheckSchema = z.object({
  serial: serialSchema,
  age: z.number().int().min(0).max(130),
  on: z.iso.date(),
});
export type AgeCheckRequest = z.output<typeof ageCheckSchema>;

export const consentRequestSchema = z
  .object({
    sign_serial: serialSchema,
    text_version: textVersionSchema,
    given_at: instantSchema,
    expires_at: instantSchema,
    document: octets(MAX_DOCUMENT_OCTETS),
    signature: octets(MAX_SIGNATURE_OCTETS),
    certificate: octets(MAX_CERTIFICATE_OCTETS),
    digest_algorithm: z.enum(['sha256', 'sha384', 'sha512']),
    padding: z.enum(PADDINGS),
  })
  .refine(({ given_at, expires_at }) => expires_at > given_at, 'expires_at is not after given_at');
export type ConsentRequest = z.output<typeof consentRequestSchema>;

/** Query of `GET /v1/consent-withdrawals`; a cursor is the sequence number of the last row seen. */
export const withdrawalsSchema = z.object({
  after: z
    .string()
    .regex(/^\d{1,15}$/)
    .default('0')
    .transform(Number),
  limit: z
    .string()
    .regex(/^\d{1,3}$/)
    .default('100')
    .transform(Number)
    .pipe(z.number().min(1).max(MAX_PAGE)),
});
export type WithdrawalsQuery = z.output<typeof withdrawalsSchema>;

export const attributesSchema = z.object({ consent_id: z.string().min(1).max(100), sign_serial: serialSchema });
export type AttributesRequest = z.output<typeof attributesSchema>;
