import { Inject, Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { from, lastValueFrom, type Observable } from 'rxjs';
import { Turns } from '#lib/platform';
import {
  type EndpointClass,
  type Principal,
  QuotaExceeded,
  Quotas,
  RateLimited,
  type RateStanding,
  RateLimits,
  type Taken,
  WINDOW_S,
} from '#lib/tenancy';
import { callerOf } from './api-key.guard.js';
import { endpointClassOf } from './endpoint-class.js';
import { HeldRefusals } from './held-refusals.js';

const TAKEN = Symbol('taken');
type Counted = FastifyRequest & { [TAKEN]?: Taken | undefined };

/** The longest month, seconds: the window of a quota as the header names it. */
const MONTH_S = 31 * 86_400;
const seconds = (ms: number): number => Math.max(0, Math.ceil(ms / 1_000));

/**
 * Counts requests against the limits of their contract, before their body is read, and says so in the headers of every
 * answer (draft-ietf-httpapi-ratelimit-headers-10). What was refused, repeated or left undecided is not counted in the
 * month.
 */
@Injectable()
export class RequestLimits {
  private readonly held = new HeldRefusals();

  constructor(
    @Inject(RateLimits) private readonly rates: RateLimits,
    @Inject(Quotas) private readonly quotas: Quotas,
  ) {}

  /** @throws Problem `rate_limited`, `quota_exceeded`. */
  async admit(
    principal: Principal,
    endpointClass: EndpointClass,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<void> {
    const { perSecond, perMonth } = principal.limits[endpointClass];
    const quotaName = `${endpointClass}-month`;
    const policies = [`"${endpointClass}";q=${perSecond};w=${WINDOW_S}`];
    if (perMonth !== null) policies.push(`"${quotaName}";q=${perMonth};w=${MONTH_S}`);
    void reply.header('ratelimit-policy', policies.join(', '));
    const second = (rate: RateStanding): string => `"${endpointClass}";r=${rate.remaining};t=${seconds(rate.resetMs)}`;
    try {
      const rate = await this.rates.count(principal, endpointClass);
      void reply.header('ratelimit', second(rate));
      const taken = await this.quotas.take(principal, endpointClass);
      (request as Counted)[TAKEN] = taken;
      if (taken.remaining !== null)
        void reply.header(
          'ratelimit',
          [second(rate), `"${quotaName}";r=${taken.remaining};t=${seconds(taken.resetMs)}`].join(', '),
        );
    } catch (error) {
      if (error instanceof RateLimited) {
        void reply.header('ratelimit', second({ remaining: 0, resetMs: error.resetMs }));
        await this.held.hold(`${principal.tenantId}:${principal.mode}:${endpointClass}`, error.resetMs);
      }
      if (error instanceof QuotaExceeded)
        void reply.header('ratelimit', `"${quotaName}";r=0;t=${seconds(error.resetMs)}`);
      throw error;
    }
  }

  /** Takes a request out of the count of its month. */
  spare(request: FastifyRequest): void {
    const taken = (request as Counted)[TAKEN];
    if (!taken) return;
    (request as Counted)[TAKEN] = undefined;
    this.quotas.giveBack(taken);
  }

  /** When the answer is known. */
  settle(request: FastifyRequest, reply: FastifyReply): void {
    if (reply.statusCode >= 300 || reply.hasHeader('idempotent-replayed')) this.spare(request);
  }
}

/**
 * Requests of one tenant, mode and class that a process works on at the same time. Those at once share their commits, so
 * one who is alone has many; beside others few, which rest as long as they worked, as each takes the event loop a
 * millisecond for which these wait (docs/performance.md). A rest is short: what took long waited for somebody else, as an
 * OCSP responder, and not for this process. With their bodies, 2 MiB at most each, more of them wait.
 */
const TURNS = { atOnce: 32, besideOthers: { atOnce: 2, mostRestMs: 25 }, mostWaiting: 128 };

/** Lets a tenant have no more of a process at a time than leaves room for the others. */
@Injectable()
export class TurnInterceptor implements NestInterceptor {
  private readonly turns = new Turns(TURNS);

  constructor(@Inject(RequestLimits) private readonly limits: RequestLimits) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const caller = callerOf(request);
    if (!caller) return next.handle();
    const endpointClass = endpointClassOf(request);
    const name = `${caller.tenantId}:${caller.mode}:${endpointClass}`;
    return from(
      this.turns.take(
        name,
        async () => {
          const answer: unknown = await lastValueFrom(next.handle(), { defaultValue: undefined });
          if (endpointClass === 'verification' && isUndecided(answer)) this.limits.spare(request);
          return answer;
        },
        caller.tenantId,
      ),
    );
  }
}

const isUndecided = (answer: unknown): boolean =>
  typeof answer === 'object' && answer !== null && (answer as { outcome?: unknown }).outcome === 'indeterminate';
