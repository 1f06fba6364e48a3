import type { DataSource } from 'typeorm';
import { eraseDue } from '#lib/platform';

/** Rows of one transaction: as many as the door takes. */
const BATCH = 5_000;

/**
 * Erases what sweeps found about persons, whom they named and which lines stood for nobody, once its time is over. The
 * sweep and its summary stay. As role shomei_worker, of all tenants; several at once work on different sweeps.
 * @param mayGoOn asked between two batches
 * @returns how many rows
 */
export const eraseDueSweepResults = (dataSource: DataSource, mayGoOn?: () => boolean): Promise<number> =>
  eraseDue(dataSource, 'erase_due_sweep_results', BATCH, mayGoOn);
