import { createHash } from 'node:crypto';
import { equalBytes, Malformed } from './der.js';
import { CRL_REASONS } from './verdict.js';
import type { CrlReason } from './verdict.js';

/** RFC 5280 §4.1.2.2: serial numbers have at most 20 octets. */
export const SERIAL_MAX_OCTETS = 20;
/** A long serial's row: its length, then its content octets, zero-padded. */
export const LONG_ROW_OCTETS = 1 + SERIAL_MAX_OCTETS;

/** One revoked certificate. */
export interface Revocation {
  /** Content octets of the serial number INTEGER. */
  serial: Uint8Array;
  /** Milliseconds. */
  revokedAt: number;
  /** `unspecified` also when the list gave no reason (RFC 5280 §5.3.1). */
  reason: CrlReason;
}

/**
 * The columns themselves. The first section has serials from 0 to 2^32 − 1, ascending; the second has all others
 * (longer or negative) as rows of {@link LONG_ROW_OCTETS}, ascending as byte strings. Times are seconds since 1970,
 * reasons are CRLReason code points with 0 for none given.
 */
export interface ColumnData {
  serials: Uint32Array;
  times: Uint32Array;
  reasons: Uint8Array;
  longRows: Uint8Array;
  longTimes: Uint32Array;
  longReasons: Uint8Array;
}

/** The value of a serial's content octets when it is between 0 and 2^32 − 1, else -1. */
export function shortSerial(octets: Uint8Array): number {
  const { length } = octets;
  const start = length === 5 && octets[0] === 0 ? 1 : 0;
  if (length === 0 || length - start > 4 || (start === 0 && octets[0]! >= 0x80)) return -1;
  let value = 0;
  for (let i = start; i < length; i++) value = value * 256 + octets[i]!;
  return value;
}

/** Content octets of the INTEGER `value`, 0 to 2^32 − 1. */
export function serialOctets(value: number): Uint8Array {
  const octets = new Uint8Array(
    value < 0x80 ? 1 : value < 0x8000 ? 2 : value < 0x80_0000 ? 3 : value < 0x8000_0000 ? 4 : 5,
  );
  for (let at = octets.length - 1, rest = value; at >= 0; at--, rest = Math.floor(rest / 256)) octets[at] = rest & 0xff;
  return octets;
}

/** The row of a serial that is not short. */
export function longRow(octets: Uint8Array): Uint8Array {
  const row = new Uint8Array(LONG_ROW_OCTETS);
  row[0] = octets.length;
  row.set(octets, 1);
  return row;
}

/** The revoked serials of one partition: immutable, nine bytes an entry for serials below 2^32. */
export class RevocationColumns implements Iterable<Revocation> {
  /** @param data sorted, without duplicates; not copied, must not change afterwards. */
  constructor(readonly data: ColumnData) {}

  get size(): number {
    return this.data.serials.length + this.data.longTimes.length;
  }

  /** Looks a serial up by the content octets of its INTEGER. O(log n). */
  find(serial: Uint8Array): { revokedAt: number; reason: CrlReason } | undefined {
    const { data } = this;
    const short = shortSerial(serial);
    if (short >= 0) {
      const at = indexOfWord(data.serials, short);
      return at < 0 ? undefined : statement(data.times[at]!, data.reasons[at]!);
    }
    if (serial.length === 0 || serial.length > SERIAL_MAX_OCTETS) return undefined;
    const wanted = longRow(serial);
    let low = 0;
    let high = data.longTimes.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const order = Buffer.compare(rowAt(data, middle), wanted);
      if (order === 0) return statement(data.longTimes[middle]!, data.longReasons[middle]!);
      if (order < 0) low = middle + 1;
      else high = middle - 1;
    }
    return undefined;
  }

  *[Symbol.iterator](): Iterator<Revocation> {
    const { data } = this;
    for (let i = 0; i < data.serials.length; i++)
      yield { serial: serialOctets(data.serials[i]!), ...statement(data.times[i]!, data.reasons[i]!) };
    for (let i = 0; i < data.longTimes.length; i++) {
      const row = rowAt(data, i);
      const serial = row.subarray(1, 1 + row[0]!);
      yield { serial, ...statement(data.longTimes[i]!, data.longReasons[i]!) };
    }
  }

  /** One blob that {@link decode} reads back; it ends with a SHA-256 over all before it. */
  encode(): Uint8Array {
    const { data } = this;
    const layout = layoutOf(data.serials.length, data.longTimes.length);
    const blob = new Uint8Array(layout.end + DIGEST_OCTETS);
    blob.set(MAGIC, 0);
    const header = new Uint32Array(blob.buffer, MAGIC.length, 4);
    header.set([BYTE_ORDER_MARK, FORMAT_VERSION, data.serials.length, data.longTimes.length]);
    blob.set(octetsOf(data.serials), layout.serials);
    blob.set(octetsOf(data.times), layout.times);
    blob.set(octetsOf(data.longTimes), layout.longTimes);
    blob.set(data.reasons, layout.reasons);
    blob.set(data.longReasons, layout.longReasons);
    blob.set(data.longRows, layout.longRows);
    blob.set(createHash('sha256').update(blob.subarray(0, layout.end)).digest(), layout.end);
    return blob;
  }

  /** Reads what {@link encode} wrote. The columns are views of `blob` when its data are aligned to four bytes. */
  static decode(blob: Uint8Array): RevocationColumns {
    const fail = (rule: string, offset: number): never => {
      throw new Malformed('revocation_columns', rule, offset);
    };
    if (blob.length < HEADER_OCTETS + DIGEST_OCTETS) fail('truncated', blob.length);
    if (!equalBytes(blob.subarray(0, MAGIC.length), MAGIC)) fail('bad_magic', 0);
    const aligned = blob.byteOffset % 4 === 0 ? blob : Uint8Array.from(blob);
    const words = (offset: number, count: number): Uint32Array =>
      new Uint32Array(aligned.buffer, aligned.byteOffset + offset, count);
    const [mark, version, count, longCount] = words(MAGIC.length, 4) as unknown as [number, number, number, number];
    if (mark !== BYTE_ORDER_MARK) fail('foreign_byte_order', MAGIC.length);
    if (version !== FORMAT_VERSION) fail('unknown_version', MAGIC.length + 4);
    const layout = layoutOf(count, longCount);
    if (layout.end + DIGEST_OCTETS !== blob.length) fail('length_mismatch', blob.length);
    const digest = createHash('sha256').update(aligned.subarray(0, layout.end)).digest();
    if (!equalBytes(digest, aligned.subarray(layout.end))) fail('digest_mismatch', layout.end);
    const data: ColumnData = {
      serials: words(layout.serials, count),
      times: words(layout.times, count),
      longTimes: words(layout.longTimes, longCount),
      reasons: aligned.subarray(layout.reasons, layout.reasons + count),
      longReasons: aligned.subarray(layout.longReasons, layout.longReasons + longCount),
      longRows: aligned.subarray(layout.longRows, layout.end),
    };
    if (!isOrdered(data)) fail('not_ascending', HEADER_OCTETS);
    if (!data.reasons.every(isReason) || !data.longReasons.every(isReason)) fail('bad_reason', layout.reasons);
    return new RevocationColumns(data);
  }
}

/** Interpolations before halving takes over, and the span that is left to halving in any case. */
const GUESSES = 4;
const NARROW = 16;

/**
 * Index of `wanted` among ascending words, or -1. Serials of one authority are spread evenly enough that a place
 * guessed from the value is nearly right: a lookup touches a few cache lines where halving touches one each step. Where
 * they are not, halving ends it, so it never takes more than O(log n).
 */
function indexOfWord(words: Uint32Array, wanted: number): number {
  let low = 0;
  let high = words.length - 1;
  for (let guesses = 0; guesses < GUESSES && high - low > NARROW; guesses++) {
    const first = words[low]!;
    const last = words[high]!;
    if (wanted < first || wanted > last) return -1;
    const guess = low + Math.floor(((wanted - first) / (last - first)) * (high - low));
    const value = words[guess]!;
    if (value === wanted) return guess;
    if (value < wanted) low = guess + 1;
    else high = guess - 1;
  }
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const value = words[middle]!;
    if (value === wanted) return middle;
    if (value < wanted) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}

const MAGIC = Buffer.from('SHOMEIRV', 'latin1');
/** Written natively: a machine of the other byte order reads 0x04030201 and refuses instead of mixing up columns. */
const BYTE_ORDER_MARK = 0x01020304;
const FORMAT_VERSION = 1;
const HEADER_OCTETS = MAGIC.length + 16;
const DIGEST_OCTETS = 32;

/** Byte offsets of the columns in a blob; four-byte columns come first so that they stay aligned. */
function layoutOf(count: number, longCount: number): Record<keyof ColumnData | 'end', number> {
  const serials = HEADER_OCTETS;
  const times = serials + 4 * count;
  const longTimes = times + 4 * count;
  const reasons = longTimes + 4 * longCount;
  const longReasons = reasons + count;
  const longRows = longReasons + longCount;
  return { serials, times, longTimes, reasons, longReasons, longRows, end: longRows + LONG_ROW_OCTETS * longCount };
}

const octetsOf = (column: Uint32Array): Uint8Array =>
  new Uint8Array(column.buffer, column.byteOffset, column.byteLength);

const isReason = (code: number): boolean => CRL_REASONS[code] !== undefined;

function statement(seconds: number, code: number): { revokedAt: number; reason: CrlReason } {
  return { revokedAt: seconds * 1000, reason: CRL_REASONS[code] ?? 'unspecified' };
}

export function rowAt(data: ColumnData, index: number): Uint8Array {
  return data.longRows.subarray(index * LONG_ROW_OCTETS, (index + 1) * LONG_ROW_OCTETS);
}

function isOrdered(data: ColumnData): boolean {
  const { serials } = data;
  for (let i = 1; i < serials.length; i++) if (serials[i - 1]! >= serials[i]!) return false;
  for (let i = 0; i < data.longTimes.length; i++) {
    const row = rowAt(data, i);
    const length = row[0]!;
    // A row that `find` would never look for (empty, short, too long, not padded with zeros) hides a revocation.
    if (length === 0 || length > SERIAL_MAX_OCTETS || shortSerial(row.subarray(1, 1 + length)) >= 0) return false;
    if (row.subarray(1 + length).some((octet) => octet !== 0)) return false;
    if (i > 0 && Buffer.compare(rowAt(data, i - 1), row) >= 0) return false;
  }
  return true;
}
