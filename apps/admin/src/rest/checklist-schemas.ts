import { z } from 'zod';
import { CHECKLIST_ITEMS, DOCUMENTED_ITEMS, FILE_TYPES, type FileType } from '#lib/tenancy';
import { id, reason, text, time, words } from './schemas.js';

export const fileTypes = Object.keys(FILE_TYPES) as [FileType, ...FileType[]];

const person = z.object({ id: z.string(), name: z.string().nullable() });
export const fileAnswer = z
  .object({
    id: z.string(),
    name: z.string(),
    media_type: z.enum(fileTypes),
    size: z.int().meta({ description: 'Bytes.' }),
    sha256: z.string().meta({ description: 'Of what was uploaded, hexadecimal.' }),
    uploaded_by: person,
    uploaded_at: time,
    withdrawn: z
      .object({ by: person, at: time, reason: z.string(), replaced_by: z.string().nullable() })
      .nullable()
      .meta({ description: 'A withdrawn file stays readable and confirms nothing.' }),
  })
  .meta({ id: 'ChecklistFile' });
export type FileAnswer = z.output<typeof fileAnswer>;

const state = z.enum(['open', 'done']);
const proof = z.object({
  shows: z.enum(['valid_signature', 'valid_authentication', 'invalid']),
  verification_id: z.string().nullable().meta({ description: 'The first one that shows it; null: none yet.' }),
  recorded_at: time.nullable(),
});
export const checklistAnswer = z
  .object({
    open: z.array(z.enum(CHECKLIST_ITEMS)).meta({ description: 'What is not done; empty: J-LIS can be notified.' }),
    items: z.array(
      z.object({
        item: z.enum(DOCUMENTED_ITEMS),
        state,
        confirmed: z.object({ by: person, at: time, note: z.string().nullable() }).nullable(),
        files: z.array(fileAnswer).meta({ description: 'Oldest first.' }),
      }),
    ),
    connection_test: z
      .object({ state, proofs: z.array(proof) })
      .meta({ description: 'Passed by the tenant’s own verifications in test mode; nobody can tick it.' }),
  })
  .meta({ id: 'Checklist' });
export type ChecklistAnswer = z.output<typeof checklistAnswer>;

export const confirmRequest = z
  .strictObject({ note: words.optional().meta({ description: 'What was looked at; kept with the confirmation.' }) })
  .meta({ id: 'ConfirmItem' });
export const reasonRequest = z.strictObject({ reason }).meta({ id: 'ChecklistReason' });
export const uploadQuery = z.strictObject({
  name: text(300).meta({ description: 'Of the file, with its ending.' }),
  replaces: id.optional().meta({ description: 'A file of the same item that is withdrawn by this.' }),
  reason: reason.optional().meta({ description: 'Why it is replaced.' }),
});
export type UploadQuery = z.output<typeof uploadQuery>;
