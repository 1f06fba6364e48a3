import { describe, expect, it } from '@jest/globals';
import { dueDay, isBusinessDay, shiftToBusinessDay } from './business-day.js';

describe('a business day', () => {
  it.each([
    ['2026-11-27', true, 'a Friday'],
    ['2026-11-28', false, 'a Saturday'],
    ['2026-11-29', false, 'a Sunday'],
    ['2026-11-23', false, 'Labor Thanksgiving Day'],
    ['2026-05-06', false, 'in place of the Sunday of Constitution Day'],
    ['2026-09-22', false, 'between two holidays'],
    ['2019-05-01', false, 'the day of the accession'],
    ['2021-07-23', false, 'a holiday moved for the games'],
    ['2021-07-19', true, 'from which it was moved'],
    ['2026-12-30', true, 'before banks rest'],
    ['2026-12-31', false, 'when banks rest'],
    ['2027-01-03', false, 'when banks rest'],
    ['2027-01-04', true, 'when they open'],
  ])('%s: %s, %s', (day, is) => expect(isBusinessDay(day)).toBe(is));

  it('is not guessed beyond the table of holidays', () => {
    for (const day of ['1969-12-31', '2051-01-01'])
      expect(() => isBusinessDay(day)).toThrow(expect.objectContaining({ code: 'holidays_unknown' }));
  });

  it('is found on the side that the rule says', () => {
    expect(shiftToBusinessDay('2026-12-31', 'previous')).toBe('2026-12-30');
    expect(shiftToBusinessDay('2026-12-31', 'next')).toBe('2027-01-04');
    expect(shiftToBusinessDay('2026-05-03', 'next')).toBe('2026-05-07');
    expect(shiftToBusinessDay('2026-05-03', 'none')).toBe('2026-05-03');
  });
});

describe('a due day', () => {
  const rule = { closing_day: 'end', due_months: 1, due_day: 'end', due_shift: 'none' } as const;

  it('is the end of the next month, which may be a 29 February', () => {
    expect(dueDay('2024-01', rule)).toEqual({ closedOn: '2024-01-31', dueOn: '2024-02-29' });
    expect(dueDay('2023-12', rule)).toEqual({ closedOn: '2023-12-31', dueOn: '2024-01-31' });
  });
  it('counts from a closing day in the month after the use', () =>
    expect(dueDay('2026-10', { ...rule, closing_day: 20, due_day: 10 })).toEqual({
      closedOn: '2026-11-20',
      dueOn: '2026-12-10',
    }));
  it('moves to a business day', () =>
    // 31 January 2027 is a Sunday.
    expect(dueDay('2026-12', { ...rule, due_shift: 'previous' }).dueOn).toBe('2027-01-29'));
});
