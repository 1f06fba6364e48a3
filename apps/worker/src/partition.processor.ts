import { OnWorkerEvent, Processor, WorkerHost } from '@nestjs/bullmq';
import { Inject, type OnModuleDestroy } from '@nestjs/common';
import type { Job } from 'bullmq';
import {
  PARTITION_QUEUE,
  type PartitionJob,
  PartitionRefresh,
  type RefreshOutcome,
  retryDelayMs,
} from '#lib/revocation';
import { QueueErrors } from './queue-errors.js';

/** Lists fetched at a time by one process: each holds a database connection and its entries in memory. */
const CONCURRENCY = 4;

/** Fetches the list of one partition. */
@Processor(PARTITION_QUEUE, {
  concurrency: CONCURRENCY,
  // The lock of a killed process's job runs out after 30 s; looked for this often, its job is taken over within 40 s.
  stalledInterval: 10_000,
  // A killed process loses its jobs to the next one; being killed often is no fault of the job.
  maxStalledCount: 10,
  settings: { backoffStrategy: (attemptsMade: number) => retryDelayMs(attemptsMade, Math.random()) },
})
export class PartitionProcessor extends WorkerHost implements OnModuleDestroy {
  constructor(
    @Inject(PartitionRefresh) private readonly partitions: PartitionRefresh,
    @Inject(QueueErrors) private readonly errors: QueueErrors,
  ) {
    super();
  }

  override process(job: Job<PartitionJob>): Promise<RefreshOutcome> {
    return this.partitions.refresh(job.data);
  }

  @OnWorkerEvent('error')
  onError(error: Error): void {
    this.errors.report(PARTITION_QUEUE, error);
  }

  @OnWorkerEvent('active')
  onActive(): void {
    this.errors.answered();
  }

  async onModuleDestroy(): Promise<void> {
    if (this.errors.down) await this.worker.close(true);
  }
}
