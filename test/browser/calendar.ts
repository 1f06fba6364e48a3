const DAY_MS = 86_400_000;

/** The present month in Japan, the first day of the next one, and how many days bring a clock behind that day. */
export function calendar(now = Date.now()): { month: string; next: string; days: number } {
  const inJapan = new Date(now + 9 * 3_600_000);
  const next = Date.UTC(inJapan.getUTCFullYear(), inJapan.getUTCMonth() + 1, 1);
  return {
    month: inJapan.toISOString().slice(0, 7),
    next: new Date(next).toISOString().slice(0, 10),
    days: Math.ceil((next - inJapan.getTime()) / DAY_MS) + 1,
  };
}
