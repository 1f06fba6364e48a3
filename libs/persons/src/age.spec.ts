import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseDateOfBirth } from '#lib/pki';
import { dayAfter, japanDay } from '#lib/platform';
import { ageReached, type AgeAnswer, dayToAsk } from './age.js';

const ask = (raw: string, age: number, on: string, legalDayInclusive = false): AgeAnswer =>
  ageReached({ birthDate: parseDateOfBirth(raw), age, on, legalDayInclusive });

describe('an age', () => {
  it.each<[string, string, number, string, AgeAnswer, AgeAnswer]>([
    // what, born, age, on, answer, answer when the contract counts the day before the birthday in
    ['on the birthday', '420081031', 18, '2026-10-31', 'yes', 'yes'],
    ['on the day before the birthday, at whose end it is reached', '420081031', 18, '2026-10-30', 'no', 'yes'],
    ['two days before', '420081031', 18, '2026-10-29', 'no', 'no'],
    ['on the day after', '420081031', 18, '2026-11-01', 'yes', 'yes'],
    ['over the end of a year', '420090101', 20, '2028-12-31', 'no', 'yes'],
    ['over the end of a year, on the birthday', '420090101', 20, '2029-01-01', 'yes', 'yes'],

    ['born 29 February, in a leap year, on the day', '420080229', 20, '2028-02-29', 'yes', 'yes'],
    ['born 29 February, in a leap year, the day before', '420080229', 20, '2028-02-28', 'no', 'yes'],
    ['born 29 February, in a leap year, two days before', '420080229', 20, '2028-02-27', 'no', 'no'],
    ['born 29 February, in a common year, 1 March', '420080229', 18, '2026-03-01', 'yes', 'yes'],
    ['born 29 February, in a common year, reached as 28 February ends', '420080229', 18, '2026-02-28', 'no', 'yes'],
    ['born 29 February, in a common year, 27 February', '420080229', 18, '2026-02-27', 'no', 'no'],
    ['born 29 February, in 2100, which is no leap year', '520200229', 80, '2100-02-28', 'no', 'yes'],
    ['born 29 February, in 2000, which is one', '319600229', 40, '2000-02-29', 'yes', 'yes'],
    ['born 28 February, in a leap year', '420070228', 21, '2028-02-27', 'no', 'yes'],
    ['born 1 March, the day before in a common year', '420080301', 18, '2026-02-28', 'no', 'yes'],
    ['born 1 March, the day before in a leap year', '420080301', 20, '2028-02-29', 'no', 'yes'],
    ['born 1 March, two days before in a leap year', '420080301', 20, '2028-02-28', 'no', 'no'],

    ['born 1 April, six on 31 March: starts school a year earlier', '520200401', 6, '2026-03-31', 'no', 'yes'],
    ['born 2 April, not six on 31 March', '520200402', 6, '2026-03-31', 'no', 'no'],
    ['born 2 April, six on 1 April by law', '520200402', 6, '2026-04-01', 'no', 'yes'],

    ['0 on the day of birth', '520260501', 0, '2026-05-01', 'yes', 'yes'],
    ['0 before the day of birth', '520260501', 0, '2026-04-29', 'no', 'no'],
    ['130', '118960102', 130, '2026-01-02', 'yes', 'yes'],
    ['130, the day before', '118960102', 130, '2026-01-01', 'no', 'yes'],
  ])('%s (%s, %i on %s) is %s, and %s where the day before counts', (_what, raw, age, on, plain, inclusive) => {
    expect([ask(raw, age, on), ask(raw, age, on, true)]).toEqual([plain, inclusive]);
  });

  it.each<[string, string, number, string, AgeAnswer]>([
    ['a year that is long past decides', '319500000', 20, '2026-11-23', 'yes'],
    ['a year that is not over yet decides', '520200000', 20, '2026-11-23', 'no'],
    ['the year of the question does not', '420080000', 18, '2026-11-23', 'unknown'],
    ['its last day does', '420080000', 18, '2026-12-31', 'yes'],
    ['the day before its last does not', '420080000', 18, '2026-12-30', 'unknown'],
    ['the day before its first does', '420080000', 18, '2025-12-31', 'no'],
    ['its first day does not', '420080000', 18, '2026-01-01', 'unknown'],
    ['a month before decides', '420081000', 18, '2026-11-01', 'yes'],
    ['the last day of the month decides', '420081000', 18, '2026-10-31', 'yes'],
    ['a day within the month does not', '420081000', 18, '2026-10-30', 'unknown'],
    ['the day before the month does', '420081000', 18, '2026-09-30', 'no'],
    ['February of a leap year lasts until its 29th', '420080200', 18, '2026-02-28', 'unknown'],
    ['and has passed in a common year on 1 March', '420080200', 18, '2026-03-01', 'yes'],
    ['an era that ended long ago decides', '300000000', 20, '2026-11-23', 'yes'],
    ['an era within which the age lies does not', '400000000', 20, '2026-11-23', 'unknown'],
    ['the last day of an era decides', '400000000', 7, '2026-04-30', 'yes'],
    ['an era that began too late decides', '500000000', 20, '2026-11-23', 'no'],
    ['an era that has not ended never says yes', '500000000', 0, '2026-11-23', 'unknown'],
    ['a year that an era cuts short: Showa 64 had seven days', '319890000', 20, '2009-01-07', 'yes'],
    ['the rest of that year is Heisei', '419890000', 20, '2009-01-07', 'no'],
    ['nothing at all', '000000000', 20, '2026-11-23', 'unknown'],
  ])('of an incomplete date of birth: %s (%s, %i on %s: %s)', (_what, raw, age, on, answer) => {
    expect(ask(raw, age, on)).toBe(answer);
  });

  it.each([
    '',
    '420081332',
    '420080230',
    '2008-10-31',
    '999999999',
    '400001031',
    '420080031',
    '319990101',
    '42008103１',
  ])('of what is no date of birth is unknown: %j', (raw) => expect(ask(raw, 0, '2026-11-23')).toBe('unknown'));

  it('changes at midnight in Japan, which is 15:00 UTC', () => {
    const at = (time: string): AgeAnswer => ask('420081031', 18, japanDay(Date.parse(time)));
    expect([at('2026-10-30T14:59:59.999Z'), at('2026-10-30T15:00:00.000Z')]).toEqual(['no', 'yes']);
  });

  const aDay = fc
    .integer({ min: Date.UTC(1900, 0, 1), max: Date.UTC(2030, 0, 1) })
    .map((ms) => new Date(ms).toISOString().slice(0, 10));
  const rawOf = (day: string): string => `0${day.replaceAll('-', '')}`;

  it('once reached stays reached, and is lost by none who is older', () => {
    fc.assert(
      fc.property(aDay, aDay, fc.integer({ min: 0, max: 130 }), (born, on, age) => {
        if (ask(rawOf(born), age, on) !== 'yes') return;
        expect(ask(rawOf(born), age, dayAfter(on))).toBe('yes');
        if (age > 0) expect(ask(rawOf(born), age - 1, on)).toBe('yes');
      }),
    );
  });

  it('counts the day before in exactly as if the next day were asked for', () => {
    fc.assert(
      fc.property(aDay, aDay, fc.integer({ min: 0, max: 130 }), (born, on, age) => {
        expect(ask(rawOf(born), age, on, true)).toBe(ask(rawOf(born), age, dayToAsk(on, true)));
      }),
    );
  });

  it('of an incomplete date never contradicts the whole one', () => {
    fc.assert(
      fc.property(aDay, aDay, fc.integer({ min: 0, max: 130 }), fc.constantFrom(5, 7), (born, on, age, digits) => {
        const partial = ask(rawOf(born).slice(0, digits).padEnd(9, '0'), age, on);
        if (partial !== 'unknown') expect(ask(rawOf(born), age, on)).toBe(partial);
      }),
    );
  });
});
