import type { Job, Queue } from 'bullmq';
import { MONTH_QUEUE, type MonthJob } from '#lib/billing';
import { SWEEP_QUEUE, type SweepTurn } from '#lib/monitoring';
import type { Hierarchy } from '#lib/pki';
import { type Mode, Problem, toPublicId } from '#lib/platform';
import { PARTITION_QUEUE, type PartitionJob, type PlanJob } from '#lib/revocation';
import {
  inRedis,
  JOB_QUEUES,
  type JobQueue,
  type JobSchedule,
  lookAt,
  type QueueDepth,
  type RedisAtWork,
} from './job-queues.js';

/** What can be looked at one by one, and hurried. */
export const LISTED_STATES = ['failed', 'delayed'] as const;
export type ListedState = (typeof LISTED_STATES)[number];

/** Which work it is; nothing else of a job's data leaves this file. */
export interface JobSubject {
  mode?: Mode;
  hierarchy?: Hierarchy;
  /** bigint. */
  partitionId?: string;
  /** As it goes out. */
  sweepId?: string;
  month?: string;
}

export interface QueuedJob {
  id: string;
  name: string;
  state: ListedState;
  subject: JobSubject;
  attempts: number;
  /** The message of the last error, one line. */
  reason?: string;
  /** Milliseconds, as all times here. */
  addedAt: number;
  lastAttemptAt?: number;
  /** When a delayed one is tried again. */
  dueAt?: number;
}

/** More of an error's message is no reason but a report. */
const MAX_REASON_LENGTH = 300;
/** BullMQ keeps the due time of a delayed job in the upper bits of its place; the lower twelve tell alike times apart. */
const PLACES_A_MILLISECOND = 0x1000;

/** @throws OperatorError `redis_unavailable`, as everything here */
export const readQueues = (redisUrl: string | undefined): Promise<(QueueDepth & { schedules: JobSchedule[] })[]> =>
  inRedis(redisUrl, (at) =>
    Promise.all(
      JOB_QUEUES.map(async (name) => {
        const { depth, schedules } = await lookAt(at, name);
        return { ...depth, schedules };
      }),
    ),
  );

/**
 * Jobs of a queue in a state: failed ones newest first, delayed ones in the order of their turn. What a schedule will bring
 * is no delayed job yet.
 * @param offset of the first one, as the state has them
 */
export const listJobs = (
  redisUrl: string | undefined,
  name: JobQueue,
  { state, offset, limit }: { state: ListedState; offset: number; limit: number },
): Promise<{ jobs: QueuedJob[]; more: boolean }> =>
  inRedis(redisUrl, async (at) => {
    const queue = at.queue(name);
    const found = await queue.getJobs([state], offset, offset + limit, state === 'delayed');
    const shown = found.slice(0, limit).filter((job) => !isScheduled(job, state));
    return {
      jobs: await Promise.all(shown.map((job) => describe(at, queue, name, job, state))),
      more: found.length > limit,
    };
  });

/**
 * Has the worker do a job again: one that failed, or one that waits for its next attempt.
 * @param record told before anything happens
 * @throws Problem `not_found`, `job_not_retryable`
 */
export const retryJob = (
  redisUrl: string | undefined,
  name: JobQueue,
  id: string,
  record: (job: { name: string; state: ListedState }) => Promise<void>,
): Promise<void> =>
  inRedis(redisUrl, async ({ queue }) => {
    const opened = queue(name);
    const job = await opened.getJob(id);
    if (!job) throw new Problem('not_found');
    const found = await job.getState();
    const state = LISTED_STATES.find((each) => each === found);
    if (state === undefined || isScheduled(job, state)) throw new Problem('job_not_retryable', { state: found });
    await record({ name: job.name, state });
    try {
      await (state === 'failed' ? job.retry('failed') : job.promote());
    } catch (error) {
      // Somebody else was quicker, or its time had come.
      const now = await job.getState();
      if (now === state) throw error;
      throw new Problem('job_not_retryable', { state: now });
    }
  });

/**
 * Has the worker do again every job of a queue that failed.
 * @param record told before anything happens, with how many there are
 * @returns how many there were
 */
export const retryFailedJobs = (
  redisUrl: string | undefined,
  name: JobQueue,
  record: (failed: number) => Promise<void>,
): Promise<number> =>
  inRedis(redisUrl, async ({ queue }) => {
    const opened = queue(name);
    const failed = await opened.getFailedCount();
    if (failed === 0) return 0;
    await record(failed);
    await opened.retryJobs({ state: 'failed' });
    return failed;
  });

/** The next job of a schedule waits as a delayed one that has not been tried. */
const isScheduled = (job: Job, state: ListedState): boolean =>
  state === 'delayed' && job.repeatJobKey !== undefined && job.attemptsMade === 0;

async function describe(
  { redis }: RedisAtWork,
  queue: Queue,
  name: JobQueue,
  job: Job,
  state: ListedState,
): Promise<QueuedJob> {
  const place = state === 'delayed' ? await redis.zscore(queue.toKey('delayed'), job.id!) : null;
  return {
    id: job.id!,
    name: job.name,
    state,
    subject: subjectOf(name, job.data),
    attempts: job.attemptsMade,
    addedAt: job.timestamp,
    ...(job.failedReason ? { reason: oneLine(job.failedReason) } : {}),
    ...(job.processedOn === undefined ? {} : { lastAttemptAt: job.processedOn }),
    ...(place === null ? {} : { dueAt: Math.floor(Number(place) / PLACES_A_MILLISECOND) }),
  };
}

function subjectOf(queue: JobQueue, data: unknown): JobSubject {
  switch (queue) {
    case MONTH_QUEUE: {
      const job = data as MonthJob;
      return 'month' in job ? { mode: job.mode, month: job.month } : {};
    }
    case SWEEP_QUEUE: {
      const { sweep } = data as SweepTurn;
      return { mode: sweep.mode, sweepId: toPublicId('swp', sweep.id) };
    }
    case PARTITION_QUEUE: {
      const { mode, partitionId } = data as PartitionJob;
      return { mode, partitionId };
    }
    default: {
      const { mode, hierarchy } = data as PlanJob;
      return { mode, hierarchy };
    }
  }
}

const oneLine = (text: string): string => text.replaceAll(/\p{Cc}+/gu, ' ').slice(0, MAX_REASON_LENGTH);
