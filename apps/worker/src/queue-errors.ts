import { Inject, Injectable } from '@nestjs/common';
import { Logger } from '#lib/platform';

const CONNECTION_CODES = /^(E(CONN|PIPE|TIMEDOUT|HOST|NET|AI_)|ENOTFOUND)/;

/** Whether an error of a queue says that Redis is away, and not that something is wrong with a job. */
export function isConnectionError(error: Error): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return (code !== undefined && CONNECTION_CODES.test(code)) || /connection is closed/i.test(error.message);
}

/**
 * Errors of queues and their workers outside a job. A client tries to reconnect several times a second, so an outage of
 * Redis is one line at its start and one at its end.
 */
@Injectable()
export class QueueErrors {
  private down = false;

  constructor(@Inject(Logger) private readonly logger: Logger) {}

  report(queue: string, error: Error): void {
    if (!isConnectionError(error)) {
      this.logger.error('queue_error', { queue, error });
      return;
    }
    if (!this.down) this.logger.error('redis_unavailable', { error });
    this.down = true;
  }

  /** For events that only a server that answers can cause. */
  answered(): void {
    if (this.down) this.logger.log('redis_available');
    this.down = false;
  }
}
