import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { MonthClosing, refreshEstimates } from '#lib/billing';
import { Clock, Logger } from '#lib/platform';
import { countChecks } from '#lib/verification';
import { RepeatedWork } from './repeated-work.js';

/** Milliseconds that the counts may be behind, and between two looks at whether an estimate is due. */
const COUNT_MS = 5_000;
const LOOK_MS = 10_000;

/** Keeps what the operators' overview shows: counts of verifications and what the month comes to. Needs the database alone. */
@Injectable()
export class OverviewCare implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly work: RepeatedWork;
  private stopping = false;

  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(MonthClosing) private readonly closing: MonthClosing,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(Logger) logger: Logger,
  ) {
    this.work = new RepeatedWork(logger);
  }

  onApplicationBootstrap(): void {
    this.work.every(COUNT_MS, 'check_counting_failed', () => countChecks(this.dataSource, () => !this.stopping));
    this.work.every(LOOK_MS, 'month_estimate_failed', () =>
      refreshEstimates(this.dataSource, this.closing, (mode) => this.clock.now(mode)),
    );
  }

  onModuleDestroy(): Promise<void> {
    this.stopping = true;
    return this.work.stop();
  }
}
