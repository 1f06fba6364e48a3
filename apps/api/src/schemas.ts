import { z } from 'zod';
import { METERS, METHODS } from '#lib/billing';
import { CHECKS, CMS_LIMITS, CRL_REASONS, REASONS, type ReasonCode } from '#lib/pki';
import { attributesSchema } from '#lib/verification';
import { counterpartLookupAnswer } from './counterpart-lookups.schemas.js';
import { needsIdentify, personMembers, verificationPerson } from './persons.schemas.js';
import { serialLinkageAnswer } from './serial-linkages.schemas.js';

const MIB = 1024 * 1024;
/** Base64 text that decodes to at most `bytes` bytes. */
export const base64 = (bytes: number, description: string) =>
  z
    .base64()
    .min(1)
    .max(Math.ceil(bytes / 3) * 4)
    .meta({ description: `${description} Base64 (RFC 4648 §4), at most ${bytes} bytes decoded.` });

export const certificate = base64(16_384, 'The certificate in DER, as the card gave it.');
const signature = base64(1_024, 'The signature value.');
const padding = z.enum(['pkcs1_v15', 'pkcs1_v15_bare', 'pss']).meta({
  description:
    'How the card padded: PKCS#1 v1.5 with DigestInfo, PKCS#1 v1.5 over the bare hash, or PSS (MGF1 with the same hash, salt as long as the hash). Nothing is guessed.',
});
const digestAlgorithm = z.enum(['sha256', 'sha384', 'sha512']);
const content = base64(MIB, 'The signed bytes. Hashed and dropped, never stored.');
const digest = base64(64, 'The digest of the signed bytes.');
const revocation = z.enum(['crl', 'ocsp', 'ocsp_or_crl']).default('crl').meta({
  description: 'Where the status comes from. `ocsp_or_crl` turns to the CRL when OCSP gives no usable answer.',
});
/** No control characters, which no database or CSV keeps faithfully, and no halves of surrogate pairs. */
const referenceText = z
  .string()
  .min(1)
  .max(128)
  .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must not contain control characters');
const reference = referenceText
  .optional()
  .meta({ description: 'Your own reference, returned and searchable. Never an Individual Number (My Number).' });

const exactlyOne = (body: { content?: unknown; digest?: unknown }): boolean =>
  (body.content === undefined) !== (body.digest === undefined);

const rawSignature = z
  .strictObject({
    format: z.literal('raw'),
    certificate,
    signature,
    padding,
    digest_algorithm: digestAlgorithm,
    content: content.optional(),
    digest: digest.optional(),
    revocation,
    ...personMembers,
    reference,
  })
  .refine(exactlyOne, { message: 'send either content or digest', path: ['content'] })
  .refine(needsIdentify.check, needsIdentify.fault)
  .meta({ id: 'RawSignature', description: "The card's bare signature and its certificate." });

const cmsSignature = z
  .strictObject({
    format: z.literal('cms'),
    cms: base64(CMS_LIMITS.bytes, 'CMS SignedData (RFC 5652) in DER, attached or detached.'),
    content: content.optional(),
    digest_algorithm: digestAlgorithm.optional(),
    digest: digest.optional(),
    revocation,
    ...personMembers,
    reference,
  })
  .refine((body) => body.content === undefined || body.digest === undefined, {
    message: 'send either content or digest',
    path: ['content'],
  })
  .refine((body) => (body.digest === undefined) === (body.digest_algorithm === undefined), {
    message: 'digest and digest_algorithm go together',
    path: ['digest'],
  })
  .refine(needsIdentify.check, needsIdentify.fault)
  .meta({ id: 'CmsSignature', description: 'CMS SignedData with the certificate inside.' });

export const signatureVerificationRequest = z
  .discriminatedUnion('format', [rawSignature, cmsSignature])
  .meta({ id: 'SignatureVerificationRequest' });
export type SignatureVerificationBody = z.output<typeof signatureVerificationRequest>;

export const authenticationRequest = z
  .strictObject({
    challenge_id: z.string().max(64),
    certificate,
    signature: base64(1_024, "The card's signature over the challenge's nonce."),
    padding,
    digest_algorithm: digestAlgorithm,
    revocation,
    ...personMembers,
    reference,
  })
  .refine(needsIdentify.check, needsIdentify.fault)
  .meta({ id: 'AuthenticationRequest' });
export type AuthenticationBody = z.output<typeof authenticationRequest>;

export const time = z.iso.datetime();
const operand = z.union([z.string(), z.number()]);
const reasonCode = z.enum(Object.keys(REASONS) as [ReasonCode, ...ReasonCode[]]);
export const reason = z
  .object({
    code: reasonCode,
    operands: z.record(z.string(), operand),
    message: z.string().meta({ description: 'For the developer. May be reworded; act on `code`.' }),
    user_message: z.object({ ja: z.string(), en: z.string() }).meta({
      description: 'Safe to show to the person: names no cause.',
    }),
    doc_url: z.string(),
  })
  .meta({ id: 'Reason' });
export const check = z
  .object({ name: z.enum(CHECKS), result: z.enum(['passed', 'failed', 'not_run']) })
  .meta({ id: 'Check' });
export const revocationEvidence = z
  .object({
    method: z.enum(['crl', 'ocsp']),
    status: z.enum(['good', 'revoked', 'unknown', 'stale', 'unavailable', 'unsupported']),
    reason: z.enum(CRL_REASONS.filter((name) => name !== undefined)).nullable(),
    revoked_at: time.nullable(),
    this_update: time.nullable(),
    next_update: time.nullable(),
    produced_at: time.nullable(),
    crl_number: z.string().nullable(),
    source_sha256: z.string().nullable(),
    detail: z.string().nullable(),
  })
  .meta({ id: 'RevocationEvidence' });

const verificationFields = {
  id: z.string(),
  kind: z.enum(['signature', 'authentication']),
  mode: z.enum(['live', 'test']),
  decided_at: time.meta({ description: 'By the clock of the mode; test time can be moved.' }),
  outcome: z.enum(['valid', 'invalid', 'indeterminate']),
  reason: reason.nullable().meta({ description: 'The headline: the highest-ranking of `reasons`.' }),
  reasons: z.array(reason),
  checks: z.array(check),
  signature: z.object({
    format: z.enum(['raw', 'cms']),
    padding: padding.nullable(),
    digest_algorithm: digestAlgorithm.nullable(),
    signing_time: time.nullable().meta({ description: 'As the signer claims it.' }),
  }),
  certificate: z.object({
    kind: z.enum(['sign', 'auth']),
    not_before: time,
    not_after: time,
    issuer_fingerprint: z.string().nullable(),
  }),
  revocation: revocationEvidence.nullable(),
  revocation_attempts: z.array(revocationEvidence),
  reference: z.string().nullable(),
  challenge_id: z.string().nullable(),
  usage: z.array(z.object({ id: z.string(), meter: z.enum(METERS), method: z.enum(METHODS) })),
};
export const verificationSummary = z.object(verificationFields).meta({ id: 'VerificationSummary' });
export type VerificationSummaryAnswer = z.output<typeof verificationSummary>;
export const verificationAnswer = z
  .object({
    ...verificationFields,
    receipt: z.string().nullable().meta({
      description:
        'A JWS (ES256) by which others can check later that this verdict was given; its keys are at `/jwks/{mode}.json`. Null for a verification made before there were receipts.',
    }),
    attributes: attributesSchema.nullable().meta({
      description: 'Of a sign certificate whose path, profile, validity and signature passed.',
    }),
    person: verificationPerson.nullable().meta({
      description: 'Of a valid verification with `identify`: whose certificate it was.',
    }),
    linkage: serialLinkageAnswer.nullable().meta({
      description:
        'Of an authentication with `identify` whose certificate was new: what became of the question for the one before it, as that is now.',
    }),
    counterpart: counterpartLookupAnswer.nullable().meta({
      description:
        'With `counterpart`: what became of that question. null when J-LIS gave no usable answer; the same request with the same Idempotency-Key asks again.',
    }),
  })
  .meta({ id: 'Verification' });
export type VerificationAnswer = z.output<typeof verificationAnswer>;

export const verificationList = z
  .object({ data: z.array(verificationSummary), next_cursor: z.string().nullable() })
  .meta({ id: 'VerificationList' });
/** Without an id: a named schema would not be told apart into query parameters in the API's description. */
const createdBound = z.iso.datetime({ offset: true }).meta({
  description: 'When the request came in, by real time; test time, which can be moved, does not enter.',
});
export const verificationListQuery = z.strictObject({
  cursor: z.string().max(64).optional(),
  limit: z.coerce.number().int().min(1).max(100).default(20),
  outcome: z.enum(['valid', 'invalid', 'indeterminate']).optional(),
  kind: z.enum(['signature', 'authentication']).optional(),
  reference: referenceText.optional(),
  created_after: createdBound.optional(),
  created_before: createdBound.optional(),
});
export type VerificationListQuery = z.output<typeof verificationListQuery>;

export const challengeRequest = z.strictObject({}).optional().meta({ id: 'ChallengeRequest' });
export const challengeAnswer = z
  .object({
    id: z.string(),
    nonce: z.string().meta({ description: '32 random bytes in base64. The card signs these bytes.' }),
    created_at: time,
    expires_at: time,
  })
  .meta({ id: 'Challenge' });

export const keySet = z
  .object({
    keys: z.array(
      z.object({
        kty: z.literal('EC'),
        crv: z.literal('P-256'),
        x: z.string(),
        y: z.string(),
        kid: z.string(),
        alg: z.literal('ES256'),
        use: z.literal('sig'),
      }),
    ),
  })
  .meta({ id: 'KeySet', description: 'A JSON Web Key Set (RFC 7517).' });

export const problemBody = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number(),
    code: z.string(),
    remedy: z.string(),
    request_id: z.string(),
    doc_url: z.string(),
    retryable: z.boolean(),
    title_ja: z.string().optional(),
    retry_after: z.number().optional(),
    endpoint_class: z.string().optional(),
    field: z.string().optional(),
    characters: z.array(z.object({ character: z.string(), code_point: z.string() })).optional(),
    errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
  })
  .meta({ id: 'Problem' });
