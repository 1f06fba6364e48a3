import { z } from 'zod';

/** 発行の番号 as a decimal; 48 digits hold the 20 octets that RFC 5280 §4.1.2.2 allows. */
export const serial = z
  .string()
  .regex(/^[1-9][0-9]{0,47}$/)
  .meta({ description: 'Serial number of a certificate, decimal.', example: '12345678' });

export const kind = z.enum(['sign', 'auth']).meta({ description: 'The hierarchy: a serial number may exist in both.' });

export const time = z.iso.datetime().meta({ description: 'RFC 3339, UTC.', example: '2026-11-23T09:00:00Z' });
export const day = z.iso.date().meta({ description: 'A day in JST.', example: '2026-11-23' });
export const age = z.int().min(0).max(130);
export const textVersion = z
  .string()
  .regex(/^[A-Za-z0-9._-]{1,64}$/)
  .meta({ description: 'Which text the person consented to.' });
export const consentId = z.string().regex(/^[A-Za-z0-9_-]{1,128}$/);
/** In lists: one entry that names nobody we know must not hide those after it. */
export const listedServiceId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,128}$/)
  .meta({ description: 'As sent in X-Service-Id.' });
export const sequence = z
  .string()
  .regex(/^(?:0|[1-9][0-9]{0,14})$/)
  .meta({ description: 'A sequence number, decimal.' });
export const keyId = z
  .string()
  .regex(/^([0-9a-f]{2}){1,64}$/)
  .meta({ description: 'Subject key identifier of the issuing CA, hexadecimal; given where it is known.' });

/** Base64 of at most `octets`. */
export const base64 = (octets: number) =>
  z
    .base64()
    .min(4)
    .max(Math.ceil(octets / 3) * 4);

export const consent = z.object({ text_version: textVersion, given_at: time });

export const notYetLinkable = z.object({
  state: z.literal('not_yet_linkable'),
  retry_after_seconds: z
    .int()
    .min(1)
    .max(30 * 86_400),
});

/** Lone surrogates and control characters are in no name or address, and other systems stumble over them. */
const text = (characters: number) =>
  z
    .string()
    .max(characters)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u);
/** A mark for each character; supplementary ideographs are two UTF-16 units but one mark. */
const marks = (characters: number) =>
  z
    .string()
    .max(characters)
    .regex(/^[01]*$/);

/** As in the subject alternative name of a sign certificate; the lengths are twice what is known to occur. */
export const attributes = z
  .object({
    name: text(400),
    name_substitution: marks(400),
    sex: z.enum(['1', '2', '3']).meta({ description: '1 male, 2 female, 3 unknown.' }),
    date_of_birth: z
      .string()
      .regex(/^[0-5][0-9]{8}$/)
      .meta({ description: 'EYYYYMMDD: era, Gregorian year, month, day; unknown parts are zeros.' }),
    address: text(400),
    address_substitution: marks(400),
  })
  .meta({ id: 'Attributes' });
