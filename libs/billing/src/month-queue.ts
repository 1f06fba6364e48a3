import type { JobsOptions } from 'bullmq';
import type { Mode } from '#lib/platform';
import type { Month } from './japan-month.js';

/** Closes months. */
export const MONTH_QUEUE = 'billing-months';

/** Closes one month that has begun to be closed, or with `due` everything that is over. */
export type MonthJob = { mode: Mode; month: Month } | { due: true };

/** Ten minutes after each hour in Japan: at the start of a month, and whenever an attempt before has failed. */
export const MONTH_SCHEDULE = { pattern: '10 * * * *', tz: 'Asia/Tokyo' } as const;
export const DUE_JOB = 'due';

export const monthJobName = (job: MonthJob): string => ('due' in job ? DUE_JOB : `${job.mode}-${job.month}`);

/** One at a time of a name; what failed is due again within the hour. */
export const monthJobOptions = (job: MonthJob): JobsOptions => ({
  attempts: 1,
  removeOnComplete: 100,
  removeOnFail: 100,
  // BullMQ ids hold no colon.
  deduplication: { id: monthJobName(job) },
});
