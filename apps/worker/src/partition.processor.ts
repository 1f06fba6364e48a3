import { OnWorkerEvent, Processor, WorkerHost } from '@nestjs/bullmq';
import { Inject, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { Job } from 'bullmq';
import {
  INGEST_OPTIONS,
  type IngestOptions,
  LISTS_A_THREAD,
  PARTITION_QUEUE,
  type PartitionJob,
  PartitionRefresh,
  type RefreshOutcome,
  retryDelayMs,
} from '#lib/revocation';
import { QueueErrors } from './queue-errors.js';
import { TAKE_OVER } from './take-over.js';

/** Fetches the list of one partition. */
@Processor(PARTITION_QUEUE, {
  concurrency: LISTS_A_THREAD,
  ...TAKE_OVER,
  settings: { backoffStrategy: (attemptsMade: number) => retryDelayMs(attemptsMade, Math.random()) },
})
export class PartitionProcessor extends WorkerHost implements OnApplicationBootstrap, OnModuleDestroy {
  constructor(
    @Inject(PartitionRefresh) private readonly partitions: PartitionRefresh,
    @Inject(QueueErrors) private readonly errors: QueueErrors,
    @Inject(INGEST_OPTIONS) private readonly options: IngestOptions,
  ) {
    super();
  }

  /** As many lists as the threads take. */
  onApplicationBootstrap(): void {
    this.worker.concurrency = this.options.threads * LISTS_A_THREAD;
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
