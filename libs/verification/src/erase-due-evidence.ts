import type { DataSource } from 'typeorm';
import { eraseDue } from '#lib/platform';

/** Things of one transaction. */
const BATCH = 500;

/**
 * Erases the evidence whose time is over, of all tenants. As role shomei_worker; several at once take turns.
 * @param mayGoOn asked between two batches
 * @returns how many verifications lost their evidence
 */
export const eraseDueEvidence = (dataSource: DataSource, mayGoOn?: () => boolean): Promise<number> =>
  eraseDue(dataSource, 'erase_due_evidence', BATCH, mayGoOn);

/** Deletes the consents whose time is over, likewise. @returns how many */
export const eraseDueConsents = (dataSource: DataSource, mayGoOn?: () => boolean): Promise<number> =>
  eraseDue(dataSource, 'erase_due_consents', BATCH, mayGoOn);

/** Deletes the presentations whose time is over, likewise. @returns how many */
export const eraseDuePresentations = (dataSource: DataSource, mayGoOn?: () => boolean): Promise<number> =>
  eraseDue(dataSource, 'erase_due_presentations', BATCH, mayGoOn);
