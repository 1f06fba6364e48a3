import { randomFillSync } from 'node:crypto';

/** One call to the generator costs microseconds whatever its size; ids and IVs need a few bytes each, many times. */
const POOL_BYTES = 8_192;
const pool = Buffer.allocUnsafeSlow(POOL_BYTES);
let used = POOL_BYTES;

/** `count` (at most 64) random bytes that nobody else gets; erased from the pool as they leave it. */
export function takeRandom(count: number): Buffer {
  if (used + count > POOL_BYTES) {
    randomFillSync(pool);
    used = 0;
  }
  const taken = Buffer.from(pool.subarray(used, used + count));
  pool.fill(0, used, used + count);
  used += count;
  return taken;
}
