import type { Language } from './texts';

const ZONE = 'Asia/Tokyo';

export interface Formats {
  /** 2026/11/28 23:31:28 in Japan. */
  time: (iso: string | null) => string;
  /** Without seconds. */
  minute: (iso: string | null) => string;
  day: (iso: string | null) => string;
  /** A day of the calendar, `2026-11-28`. */
  date: (day: string | null) => string;
  /** Days from the first to the last; `until` is the day after it, null: without end. */
  period: (from: string, until: string | null) => string;
  /** A month, `2026-11`. */
  month: (month: string) => string;
  /** Yen, as a number or as the text of a price with at most three decimals. */
  yen: (amount: number | string) => string;
  number: (value: number) => string;
  /** A part of a whole, 0 to 1, in percent with at most two decimals. */
  share: (part: number) => string;
  /** "3 hours ago", from `now` (milliseconds). */
  ago: (iso: string | null, now?: number) => string;
  /** How far a clock is moved, milliseconds: "+2日3時間"; its two largest units. */
  offset: (milliseconds: number) => string;
  list: (words: readonly string[]) => string;
}

const NOTHING = '—';
const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
] as const;

/** Times are Japan's whatever the browser's zone; numbers have separators. */
export function formatsOf(language: Language): Formats {
  // Digits in the order year, month, day in both languages: these are records, not letters.
  const parts = { timeZone: ZONE, year: 'numeric', month: '2-digit', day: '2-digit' } as const;
  const clock = { ...parts, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
  const day = new Intl.DateTimeFormat('ja-JP', parts);
  const minute = new Intl.DateTimeFormat('ja-JP', clock);
  const time = new Intl.DateTimeFormat('ja-JP', { ...clock, second: '2-digit' });
  const number = new Intl.NumberFormat(language);
  const share = new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 2 });
  const yen = new Intl.NumberFormat('en', { style: 'currency', currency: 'JPY', maximumFractionDigits: 3 });
  const date = (text: string | null): string => (text === null ? NOTHING : text.replaceAll('-', '/'));
  const relative = new Intl.RelativeTimeFormat(language, { numeric: 'auto' });
  // Of things in a row, none of which is more than the others: 「、」 in Japanese, commas in English.
  const list = new Intl.ListFormat(language, { type: language === 'ja' ? 'conjunction' : 'unit', style: 'short' });
  const of = (format: Intl.DateTimeFormat) => (iso: string | null) =>
    iso === null ? NOTHING : format.format(new Date(iso));
  return {
    day: of(day),
    minute: of(minute),
    time: of(time),
    date,
    period(from, until) {
      if (until !== null) return `${date(from)} – ${date(dayBefore(until))}`;
      return language === 'ja' ? `${date(from)} から` : `from ${date(from)}`;
    },
    month(text) {
      const [year, month] = text.split('-');
      return language === 'ja' ? `${year}年${Number(month)}月` : `${year}/${month}`;
    },
    yen: (amount) => yen.format(Number(amount)),
    number: (value) => number.format(value),
    share: (part) => share.format(part),
    offset(milliseconds) {
      let rest = Math.abs(milliseconds);
      const units = UNITS.flatMap(([unit, size]) => {
        const count = Math.trunc(rest / size);
        rest -= count * size;
        return count === 0
          ? []
          : [new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'long' }).format(count)];
      });
      return `${milliseconds < 0 ? '−' : '+'}${units.slice(0, 2).join(' ')}`;
    },
    list: (words) => list.format(words),
    ago(iso, now = Date.now()) {
      if (iso === null) return NOTHING;
      const distance = Date.parse(iso) - now;
      const [unit, size] = UNITS.find(([, each]) => Math.abs(distance) >= each) ?? (['second', 1_000] as const);
      return relative.format(Math.trunc(distance / size), unit);
    },
  };
}

/** The day before a day of the calendar. */
export const dayBefore = (day: string): string =>
  new Date(Date.parse(`${day}T00:00:00Z`) - 86_400_000).toISOString().slice(0, 10);

/** What `<input type="datetime-local">` gives, meant as Japan's time. Empty: undefined. */
export const instantOf = (local: string): string | undefined =>
  local === '' ? undefined : `${local.slice(0, 16)}:00+09:00`;

/** An instant as `<input type="datetime-local">` takes it, in Japan's time. */
export function localOf(iso: string | undefined): string {
  if (iso === undefined) return '';
  const at = Date.parse(iso);
  return Number.isNaN(at) ? '' : new Date(at + 9 * 3_600_000).toISOString().slice(0, 16);
}
