import { equalBytes, Malformed } from './der.js';
import { emptyWords, joinWords, sortRows, sortWords, type Words } from './revocation-sort.js';
import { LONG_ROW_OCTETS, RevocationColumns } from './revocation-columns.js';

/** Entries of the first piece and of the largest; pieces double in between. */
const FIRST_PIECE = 1_024;
const LARGEST_PIECE = 262_144;

/**
 * Collects entries in any order and turns them into {@link RevocationColumns}. Grows with what arrives, never with what
 * is announced, and piece by piece: nothing already collected is copied before all is there.
 */
export class RevocationColumnsBuilder {
  private readonly pieces: Words[] = [];
  /** Entries in `pieces`, all of which are full. */
  private collected = 0;
  private current = emptyWords(0);
  private filled = 0;
  private ascending = true;
  private last = -1;
  private longRows = new Uint8Array(0);
  private longTimes = new Uint32Array(0);
  private longReasons = new Uint8Array(0);
  private longCount = 0;

  get size(): number {
    return this.collected + this.filled + this.longCount;
  }

  /** @param serial below 2^32 @param seconds since 1970 @param reason CRLReason code point, 0 when none is given */
  append(serial: number, seconds: number, reason: number): void {
    if (this.filled === this.current.keys.length) this.beginPiece();
    const at = this.filled;
    const { keys, times, reasons } = this.current;
    keys[at] = serial;
    times[at] = seconds;
    reasons[at] = reason;
    if (serial <= this.last) this.ascending = false;
    this.last = serial;
    this.filled = at + 1;
  }

  private beginPiece(): void {
    if (this.filled > 0) this.pieces.push(this.current);
    this.collected += this.filled;
    this.current = emptyWords(Math.min(LARGEST_PIECE, Math.max(FIRST_PIECE, this.collected)));
    this.filled = 0;
  }

  /** @param row as made by `longRow` */
  appendLong(row: Uint8Array, seconds: number, reason: number): void {
    const at = this.longCount;
    if (at === this.longTimes.length) {
      const capacity = Math.max(64, at * 2);
      this.longRows = grown(this.longRows, capacity * LONG_ROW_OCTETS, Uint8Array);
      this.longTimes = grown(this.longTimes, capacity, Uint32Array);
      this.longReasons = grown(this.longReasons, capacity, Uint8Array);
    }
    this.longRows.set(row, at * LONG_ROW_OCTETS);
    this.longTimes[at] = seconds;
    this.longReasons[at] = reason;
    this.longCount = at + 1;
  }

  /**
   * Sorts and hands the columns over; the builder is spent. Throws Malformed `duplicate_serial` when a serial was
   * appended twice: which of two statements holds is not ours to choose.
   */
  build(structure: string): RevocationColumns {
    const { current, filled } = this;
    const pieces = [...this.pieces, partOf(current, filled)];
    const count = this.collected + filled;
    const short = this.ascending ? joinWords(pieces, count) : sortWords(pieces, count);
    const long = sortRows(
      {
        keys: trimmed(this.longRows, this.longCount * LONG_ROW_OCTETS, Uint8Array),
        times: trimmed(this.longTimes, this.longCount, Uint32Array),
        reasons: trimmed(this.longReasons, this.longCount, Uint8Array),
      },
      LONG_ROW_OCTETS,
    );
    const repeated = findRepeated(short.keys) ?? findRepeatedRow(long.keys);
    if (repeated !== undefined) throw new Malformed(structure, 'duplicate_serial', repeated);
    return new RevocationColumns({
      serials: short.keys,
      times: short.times,
      reasons: short.reasons,
      longRows: long.keys,
      longTimes: long.times,
      longReasons: long.reasons,
    });
  }
}

const partOf = ({ keys, times, reasons }: Words, length: number): Words => ({
  keys: keys.subarray(0, length),
  times: times.subarray(0, length),
  reasons: reasons.subarray(0, length),
});

/** Index of a key equal to the one before it. */
function findRepeated(keys: Uint32Array): number | undefined {
  for (let i = 1; i < keys.length; i++) if (keys[i - 1] === keys[i]) return i;
  return undefined;
}

function findRepeatedRow(rows: Uint8Array): number | undefined {
  for (let i = LONG_ROW_OCTETS; i < rows.length; i += LONG_ROW_OCTETS)
    if (equalBytes(rows.subarray(i - LONG_ROW_OCTETS, i), rows.subarray(i, i + LONG_ROW_OCTETS)))
      return i / LONG_ROW_OCTETS;
  return undefined;
}

type Column = Uint8Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;

function grown<T extends Column>(column: T, capacity: number, Type: new (length: number) => T): T {
  const larger = new Type(capacity);
  larger.set(column);
  return larger;
}

/** Copies when more than an eighth would be wasted for the life of the set. */
function trimmed<T extends Column>(column: T, length: number, Type: new (length: number) => T): T {
  if (length * 1.125 >= column.length) return column.subarray(0, length) as T;
  const exact = new Type(length);
  exact.set(column.subarray(0, length));
  return exact;
}
