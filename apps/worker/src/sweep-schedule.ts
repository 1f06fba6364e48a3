import { InjectQueue } from '@nestjs/bullmq';
import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { Queue } from 'bullmq';
import { Logger, MODES } from '#lib/platform';
import { MonitoringHost, SWEEP_QUEUE, type SweepTurn, turnOptions } from '#lib/monitoring';
import { QueueErrors } from './queue-errors.js';

/** Milliseconds between two looks at which sweeps are due. */
const LOOK_MS = 1_000;

/**
 * Queues the sweeps that nobody works on: new ones, and those whose turn was lost with a worker or with Redis. Rows are
 * the hand-over, so the API needs no Redis and a Redis that has lost its data loses no sweep.
 */
@Injectable()
export class SweepSchedule implements OnApplicationBootstrap, OnModuleDestroy {
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(
    @Inject(MonitoringHost) private readonly monitoring: Pick<MonitoringHost, 'findDue'>,
    @InjectQueue(SWEEP_QUEUE) private readonly sweeps: Queue<SweepTurn>,
    @Inject(QueueErrors) private readonly errors: QueueErrors,
    @Inject(Logger) private readonly logger: Logger,
  ) {}

  /** Does not wait: without Redis the process is up and goes on trying. */
  onApplicationBootstrap(): void {
    void this.run();
  }

  /** As `RefreshSchedule`: a queue whose Redis is away is cut off before it is closed. */
  onModuleDestroy(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    if (!this.errors.down) return;
    this.sweeps.disconnect().catch((error: unknown) => this.errors.report(SWEEP_QUEUE, error));
  }

  private async run(): Promise<void> {
    try {
      await this.look();
    } catch (error) {
      if (!this.stopped) this.logger.error('sweep_schedule_failed', { error });
    }
    if (this.stopped) return;
    this.timer = setTimeout(() => void this.run(), LOOK_MS);
    this.timer.unref();
  }

  private async look(): Promise<void> {
    const due = (await Promise.all(MODES.map((mode) => this.monitoring.findDue(mode)))).flat();
    if (due.length === 0) return;
    // Waits as long as Redis is away.
    const queued = await this.sweeps.getJobs(['active', 'waiting', 'delayed', 'prioritized']);
    const held = new Set(queued.map((job) => job?.data.sweep.id));
    for (const sweep of due) {
      if (held.has(sweep.id)) continue;
      const first = { sweep, turn: 0 };
      await this.sweeps.add(sweep.mode, first, turnOptions(first));
    }
  }
}
