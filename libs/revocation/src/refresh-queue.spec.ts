import { describe, expect, it } from '@jest/globals';
import { JlisUnavailable } from '#lib/jlis';
import { Malformed } from '#lib/pki';
import { CrlRefused, failureCode, PartitionBusy } from './refresh-failure.js';
import { nextNightly, nightlySchedule, partitionOptions, planOptions, retryDelayMs } from './refresh-queue.js';

describe('refresh jobs', () => {
  it('are one at a time per partition and mode, under ids that BullMQ takes', () => {
    const ids = [
      partitionOptions({ mode: 'live', partitionId: '12' }),
      partitionOptions({ mode: 'test', partitionId: '12' }),
      partitionOptions({ mode: 'live', partitionId: '1' }),
      planOptions({ mode: 'live', hierarchy: 'sign' }),
    ].map(({ deduplication }) => deduplication!.id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.filter((id) => id.includes(':'))).toEqual([]);
  });

  it('are retried after 5 s, then twice as late each time, at most 15 min, spread by a fifth', () => {
    expect([1, 2, 3, 8, 9, 100].map((attempt) => retryDelayMs(attempt, 0.5) / 1000)).toEqual([
      5, 10, 20, 640, 900, 900,
    ]);
    expect([retryDelayMs(1, 0), retryDelayMs(1, 1)]).toEqual([4_000, 6_000]);
  });

  it('come nightly by the clock of Japan', () => {
    expect(nightlySchedule(180)).toEqual({ pattern: '0 3 * * *', tz: 'Asia/Tokyo' });
    expect(nightlySchedule(1439)).toEqual({ pattern: '59 23 * * *', tz: 'Asia/Tokyo' });
  });

  it.each([
    // 02:59:59 JST: in a second. 03:00:00 JST: tomorrow.
    ['2026-11-22T17:59:59Z', 180, '2026-11-22T18:00:00Z'],
    ['2026-11-22T18:00:00Z', 180, '2026-11-23T18:00:00Z'],
    // The day in Japan has begun while it is the day before in UTC.
    ['2026-11-22T15:00:00Z', 0, '2026-11-23T15:00:00Z'],
    ['2028-02-28T23:00:00Z', 1439, '2028-02-29T14:59:00Z'],
  ])('next after %s at minute %i is %s', (at, minute, next) => {
    expect(nextNightly(minute, Date.parse(at))).toBe(Date.parse(next));
  });
});

describe('the stored code of a failure', () => {
  it.each([
    [
      new CrlRefused([{ code: 'signature_invalid' }, { code: 'scope_mismatch' }]),
      'crl_refused:signature_invalid,scope_mismatch',
    ],
    [new Malformed('crl', 'truncated', 5), 'crl_malformed:truncated'],
    [new JlisUnavailable('http_status', 503), 'jlis_http_status:503'],
    [new JlisUnavailable('timeout'), 'jlis_timeout'],
    [new PartitionBusy(''), 'partition_busy'],
    [new TypeError('x'), 'internal'],
  ])('says what kind it was (%#)', (error, code) => {
    expect(failureCode(error)).toBe(code);
  });
});
