import { z } from 'zod';
import { ANY_POLICY, type Given, INSPECT_PROFILES, type InspectRequest, Malformed } from '#lib/pki';
import { decodeBase64 } from './armour.js';

/** A request that cannot be understood, which says nothing about any certificate. */
export class RequestMalformed extends Error {
  override readonly name = 'RequestMalformed';
  constructor(
    /** What is wrong; stable snake_case. */
    readonly rule: string,
    /** Dotted path of the field, where there is one. */
    readonly field = '',
  ) {
    super(`${rule} ${field}`);
  }
}

const bytes = z.string();
const list = z
  .array(bytes)
  .nullish()
  .transform((value) => value ?? []);
const oneOrMany = z
  .union([bytes, z.array(bytes)])
  .nullish()
  .transform((value) => (typeof value === 'string' ? [value] : (value ?? [])));
const digestAlgorithm = z.enum(['sha256', 'sha384', 'sha512']);
const flag = z.boolean().nullish();

/** Strict, because a misspelt restriction that is ignored would make certificates valid that are not. */
const policy = z
  .strictObject({
    initialPolicySet: z.array(z.string().regex(/^(?:[0-2](?:\.\d{1,20}){1,30}|any_?policy)$/iu)).nullish(),
    requireExplicitPolicy: flag,
    inhibitPolicyMapping: flag,
    inhibitAnyPolicy: flag,
  })
  .nullish();

const signature = z.discriminatedUnion('format', [
  z.object({
    format: z.literal('raw'),
    padding: z.enum(['pkcs1_v15', 'pkcs1_v15_bare', 'pss']),
    digest_algorithm: digestAlgorithm,
    content: bytes.nullish(),
    digest: bytes.nullish(),
    signature: bytes,
  }),
  z.object({
    format: z.literal('cms'),
    cms: bytes,
    content: bytes.nullish(),
    digest: bytes.nullish(),
    digest_algorithm: digestAlgorithm.nullish(),
  }),
]);

/** Other fields are the sender's own. */
const request = z.object({
  certificate: bytes,
  anchors: z.array(bytes),
  intermediates: list,
  crls: list,
  ocsp: oneOrMany,
  at: z.union([z.string(), z.number()]),
  policy,
  revocation: z.enum(['none', 'crl', 'ocsp']),
  profile: z.enum(INSPECT_PROFILES).nullish(),
  signature: signature.nullish(),
});
type ParsedRequest = z.output<typeof request>;

/** @throws RequestMalformed */
export function readRequest(json: unknown): InspectRequest {
  const result = request.safeParse(json);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw new RequestMalformed('bad_field', issue?.path.join('.') ?? '');
  }
  const { data } = result;
  return {
    certificate: decode('certificate', data.certificate),
    anchors: data.anchors.map((text) => decode('certificate', text)),
    intermediates: data.intermediates.map((text) => decode('certificate', text)),
    crls: data.crls.map((text) => decode('crl', text)),
    ocsp: data.ocsp.map((text) => decode('ocsp', text)),
    at: readTime(data.at),
    policy: readPolicy(data.policy),
    profile: data.profile ?? 'rfc5280',
    revocation: data.revocation,
    ...(data.signature ? { signature: readSignature(data.signature) } : {}),
  };
}

function readPolicy(given: ParsedRequest['policy']): InspectRequest['policy'] {
  if (!given) return {};
  const { initialPolicySet, requireExplicitPolicy, inhibitPolicyMapping, inhibitAnyPolicy } = given;
  return {
    ...(initialPolicySet
      ? { initialPolicySet: initialPolicySet.map((oid) => (/^any/iu.test(oid) ? ANY_POLICY : oid)) }
      : {}),
    requireExplicitPolicy: requireExplicitPolicy ?? false,
    inhibitPolicyMapping: inhibitPolicyMapping ?? false,
    inhibitAnyPolicy: inhibitAnyPolicy ?? false,
  };
}

function readSignature(given: NonNullable<ParsedRequest['signature']>): NonNullable<InspectRequest['signature']> {
  const content = optional('signature.content', given.content);
  const digest = optional('signature.digest', given.digest);
  if (content && digest) throw new RequestMalformed('content_and_digest', 'signature');
  if (given.format === 'cms') {
    const cms = needed('signature.cms', given.cms);
    if (content) return { format: 'cms', cms, signed: { content } };
    if (!digest) return { format: 'cms', cms };
    if (!given.digest_algorithm) throw new RequestMalformed('digest_algorithm_missing', 'signature');
    return { format: 'cms', cms, signed: { algorithm: given.digest_algorithm, digest } };
  }
  const signed = content ? { content } : digest ? { digest } : undefined;
  if (!signed) throw new RequestMalformed('content_missing', 'signature');
  const { padding, digest_algorithm: digestAlgorithm } = given;
  return { format: 'raw', padding, digestAlgorithm, signed, signature: needed('signature.signature', given.signature) };
}

const decode = (structure: string, text: string): Given =>
  decodeBase64(text) ?? new Malformed(structure, 'bad_base64', 0);

function needed(field: string, text: string): Buffer {
  const octets = decodeBase64(text);
  if (!octets) throw new RequestMalformed('bad_base64', field);
  return octets;
}

const optional = (field: string, text: string | null | undefined): Buffer | undefined =>
  typeof text === 'string' ? needed(field, text) : undefined;

/** RFC 3339 with its zone, or a plain date at 00:00 UTC. */
const ISO_TIME = /^\d{4}-\d{2}-\d{2}(?:[Tt ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:[Zz]|[+-]\d{2}:?\d{2}))?$/u;
/** Below it a number counts seconds (up to the year 5138), from it on milliseconds (from 1973). */
const FIRST_MILLISECONDS = 1e11;
/** What certificates can say. */
const TIME_RANGE = { first: Date.parse('0000-01-01T00:00:00Z'), last: Date.parse('9999-12-31T23:59:59.999Z') };

/**
 * A time in milliseconds from ISO 8601 text with a zone, or from Unix seconds or milliseconds.
 * @throws RequestMalformed
 */
export function readTime(given: string | number): number {
  const number = typeof given === 'number' ? given : /^-?\d+$/u.test(given) ? Number(given) : undefined;
  let at = NaN;
  if (number !== undefined) at = Math.abs(number) < FIRST_MILLISECONDS ? number * 1000 : number;
  else if (typeof given === 'string' && ISO_TIME.test(given)) at = Date.parse(given.toUpperCase().replace(' ', 'T'));
  if (!(at >= TIME_RANGE.first && at <= TIME_RANGE.last)) throw new RequestMalformed('bad_time', 'at');
  return at;
}
