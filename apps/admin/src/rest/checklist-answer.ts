import { toPublicId } from '#lib/platform';
import type { Checklist, ChecklistFile } from '#lib/tenancy';
import type { ChecklistAnswer, FileAnswer } from './checklist-schemas.js';

type Person = FileAnswer['uploaded_by'];

export function checklistAnswer(
  { items, connectionTest }: Checklist,
  names: ReadonlyMap<string, string>,
): ChecklistAnswer {
  const person = (id: string): Person => ({ id: toPublicId('opr', id), name: names.get(id) ?? null });
  const isPassed = connectionTest.every(({ verification }) => verification !== undefined);
  return {
    open: [
      ...items.filter(({ confirmed }) => confirmed === undefined).map(({ item }) => item),
      ...(isPassed ? [] : (['connection_test'] as const)),
    ],
    items: items.map(({ item, confirmed, files }) => ({
      item,
      state: confirmed ? 'done' : 'open',
      confirmed: confirmed
        ? { by: person(confirmed.by), at: confirmed.at.toISOString(), note: confirmed.note ?? null }
        : null,
      files: files.map((file) => fileAnswer(file, person)),
    })),
    connection_test: {
      state: isPassed ? 'done' : 'open',
      proofs: connectionTest.map(({ shows, verification }) => ({
        shows,
        verification_id: verification ? toPublicId('ver', verification.id) : null,
        recorded_at: verification?.at.toISOString() ?? null,
      })),
    },
  };
}

const fileAnswer = (file: ChecklistFile, person: (id: string) => Person): FileAnswer => ({
  id: toPublicId('fil', file.id),
  name: file.name,
  media_type: file.type,
  size: file.size,
  sha256: file.sha256,
  uploaded_by: person(file.uploadedBy),
  uploaded_at: file.uploadedAt.toISOString(),
  withdrawn: file.withdrawn
    ? {
        by: person(file.withdrawn.by),
        at: file.withdrawn.at.toISOString(),
        reason: file.withdrawn.reason,
        replaced_by: file.withdrawn.replacedBy === undefined ? null : toPublicId('fil', file.withdrawn.replacedBy),
      }
    : null,
});
