/** Japan keeps UTC+9 all year, and has done since 1951. */
const OFFSET_MS = 9 * 3_600_000;
const DAY_MS = 86_400_000;

/** The day in Japan at `ms`, YYYY-MM-DD. */
export const japanDay = (ms: number): string => new Date(ms + OFFSET_MS).toISOString().slice(0, 10);

/** The year in Japan at `ms`. */
export const japanYear = (ms: number): number => new Date(ms + OFFSET_MS).getUTCFullYear();

/** The first day of the month in Japan at `ms`, YYYY-MM-DD. */
export const japanMonth = (ms: number): string => `${japanDay(ms).slice(0, 8)}01`;

/** When the month in Japan that `ms` lies in ends, milliseconds. */
export function endOfJapanMonth(ms: number): number {
  const there = new Date(ms + OFFSET_MS);
  return Date.UTC(there.getUTCFullYear(), there.getUTCMonth() + 1) - OFFSET_MS;
}

/** When the day in Japan that `ms` lies in began, milliseconds. */
export const startOfJapanDay = (ms: number): number => Math.floor((ms + OFFSET_MS) / DAY_MS) * DAY_MS - OFFSET_MS;

const LAST_DAY = '9999-12-31';

/** The day after `day`, both YYYY-MM-DD; the last that can be written so stays. */
export const dayAfter = (day: string): string =>
  day === LAST_DAY ? day : new Date(Date.parse(day) + DAY_MS).toISOString().slice(0, 10);

/**
 * The same moment `years` later, in Japan; where that year has no 29 February, on the 28th: a period reckoned in years
 * ends on the last day of the month that lacks its day (Civil Code art. 143 (2)).
 */
export function yearsLater(ms: number, years: number): number {
  const there = new Date(ms + OFFSET_MS);
  const month = there.getUTCMonth();
  there.setUTCFullYear(there.getUTCFullYear() + years);
  if (there.getUTCMonth() !== month) there.setUTCDate(0);
  return there.getTime() - OFFSET_MS;
}
