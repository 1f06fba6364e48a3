import type { DataSource } from 'typeorm';

/** Doors in the database that erase what is due of all tenants, at most as many things a call as they are asked for. */
export type ErasingDoor =
  'erase_due_evidence' | 'erase_due_consents' | 'erase_due_presentations' | 'erase_due_sweep_results';

/**
 * Calls a door until nothing is due any more. As role shomei_worker; several at once take turns.
 * @param batch things of one transaction
 * @param mayGoOn asked between two batches
 * @returns how many were erased
 */
export async function eraseDue(
  dataSource: DataSource,
  door: ErasingDoor,
  batch: number,
  mayGoOn: () => boolean = () => true,
): Promise<number> {
  let total = 0;
  for (;;) {
    const [row]: { erased: number }[] = await dataSource.query(`select ${door}($1) as erased`, [batch]);
    total += row!.erased;
    if (row!.erased < batch || !mayGoOn()) return total;
  }
}
