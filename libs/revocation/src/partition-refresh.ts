import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock, Logger, Thread, threadProgram } from '#lib/platform';
import type { IngestAnswer, IngestRequest, IngestThreadData } from './ingest-thread.js';
import type { PartitionJob, RefreshOutcome } from './list-refresh.js';
import { PartitionBusy, RefreshFailed } from './refresh-failure.js';
import { RefreshMetrics } from './refresh-metrics.js';

export type { PartitionJob, RefreshOutcome } from './list-refresh.js';

/** Lists a thread takes at a time: while some are checked, others are on their way from the source or to the database. */
export const LISTS_A_THREAD = 4;

/** Between two refreshes the threads give their memory back. */
const IDLE_MS = 60_000;

export interface IngestOptions {
  threads: number;
  crlIdleTimeoutMs: number;
}
/** Injection token of the options. */
export const INGEST_OPTIONS = Symbol('INGEST_OPTIONS');

/**
 * Fetches the list of one partition and makes it the head if it is fit, in a thread: this process's own does not wait
 * for a list of millions of entries. A failure leaves the head as it is.
 */
@Injectable()
export class PartitionRefresh implements OnModuleDestroy {
  private readonly threads: Thread<IngestRequest, IngestAnswer>[];

  constructor(
    @Inject(DataSource) dataSource: DataSource,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(RefreshMetrics) private readonly metrics: RefreshMetrics,
    @Inject(Logger) logger: Logger,
    @Inject(INGEST_OPTIONS) { threads, crlIdleTimeoutMs }: IngestOptions,
  ) {
    const { options } = dataSource;
    if (options.type !== 'postgres' || options.url === undefined) throw new Error('the database has no URL');
    const data: IngestThreadData = { databaseUrl: options.url, lists: LISTS_A_THREAD, crlIdleTimeoutMs };
    const program = threadProgram('revocation', 'ingest-thread');
    this.threads = Array.from({ length: threads }, () => new Thread({ program, data, logger, idleMs: IDLE_MS }));
  }

  /** Ends downloads; their jobs are left for the next process. */
  async onModuleDestroy(): Promise<void> {
    await Promise.all(this.threads.map((thread) => thread.stop()));
  }

  /**
   * @returns `dropped` when the partition's source is gone or disabled: there is nothing to fetch.
   * @throws PartitionBusy, RefreshFailed: the attempt is on record, the caller tries again. ThreadFailed.
   */
  async refresh({ mode, partitionId }: PartitionJob): Promise<RefreshOutcome> {
    const thread = this.threads.reduce((least, each) => (each.load < least.load ? each : least));
    const done = this.metrics.begin(mode);
    const request = { mode, partitionId, clockOffsetMs: this.clock.now(mode) - Date.now() };
    const answer = await thread.ask(request).catch((error: unknown) => {
      done('internal');
      throw error;
    });
    if ('outcome' in answer) {
      done(answer.outcome);
      return answer.outcome;
    }
    done(answer.failure);
    if (answer.failure === 'partition_busy') throw new PartitionBusy('another process fetches this partition');
    throw new RefreshFailed(answer.failure);
  }
}
