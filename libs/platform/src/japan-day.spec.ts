import { describe, expect, it } from '@jest/globals';
import {
  dayAfter,
  endOfJapanMonth,
  japanDay,
  japanMonth,
  japanYear,
  startOfJapanDay,
  yearsLater,
} from './japan-day.js';

describe('a day in Japan', () => {
  it('begins at 15:00 UTC of the day before', () => {
    expect(japanDay(Date.parse('2026-12-31T14:59:59.999Z'))).toBe('2026-12-31');
    expect(japanDay(Date.parse('2026-12-31T15:00:00.000Z'))).toBe('2027-01-01');
    expect(japanYear(Date.parse('2026-12-31T14:59:59.999Z'))).toBe(2026);
    expect(japanYear(Date.parse('2026-12-31T15:00:00.000Z'))).toBe(2027);
    for (const time of ['2026-11-22T15:00:00.000Z', '2026-11-23T14:59:59.999Z'])
      expect(new Date(startOfJapanDay(Date.parse(time))).toISOString()).toBe('2026-11-22T15:00:00.000Z');
  });

  it('belongs to a month that ends at 15:00 UTC of its last day', () => {
    for (const [time, month, end] of [
      ['2026-12-31T14:59:59.999Z', '2026-12-01', '2026-12-31T15:00:00.000Z'],
      ['2026-12-31T15:00:00.000Z', '2027-01-01', '2027-01-31T15:00:00.000Z'],
      ['2028-02-29T14:59:59.999Z', '2028-02-01', '2028-02-29T15:00:00.000Z'],
    ] as const) {
      expect(japanMonth(Date.parse(time))).toBe(month);
      expect(new Date(endOfJapanMonth(Date.parse(time))).toISOString()).toBe(end);
    }
  });

  it('is followed by the next, over months and leap days', () => {
    expect(['2026-12-31', '2028-02-28', '2027-02-28', '2028-02-29'].map(dayAfter)).toEqual([
      '2027-01-01',
      '2028-02-29',
      '2027-03-01',
      '2028-03-01',
    ]);
  });

  it.each([
    ['2026-11-23T01:02:03.004Z', '2036-11-23T01:02:03.004Z'],
    // 29 February 2028 in Japan; 2038 has none.
    ['2028-02-28T15:00:00.000Z', '2038-02-27T15:00:00.000Z'],
    ['2028-02-29T15:00:00.000Z', '2038-02-28T15:00:00.000Z'],
  ])('%s is ten years later %s', (from, to) => {
    expect(new Date(yearsLater(Date.parse(from), 10)).toISOString()).toBe(to);
  });
});
