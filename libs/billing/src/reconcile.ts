import { z } from 'zod';
import { Problem } from '#lib/platform';
import type { Month } from './japan-month.js';

/** What J-LIS bills by its own count; checks by list leave no trace there. */
export const RECONCILED = {
  counterpart: 'counterpart_delivered',
  latest_attributes: 'attributes_delivered',
} as const;
export type ReconciledItem = keyof typeof RECONCILED;

/** So much of a service provider's item. */
export interface ItemCount {
  service_id: string;
  item: ReconciledItem;
  count: number;
}

const HEADER = 'month,service_id,item,count';
const ROW = /^([0-9]{4}-[0-9]{2}),(ten_[0-9a-f]{32}),(counterpart|latest_attributes),(0|[1-9][0-9]{0,11})$/;

const refuse = (line: number, message: string): Problem => new Problem('jlis_file_malformed', { line, message });

/**
 * Reads a bill of J-LIS: `month,service_id,item,count`, one row an item. The form is the sandbox's; that of J-LIS is not
 * public, so another form needs another reader and nothing else.
 * @throws Problem `jlis_file_malformed` naming the line
 */
export function readJlisFile(text: string, month: Month): ItemCount[] {
  const [header, ...rows] = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  if (header !== HEADER) throw refuse(1, `must be ${HEADER}`);
  if (rows.at(-1) === '') rows.pop();
  const seen = new Set<string>();
  return rows.map((row, index) => {
    const match = ROW.exec(row);
    if (!match) throw refuse(index + 2, 'must be a month, a service id, an item and a count');
    const [, of, service_id, item, count] = match as unknown as [string, Month, string, ReconciledItem, string];
    if (of !== month) throw refuse(index + 2, `is of ${of}`);
    const key = `${service_id} ${item}`;
    if (seen.has(key)) throw refuse(index + 2, 'repeats a service and item');
    seen.add(key);
    return { service_id, item, count: Number(count) };
  });
}

export const reconciliationResult = z.object({
  rows: z.array(
    z.object({
      service_id: z.string(),
      item: z.enum(['counterpart', 'latest_attributes']),
      ours: z.int(),
      theirs: z.int(),
      difference: z.int(),
    }),
  ),
  differences: z.int(),
  self_reported: z.array(z.object({ item: z.string(), method: z.string(), events: z.int() })),
});
export type ReconciliationResult = z.output<typeof reconciliationResult>;

/** Ours against theirs, item by item; what only one of them has counts as a difference. */
export function reconcile(
  ours: readonly ItemCount[],
  theirs: readonly ItemCount[],
  selfReported: ReconciliationResult['self_reported'],
): ReconciliationResult {
  const rows = new Map<string, ReconciliationResult['rows'][number]>();
  const rowOf = ({ service_id, item }: ItemCount) => {
    const key = `${service_id} ${item}`;
    const row = rows.get(key) ?? { service_id, item, ours: 0, theirs: 0, difference: 0 };
    rows.set(key, row);
    return row;
  };
  for (const each of ours) rowOf(each).ours += each.count;
  for (const each of theirs) rowOf(each).theirs += each.count;
  const compared = [...rows]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, row]) => ({ ...row, difference: row.theirs - row.ours }));
  return {
    rows: compared,
    differences: compared.filter(({ difference }) => difference !== 0).length,
    self_reported: selfReported,
  };
}
