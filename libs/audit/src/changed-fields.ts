import { isDeepStrictEqual } from 'node:util';
import type { AuditChange } from './append-audit.js';

type Fields = Readonly<Record<string, unknown>>;

/**
 * The fields that differ between two states of a thing; undefined when none does. Null stands for a thing that is not
 * there, then all fields of the other state are in it. Give personal values as ciphertext or keyed hash.
 */
export function changedFields(before: Fields | null, after: Fields | null): AuditChange | undefined {
  if (before === null || after === null) return before === after ? undefined : { before, after };
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const changed = names.filter((name) => !isDeepStrictEqual(before[name], after[name]));
  if (changed.length === 0) return undefined;
  // A field that one state does not have is null there: JSON has no undefined.
  const pick = (of: Fields): Record<string, unknown> =>
    Object.fromEntries(changed.map((name) => [name, of[name] ?? null]));
  return { before: pick(before), after: pick(after) };
}
