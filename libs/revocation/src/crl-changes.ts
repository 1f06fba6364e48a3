import {
  CRL_REASONS,
  longRow,
  type RevocationColumns,
  RevocationColumnsBuilder,
  type RevocationDiff,
  shortSerial,
} from '#lib/pki';

export const CHANGE_KINDS = ['added', 'changed', 'gone'] as const;
export type ChangeKind = (typeof CHANGE_KINDS)[number];

/** What one list changed about one serial: a row of `crl_change`. */
export interface CrlChange {
  kind: ChangeKind;
  /** Content octets of the INTEGER. */
  serial: Uint8Array;
  /** Milliseconds; of a serial that is gone, as it stood before. */
  revokedAt: number;
  /** CRLReason code point. */
  reason: number;
}

/** Below this many changes rows are kept whatever the list's size. */
const ALWAYS_ROWS = 1_000;
/** A change takes about eight times the room of an entry in columns: row header, key and two indexes. */
const ROW_WEIGHT = 8;

/**
 * How a list enters the history: by its changes, or as a new baseline when so much changed that the whole list in
 * columns is smaller (an authority that reorganises its partitions).
 */
export function historyForm(diff: RevocationDiff, entries: number): 'changes' | 'baseline' {
  const changes = diff.added.size + diff.changed.size + diff.gone.size;
  return changes > ALWAYS_ROWS && changes * ROW_WEIGHT > entries ? 'baseline' : 'changes';
}

/** The diff one entry at a time. */
export function* changesOf(diff: RevocationDiff): Iterable<CrlChange> {
  for (const kind of CHANGE_KINDS)
    for (const { serial, revokedAt, reason } of diff[kind])
      yield { kind, serial, revokedAt, reason: CRL_REASONS.indexOf(reason) };
}

/** The diff that changes add up to. */
export function diffOf(changes: Iterable<CrlChange>): RevocationDiff {
  const builders = {
    added: new RevocationColumnsBuilder(),
    changed: new RevocationColumnsBuilder(),
    gone: new RevocationColumnsBuilder(),
  };
  for (const { kind, serial, revokedAt, reason } of changes) append(builders[kind], serial, revokedAt, reason);
  const structure = 'crl_change';
  return {
    added: builders.added.build(structure),
    changed: builders.changed.build(structure),
    gone: builders.gone.build(structure),
  };
}

/** A later state: `base` with the last change of each serial applied. */
export function applyChanges(base: RevocationColumns, lastOfEach: Iterable<CrlChange>): RevocationColumns {
  const changes = new Map<string, CrlChange>();
  for (const change of lastOfEach) changes.set(key(change.serial), change);
  if (changes.size === 0) return base;
  const builder = new RevocationColumnsBuilder();
  for (const { serial, revokedAt, reason } of base)
    if (!changes.has(key(serial))) append(builder, serial, revokedAt, CRL_REASONS.indexOf(reason));
  for (const { kind, serial, revokedAt, reason } of changes.values())
    if (kind !== 'gone') append(builder, serial, revokedAt, reason);
  return builder.build('crl_history');
}

const key = (serial: Uint8Array): string => Buffer.from(serial).toString('latin1');

function append(builder: RevocationColumnsBuilder, serial: Uint8Array, revokedAt: number, reason: number): void {
  const short = shortSerial(serial);
  if (short >= 0) builder.append(short, revokedAt / 1000, reason);
  else builder.appendLong(longRow(serial), revokedAt / 1000, reason);
}
