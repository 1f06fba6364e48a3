import { z } from 'zod';

export const identify = z.boolean().default(false).meta({
  description: 'Whether to tell whose certificate it is. J-LIS is not asked. Needs the contract to include `identify`.',
});

const personId = z.string().meta({ description: 'Random, of this tenant and mode.' });

export const verificationPerson = z
  .object({
    state: z.enum(['identified', 'severed', 'ambiguous']).meta({
      description:
        '`severed`: the certificate belonged to a person who was deleted. `ambiguous`: what is known about the certificate contradicts itself, so nobody is named.',
    }),
    id: personId.nullable(),
    new: z.boolean().meta({ description: 'The certificate was seen for the first time and made a person.' }),
    merged_into: personId
      .nullable()
      .meta({ description: 'The person under whom this one goes on, when both have turned out to be the same.' }),
  })
  .meta({ id: 'VerificationPerson' });
