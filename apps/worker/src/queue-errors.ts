import { InjectQueue } from '@nestjs/bullmq';
import { Inject, Injectable } from '@nestjs/common';
import type { Queue } from 'bullmq';
import { MONTH_QUEUE } from '#lib/billing';
import { Logger } from '#lib/platform';
import { SWEEP_QUEUE } from '#lib/monitoring';
import { PARTITION_QUEUE, PLAN_QUEUE } from '#lib/revocation';

const CONNECTION_CODES = /^(E(CONN|PIPE|TIMEDOUT|HOST|NET|AI_)|ENOTFOUND)/;

/** Whether an error of a queue says that Redis is away, and not that something is wrong with a job. */
export function isConnectionError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as NodeJS.ErrnoException;
  return (code !== undefined && CONNECTION_CODES.test(code)) || /connection is closed/i.test(error.message);
}

/**
 * Errors of queues and their workers outside a job. A client tries to reconnect several times a second, so an outage of
 * Redis is one line at its start and one at its end.
 */
@Injectable()
export class QueueErrors {
  private away = false;

  /** True from the first failed connection until Redis answers. A stop then must not wait for it. */
  get down(): boolean {
    return this.away;
  }

  constructor(
    @Inject(Logger) private readonly logger: Logger,
    @InjectQueue(PLAN_QUEUE) plans: Queue,
    @InjectQueue(PARTITION_QUEUE) partitions: Queue,
    @InjectQueue(MONTH_QUEUE) months: Queue,
    @InjectQueue(SWEEP_QUEUE) sweeps: Queue,
  ) {
    // Here and not in a service that also needs the database: the first error may come before that is connected.
    for (const queue of [plans, partitions, months, sweeps])
      queue.on('error', (error: Error) => this.report(queue.name, error));
  }

  report(queue: string, error: unknown): void {
    if (!isConnectionError(error)) {
      this.logger.error('queue_error', { queue, error });
      return;
    }
    if (!this.away) this.logger.error('redis_unavailable', { error });
    this.away = true;
  }

  /** For events that only a server that answers can cause. */
  answered(): void {
    if (this.away) this.logger.log('redis_available');
    this.away = false;
  }
}
