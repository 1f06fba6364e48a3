import { z } from 'zod';
import { parseCidr } from '#lib/platform';
import { MAX_ALLOWED_ADDRESSES, MAX_OVERLAP_HOURS, SCOPES } from '#lib/tenancy';
import { time } from './schemas.js';

/** How many hours a rotated key lives on when nobody says. */
const USUAL_OVERLAP_HOURS = 24;

const distinct = (values: readonly string[]): boolean => new Set(values).size === values.length;
const scope = z.enum(SCOPES);
const address = z
  .string()
  .max(64)
  .refine((text) => parseCidr(text) !== undefined, 'must be an IPv4 or IPv6 address or range like 192.0.2.0/24');

export const apiKeyRequest = z
  .strictObject({
    name: z
      .string()
      .min(1)
      .max(100)
      .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must not contain control characters'),
    scopes: z.array(scope).min(1).max(SCOPES.length).refine(distinct, 'must differ').meta({
      description: 'Only scopes of the key that makes it.',
    }),
    allowed_addresses: z.array(address).max(MAX_ALLOWED_ADDRESSES).refine(distinct, 'must differ').optional().meta({
      description:
        'Addresses and ranges (CIDR) from which the key works; each within one of the maker’s. Left out: as the maker; empty: everywhere.',
    }),
    expires_at: z.iso
      .datetime({ offset: true })
      .refine((text) => Date.parse(text) > Date.now(), 'must be in the future')
      .nullable()
      .optional()
      .meta({ description: 'Real time. Left out: as the maker; null: until it is revoked.' }),
  })
  .meta({ id: 'ApiKeyRequest' });
export type ApiKeyBody = z.output<typeof apiKeyRequest>;

export const apiKeyRotation = z
  .strictObject({
    overlap_hours: z.int().min(0).max(MAX_OVERLAP_HOURS).default(USUAL_OVERLAP_HOURS).meta({
      description: 'How long the old secret goes on working.',
    }),
  })
  .meta({ id: 'ApiKeyRotation' });
export type ApiKeyRotationBody = z.output<typeof apiKeyRotation>;

const apiKeyFields = {
  id: z.string(),
  name: z.string(),
  prefix: z.string(),
  last_four: z.string(),
  scopes: z.array(scope),
  allowed_addresses: z.array(z.string()).meta({ description: 'Empty: from everywhere.' }),
  created_at: time,
  expires_at: time.nullable(),
  revoked_at: time.nullable(),
  last_used_at: time.nullable().meta({ description: 'Real time, to the minute.' }),
  made_by: z.string().nullable().meta({ description: 'The key that made it; null: the operator.' }),
  rotated_from: z.string().nullable().meta({ description: 'The key it has replaced.' }),
};
export const apiKeyAnswer = z.object(apiKeyFields).meta({ id: 'ApiKey' });
export type ApiKeyAnswer = z.output<typeof apiKeyAnswer>;

export const newApiKeyAnswer = z
  .object({
    ...apiKeyFields,
    secret: z.string().nullable().meta({
      description: 'Shown this once and stored nowhere: null in a repeated answer. Who lost it rotates this key.',
    }),
  })
  .meta({ id: 'NewApiKey' });
export type NewApiKeyAnswer = z.output<typeof newApiKeyAnswer>;

export const apiKeyList = z
  .object({ data: z.array(apiKeyAnswer), next_cursor: z.string().nullable() })
  .meta({ id: 'ApiKeyList' });
/** Without an id: a named schema would not be told apart into query parameters in the API's description. */
export const apiKeyListQuery = z.strictObject({
  cursor: z.string().max(64).optional(),
  limit: z.coerce.number().int().min(1).max(100).default(20),
});
export type ApiKeyListQuery = z.output<typeof apiKeyListQuery>;
