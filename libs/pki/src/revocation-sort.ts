/** Parallel columns: `keys` decides the order, the others follow. */
export interface Keyed<Keys> {
  keys: Keys;
  times: Uint32Array<ArrayBuffer>;
  reasons: Uint8Array<ArrayBuffer>;
}

export type Words = Keyed<Uint32Array<ArrayBuffer>>;

export const emptyWords = (length: number): Words => ({
  keys: new Uint32Array(length),
  times: new Uint32Array(length),
  reasons: new Uint8Array(length),
});

/** Below this many entries the columns fit the processor's cache and are not divided first. */
const UNDIVIDED = 32_768;
/** Entries wanted in a part: it and the copy it is sorted through stay in the cache. */
const PART = 8_192;
const MAX_PART_BITS = 10;
const MAX_DIGIT_BITS = 11;

/**
 * Sorts entries that came in pieces into one set of columns of `length`. One pass divides them by the leading bits of
 * their keys; a least-significant-digit radix sort orders each part. Linear time whatever the issuer's order and
 * whatever keys a hostile one picks: at worst all are in one part.
 */
export function sortWords(pieces: readonly Words[], length: number): Words {
  const range = { low: 0xffff_ffff, high: 0 };
  for (const { keys } of pieces) widen(range, keys);
  const { low } = range;
  const keyBits = length === 0 ? 0 : 32 - Math.clz32(range.high - low);
  const wanted = length <= UNDIVIDED ? 0 : Math.min(MAX_PART_BITS, Math.ceil(Math.log2(length / PART)));
  const shift = Math.max(0, keyBits - wanted);
  if (shift === keyBits) {
    const joined = joinWords(pieces, length);
    sortParts(joined, low, shift, [0, length]);
    return joined;
  }
  const starts = new Uint32Array((1 << (keyBits - shift)) + 1);
  for (const { keys } of pieces) countParts(keys, low, shift, starts);
  for (let part = 1; part < starts.length; part++) starts[part]! += starts[part - 1]!;
  const sorted = emptyWords(length);
  const next = starts.slice();
  for (const piece of pieces) divide(piece, sorted, low, shift, next);
  sortParts(sorted, low, shift, starts);
  return sorted;
}

/** The pieces one after the other. */
export function joinWords(pieces: readonly Words[], length: number): Words {
  const joined = emptyWords(length);
  let at = 0;
  for (const { keys, times, reasons } of pieces) {
    joined.keys.set(keys, at);
    joined.times.set(times, at);
    joined.reasons.set(reasons, at);
    at += keys.length;
  }
  return joined;
}

// The loops are functions of their own: compiled after the first piece or part, they run the others at full speed.
function widen(range: { low: number; high: number }, keys: Uint32Array): void {
  let { low, high } = range;
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i]!;
    if (key < low) low = key;
    if (key > high) high = key;
  }
  range.low = low;
  range.high = high;
}

/** Counts into the place after each part's own, so that the sums are the parts' starts. */
function countParts(keys: Uint32Array, low: number, shift: number, counts: Uint32Array): void {
  for (let i = 0; i < keys.length; i++) counts[((keys[i]! - low) >>> shift) + 1]!++;
}

function divide({ keys, times, reasons }: Words, to: Words, low: number, shift: number, next: Uint32Array): void {
  const { keys: toKeys, times: toTimes, reasons: toReasons } = to;
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i]!;
    const at = next[(key - low) >>> shift]!++;
    toKeys[at] = key;
    toTimes[at] = times[i]!;
    toReasons[at] = reasons[i]!;
  }
}

/** Orders each part by the `bits` low bits of its keys' distance from `low`. */
function sortParts(words: Words, low: number, bits: number, starts: ArrayLike<number>): void {
  const passes = Math.ceil(bits / MAX_DIGIT_BITS);
  if (passes === 0) return;
  const digitBits = Math.ceil(bits / passes);
  let largest = 0;
  for (let part = 1; part < starts.length; part++) largest = Math.max(largest, starts[part]! - starts[part - 1]!);
  const copy = emptyWords(largest);
  const counts = new Uint32Array(1 << digitBits);
  for (let part = 1; part < starts.length; part++) {
    const start = starts[part - 1]!;
    const length = starts[part]! - start;
    if (length < 2) continue;
    let inCopy = false;
    for (let pass = 0; pass < passes; pass++) {
      const [from, fromAt, to, toAt] = inCopy ? ([copy, 0, words, start] as const) : ([words, start, copy, 0] as const);
      const shift = pass * digitBits;
      counts.fill(0);
      countDigits(from.keys, fromAt, length, low, shift, counts);
      if (!toStarts(counts, length)) continue;
      scatter(from, fromAt, to, toAt, length, low, shift, counts);
      inCopy = !inCopy;
    }
    if (inCopy) moveBack(copy, words, start, length);
  }
}

function countDigits(
  keys: Uint32Array,
  from: number,
  length: number,
  low: number,
  shift: number,
  counts: Uint32Array,
): void {
  const mask = counts.length - 1;
  for (let i = from; i < from + length; i++) counts[((keys[i]! - low) >>> shift) & mask]!++;
}

function scatter(
  { keys, times, reasons }: Words,
  from: number,
  { keys: toKeys, times: toTimes, reasons: toReasons }: Words,
  start: number,
  length: number,
  low: number,
  shift: number,
  next: Uint32Array,
): void {
  const mask = next.length - 1;
  for (let i = from; i < from + length; i++) {
    const key = keys[i]!;
    const at = start + next[((key - low) >>> shift) & mask]!++;
    toKeys[at] = key;
    toTimes[at] = times[i]!;
    toReasons[at] = reasons[i]!;
  }
}

function moveBack(copy: Words, words: Words, start: number, length: number): void {
  words.keys.set(copy.keys.subarray(0, length), start);
  words.times.set(copy.times.subarray(0, length), start);
  words.reasons.set(copy.reasons.subarray(0, length), start);
}

/** The same for byte-string keys of `width` octets each, one octet a pass, moving an index and the rows only once. */
export function sortRows(columns: Keyed<Uint8Array<ArrayBuffer>>, width: number): Keyed<Uint8Array<ArrayBuffer>> {
  const { keys } = columns;
  const { length } = columns.times;
  let order = Uint32Array.from({ length }, (_, i) => i);
  let other = new Uint32Array(length);
  let moved = false;
  const starts = new Uint32Array(256);
  for (let octet = width - 1; octet >= 0; octet--) {
    starts.fill(0);
    for (let i = 0; i < length; i++) starts[keys[i * width + octet]!]!++;
    if (!toStarts(starts, length)) continue;
    for (let i = 0; i < length; i++) {
      const row = order[i]!;
      other[starts[keys[row * width + octet]!]!++] = row;
    }
    [order, other] = [other, order];
    moved = true;
  }
  if (!moved) return columns;
  const sorted = new Uint8Array(length * width);
  for (let i = 0; i < length; i++) {
    const row = order[i]! * width;
    sorted.set(keys.subarray(row, row + width), i * width);
  }
  return {
    keys: sorted,
    times: Uint32Array.from(order, (row) => columns.times[row]!),
    reasons: Uint8Array.from(order, (row) => columns.reasons[row]!),
  };
}

/** Counts → first index of each bucket; false when one bucket has everything and the pass would change nothing. */
function toStarts(counts: Uint32Array, length: number): boolean {
  let sum = 0;
  for (let i = 0; i < counts.length; i++) {
    const count = counts[i]!;
    if (count === length) return false;
    counts[i] = sum;
    sum += count;
  }
  return true;
}
