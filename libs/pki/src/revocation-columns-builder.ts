import { equalBytes, Malformed } from './der.js';
import { sortRows, sortWords } from './revocation-sort.js';
import { LONG_ROW_OCTETS, RevocationColumns } from './revocation-columns.js';

const FIRST_CAPACITY = 4096;

/** Collects entries in any order and turns them into {@link RevocationColumns}. Grows with what arrives, never with what is announced. */
export class RevocationColumnsBuilder {
  private serials = new Uint32Array(FIRST_CAPACITY);
  private times = new Uint32Array(FIRST_CAPACITY);
  private reasons = new Uint8Array(FIRST_CAPACITY);
  private count = 0;
  private ascending = true;
  private last = -1;
  private longRows = new Uint8Array(0);
  private longTimes = new Uint32Array(0);
  private longReasons = new Uint8Array(0);
  private longCount = 0;

  get size(): number {
    return this.count + this.longCount;
  }

  /** The next short entry needs growth. */
  get isFull(): boolean {
    return this.count === this.serials.length;
  }

  /**
   * Makes room for one more short entry.
   * @param expected how many entries there seem to be in all; trims the last growth step, at most doubles.
   */
  reserve(expected: number): void {
    if (!this.isFull) return;
    const capacity = Math.min(this.count * 2, Math.max(Math.ceil(expected), Math.ceil(this.count * 1.125)));
    this.serials = grown(this.serials, capacity, Uint32Array);
    this.times = grown(this.times, capacity, Uint32Array);
    this.reasons = grown(this.reasons, capacity, Uint8Array);
  }

  /** @param serial below 2^32 @param seconds since 1970 @param reason CRLReason code point, 0 when none is given */
  append(serial: number, seconds: number, reason: number): void {
    const at = this.count;
    if (at === this.serials.length) this.reserve(at * 2);
    this.serials[at] = serial;
    this.times[at] = seconds;
    this.reasons[at] = reason;
    if (serial <= this.last) this.ascending = false;
    this.last = serial;
    this.count = at + 1;
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
    let short = {
      keys: trimmed(this.serials, this.count, Uint32Array),
      times: trimmed(this.times, this.count, Uint32Array),
      reasons: trimmed(this.reasons, this.count, Uint8Array),
    };
    if (!this.ascending) short = sortWords(short);
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
