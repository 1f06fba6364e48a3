const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

const FIRST_DELAY_MS = 5 * MINUTE_MS;
const LONGEST_DELAY_MS = 6 * HOUR_MS;
/** A certificate becomes linkable within hours; after days nothing more is to be expected. */
export const GIVE_UP_AFTER_MS = 7 * 24 * HOUR_MS;
/** How long one attempt keeps a linkage to itself. It is longer than any call to J-LIS may take. */
export const CLAIM_MS = 3 * MINUTE_MS;

/**
 * When a pending linkage is tried again: after five minutes, then after twice as long each time, up to six hours; not
 * before J-LIS asked to. The last attempt is made when the time is up. All times in milliseconds by one clock.
 * @param attempts made so far, at least one
 * @returns undefined when the time is up: it was the last attempt.
 */
export function nextAttempt(linkage: {
  createdAt: number;
  attempts: number;
  at: number;
  retryAfterMs?: number;
}): number | undefined {
  const { createdAt, attempts, at, retryAfterMs = 0 } = linkage;
  const end = createdAt + GIVE_UP_AFTER_MS;
  if (at >= end) return undefined;
  const delay = Math.min(FIRST_DELAY_MS * 2 ** Math.min(attempts - 1, 16), LONGEST_DELAY_MS);
  return Math.min(at + Math.max(delay, retryAfterMs), end);
}
