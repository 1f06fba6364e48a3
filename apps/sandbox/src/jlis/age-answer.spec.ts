import { describe, expect, test } from '@jest/globals';
import { answerAge } from './age-answer.js';

describe('an age is reached on the birthday and not the day before', () => {
  test.each([
    ['419900110', 20, '2010-01-09', 'no'],
    ['419900110', 20, '2010-01-10', 'yes'],
    ['419900110', 20, '2010-01-11', 'yes'],
    ['419900101', 20, '2009-12-31', 'no'],
    ['419900101', 20, '2010-01-01', 'yes'],
    ['520240402', 0, '2024-04-01', 'no'],
    ['520240402', 0, '2024-04-02', 'yes'],
    ['319000101', 130, '2029-12-31', 'no'],
    ['119000101', 130, '2030-01-01', 'yes'],
  ])('%s, %i on %s: %s', (birthDate, age, on, answer) => {
    expect(answerAge(birthDate, age, on)).toBe(answer);
  });
});

describe('somebody born on 29 February', () => {
  test.each([
    ['of a leap year, in a year without that day: on 1 March', 21, '2025-02-28', 'no'],
    ['of a leap year, in a year without that day: on 1 March', 21, '2025-03-01', 'yes'],
    ['in a leap year: on the day itself', 20, '2024-02-28', 'no'],
    ['in a leap year: on the day itself', 20, '2024-02-29', 'yes'],
    ['in 2100, which is none', 96, '2100-02-28', 'no'],
    ['in 2100, which is none', 96, '2100-03-01', 'yes'],
  ])('%s', (_name, age, on, answer) => {
    expect(answerAge('420040229', age, on)).toBe(answer);
  });
});

describe('an incomplete birth date answers only what it decides', () => {
  test.each([
    ['the year', '319500000', 20, '1969-12-31', 'no'],
    ['the year', '319500000', 20, '1970-01-01', 'unknown'],
    ['the year', '319500000', 20, '1970-12-30', 'unknown'],
    ['the year', '319500000', 20, '1970-12-31', 'yes'],
    ['year and month', '319500200', 20, '1970-01-31', 'no'],
    ['year and month', '319500200', 20, '1970-02-01', 'unknown'],
    ['year and month', '319500200', 20, '1970-02-28', 'yes'],
    ['the era', '400000000', 7, '2026-04-29', 'unknown'],
    ['the era', '400000000', 7, '2026-04-30', 'yes'],
    ['the era', '400000000', 38, '2026-11-23', 'no'],
    ['the last year of an era, which had seven days', '319890000', 20, '2009-01-07', 'yes'],
    ['nothing', '000000000', 20, '2026-11-23', 'unknown'],
    ['the year, the era unknown', '019500000', 20, '1970-12-31', 'yes'],
    ['a year that its era does not have', '420250000', 1, '2026-12-31', 'yes'],
    ['a day that its month does not have', '420230230', 1, '2024-02-15', 'unknown'],
  ])('known is %s: %s, %i on %s: %s', (_known, birthDate, age, on, answer) => {
    expect(answerAge(birthDate, age, on)).toBe(answer);
  });
});
