import { parseTime, TAG } from './der.js';
import type { DerReader } from './der.js';

const MS_PER_DAY = 86_400_000;

/** Days since 1970 of the first of each month a UTCTime can name, by two-digit year × 12 + month − 1. */
const MONTH_START = new Int32Array(1200);
const MONTH_DAYS = new Uint8Array(1200);
for (let month = 0; month < 1200; month++) {
  const year = Math.floor(month / 12);
  // RFC 5280 §4.1.2.5.1: 50–99 are 1950–1999.
  const first = Date.UTC(year >= 50 ? 1900 + year : 2000 + year, month % 12, 1);
  const next = Date.UTC(year >= 50 ? 1900 + year : 2000 + year, (month % 12) + 1, 1);
  MONTH_START[month] = first / MS_PER_DAY;
  MONTH_DAYS[month] = (next - first) / MS_PER_DAY;
}

const NO_DIGITS = 255;
/** Value of two ASCII digits by their octets as a 16-bit number; NO_DIGITS for all other octets. */
const PAIRS = new Uint8Array(65_536).fill(NO_DIGITS);
for (let value = 0; value < 100; value++) PAIRS[((0x30 + Math.floor(value / 10)) << 8) | (0x30 + (value % 10))] = value;

const pair = (bytes: Uint8Array, at: number): number => PAIRS[(bytes[at]! << 8) | bytes[at + 1]!]!;

/**
 * Seconds since 1970 of the thirteen content octets YYMMDDHHMMSSZ at `at`; NaN when they are no such time.
 * Table look-ups instead of a Date, as this runs once for each of millions of entries.
 */
export function utcTimeSeconds(bytes: Uint8Array, at: number): number {
  const year = pair(bytes, at);
  const month = pair(bytes, at + 2);
  const day = pair(bytes, at + 4);
  const hour = pair(bytes, at + 6);
  const minute = pair(bytes, at + 8);
  const second = pair(bytes, at + 10);
  if (
    year === NO_DIGITS ||
    month < 1 ||
    month > 12 ||
    hour > 23 ||
    minute > 59 ||
    second > 59 ||
    bytes[at + 12] !== 0x5a
  )
    return NaN;
  const index = year * 12 + month - 1;
  if (day < 1 || day > MONTH_DAYS[index]!) return NaN;
  return (MONTH_START[index]! + day - 1) * 86_400 + hour * 3_600 + minute * 60 + second;
}

/** Bits that differ from those of four ASCII digits, 0 when the word has four. */
const notDigits = (word: number): number =>
  // The second term carries into the high nibble of every octet above 9.
  ((word & 0xf0f0f0f0) ^ 0x30303030) | (((word + 0x06060606) & 0xf0f0f0f0) ^ 0x30303030);

/** Four digits as two numbers below 100, in the upper and the lower half of the result. */
const twoPairs = (word: number): number => ((word >>> 8) & 0x000f000f) * 10 + (word & 0x000f000f);

/**
 * The same for twelve octets YYMMDDHHMMSS read as three big-endian words, without looking at single octets; -1 when
 * they are no such time or one before 1970.
 */
export function utcWordsSeconds(yearMonth: number, dayHour: number, minuteSecond: number): number {
  if ((notDigits(yearMonth) | notDigits(dayHour) | notDigits(minuteSecond)) !== 0) return -1;
  const first = twoPairs(yearMonth);
  const second = twoPairs(dayHour);
  const third = twoPairs(minuteSecond);
  const month = first & 0xff;
  const day = second >>> 16;
  const hour = second & 0xff;
  const minute = third >>> 16;
  const seconds = third & 0xff;
  if (month < 1 || month > 12 || hour > 23 || minute > 59 || seconds > 59) return -1;
  const index = (first >>> 16) * 12 + month - 1;
  if (day < 1 || day > MONTH_DAYS[index]!) return -1;
  return (MONTH_START[index]! + day - 1) * 86_400 + hour * 3_600 + minute * 60 + seconds;
}

/** A Time of a CRL in milliseconds: UTCTime until 2049, GeneralizedTime from 2050 on (RFC 5280 §5.1.2.4–6). */
export function crlTime(reader: DerReader): number {
  const tag = reader.next();
  if (tag !== TAG.UTC_TIME && tag !== TAG.GENERALIZED_TIME) reader.fail('unexpected_tag', reader.elementStart);
  const value = parseTime(reader.bytes, reader.contentStart, reader.offset, tag, reader.structure);
  if (tag === TAG.GENERALIZED_TIME && value < Date.UTC(2050, 0, 1)) reader.fail('wrong_time_form', reader.elementStart);
  return value;
}
