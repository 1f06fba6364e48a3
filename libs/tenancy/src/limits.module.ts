import { Module, type DynamicModule } from '@nestjs/common';
import { Quotas } from './quotas.js';
import { RATE_LIMIT_OPTIONS, RateLimits, type RateLimitOptions } from './rate-limits.js';

/** What the API counts of each tenant. */
@Module({})
export class LimitsModule {
  static forRoot(options: RateLimitOptions): DynamicModule {
    return {
      module: LimitsModule,
      providers: [{ provide: RATE_LIMIT_OPTIONS, useValue: options }, RateLimits, Quotas],
      exports: [RateLimits, Quotas],
    };
  }
}
