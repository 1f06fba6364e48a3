import { OnWorkerEvent, Processor, WorkerHost } from '@nestjs/bullmq';
import { Inject, type OnModuleDestroy } from '@nestjs/common';
import type { Job } from 'bullmq';
import {
  type InvoiceExport,
  InvoiceExporting,
  MONTH_QUEUE,
  type MonthClosed,
  MonthClosing,
  type MonthJob,
} from '#lib/billing';
import { Logger, type Mode, MODES, Problem } from '#lib/platform';
import { QueueErrors } from './queue-errors.js';
import { TAKE_OVER } from './take-over.js';

const ACTOR = 'system:worker';

/** Closes months and makes the files of their invoices, one after the other. */
@Processor(MONTH_QUEUE, { concurrency: 1, ...TAKE_OVER })
export class MonthProcessor extends WorkerHost implements OnModuleDestroy {
  private stopping = false;

  constructor(
    @Inject(MonthClosing) private readonly closing: MonthClosing,
    @Inject(InvoiceExporting) private readonly exporting: InvoiceExporting,
    @Inject(QueueErrors) private readonly errors: QueueErrors,
    @Inject(Logger) private readonly logger: Logger,
  ) {
    super();
  }

  /** @returns what was closed or made, for who looks at the queue. */
  override async process({ data }: Job<MonthJob>): Promise<MonthClosed[] | InvoiceExport[]> {
    if ('exports' in data) return this.export();
    if ('month' in data)
      return this.told(data.mode, async () => {
        const closed = await this.closing.close(data.mode, data.month, ACTOR);
        return closed ? [closed] : [];
      });
    const closed: MonthClosed[] = [];
    const failures: unknown[] = [];
    // A month of one mode that cannot be closed keeps no month of the other from it.
    for (const mode of MODES)
      try {
        closed.push(...(await this.told(mode, () => this.closing.closeDue(mode, ACTOR, () => !this.stopping))));
      } catch (error) {
        failures.push(error);
      }
    if (failures.length > 0) throw new AggregateError(failures, 'months could not be closed');
    return closed;
  }

  private async export(): Promise<InvoiceExport[]> {
    const made = await this.exporting.makeDue(ACTOR, () => !this.stopping);
    for (const { mode, month, version, invoices } of made)
      this.logger.log('invoices_exported', { mode, month, version, invoices });
    return made;
  }

  private async told(mode: Mode, work: () => Promise<MonthClosed[]>): Promise<MonthClosed[]> {
    try {
      const closed = await work();
      for (const { month, statements, events } of closed)
        this.logger.log('month_closed', { mode, month, statements, events });
      return closed;
    } catch (error) {
      const facts = error instanceof Problem ? { code: error.code, ...error.members } : { error };
      this.logger.error('month_close_failed', { mode, ...facts });
      throw error;
    }
  }

  @OnWorkerEvent('error')
  onError(error: Error): void {
    this.errors.report(MONTH_QUEUE, error);
  }

  @OnWorkerEvent('active')
  onActive(): void {
    this.errors.answered();
  }

  async onModuleDestroy(): Promise<void> {
    this.stopping = true;
    if (this.errors.down) await this.worker.close(true);
  }
}
