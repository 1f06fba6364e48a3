const JST_OFFSET_MS = 9 * 3_600_000;
export const DAY_MS = 86_400_000;

/** X.509 and CRL times have whole seconds. */
export const wholeSecond = (ms: number): number => Math.floor(ms / 1000) * 1000;

/** The last second of a day in Japan, in milliseconds: 23:59:59 JST is 14:59:59 UTC. Month counts from 1. */
export const endOfJstDay = (year: number, month: number, day: number): number =>
  Date.UTC(year, month - 1, day, 14, 59, 59);

/** Start of the day in Japan that contains `ms`. */
export const startOfJstDay = (ms: number): number => Math.floor((ms + JST_OFFSET_MS) / DAY_MS) * DAY_MS - JST_OFFSET_MS;

/**
 * End of the `count`-th birthday after the day of issue. `birthDate` is EYYYYMMDD; where month or day are unknown
 * the day of issue stands in for the birthday.
 */
export function birthdayAfterIssue(issuedAt: number, birthDate: string, count: number): number {
  const issued = new Date(issuedAt + JST_OFFSET_MS);
  const known = birthDate.slice(5, 7) !== '00' && birthDate.slice(7, 9) !== '00';
  const month = known ? Number(birthDate.slice(5, 7)) : issued.getUTCMonth() + 1;
  const day = known ? Number(birthDate.slice(7, 9)) : issued.getUTCDate();
  const year = issued.getUTCFullYear();
  const passed = endOfJstDay(year, month, day) <= endOfJstDay(year, issued.getUTCMonth() + 1, issued.getUTCDate());
  return endOfJstDay(year + count - (passed ? 0 : 1), month, day);
}

/** YYYYMMDDHHMMSS in Japan, as the subject's CN begins. */
export const jstTimestamp = (ms: number): string =>
  new Date(ms + JST_OFFSET_MS).toISOString().replace(/[-:T]|\..*/g, '');
