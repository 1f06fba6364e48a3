import { z } from 'zod';
import { attributesSchema } from '#lib/verification';
import { explanation } from './search-schemas.js';
import { mode, time } from './schemas.js';

/** What is read of a file: a CMS with a MiB of content as PEM. */
export const MAX_INSPECTED_OCTETS = 1_600_000;
/** As JSON, with room around it. */
export const INSPECTION_BODY_LIMIT = 4 * Math.ceil(MAX_INSPECTED_OCTETS / 3) + 1_024;

export const inspectionRequest = z
  .strictObject({
    file: z
      .base64()
      .min(4)
      .max(4 * Math.ceil(MAX_INSPECTED_OCTETS / 3))
      .meta({ description: 'The octets of the file in base64: DER, PEM, or base64 of DER.' }),
  })
  .meta({ id: 'InspectionRequest' });
export type InspectionBody = z.output<typeof inspectionRequest>;

const extension = z
  .object({
    oid: z.string(),
    name: z.string().nullable().meta({ description: 'As RFC 5280 calls it.' }),
    critical: z.boolean(),
    values: z.array(z.string()).meta({ description: 'What it says, as far as it is known and names nobody.' }),
  })
  .meta({ id: 'InspectedExtension' });

const certificate = z
  .object({
    sha256: z.string(),
    kind: z.enum(['jpki_sign', 'jpki_auth', 'authority', 'other']),
    kind_mode: mode.nullable().meta({ description: 'Of a JPKI certificate, by its policy.' }),
    version: z.number(),
    serial_number: z.string().meta({ description: 'Decimal.' }),
    serial_hex: z.string(),
    subject: z.string(),
    issuer: z.string(),
    not_before: time,
    not_after: time,
    key: z.string().meta({ description: 'Such as `RSA 2048`, or the OID of another algorithm.' }),
    signature_algorithm: z.string().meta({ description: 'Such as `sha256 pkcs1_v15`, or the OID of another one.' }),
    extensions: z.array(extension),
    attributes: attributesSchema.nullable().meta({ description: 'The four of a sign certificate.' }),
  })
  .meta({ id: 'InspectedCertificate' });

const cms = z
  .object({
    content_type: z.string(),
    content_octets: z.number().nullable().meta({ description: 'Null: the content is not attached.' }),
    certificates: z.number(),
    signers: z.array(
      z
        .object({
          digest_algorithm: z.string(),
          signature_algorithm: z.string(),
          signing_time: time.nullable().meta({ description: 'By the signer’s own clock.' }),
          signed_attributes: z.boolean(),
        })
        .meta({ id: 'InspectedSigner' }),
    ),
  })
  .meta({ id: 'InspectedCms' });

const { shape } = explanation;
export const inspectionAnswer = z
  .object({
    form: z.enum(['der', 'pem', 'base64']),
    structure: z.enum(['certificate', 'cms']),
    at: time.meta({ description: 'The moment for which it was judged, real time.' }),
    certificates: z.array(certificate).meta({ description: 'The one that was judged first.' }),
    cms: cms.nullable(),
    verdict: z
      .object({
        outcome: shape.outcome,
        steps: shape.steps,
        path: z.array(z.object({ subject: z.string(), sha256: z.string() })),
        trusted_in: mode.nullable().meta({ description: 'The mode whose root the path ends at.' }),
      })
      .nullable()
      .meta({
        description:
          'Against the roots of both modes; the revocation status is not asked. Null: a CMS whose signer’s certificate is not in it.',
      }),
  })
  .meta({ id: 'Inspection' });
export type InspectionAnswer = z.output<typeof inspectionAnswer>;
