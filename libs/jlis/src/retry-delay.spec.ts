import { describe, expect, it } from '@jest/globals';
import { JlisUnavailable, type JlisDetail } from './jlis-unavailable.js';
import { retryDelay } from './retry-delay.js';

const FIRST = { attempt: 1, metered: false, remainingMs: 5_000, random: 0 };
const failure = (detail: JlisDetail, fact?: number, sent = true) =>
  new JlisUnavailable(detail, fact, { mayHaveBeenSent: sent });

describe('a failed attempt', () => {
  it.each([
    ['unreachable', undefined],
    ['timeout', undefined],
    ['too_many_requests', 429],
    ['http_status', 500],
    ['http_status', 502],
    ['http_status', 503],
    ['http_status', 504],
  ] as const)('is repeated after %s %s', (detail, fact) => {
    expect(retryDelay(failure(detail, fact), FIRST)).toBe(50);
  });
  it.each([
    ['http_status', 400],
    ['http_status', 404],
    ['redirected', 302],
    ['tls_refused', undefined],
    ['answer_malformed', undefined],
    ['too_large', undefined],
    ['circuit_open', undefined],
    ['too_busy', undefined],
    ['not_configured', undefined],
  ] as const)('is final after %s %s', (detail, fact) => {
    expect(retryDelay(failure(detail, fact), FIRST)).toBeUndefined();
  });
  it('of a metered service is repeated only when the request cannot have been sent', () => {
    const metered = { ...FIRST, metered: true };
    expect(retryDelay(failure('unreachable'), metered)).toBeUndefined();
    expect(retryDelay(failure('too_many_requests', 429), metered)).toBeUndefined();
    expect(retryDelay(failure('unreachable', undefined, false), metered)).toBe(50);
  });
  it('is repeated twice, after a longer and a spread wait', () => {
    expect(retryDelay(failure('timeout'), { ...FIRST, attempt: 2, random: 0.5 })).toBe(150);
    expect(retryDelay(failure('timeout'), { ...FIRST, attempt: 3 })).toBeUndefined();
  });
  it('waits as long as the service asks, or not at all where the deadline comes first', () => {
    const busy = new JlisUnavailable('too_many_requests', 429, { retryAfterSeconds: 2 });
    expect(retryDelay(busy, FIRST)).toBe(2_000);
    expect(retryDelay(busy, { ...FIRST, remainingMs: 2_000 })).toBeUndefined();
  });
});
