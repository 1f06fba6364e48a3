import { dayAfter } from '#lib/platform';
import type { DateOfBirth, Era } from '#lib/pki';

export type AgeAnswer = 'yes' | 'no' | 'unknown';

/** Questions of one check. */
export const MAX_AGES = 2;

/** Days YYYY-MM-DD; text of this form compares as the days do. */
interface Span {
  first: string;
  last: string;
}

const END_OF_TIME = '9999-12-31';

/** First and last day of each era; a day on which it changed is in both. */
const ERAS: Readonly<Record<Exclude<Era, 'unknown'>, Span>> = {
  meiji: { first: '1868-01-25', last: '1912-07-30' },
  taisho: { first: '1912-07-30', last: '1926-12-25' },
  showa: { first: '1926-12-25', last: '1989-01-07' },
  heisei: { first: '1989-01-08', last: '2019-04-30' },
  reiwa: { first: '2019-05-01', last: END_OF_TIME },
};

const day = (year: number, month: number, date: number): string =>
  `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-${String(date).padStart(2, '0')}`;
const isLeap = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
const daysIn = (year: number, month: number): number =>
  month === 2 ? (isLeap(year) ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31;

/**
 * The days between which somebody was born. An incomplete date leaves a span, which the era can narrow further;
 * undefined for a value that is no date at all, from which nothing follows.
 */
function birthSpan(birth: DateOfBirth): Span | undefined {
  const era = birth.era === 'unknown' ? undefined : ERAS[birth.era];
  const { year, month, day: date } = birth;
  let known: Span;
  if (year === undefined) {
    // Zeros are an unknown date; anything else without a year is no date.
    if (!era || !/^[1-5]0{8}$/.test(birth.raw)) return undefined;
    known = era;
  } else {
    const [from, to] = month === undefined ? [1, 12] : [month, month];
    known = { first: day(year, from, date ?? 1), last: day(year, to, date ?? daysIn(year, to)) };
    // A whole date is taken as it stands: the era says nothing more.
    if (date !== undefined) return known;
  }
  if (!era) return known;
  const first = era.first > known.first ? era.first : known.first;
  const last = era.last < known.last ? era.last : known.last;
  return first <= last ? { first, last } : undefined;
}

/**
 * The first day that begins with the age reached: the birthday. Whoever was born on 29 February has in a common year
 * reached it when 28 February ends (Civil Code art. 143 (2)), so at the beginning of 1 March.
 */
function firstDayAt(age: number, born: string): string {
  const [year, month, date] = [Number(born.slice(0, 4)) + age, Number(born.slice(5, 7)), Number(born.slice(8))];
  if (year > 9999) return END_OF_TIME;
  return date > daysIn(year, month) ? day(year, 3, 1) : day(year, month, date);
}

/**
 * Whether somebody is of an age on a day of Japan.
 *
 * Age is counted from the day of birth itself, and each year of it is complete when the day before the birthday ends
 * (年齢計算ニ関スル法律, Act 50 of 1902; Civil Code art. 143). The answer is about the day as a whole: on the day before
 * the birthday it is `no`, because the age is reached only at its end; `legalDayInclusive` makes it `yes`, for rules
 * that count that day in, as the School Education Act does: who was born on 1 April is six on 31 March and starts
 * school a year before who was born on 2 April.
 *
 * An incomplete date of birth gives `unknown` only when it does not decide: when the earliest and the latest day it
 * allows would be answered differently.
 *
 * @param age whole years, 0 to 130
 * @param on YYYY-MM-DD, a day of Japan
 */
export function ageReached(question: {
  birthDate: DateOfBirth;
  age: number;
  on: string;
  legalDayInclusive: boolean;
}): AgeAnswer {
  const span = birthSpan(question.birthDate);
  if (!span) return 'unknown';
  const beginning = question.legalDayInclusive ? dayAfter(question.on) : question.on;
  const reachedBy = (born: string): boolean => firstDayAt(question.age, born) <= beginning;
  if (reachedBy(span.last) && span.last !== END_OF_TIME) return 'yes';
  return reachedBy(span.first) ? 'unknown' : 'no';
}

/** The day for which J-LIS has to be asked: it answers for the beginning of a day. */
export const dayToAsk = (on: string, legalDayInclusive: boolean): string => (legalDayInclusive ? dayAfter(on) : on);
