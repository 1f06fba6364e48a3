import { describe, expect, it } from '@jest/globals';
import { GIVE_UP_AFTER_MS, nextAttempt } from './serial-linkage-schedule.js';

const MINUTE = 60_000;
const createdAt = Date.UTC(2026, 10, 23);
const delayAfter = (attempts: number, retryAfterMs?: number): number =>
  nextAttempt({ createdAt, attempts, at: createdAt, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) })! -
  createdAt;

describe('a pending linkage', () => {
  it('waits five minutes, then twice as long each time, up to six hours', () =>
    expect([1, 2, 3, 4, 5, 6, 7, 8, 40, 10_000].map((attempts) => delayAfter(attempts) / MINUTE)).toEqual([
      5, 10, 20, 40, 80, 160, 320, 360, 360, 360,
    ]));

  it('waits longer when J-LIS says so, and no shorter', () => {
    expect(delayAfter(1, 90 * MINUTE)).toBe(90 * MINUTE);
    expect(delayAfter(3, MINUTE)).toBe(20 * MINUTE);
  });

  it('is tried a last time after seven days and then given up', () => {
    const end = createdAt + GIVE_UP_AFTER_MS;
    expect(nextAttempt({ createdAt, attempts: 30, at: end - 1 })).toBe(end);
    expect(nextAttempt({ createdAt, attempts: 1, at: createdAt, retryAfterMs: 30 * 24 * 60 * MINUTE })).toBe(end);
    expect(nextAttempt({ createdAt, attempts: 31, at: end })).toBeUndefined();
    expect(nextAttempt({ createdAt, attempts: 1, at: end + 365 * 24 * 60 * MINUTE })).toBeUndefined();
  });

  it('is tried within days of its making whatever was asked before', () => {
    let at = createdAt;
    let attempts = 0;
    for (let next: number | undefined = at; next !== undefined; attempts++) {
      at = next;
      next = nextAttempt({ createdAt, attempts: attempts + 1, at });
      expect(next === undefined || next > at).toBe(true);
    }
    expect(at).toBe(createdAt + GIVE_UP_AFTER_MS);
    expect(attempts).toBeLessThan(50);
  });
});
