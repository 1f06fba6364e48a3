import { setTimeout as sleep } from 'node:timers/promises';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { MONTH_QUEUE } from '#lib/billing';
import { SWEEP_QUEUE } from '#lib/monitoring';
import { Problem } from '#lib/platform';
import { PARTITION_QUEUE, PLAN_QUEUE, QUEUE_PREFIX } from '#lib/revocation';
import { OperatorError } from './context.js';

/** Every queue of the worker. */
export const JOB_QUEUES = [PLAN_QUEUE, PARTITION_QUEUE, SWEEP_QUEUE, MONTH_QUEUE] as const;
export type JobQueue = (typeof JOB_QUEUES)[number];

const CONNECT_TIMEOUT_MS = 3_000;
/** A server that takes connections and answers nothing is down too. */
const EXCHANGE_TIMEOUT_MS = 10_000;

export interface RedisAtWork {
  redis: Redis;
  /** Without handlers of jobs: that is the worker's. */
  queue: (name: JobQueue) => Queue;
}

/**
 * Does something in Redis over a connection of its own.
 * @throws OperatorError `redis_unavailable` at once when Redis does not answer, instead of waiting for it; a Problem of
 * `work` as it is.
 */
export async function inRedis<T>(redisUrl: string | undefined, work: (at: RedisAtWork) => Promise<T>): Promise<T> {
  if (redisUrl === undefined) throw new OperatorError('redis_unavailable', 'REDIS_URL is not set.');
  const redis = new Redis(redisUrl, {
    lazyConnect: true,
    connectTimeout: CONNECT_TIMEOUT_MS,
    maxRetriesPerRequest: 1,
    retryStrategy: () => null,
  });
  let fault: Error | undefined;
  const onError = (error: Error): void => {
    fault = error;
  };
  redis.on('error', onError);
  const queues: Queue[] = [];
  const queue = (name: JobQueue): Queue => {
    const opened = new Queue(name, { connection: redis, prefix: QUEUE_PREFIX, skipMetasUpdate: true });
    opened.on('error', onError);
    queues.push(opened);
    return opened;
  };
  const exchange = async (): Promise<T> => {
    await redis.connect();
    const found = await work({ redis, queue });
    for (const opened of queues) await opened.close();
    return found;
  };
  const deadline = new AbortController();
  try {
    return await Promise.race([
      exchange(),
      sleep(EXCHANGE_TIMEOUT_MS, undefined, { signal: deadline.signal }).then(() => {
        throw new Error('timed out');
      }),
    ]);
  } catch (error) {
    if (error instanceof Problem) throw error;
    const { code, message } = (fault ?? error) as NodeJS.ErrnoException;
    const { host } = new URL(redisUrl);
    throw new OperatorError('redis_unavailable', `Redis at ${host} does not answer (${code ?? message}).`);
  } finally {
    deadline.abort();
    redis.disconnect();
  }
}

/** How many jobs of a queue are in each state. */
export interface QueueDepth {
  queue: JobQueue;
  active: number;
  /** For a free hand. */
  waiting: number;
  /** For their next attempt; what a schedule will bring is none yet. */
  delayed: number;
  /** Given up, as far as they are kept. */
  failed: number;
}

/** Work that comes again and again. */
export interface JobSchedule {
  name: string;
  /** Cron, in `zone`. */
  pattern: string;
  zone: string;
  /** Milliseconds. */
  next?: number;
}

/** A queue as it is now. */
export async function lookAt(
  { redis, queue }: RedisAtWork,
  name: JobQueue,
): Promise<{ depth: QueueDepth; schedules: JobSchedule[] }> {
  const opened = queue(name);
  const [counts, schedulers] = await Promise.all([
    opened.getJobCounts('active', 'waiting', 'prioritized', 'delayed', 'failed'),
    opened.getJobSchedulers(),
  ]);
  const of = (state: string): number => counts[state] ?? 0;
  // The next job of a schedule has its time in its id.
  const next = schedulers.map(({ key, next: at = 0 }) => `repeat:${key}:${at}`);
  const places = next.length === 0 ? [] : await redis.zmscore(opened.toKey('delayed'), ...next);
  const scheduled = places.filter((place) => place !== null).length;
  return {
    depth: {
      queue: name,
      active: of('active'),
      waiting: of('waiting') + of('prioritized'),
      // The two were not read at once.
      delayed: Math.max(0, of('delayed') - scheduled),
      failed: of('failed'),
    },
    schedules: schedulers.map(({ key, pattern = '', tz = 'UTC', next: at }) => ({
      name: key,
      pattern,
      zone: tz,
      ...(at === undefined ? {} : { next: at }),
    })),
  };
}

/**
 * How deep each queue of the worker is.
 * @throws OperatorError `redis_unavailable`
 */
export const queueDepths = (redisUrl: string | undefined): Promise<QueueDepth[]> =>
  inRedis(redisUrl, (at) => Promise.all(JOB_QUEUES.map(async (name) => (await lookAt(at, name)).depth)));
