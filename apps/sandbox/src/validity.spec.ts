import { describe, expect, test } from '@jest/globals';
import { birthdayAfterIssue, jstTimestamp, startOfJstDay } from './validity.js';

const iso = (ms: number): string => new Date(ms).toISOString();
const issued = Date.parse('2024-04-02T12:00:00+09:00');

describe('a certificate ends on the fifth birthday after issue, at 23:59:59 in Japan', () => {
  test('the birthday of the year of issue counts when it is still to come', () => {
    expect(iso(birthdayAfterIssue(issued, '420081031', 5))).toBe('2028-10-31T14:59:59.000Z');
  });

  test('the birthday of the year of issue does not count when it has passed', () => {
    expect(iso(birthdayAfterIssue(issued, '420080110', 5))).toBe('2029-01-10T14:59:59.000Z');
  });

  test('a birthday on the day of issue has passed', () => {
    expect(iso(birthdayAfterIssue(issued, '420080402', 5))).toBe('2029-04-02T14:59:59.000Z');
  });

  test('the day of issue stands in for an unknown birthday', () => {
    expect(iso(birthdayAfterIssue(issued, '400000000', 5))).toBe('2029-04-02T14:59:59.000Z');
  });
});

test('days are those of Japan: 15:00 UTC is the next morning', () => {
  expect(iso(startOfJstDay(Date.parse('2026-03-31T15:00:00Z')))).toBe('2026-03-31T15:00:00.000Z');
  expect(iso(startOfJstDay(Date.parse('2026-03-31T14:59:59Z')))).toBe('2026-03-30T15:00:00.000Z');
  expect(jstTimestamp(Date.parse('2026-03-31T15:00:00Z'))).toBe('20260401000000');
});
