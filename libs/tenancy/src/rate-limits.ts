import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Redis } from 'ioredis';
import { type RateLimiterAbstract, RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import { Logger, Problem, type Tenancy } from '#lib/platform';
import type { EndpointClass, Limits } from './limits.js';

/** Injection token. */
export const RATE_LIMIT_OPTIONS = Symbol('RATE_LIMIT_OPTIONS');
export interface RateLimitOptions {
  /** Absent: every process enforces its share, always. */
  redisUrl?: string;
  /** How many processes share a limit when they cannot count together. */
  processes: number;
}

/** Requests are counted in windows of this length, seconds; one begins with the first request after the last one's end. */
export const WINDOW_S = 1;
/**
 * How long a silent Redis is waited for, milliseconds. Only requests under way when it falls silent wait: the connection
 * is given up then, and until Redis answers on a new one nobody asks it.
 */
const SILENCE_MS = 100;
const RECONNECT_MS = 500;
/** Limits that differ, each with a limiter of its own; contracts have few. */
const MAX_LIMITERS = 1_000;

/** Where a request stands in its second. */
export interface RateStanding {
  /** Requests of the second that are left. */
  remaining: number;
  /** Until the second ends, milliseconds. */
  resetMs: number;
}

/**
 * Counts requests in a second per tenant, mode and class of endpoints: in Redis for all processes together, and in each
 * process for its share while Redis is away. A tenant over its limit is refused from memory until its second is over.
 */
@Injectable()
export class RateLimits implements OnModuleDestroy {
  private readonly limiters = new Map<number, RateLimiterAbstract>();
  private readonly redis: Redis | undefined;
  private away = false;

  constructor(
    @Inject(RATE_LIMIT_OPTIONS) private readonly options: RateLimitOptions,
    @Inject(Logger) private readonly logger: Logger,
  ) {
    if (options.redisUrl === undefined) return;
    this.redis = new Redis(options.redisUrl, {
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      connectTimeout: 2_000,
      socketTimeout: SILENCE_MS,
      retryStrategy: () => RECONNECT_MS,
    });
    this.redis.on('error', (error: unknown) => this.lost(error));
    this.redis.on('ready', () => {
      if (this.away) this.logger.log('rate_limits_shared_again');
      this.away = false;
    });
  }

  onModuleDestroy(): void {
    this.redis?.disconnect();
  }

  /** Counts one request. @throws Problem `rate_limited` with `retry_after` in seconds. */
  async count(
    { tenantId, mode, limits }: Tenancy & { limits: Limits },
    endpointClass: EndpointClass,
  ): Promise<RateStanding> {
    const limiter = this.limiterOf(limits[endpointClass].perSecond);
    try {
      const counted = await limiter.consume(`${tenantId}:${mode}:${endpointClass}`);
      return { remaining: counted.remainingPoints, resetMs: counted.msBeforeNext };
    } catch (refused) {
      if (!(refused instanceof RateLimiterRes)) throw refused;
      throw new RateLimited(endpointClass, refused.msBeforeNext);
    }
  }

  /** One for each number of requests: the counts are the same wherever the number comes from. */
  private limiterOf(perSecond: number): RateLimiterAbstract {
    const known = this.limiters.get(perSecond);
    if (known) return known;
    const share = new RateLimiterMemory({
      points: Math.ceil(perSecond / this.options.processes),
      duration: WINDOW_S,
    });
    const limiter = this.redis
      ? new RateLimiterRedis({
          storeClient: this.redis,
          keyPrefix: 'shomei:rate',
          points: perSecond,
          duration: WINDOW_S,
          rejectIfRedisNotReady: true,
          // A flood is refused without asking Redis about each of its requests.
          inMemoryBlockOnConsumed: perSecond,
          insuranceLimiter: share,
        })
      : share;
    if (this.limiters.size >= MAX_LIMITERS) this.limiters.clear();
    this.limiters.set(perSecond, limiter);
    return limiter;
  }

  /** One line an outage. */
  private lost(error: unknown): void {
    if (!this.away) this.logger.warn('rate_limits_not_shared', { error, processes: this.options.processes });
    this.away = true;
  }
}

/** Over the limit of a second. */
export class RateLimited extends Problem {
  constructor(
    endpointClass: EndpointClass,
    /** Until the second ends, milliseconds. */
    readonly resetMs: number,
  ) {
    super('rate_limited', { endpoint_class: endpointClass, retry_after: Math.max(1, Math.ceil(resetMs / 1_000)) });
  }
}
