import { Redis } from 'ioredis';

/** Below the servers' `databases 64`: one for each Jest worker, and 0 left to nobody. */
const DATABASES = 63;

/**
 * URL of an empty Redis database that belongs to this Jest worker alone. Call it once per test file; a worker runs one
 * file at a time.
 * @throws Error when the run has no Redis: such tests never skip.
 */
export async function emptyTestRedis(): Promise<string> {
  const base = process.env['TEST_REDIS_URL'];
  if (base === undefined) throw new Error('TEST_REDIS_URL is not set: run these tests with `npm test`');
  const url = new URL(base);
  url.pathname = `/${1 + ((Number(process.env['JEST_WORKER_ID'] ?? '1') - 1) % DATABASES)}`;
  const redis = new Redis(url.href, { maxRetriesPerRequest: 1 });
  try {
    await redis.flushdb();
  } finally {
    redis.disconnect();
  }
  return url.href;
}
