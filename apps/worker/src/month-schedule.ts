import { InjectQueue } from '@nestjs/bullmq';
import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { Queue } from 'bullmq';
import { DUE_JOB, EXPORT_JOB, EXPORT_SCHEDULE, MONTH_QUEUE, MONTH_SCHEDULE, type MonthJob } from '#lib/billing';
import { Logger } from '#lib/platform';
import { QueueErrors } from './queue-errors.js';

/** How long a Redis that has lost its data may go without the schedule, milliseconds. */
const SYNC_MS = 60_000;

/** Keeps the schedule by which months are closed and the files of their invoices are made. */
@Injectable()
export class MonthSchedule implements OnApplicationBootstrap, OnModuleDestroy {
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(
    @InjectQueue(MONTH_QUEUE) private readonly months: Queue<MonthJob>,
    @Inject(QueueErrors) private readonly errors: QueueErrors,
    @Inject(Logger) private readonly logger: Logger,
  ) {}

  /** Does not wait: without Redis the process is up and goes on trying. */
  onApplicationBootstrap(): void {
    void this.run();
  }

  /** As in {@link RefreshSchedule}: a queue would wait for a Redis that is away. */
  onModuleDestroy(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    if (this.errors.down) this.months.disconnect().catch((error: unknown) => this.errors.report(MONTH_QUEUE, error));
  }

  private async run(): Promise<void> {
    try {
      const opts = { removeOnComplete: 100, removeOnFail: 100 };
      const due = { name: DUE_JOB, data: { due: true } as const, opts };
      await this.months.upsertJobScheduler(DUE_JOB, MONTH_SCHEDULE, due);
      const exports = { name: EXPORT_JOB, data: { exports: true } as const, opts };
      await this.months.upsertJobScheduler(EXPORT_JOB, EXPORT_SCHEDULE, exports);
    } catch (error) {
      if (!this.stopped) this.logger.error('month_schedule_failed', { error });
    }
    if (this.stopped) return;
    this.timer = setTimeout(() => void this.run(), SYNC_MS);
    this.timer.unref();
  }
}
