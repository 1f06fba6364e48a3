/** Japan keeps UTC+9 all year. */
const OFFSET_MS = 9 * 3_600_000;
const DAY_MS = 86_400_000;
const MONTH = /^[0-9]{4}-(0[1-9]|1[0-2])$/;

/** A day, YYYY-MM-DD of Japan. Texts of this form compare as days do. */
export type Day = string;
/** A month, YYYY-MM of Japan. */
export type Month = string;

/** Days from `from` up to and without `until`. */
export interface Period {
  from: Day;
  until: Day;
}

export const isMonth = (text: string): boolean => MONTH.test(text) && text >= '1900' && text < '9999';

export function nextMonth(month: Month): Month {
  const [year, number] = month.split('-').map(Number) as [number, number];
  return number === 12
    ? `${String(year + 1).padStart(4, '0')}-01`
    : `${month.slice(0, 5)}${String(number + 1).padStart(2, '0')}`;
}

export const periodOf = (month: Month): Period => ({ from: `${month}-01`, until: `${nextMonth(month)}-01` });

/** When a day begins in Japan, milliseconds: what happens at that moment belongs to it, not to the day before. */
export const startOf = (day: Day): number => Date.parse(`${day}T00:00:00Z`) - OFFSET_MS;

/** The month in Japan at `ms`. */
export const monthAt = (ms: number): Month => new Date(ms + OFFSET_MS).toISOString().slice(0, 7);

export const daysIn = ({ from, until }: Period): number => (Date.parse(until) - Date.parse(from)) / DAY_MS;

/** What two periods share; undefined when that is nothing. */
export function overlap(a: Period, b: Period): Period | undefined {
  const from = a.from > b.from ? a.from : b.from;
  const until = a.until < b.until ? a.until : b.until;
  return from < until ? { from, until } : undefined;
}

/**
 * The first day of the year that `day` lies in, for years that begin on `start`, MM-DD. Data say which: the calendar
 * year begins on 01-01, the fiscal year on 04-01.
 */
export function yearStart(day: Day, start: string): Day {
  const year = Number(day.slice(0, 4));
  return day.slice(5) >= start ? `${day.slice(0, 4)}-${start}` : `${String(year - 1).padStart(4, '0')}-${start}`;
}

/** The day after a day. */
export const dayAfter = (day: Day): Day => new Date(Date.parse(day) + DAY_MS).toISOString().slice(0, 10);

/** The last day of a period that ends before `until`. */
export const dayBefore = (until: Day): Day => new Date(Date.parse(until) - DAY_MS).toISOString().slice(0, 10);
