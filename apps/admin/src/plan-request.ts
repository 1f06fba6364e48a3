import { setTimeout as sleep } from 'node:timers/promises';
import { type JobsOptions, Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { PLAN_QUEUE, planName, planOptions, type PlanJob, QUEUE_PREFIX } from '#lib/revocation';
import { OperatorError } from './context.js';

const CONNECT_TIMEOUT_MS = 3_000;
/** A server that takes connections and answers nothing is down too. */
const EXCHANGE_TIMEOUT_MS = 10_000;

/** Hands refresh requests to the worker. @throws OperatorError as `addJobs` */
export const requestPlans = (redisUrl: string | undefined, jobs: readonly PlanJob[]): Promise<void> =>
  addJobs(
    redisUrl,
    PLAN_QUEUE,
    jobs.map((data) => ({ name: planName(data), data, opts: planOptions(data) })),
  );

/**
 * Hands jobs to the worker through Redis.
 * @throws OperatorError `redis_unavailable` at once when Redis does not answer, instead of waiting for it.
 */
export async function addJobs(
  redisUrl: string | undefined,
  name: string,
  jobs: { name: string; data: unknown; opts: JobsOptions }[],
): Promise<void> {
  if (redisUrl === undefined) throw new OperatorError('redis_unavailable', 'REDIS_URL is not set.');
  const redis = new Redis(redisUrl, {
    lazyConnect: true,
    connectTimeout: CONNECT_TIMEOUT_MS,
    maxRetriesPerRequest: 1,
    retryStrategy: () => null,
  });
  let fault: Error | undefined;
  redis.on('error', (error) => {
    fault = error;
  });
  const hand = async (): Promise<void> => {
    await redis.connect();
    const queue = new Queue(name, { connection: redis, prefix: QUEUE_PREFIX });
    queue.on('error', (error) => {
      fault = error;
    });
    await queue.addBulk(jobs);
    await queue.close();
  };
  const deadline = new AbortController();
  try {
    await Promise.race([
      hand(),
      sleep(EXCHANGE_TIMEOUT_MS, undefined, { signal: deadline.signal }).then(() => {
        throw new Error('timed out');
      }),
    ]);
  } catch (error) {
    const { code, message } = (fault ?? error) as NodeJS.ErrnoException;
    const { host } = new URL(redisUrl);
    throw new OperatorError('redis_unavailable', `Redis at ${host} does not answer (${code ?? message}).`);
  } finally {
    deadline.abort();
    redis.disconnect();
  }
}
