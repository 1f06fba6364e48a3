import { RevocationColumnsBuilder } from './revocation-columns-builder.js';
import { rowAt } from './revocation-columns.js';
import type { ColumnData, RevocationColumns } from './revocation-columns.js';

/** What lies between two states of one partition. */
export interface RevocationDiff {
  /** Entries only in the later state. */
  added: RevocationColumns;
  /** Entries in both whose time or reason differs, as the later state has them. */
  changed: RevocationColumns;
  /** Entries only in the earlier state: dropped, in JPKI because the certificate has expired. */
  gone: RevocationColumns;
}

/** One merge over both states; memory grows with the differences only. */
export function diffRevocations(before: RevocationColumns, after: RevocationColumns): RevocationDiff {
  const added = new RevocationColumnsBuilder();
  const changed = new RevocationColumnsBuilder();
  const gone = new RevocationColumnsBuilder();
  mergeShort(before.data, after.data, added, changed, gone);
  mergeLong(before.data, after.data, added, changed, gone);
  const structure = 'revocation_diff';
  return { added: added.build(structure), changed: changed.build(structure), gone: gone.build(structure) };
}

type Builder = RevocationColumnsBuilder;

function mergeShort(a: ColumnData, b: ColumnData, added: Builder, changed: Builder, gone: Builder): void {
  const take = (to: Builder, from: ColumnData, i: number): void =>
    to.append(from.serials[i]!, from.times[i]!, from.reasons[i]!);
  let i = 0;
  let j = 0;
  while (i < a.serials.length || j < b.serials.length) {
    const left = i < a.serials.length ? a.serials[i]! : Infinity;
    const right = j < b.serials.length ? b.serials[j]! : Infinity;
    if (left < right) take(gone, a, i++);
    else if (left > right) take(added, b, j++);
    else {
      if (a.times[i] !== b.times[j] || a.reasons[i] !== b.reasons[j]) take(changed, b, j);
      i++;
      j++;
    }
  }
}

function mergeLong(a: ColumnData, b: ColumnData, added: Builder, changed: Builder, gone: Builder): void {
  const take = (to: Builder, from: ColumnData, i: number): void =>
    to.appendLong(rowAt(from, i), from.longTimes[i]!, from.longReasons[i]!);
  let i = 0;
  let j = 0;
  while (i < a.longTimes.length || j < b.longTimes.length) {
    const order =
      i === a.longTimes.length ? 1 : j === b.longTimes.length ? -1 : Buffer.compare(rowAt(a, i), rowAt(b, j));
    if (order < 0) take(gone, a, i++);
    else if (order > 0) take(added, b, j++);
    else {
      if (a.longTimes[i] !== b.longTimes[j] || a.longReasons[i] !== b.longReasons[j]) take(changed, b, j);
      i++;
      j++;
    }
  }
}
