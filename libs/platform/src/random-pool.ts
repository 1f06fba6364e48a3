import { randomFillSync } from 'node:crypto';

/** One call to the generator costs microseconds whatever its size; ids and IVs need a few bytes each, many times. */
const POOL_BYTES = 8_192;
const pool = Buffer.allocUnsafeSlow(POOL_BYTES);
let used = POOL_BYTES;

/** Puts `count` (at most 64) random octets that nobody else gets into `into`; they are erased from the pool as they leave it. */
export function putRandom(into: Uint8Array, at: number, count: number): void {
  if (used + count > POOL_BYTES) {
    randomFillSync(pool);
    used = 0;
  }
  for (let n = at; n < at + count; n++) {
    into[n] = pool[used]!;
    pool[used++] = 0;
  }
}

/** `count` (at most 64) random octets that nobody else gets. */
export function takeRandom(count: number): Buffer {
  const taken = Buffer.allocUnsafe(count);
  putRandom(taken, 0, count);
  return taken;
}
