/** Parallel columns: `keys` decides the order, the others follow. */
export interface Keyed<Keys> {
  keys: Keys;
  times: Uint32Array<ArrayBuffer>;
  reasons: Uint8Array<ArrayBuffer>;
}

type Words = Keyed<Uint32Array<ArrayBuffer>>;

const DIGIT_BITS = 11;
const BUCKETS = 1 << DIGIT_BITS;

/**
 * Least-significant-digit radix sort of 32-bit keys, three passes of 11 bits. Linear time whatever the issuer's
 * order, where a comparison sort of an index would cost about ten times the scan of the list.
 */
export function sortWords(columns: Words): Words {
  const { length } = columns.keys;
  let from = columns;
  let to = { keys: new Uint32Array(length), times: new Uint32Array(length), reasons: new Uint8Array(length) };
  const starts = new Uint32Array(BUCKETS);
  for (let shift = 0; shift < 32; shift += DIGIT_BITS) {
    starts.fill(0);
    countDigits(from.keys, shift, starts);
    if (!toStarts(starts, length)) continue;
    scatter(from, to, shift, starts);
    [from, to] = [to, from];
  }
  return from;
}

// The two loops are functions of their own: compiled after the first pass, they run the others at full speed.
function countDigits(keys: Uint32Array, shift: number, counts: Uint32Array): void {
  for (let i = 0; i < keys.length; i++) counts[(keys[i]! >>> shift) & (BUCKETS - 1)]!++;
}

function scatter(from: Words, to: Words, shift: number, starts: Uint32Array): void {
  const { keys, times, reasons } = from;
  const { keys: toKeys, times: toTimes, reasons: toReasons } = to;
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i]!;
    const at = starts[(key >>> shift) & (BUCKETS - 1)]!++;
    toKeys[at] = key;
    toTimes[at] = times[i]!;
    toReasons[at] = reasons[i]!;
  }
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
