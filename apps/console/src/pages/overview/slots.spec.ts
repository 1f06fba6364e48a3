import { describe, expect, it } from '@jest/globals';
import { countOf, startsOf, sumsOf } from './slots';

describe('the places of a chart', () => {
  it('are the hour that it is and the 23 before it', () => {
    const hours = startsOf('hours', '2026-11-29T00:59:59.999Z');
    expect([hours.length, hours[0], hours.at(-1)]).toEqual([
      24,
      '2026-11-28T01:00:00.000Z',
      '2026-11-29T00:00:00.000Z',
    ]);
    expect(startsOf('hours', '2026-11-29T01:00:00.000Z').at(-1)).toBe('2026-11-29T01:00:00.000Z');
  });

  it('are the day that it is in Japan and the 29 before it', () => {
    const days = startsOf('days', '2026-11-29T14:59:59.999Z');
    expect([days.length, days[0], days.at(-1)]).toEqual([30, '2026-10-30T15:00:00.000Z', '2026-11-28T15:00:00.000Z']);
    expect(startsOf('days', '2026-11-29T15:00:00.000Z').at(-1)).toBe('2026-11-29T15:00:00.000Z');
  });
});

describe('counts', () => {
  const rows = [
    { from: 'a', kind: 'signature', outcome: 'valid', checks: 3 },
    { from: 'a', kind: 'authentication', outcome: 'valid', checks: 4 },
    { from: 'a', kind: 'signature', outcome: 'invalid', checks: 5 },
    { from: 'b', kind: 'signature', outcome: 'valid', checks: 6 },
  ];

  it('are added by place and name', () => {
    expect(Object.fromEntries(sumsOf(rows, ({ outcome }) => outcome))).toEqual({
      a: { valid: 7, invalid: 5 },
      b: { valid: 6 },
    });
    expect([countOf(rows), countOf(rows, ({ kind }) => kind === 'signature'), countOf([])]).toEqual([18, 14, 0]);
  });
});
