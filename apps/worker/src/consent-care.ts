import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { ConsentWithdrawals } from '#lib/persons';
import { Logger, type Mode } from '#lib/platform';
import { RepeatedWork } from './repeated-work.js';

/** Injection token of {@link ConsentCareOptions}. */
export const CONSENT_CARE = Symbol('CONSENT_CARE');

export interface ConsentCareOptions {
  /** Those that have J-LIS services. */
  modes: readonly Mode[];
  /** Between two readings, milliseconds. */
  everyMs: number;
}

/** Learns which consents were withdrawn at J-LIS, which tells nobody by itself; needs the database alone. */
@Injectable()
export class ConsentCare implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly work: RepeatedWork;

  constructor(
    @Inject(ConsentWithdrawals) private readonly withdrawals: ConsentWithdrawals,
    @Inject(CONSENT_CARE) private readonly options: ConsentCareOptions,
    @Inject(Logger) logger: Logger,
  ) {
    this.work = new RepeatedWork(logger);
  }

  onApplicationBootstrap(): void {
    const { modes, everyMs } = this.options;
    // Less than the time between two turns, so that a process is not kept from its own next one.
    const restMs = everyMs / 2;
    for (const mode of modes)
      this.work.every(everyMs, 'consent_withdrawals_failed', () => this.withdrawals.poll(mode, restMs));
  }

  onModuleDestroy(): Promise<void> {
    return this.work.stop();
  }
}
