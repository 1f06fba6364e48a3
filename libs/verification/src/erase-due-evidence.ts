import type { DataSource } from 'typeorm';

/** Things of one transaction. */
const BATCH = 500;

/**
 * Erases the evidence whose time is over, of all tenants. As role shomei_worker; several at once take turns.
 * @param mayGoOn asked between two batches
 * @returns how many verifications lost their evidence
 */
export const eraseDueEvidence = (dataSource: DataSource, mayGoOn?: () => boolean): Promise<number> =>
  eraseDue(dataSource, 'erase_due_evidence', mayGoOn);

/** Deletes the consents whose time is over, likewise. @returns how many */
export const eraseDueConsents = (dataSource: DataSource, mayGoOn?: () => boolean): Promise<number> =>
  eraseDue(dataSource, 'erase_due_consents', mayGoOn);

async function eraseDue(
  dataSource: DataSource,
  door: 'erase_due_evidence' | 'erase_due_consents',
  mayGoOn: () => boolean = () => true,
): Promise<number> {
  let total = 0;
  for (;;) {
    const [row]: { erased: number }[] = await dataSource.query(`select ${door}($1) as erased`, [BATCH]);
    total += row!.erased;
    if (row!.erased < BATCH || !mayGoOn()) return total;
  }
}
