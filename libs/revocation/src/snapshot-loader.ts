import type { DataSource } from 'typeorm';
import { RevocationColumns } from '#lib/pki';
import { type Logger, type Mode, Thread, threadProgram } from '#lib/platform';
import type { CorruptHead, HeadBatch, HeadData } from './head-reader.js';
import type { ResidentCrl } from './resident-set.js';
import type { HeadRequest, SnapshotThreadData } from './snapshot-thread.js';

export interface SnapshotSink {
  put(list: ResidentCrl): void;
  /** Its hash or shape is wrong; what was held before stays in use. */
  corrupt(head: CorruptHead): void;
}

/** Changes come in bursts: the daily refresh, then nothing. */
const IDLE_MS = 10_000;

/**
 * Brings heads from the database into this process. A thread of its own reads, checks and unpacks them; here only
 * buffers change hands, a few megabytes a turn of the event loop, so that requests in between do not wait.
 */
export class SnapshotLoader {
  private readonly thread: Thread<HeadRequest, number, HeadBatch>;

  constructor(dataSource: DataSource, logger: Logger) {
    const { options } = dataSource;
    if (options.type !== 'postgres' || options.url === undefined) throw new Error('the database has no URL');
    const data: SnapshotThreadData = { databaseUrl: options.url };
    const program = threadProgram('revocation', 'snapshot-thread');
    this.thread = new Thread({ program, data, logger, idleMs: IDLE_MS });
  }

  /**
   * Hands each head that has changed after `epoch` to `sink`.
   * @returns how many partitions had changed.
   * @throws ThreadFailed; what was handed over until then is good.
   */
  load(mode: Mode, epoch: bigint, sink: SnapshotSink): Promise<number> {
    return this.thread.ask({ mode, epoch: String(epoch) }, ({ heads, corrupt }) => {
      for (const head of heads) sink.put(residentCrl(head));
      for (const head of corrupt) sink.corrupt(head);
    });
  }

  stop(): Promise<void> {
    return this.thread.stop();
  }
}

const residentCrl = ({ data, ...facts }: HeadData): ResidentCrl => ({ ...facts, columns: new RevocationColumns(data) });
