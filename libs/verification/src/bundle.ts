import { z } from 'zod';
import { CHECKS } from '#lib/pki';

/** Name of the form. Another form has another name. */
export const BUNDLE_FORMAT = 'shomei-evidence-1';
/** A list above this stays out of the bundle and is given apart; JSON holds no text of half a gigabyte. */
export const BUNDLE_LIST_OCTETS = 64 * 1024 * 1024;

const bytes = z.base64();
const hash = z.string().regex(/^[0-9a-f]{64}$/);
const mode = z.enum(['live', 'test']);
const hierarchy = z.enum(['sign', 'auth']);
const time = z.number().int();
const digestAlgorithm = z.enum(['sha256', 'sha384', 'sha512']);
const outcome = z.enum(['valid', 'invalid', 'indeterminate']);

const finding = z.strictObject({
  method: z.enum(['crl', 'ocsp']),
  status: z.enum(['good', 'revoked', 'unknown', 'stale', 'unavailable', 'unsupported']),
  revokedAt: time.optional(),
  reason: z.string().optional(),
  thisUpdate: time.optional(),
  nextUpdate: time.optional(),
  producedAt: time.optional(),
  crlNumber: z.string().optional(),
  sourceSha256: hash.optional(),
  detail: z.string().optional(),
});

/** Public keys of receipts (RFC 7517). */
export const keySetSchema = z.strictObject({
  keys: z
    .array(
      z.strictObject({
        kty: z.literal('EC'),
        crv: z.literal('P-256'),
        x: z.string(),
        y: z.string(),
        kid: z.string(),
        alg: z.literal('ES256'),
        use: z.literal('sig'),
      }),
    )
    .max(100),
});

/** Times are milliseconds since 1970 unless they are text; binary values are base64, hashes hex. */
export const bundleSchema = z.strictObject({
  format: z.literal(BUNDLE_FORMAT),
  verification: z.strictObject({
    id: z.string().regex(/^ver_[0-9a-f]{32}$/),
    tenant: z.string().regex(/^ten_[0-9a-f]{32}$/),
    mode,
    kind: z.enum(['signature', 'authentication']),
    decided_at: z.iso.datetime(),
    recorded_at: z.iso.datetime(),
  }),
  /** The verdict as it is stored. */
  facts: z.strictObject({
    outcome,
    reasons: z.array(
      z.strictObject({
        code: z.string(),
        operands: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
      }),
    ),
    checks: z.array(z.strictObject({ name: z.enum(CHECKS), result: z.enum(['passed', 'failed', 'not_run']) })),
    revocation: z.array(finding).max(4),
    signature: z.strictObject({
      format: z.enum(['raw', 'cms']),
      padding: z.enum(['pkcs1_v15', 'pkcs1_v15_bare', 'pss']).optional(),
      digestAlgorithm: digestAlgorithm.optional(),
      signingTime: time.optional(),
    }),
    certificate: z.strictObject({ kind: hierarchy, notBefore: time, notAfter: time, anchor: hash.optional() }),
    policy: z.string().optional(),
  }),
  evidence: z.strictObject({
    certificate: bytes,
    signature: bytes,
    digest: bytes,
    signed_attributes: bytes.optional(),
    cms: z
      .strictObject({
        contentType: z.string(),
        digestAlgorithm: z.strictObject({ oid: z.string(), digest: digestAlgorithm.optional() }),
        signatureAlgorithm: z.strictObject({
          oid: z.string(),
          padding: z.enum(['pkcs1_v15', 'pss']).optional(),
          digest: digestAlgorithm.optional(),
          saltLength: z.number().int().min(0).max(1024).optional(),
        }),
        contradicted: z.boolean(),
      })
      .optional(),
    ocsp: z.strictObject({ response: bytes, nonce: bytes }).optional(),
    salt: bytes.optional(),
  }),
  receipt: z.string().max(8_192).optional(),
  /** The keys of receipts of the mode (RFC 7517). */
  jwks: keySetSchema,
  /** Those imported when the verification was recorded, of both modes. */
  anchors: z.array(z.strictObject({ mode, hierarchy, fingerprint: hash, certificate: bytes })).max(100),
  /** Lists that the verdict names and that are kept and not too large. */
  crls: z.array(z.strictObject({ sha256: hash, content: bytes })).max(4),
  exported: z.strictObject({ at: z.iso.datetime(), by: z.string(), reason: z.string() }),
});
export type Bundle = z.output<typeof bundleSchema>;
