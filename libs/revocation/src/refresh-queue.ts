import type { JobsOptions } from 'bullmq';
import type { PartitionJob } from './list-refresh.js';
import type { PlanJob } from './refresh-planner.js';

/** Prefix of every key in Redis. */
export const QUEUE_PREFIX = 'shomei';
/** Reads an index; adds one job per partition to the other queue. */
export const PLAN_QUEUE = 'revocation-plan';
/** Fetches one partition. */
export const PARTITION_QUEUE = 'revocation-partition';

const FIRST_DELAY_MS = 5_000;
const MAX_DELAY_MS = 15 * 60_000;
/** With the delays above about a day: then the nightly run starts a new series. */
const ATTEMPTS = 100;

/** Wait before the next attempt, milliseconds: 5 s, doubling to 15 min, ± 20 % so that 3,800 partitions spread out. */
export function retryDelayMs(attemptsMade: number, random: number): number {
  const delay = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(attemptsMade - 1, 20));
  return Math.round(delay * (0.8 + 0.4 * random));
}

const RETRIED: JobsOptions = {
  attempts: ATTEMPTS,
  backoff: { type: 'custom' },
  removeOnComplete: true,
  removeOnFail: true,
};

export const planName = ({ mode, hierarchy }: PlanJob): string => `${mode}-${hierarchy}`;

/**
 * One job per source or partition at a time. Asked for again while one runs, it runs once more afterwards; while one
 * waits for its retry, that one is brought forward: an answer to a request never began before the request. The
 * deduplication id does this in one step of Redis; a fixed job id would silently drop the request in both cases.
 */
const oneAtATime = (id: string): JobsOptions => ({
  ...RETRIED,
  // BullMQ ids hold no colon.
  deduplication: { id, keepLastIfActive: true, reschedule: true },
});

export const planOptions = (job: PlanJob): JobsOptions => oneAtATime(planName(job));

export const partitionOptions = ({ mode, partitionId }: PartitionJob): JobsOptions =>
  oneAtATime(`${mode}-${partitionId}`);

/**
 * What the nightly schedule adds: a job that only asks for the plan. A scheduler's own jobs cannot be deduplicated, and
 * a source that is down for days must not collect one retry series for each night.
 */
export const NIGHTLY_JOB = 'nightly';

/** Daily at a minute of the day in Japan, which has no summer time. */
export function nightlySchedule(nightlyMinute: number): { pattern: string; tz: string } {
  return { pattern: `${nightlyMinute % 60} ${Math.floor(nightlyMinute / 60)} * * *`, tz: 'Asia/Tokyo' };
}

/** Next nightly run after `at`, both in milliseconds. */
export function nextNightly(nightlyMinute: number, at: number): number {
  const day = 86_400_000;
  const jstOffset = 9 * 3_600_000;
  const todayStart = Math.floor((at + jstOffset) / day) * day - jstOffset;
  const today = todayStart + nightlyMinute * 60_000;
  return today > at ? today : today + day;
}
