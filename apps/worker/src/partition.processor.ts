import { OnWorkerEvent, Processor, WorkerHost } from '@nestjs/bullmq';
import { Inject } from '@nestjs/common';
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
  // A list of ten million entries is sorted and encoded in one turn; its lock must outlive that many times over.
  lockDuration: 60_000,
  // A killed process loses its jobs to the next one; being killed often is no fault of the job.
  maxStalledCount: 10,
  settings: { backoffStrategy: (attemptsMade: number) => retryDelayMs(attemptsMade, Math.random()) },
})
export class PartitionProcessor extends WorkerHost {
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

  @OnWorkerEvent('ready')
  onReady(): void {
    this.errors.answered();
  }
}
