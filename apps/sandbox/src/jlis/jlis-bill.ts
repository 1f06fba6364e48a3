import type { RequestEntry } from './jlis-request-log.js';

/** What J-LIS counts by its own log: what it has delivered. Revocation lists are fetched, so nobody counts their use. */
const ITEMS: Partial<Record<RequestEntry['service'], string>> = {
  counterparts: 'counterpart',
  latest_attributes: 'latest_attributes',
};

/** The month in Japan, UTC+9 all year. */
const monthOf = ({ at }: RequestEntry): string => new Date(Date.parse(at) + 9 * 3_600_000).toISOString().slice(0, 7);

/** The bill of a month as CSV: `month,service_id,item,count`, in one order. */
export function jlisBill(entries: readonly RequestEntry[], month: string): string {
  const counts = new Map<string, number>();
  for (const entry of entries) {
    const item = ITEMS[entry.service];
    if (item === undefined || !entry.metered || entry.service_id === null || monthOf(entry) !== month) continue;
    const key = `${month},${entry.service_id},${item}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const rows = [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, count]) => `${key},${count}\n`);
  return `month,service_id,item,count\n${rows.join('')}`;
}
