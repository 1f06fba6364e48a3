const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Japan keeps UTC+9 all year. */
const JAPAN_MS = 9 * HOUR_MS;

export const SPANS = ['hours', 'days'] as const;
export type Span = (typeof SPANS)[number];
/** As far as the server looks back. */
const LENGTH: Record<Span, number> = { hours: 24, days: 30 };

/** When each hour, or each day in Japan, of a span begins, oldest first, as the server writes it. */
export function startsOf(span: Span, now: string): string[] {
  const at = Date.parse(now);
  const [size, last] = span === 'hours' ? [HOUR_MS, at - (at % HOUR_MS)] : [DAY_MS, at - ((at + JAPAN_MS) % DAY_MS)];
  return Array.from({ length: LENGTH[span] }, (_, index) =>
    new Date(last - (LENGTH[span] - 1 - index) * size).toISOString(),
  );
}

/** What rows come to by the beginning of their hour or day, and by a name. */
export function sumsOf<Row extends { from: string; checks: number }>(
  rows: readonly Row[],
  nameOf: (row: Row) => string,
): ReadonlyMap<string, Record<string, number>> {
  const sums = new Map<string, Record<string, number>>();
  for (const row of rows) {
    const sum = sums.get(row.from) ?? {};
    const name = nameOf(row);
    sums.set(row.from, { ...sum, [name]: (sum[name] ?? 0) + row.checks });
  }
  return sums;
}

/** How many checks there are of a kind or outcome, or of all. */
export const countOf = <Row extends { checks: number }>(
  rows: readonly Row[],
  is: (row: Row) => boolean = () => true,
): number => rows.reduce((sum, row) => sum + (is(row) ? row.checks : 0), 0);
