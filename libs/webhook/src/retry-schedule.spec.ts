import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isGivenUp, MAX_ATTEMPTS, retryDelay } from './retry-schedule.js';

const HOUR = 3_600_000;
const total = (random: number): number =>
  Array.from({ length: MAX_ATTEMPTS - 1 }, (_, n) => retryDelay(n + 1, random)!).reduce((sum, each) => sum + each, 0);

describe('the wait after a failed attempt', () => {
  it('goes on for more than a day however the spread falls, and ends', () => {
    expect(total(0) / HOUR).toBeGreaterThan(24);
    expect(total(1) / HOUR).toBeLessThan(48);
    expect(retryDelay(MAX_ATTEMPTS, 0.5)).toBeUndefined();
  });
  it('grows, and is spread by a fifth to both sides', () => {
    for (let attempt = 1; attempt < MAX_ATTEMPTS - 1; attempt++)
      for (const random of [0, 0.5, 1])
        expect(retryDelay(attempt + 1, random)!).toBeGreaterThan(retryDelay(attempt, random)!);
    expect([retryDelay(1, 0), retryDelay(1, 0.5), retryDelay(1, 1)]).toEqual([4_000, 5_000, 6_000]);
  });
  it('is as long as the receiver asks, up to an hour, and never shorter for it', () => {
    expect(retryDelay(1, 0.5, 60)).toBe(60_000);
    expect(retryDelay(1, 0.5, 1)).toBe(5_000);
    expect(retryDelay(1, 0.5, 999_999_999)).toBe(HOUR);
  });
  it('is a whole number of milliseconds, whatever is asked', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: MAX_ATTEMPTS - 1 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.nat(),
        (attempt, random, after) => {
          const delay = retryDelay(attempt, random, after)!;
          expect(Number.isSafeInteger(delay) && delay >= 4_000 && delay < 15 * HOUR).toBe(true);
        },
      ),
    );
  });
});

describe('an endpoint', () => {
  it('is given up when nothing has succeeded since the first attempt at what failed to the end', () => {
    expect(isGivenUp({ firstAttemptAt: 100 }, { failingSince: 100 })).toBe(true);
    expect(isGivenUp({ firstAttemptAt: 100 }, { failingSince: 50 })).toBe(true);
  });
  it('is kept when something has succeeded meanwhile', () => {
    expect(isGivenUp({ firstAttemptAt: 100 }, { failingSince: 101 })).toBe(false);
    expect(isGivenUp({ firstAttemptAt: 100 }, { failingSince: undefined })).toBe(false);
  });
});
