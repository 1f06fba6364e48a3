import type { z } from 'zod';
import { toPublicId } from '#lib/platform';
import type { VerificationPerson } from '#lib/verification';
import type { verificationPerson } from './persons.schemas.js';

const personId = (id: string | undefined): string | null => (id === undefined ? null : toPublicId('per', id));

export const verificationPersonAnswer = (person: VerificationPerson): z.output<typeof verificationPerson> => ({
  state: person.state,
  id: personId(person.id),
  new: person.isNew,
  merged_into: personId(person.mergedInto),
});
