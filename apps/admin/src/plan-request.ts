import type { JobsOptions } from 'bullmq';
import { PLAN_QUEUE, planName, planOptions, type PlanJob } from '#lib/revocation';
import { inRedis, type JobQueue } from './job-queues.js';

/** Hands refresh requests to the worker. @throws OperatorError as `addJobs` */
export const requestPlans = (redisUrl: string | undefined, jobs: readonly PlanJob[]): Promise<void> =>
  addJobs(
    redisUrl,
    PLAN_QUEUE,
    jobs.map((data) => ({ name: planName(data), data, opts: planOptions(data) })),
  );

/** Hands jobs to the worker through Redis. @throws OperatorError as `inRedis` */
export const addJobs = (
  redisUrl: string | undefined,
  name: JobQueue,
  jobs: { name: string; data: unknown; opts: JobsOptions }[],
): Promise<void> =>
  inRedis(redisUrl, async ({ queue }) => {
    await queue(name).addBulk(jobs);
  });
