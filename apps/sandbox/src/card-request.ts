import { z } from 'zod';
import { hierarchySchema, REVOCATION_REASONS } from './card-record.js';
import { PADDINGS } from './card-signature.js';
import { MAX_SYNTHETIC_ENTRIES } from './crl-writer.js';
import { DIGEST_OCTETS, DIGESTS } from './emsa.js';
import { findMunicipality, GENERATIONS, HIERARCHIES, MUNICIPALITIES } from './hierarchy.js';
import { MAX_NATIONAL_ENTRIES, MAX_NATIONAL_PARTITIONS } from './national-set.js';

const serialSchema = z.string().regex(/^\d{1,20}$/);
/** How many certificates back on the card; 0 is the current one. */
const earlierSchema = z.number().int().min(0).max(100);
const substitutionSchema = z.string().regex(/^[01]*$/);

/** Milliseconds of an ISO 8601 time with its offset. */
const instantSchema = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));

const base64Octets = (text: string): number => Buffer.from(text, 'base64').length;

/** `POST /cards/{id}/sign` */
export const signSchema = z
  .strictObject({
    certificate: hierarchySchema,
    /** An earlier certificate of the card; the current one when absent. */
    serial: serialSchema.optional(),
    /** The same by counting: 1 is the one before the current. */
    earlier: earlierSchema.optional(),
    pin: z.string().min(1).max(64),
    padding: z.enum(PADDINGS).default('pkcs1_v15'),
    digest_algorithm: z.enum(DIGESTS).default('sha256'),
    digest: z.base64().optional(),
    content: z.base64().optional(),
    format: z.enum(['raw', 'cms']).default('raw'),
    cms: z
      .strictObject({
        detached: z.boolean().default(true),
        signer_id: z.enum(['issuer_serial', 'ski']).default('issuer_serial'),
        signed_attributes: z.boolean().default(true),
        signing_time: instantSchema.optional(),
      })
      .prefault({}),
  })
  .superRefine((request, context) => {
    const refuse = (path: string, message: string): void => context.addIssue({ code: 'custom', path: [path], message });
    if (request.serial !== undefined && request.earlier !== undefined)
      refuse('earlier', 'give either serial or earlier');
    if ((request.digest === undefined) === (request.content === undefined))
      refuse('digest', 'give either digest or content');
    if (request.digest !== undefined && base64Octets(request.digest) !== DIGEST_OCTETS[request.digest_algorithm])
      refuse('digest', `${request.digest_algorithm} has ${DIGEST_OCTETS[request.digest_algorithm]} octets`);
    if (request.format === 'cms' && request.padding === 'pkcs1_v15_bare')
      refuse('padding', 'CMS has no name for a bare hash');
    if (request.format === 'cms' && !request.cms.detached && request.content === undefined)
      refuse('content', 'attached CMS needs the content');
  });
export type SignRequest = z.output<typeof signSchema>;

const cardIdSchema = z.string().regex(/^[a-z0-9][a-z0-9-]{1,39}$/);

const nameSchema = z.string().min(1).max(100);
const addressSchema = z.string().min(1).max(200);
const municipalitySchema = z
  .string()
  .refine((key) => findMunicipality(key) !== undefined, 'there is no such municipality');

/** `POST /cards`; without a body, a card with every default. */
export const issueSchema = z
  .strictObject({
    id: cardIdSchema.optional(),
    name: nameSchema.default('発行　試子'),
    name_substitution: substitutionSchema.optional(),
    sex: z.enum(['1', '2', '3']).default('2'),
    birth_date: z
      .string()
      .regex(/^[0-5](\d{4})(0\d|1[0-2])([0-2]\d|3[01])$/)
      .default('419900110'),
    address: addressSchema.default('東京都架空区発行町１番地'),
    address_substitution: substitutionSchema.optional(),
    municipality: municipalitySchema.default('kakuu'),
    generation: z.enum(GENERATIONS).default('2023'),
    /** False for a holder without a sign certificate. */
    sign: z.boolean().default(true),
    sign_pin: z
      .string()
      .regex(/^[A-Z0-9]{6,16}$/)
      .optional(),
    auth_pin: z
      .string()
      .regex(/^\d{4}$/)
      .optional(),
    not_before: instantSchema.optional(),
    not_after: instantSchema.optional(),
  })
  .superRefine((request, context) => {
    const fits = (map: string | undefined, text: string): boolean =>
      map === undefined || map.length === [...text].length;
    if (!fits(request.name_substitution, request.name))
      context.addIssue({ code: 'custom', path: ['name_substitution'], message: 'one digit per character of the name' });
    if (!fits(request.address_substitution, request.address))
      context.addIssue({
        code: 'custom',
        path: ['address_substitution'],
        message: 'one digit per character of the address',
      });
  })
  .prefault({});
export type IssueBody = z.output<typeof issueSchema>;

/** `GET /cards/{id}/certificates/{hierarchy}?serial=` or `?earlier=` */
export const serialQuerySchema = z.strictObject({
  serial: serialSchema.optional(),
  earlier: z
    .string()
    .regex(/^\d{1,3}$/)
    .transform(Number)
    .pipe(earlierSchema)
    .optional(),
});
export type SerialQuery = z.output<typeof serialQuerySchema>;

/** `POST /control/cards/{id}/revoke` */
export const revokeSchema = z.strictObject({
  certificate: z.enum([...HIERARCHIES, 'both']).default('both'),
  reason: z.enum(REVOCATION_REASONS),
});
export type RevokeBody = z.output<typeof revokeSchema>;

/** `POST /control/cards/{id}/move`: what is absent stays as it was. */
export const moveSchema = z.strictObject({
  name: nameSchema.optional(),
  name_substitution: substitutionSchema.optional(),
  address: addressSchema.optional(),
  address_substitution: substitutionSchema.optional(),
  municipality: municipalitySchema.optional(),
  /** False: the holder has not fetched a new sign certificate. */
  sign: z.boolean().default(true),
});
export type MoveBody = z.output<typeof moveSchema>;

/** Far enough for every life in the catalogue, near enough for times of four-digit years. */
const MAX_OFFSET_MS = 50 * 365 * 86_400_000;
const offsetSchema = z.number().int().min(-MAX_OFFSET_MS).max(MAX_OFFSET_MS);

/** `PUT /control/clock`: by an offset or to a time. */
export const clockSchema = z.union([
  z.strictObject({ offset_ms: offsetSchema }),
  z.strictObject({ now: instantSchema }),
]);
export type ClockBody = z.output<typeof clockSchema>;

/** `POST /control/synthetic` */
export const syntheticSchema = z.strictObject({
  hierarchy: hierarchySchema,
  generation: z.enum(GENERATIONS).default('2023'),
  municipality: z.enum(MUNICIPALITIES.map(({ key }) => key)).default('kakuu'),
  entries: z.number().int().min(0).max(MAX_SYNTHETIC_ENTRIES),
});
export type SyntheticBody = z.output<typeof syntheticSchema>;

/** `POST /control/synthetic-national`: of both hierarchies together; 0 partitions take the set away. */
export const nationalSchema = z
  .strictObject({
    partitions: z.number().int().min(0).max(MAX_NATIONAL_PARTITIONS).default(3_800),
    entries_per_partition: z.number().int().min(1).max(MAX_NATIONAL_ENTRIES).default(10_000),
  })
  .prefault({});
export type NationalBody = z.output<typeof nationalSchema>;
