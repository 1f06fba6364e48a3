import { InjectQueue, OnWorkerEvent, Processor, WorkerHost } from '@nestjs/bullmq';
import { Inject, type OnModuleDestroy } from '@nestjs/common';
import type { Job, Queue } from 'bullmq';
import {
  NIGHTLY_JOB,
  PARTITION_QUEUE,
  type PartitionJob,
  partitionOptions,
  PLAN_QUEUE,
  type PlanJob,
  planName,
  planOptions,
  RefreshPlanner,
  retryDelayMs,
} from '#lib/revocation';
import { QueueErrors } from './queue-errors.js';
import { TAKE_OVER } from './take-over.js';

/** Reads the index of one source and queues its partitions. */
@Processor(PLAN_QUEUE, {
  concurrency: 1,
  ...TAKE_OVER,
  settings: { backoffStrategy: (attemptsMade: number) => retryDelayMs(attemptsMade, Math.random()) },
})
export class PlanProcessor extends WorkerHost implements OnModuleDestroy {
  constructor(
    @Inject(RefreshPlanner) private readonly planner: RefreshPlanner,
    @InjectQueue(PLAN_QUEUE) private readonly plans: Queue<PlanJob>,
    @InjectQueue(PARTITION_QUEUE) private readonly partitions: Queue<PartitionJob>,
    @Inject(QueueErrors) private readonly errors: QueueErrors,
  ) {
    super();
  }

  /** @returns how many partitions were queued. */
  override async process(job: Job<PlanJob>): Promise<number> {
    if (job.name === NIGHTLY_JOB) {
      await this.plans.add(planName(job.data), job.data, planOptions(job.data));
      return 0;
    }
    const jobs = await this.planner.plan(job.data);
    await this.partitions.addBulk(jobs.map((data) => ({ name: data.mode, data, opts: partitionOptions(data) })));
    return jobs.length;
  }

  @OnWorkerEvent('error')
  onError(error: Error): void {
    this.errors.report(PLAN_QUEUE, error);
  }

  @OnWorkerEvent('active')
  onActive(): void {
    this.errors.answered();
  }

  async onModuleDestroy(): Promise<void> {
    if (this.errors.down) await this.worker.close(true);
  }
}
