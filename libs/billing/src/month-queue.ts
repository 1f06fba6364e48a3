import type { JobsOptions } from 'bullmq';
import type { Mode } from '#lib/platform';
import type { Month } from './japan-month.js';

/** Closes months, and makes the files of their invoices. */
export const MONTH_QUEUE = 'billing-months';

/** Closes one month that has begun to be closed, or with `due` everything that is over; `exports` makes files. */
export type MonthJob = { mode: Mode; month: Month } | { due: true } | { exports: true };

/** Ten minutes after each hour in Japan: at the start of a month, and whenever an attempt before has failed. */
export const MONTH_SCHEDULE = { pattern: '10 * * * *', tz: 'Asia/Tokyo' } as const;
export const DUE_JOB = 'due';
/** Each hour a file of what has been invoiced or taken back since. */
export const EXPORT_SCHEDULE = { pattern: '40 * * * *', tz: 'Asia/Tokyo' } as const;
export const EXPORT_JOB = 'exports';

export const monthJobName = (job: MonthJob): string =>
  'month' in job ? `${job.mode}-${job.month}` : 'due' in job ? DUE_JOB : EXPORT_JOB;

/** One at a time of a name; what failed is due again within the hour. */
export const monthJobOptions = (job: MonthJob): JobsOptions => ({
  attempts: 1,
  removeOnComplete: 100,
  removeOnFail: 100,
  // BullMQ ids hold no colon.
  deduplication: { id: monthJobName(job) },
});
