import type { Schemas } from '../../api';
import { METERS } from './plan-draft';

type Row = Schemas['Usage']['data'][number];

export interface MeterUsage {
  meter: Row['meter'];
  events: number;
  /** Of them those that are in no line of the contract's prices. */
  free: number;
}

/** What has been used, by meter; those that were not are left out. */
export const byMeter = (data: readonly Row[]): MeterUsage[] =>
  METERS.flatMap((meter) => {
    const rows = data.filter((row) => row.meter === meter);
    const sum = (of: readonly Row[]): number => of.reduce((events, row) => events + row.events, 0);
    const free = rows.filter(({ contract_unbilled: why }) => why !== null);
    return rows.length === 0 ? [] : { meter, events: sum(rows), free: sum(free) };
  });

/** The month so many months after one, `2026-11`. */
export function monthAfter(month: string, months: number): string {
  const [year, number] = month.split('-').map(Number) as [number, number];
  return new Date(Date.UTC(year, number - 1 + months)).toISOString().slice(0, 7);
}

/**
 * Every day of a month with what was used on it, by a name. What was decided in an earlier month that was closed already
 * stands at the first: it is counted in this one.
 */
export function usedByDay(
  month: string,
  data: readonly Row[],
  nameOf: (row: Row) => string,
): { day: string; values: Record<string, number> }[] {
  const first = `${month}-01`;
  const used = new Map<string, Record<string, number>>();
  for (const row of data) {
    const day = row.day < first ? first : row.day;
    const sums = used.get(day) ?? {};
    const name = nameOf(row);
    used.set(day, { ...sums, [name]: (sums[name] ?? 0) + row.events });
  }
  const days: { day: string; values: Record<string, number> }[] = [];
  for (let at = Date.parse(first); ; at += 86_400_000) {
    const day = new Date(at).toISOString().slice(0, 10);
    if (!day.startsWith(month)) return days;
    days.push({ day, values: used.get(day) ?? {} });
  }
}
