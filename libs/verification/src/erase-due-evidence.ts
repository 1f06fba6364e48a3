import type { DataSource } from 'typeorm';

/** Verifications of one transaction. */
const BATCH = 500;

/**
 * Erases the evidence whose time is over, of all tenants. As role shomei_worker; several at once take turns.
 * @param mayGoOn asked between two batches
 * @returns how many verifications lost their evidence
 */
export async function eraseDueEvidence(dataSource: DataSource, mayGoOn: () => boolean = () => true): Promise<number> {
  let total = 0;
  for (;;) {
    const [row]: { erased: number }[] = await dataSource.query('select erase_due_evidence($1) as erased', [BATCH]);
    total += row!.erased;
    if (row!.erased < BATCH || !mayGoOn()) return total;
  }
}
