const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** How long to wait after each failed attempt, milliseconds: 33 hours and 42 minutes together. */
const WAITS_MS = [
  5 * SECOND,
  30 * SECOND,
  2 * MINUTE,
  10 * MINUTE,
  30 * MINUTE,
  HOUR,
  2 * HOUR,
  4 * HOUR,
  6 * HOUR,
  8 * HOUR,
  12 * HOUR,
];
export const MAX_ATTEMPTS = WAITS_MS.length + 1;
/** No receiver may put us off for longer. */
const MAX_RETRY_AFTER_S = 3_600;

/**
 * Milliseconds until the next attempt; undefined: there is none. Each wait is spread by a fifth to both sides, so that
 * deliveries that failed together do not come back together; 27 hours at the least.
 * @param attempt the one that has failed, from 1
 * @param random from 0 up to 1
 * @param retryAfterSeconds as the receiver asked
 */
export function retryDelay(attempt: number, random: number, retryAfterSeconds = 0): number | undefined {
  const wait = WAITS_MS[attempt - 1];
  if (wait === undefined) return undefined;
  const spread = wait * (0.8 + random * 0.4);
  return Math.round(Math.max(spread, Math.min(retryAfterSeconds, MAX_RETRY_AFTER_S) * SECOND));
}

/**
 * Whether an endpoint is given up: a delivery has used up its attempts, and none at all has succeeded since its first.
 * Times in milliseconds.
 */
export const isGivenUp = (
  delivery: { firstAttemptAt: number },
  endpoint: { failingSince: number | undefined },
): boolean => endpoint.failingSince !== undefined && endpoint.failingSince <= delivery.firstAttemptAt;
