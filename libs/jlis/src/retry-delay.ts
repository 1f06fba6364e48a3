import type { JlisUnavailable } from './jlis-unavailable.js';

const MAX_ATTEMPTS = 3;
const FIRST_DELAY_MS = 100;
/** Less than this is no time for another attempt. */
const LEAST_ATTEMPT_MS = 50;

/** A later attempt may find these gone: a proxy without its server, a server that stops or is overloaded. */
const PASSING_STATUS: ReadonlySet<unknown> = new Set([500, 502, 503, 504]);

function mayPass(error: JlisUnavailable): boolean {
  switch (error.detail) {
    case 'unreachable':
    case 'timeout':
    case 'too_many_requests':
      return true;
    case 'http_status':
      return PASSING_STATUS.has(error.fact);
    default:
      return false;
  }
}

/**
 * How long to wait before asking again, milliseconds; undefined: not at all. A metered request is repeated only when it
 * cannot have been sent. Delays double and are spread over half their length, so that callers who failed together do
 * not come back together.
 * @param attempt the one that has failed, from 1
 * @param random from 0 up to 1
 */
export function retryDelay(
  error: JlisUnavailable,
  { attempt, metered, remainingMs, random }: { attempt: number; metered: boolean; remainingMs: number; random: number },
): number | undefined {
  if (attempt >= MAX_ATTEMPTS || !mayPass(error) || (metered && error.mayHaveBeenSent)) return undefined;
  const spread = FIRST_DELAY_MS * 2 ** (attempt - 1) * (0.5 + random / 2);
  const delay = Math.max(spread, (error.retryAfterSeconds ?? 0) * 1000);
  return delay + LEAST_ATTEMPT_MS > remainingMs ? undefined : delay;
}
