import { z } from 'zod';

const substituted = z
  .object({
    value: z.string(),
    substitution: z
      .string()
      .nullable()
      .meta({ description: 'One digit per character; 1: the character was replaced.' }),
    substitution_fits: z.boolean(),
  })
  .meta({ id: 'SubstitutedText' });
/** The four attributes of a signature certificate as they go out, with the maps of replaced characters. */
export const attributesSchema = z
  .object({
    name: substituted,
    date_of_birth: z.object({
      raw: z.string(),
      era: z.enum(['meiji', 'taisho', 'showa', 'heisei', 'reiwa', 'unknown']),
      year: z.number().optional(),
      month: z.number().optional(),
      day: z.number().optional(),
      precision: z.enum(['day', 'month', 'year', 'unknown']),
      iso: z.string().optional(),
    }),
    sex: z.enum(['male', 'female', 'unknown', 'unrecognized']),
    address: substituted,
    other: z.array(z.object({ oid: z.string(), value: z.string(), encoding: z.enum(['text', 'base64']) })),
  })
  .meta({ id: 'Attributes' });
