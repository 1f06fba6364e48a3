import holidayJp from '@holiday-jp/holiday_jp';
import { Problem } from '#lib/platform';
import { dayBefore, type Day, type Month, nextMonth, periodOf } from './japan-month.js';

const DAY_MS = 86_400_000;
/** Banks rest on these as on holidays (Order for Enforcement of the Banking Act, art. 5). */
const BANK_REST: ReadonlySet<string> = new Set(['12-31', '01-01', '01-02', '01-03']);
/** What the table of national holidays covers; the law may still change what lies ahead. */
const KNOWN = { from: '1970-01-01', until: '2051-01-01' } as const;

/** Where a payment goes that falls due on a day on which banks rest. */
export const SHIFTS = ['previous', 'next', 'none'] as const;
export type Shift = (typeof SHIFTS)[number];

/** `end`, or a day that every month has. */
export type DayOfMonth = 'end' | number;

/** @throws Problem `holidays_unknown` for a day that the table of holidays does not reach */
export function isBusinessDay(day: Day): boolean {
  if (day < KNOWN.from || day >= KNOWN.until) throw new Problem('holidays_unknown', { day });
  const weekday = new Date(day).getUTCDay();
  return weekday !== 0 && weekday !== 6 && !BANK_REST.has(day.slice(5)) && !Object.hasOwn(holidayJp.holidays, day);
}

const step = (day: Day, days: number): Day => new Date(Date.parse(day) + days * DAY_MS).toISOString().slice(0, 10);

/** The day itself, or the nearest business day on the side that `shift` says. @throws Problem `holidays_unknown` */
export function shiftToBusinessDay(day: Day, shift: Shift): Day {
  if (shift === 'none') return day;
  let at = day;
  while (!isBusinessDay(at)) at = step(at, shift === 'next' ? 1 : -1);
  return at;
}

export const dayOf = (month: Month, day: DayOfMonth): Day =>
  day === 'end' ? dayBefore(periodOf(month).until) : `${month}-${String(day).padStart(2, '0')}`;

/** When a bill is due: on a day of a month after the one in which it is closed. */
export interface DueRule {
  /** 締日: the end of the month, or a day of the next one. */
  closing_day: DayOfMonth;
  due_months: number;
  due_day: DayOfMonth;
  due_shift: Shift;
}

/** The closing day of a month's bill and the day on which it is due. @throws Problem `holidays_unknown` */
export function dueDay(month: Month, rule: DueRule): { closedOn: Day; dueOn: Day } {
  const closedOn = dayOf(rule.closing_day === 'end' ? month : nextMonth(month), rule.closing_day);
  let due = closedOn.slice(0, 7);
  for (let n = 0; n < rule.due_months; n++) due = nextMonth(due);
  return { closedOn, dueOn: shiftToBusinessDay(dayOf(due, rule.due_day), rule.due_shift) };
}
