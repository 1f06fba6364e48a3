import { InjectQueue, OnWorkerEvent, Processor, WorkerHost } from '@nestjs/bullmq';
import { Inject, type OnModuleDestroy } from '@nestjs/common';
import type { Job, Queue } from 'bullmq';
import { Logger } from '#lib/platform';
import { MonitoringHost, type StepOutcome, SWEEP_QUEUE, type SweepTurn, turnOptions } from '#lib/monitoring';
import { QueueErrors } from './queue-errors.js';
import { TAKE_OVER } from './take-over.js';

/**
 * Carries sweeps out a turn at a time. The next turn of a sweep goes to the end of the queue, so that tenants take turns;
 * the row in the database says how far it has come, so a turn that is lost or done twice changes nothing.
 */
@Processor(SWEEP_QUEUE, { concurrency: 1, ...TAKE_OVER })
export class SweepProcessor extends WorkerHost implements OnModuleDestroy {
  constructor(
    @Inject(MonitoringHost) private readonly monitoring: Pick<MonitoringHost, 'step'>,
    @InjectQueue(SWEEP_QUEUE) private readonly sweeps: Queue<SweepTurn>,
    @Inject(QueueErrors) private readonly errors: QueueErrors,
    @Inject(Logger) private readonly logger: Logger,
  ) {
    super();
  }

  override async process({ data }: Job<SweepTurn>): Promise<StepOutcome> {
    const outcome = await this.monitoring.step(data.sweep);
    if (outcome === 'more') {
      const next = { sweep: data.sweep, turn: data.turn + 1 };
      await this.sweeps.add(data.sweep.mode, next, turnOptions(next));
    } else this.logger.log('status_sweep_turn', { sweep: data.sweep.id, mode: data.sweep.mode, outcome });
    return outcome;
  }

  @OnWorkerEvent('failed')
  onFailed(job: Job<SweepTurn> | undefined, error: Error): void {
    // The schedule finds the sweep again: it is not done.
    this.logger.error('status_sweep_turn_failed', { sweep: job?.data.sweep.id, mode: job?.data.sweep.mode, error });
  }

  @OnWorkerEvent('error')
  onError(error: Error): void {
    this.errors.report(SWEEP_QUEUE, error);
  }

  @OnWorkerEvent('active')
  onActive(): void {
    this.errors.answered();
  }

  async onModuleDestroy(): Promise<void> {
    if (this.errors.down) await this.worker.close(true);
  }
}
