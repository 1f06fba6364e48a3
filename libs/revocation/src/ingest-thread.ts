import 'reflect-metadata';
import { CrlDelivery } from '#lib/jlis';
import { createDataSource, hostThread, type ThreadWork } from '#lib/platform';
import { ListRefresh, type PartitionJob, type RefreshOutcome } from './list-refresh.js';
import { failureCode } from './refresh-failure.js';

/** What the thread is started with. */
export interface IngestThreadData {
  databaseUrl: string;
  /** Lists taken at a time; each has a connection. */
  lists: number;
  crlIdleTimeoutMs: number;
}

export interface IngestRequest extends PartitionJob {
  /** How far the clock of the mode is ahead of the system's, milliseconds. */
  clockOffsetMs: number;
}

export type IngestAnswer = { outcome: RefreshOutcome } | { failure: string };

/** Fetches, checks and stores lists beside the thread that runs the queues. */
hostThread(({ databaseUrl, lists, crlIdleTimeoutMs }: IngestThreadData): ThreadWork<IngestRequest, IngestAnswer> => {
  const dataSource = createDataSource({ url: databaseUrl, pool: lists, applicationName: 'shomei-ingest' });
  const delivery = new CrlDelivery({ idleTimeoutMs: crlIdleTimeoutMs });
  let connected: Promise<unknown> | undefined;
  const works = new Set<ListRefresh>();
  return {
    answer: async ({ clockOffsetMs, ...job }, session) => {
      connected ??= dataSource.initialize().catch((error: unknown) => {
        // The next request tries again.
        connected = undefined;
        throw error;
      });
      await connected;
      const work = new ListRefresh({ dataSource, delivery, log: (...line) => session.log(...line) });
      works.add(work);
      try {
        return { outcome: await work.refresh(job, () => Date.now() + clockOffsetMs) };
      } catch (error) {
        const failure = failureCode(error);
        // What nobody foresaw keeps its stack.
        if (failure === 'internal') throw error;
        return { failure };
      } finally {
        works.delete(work);
      }
    },
    stop: () => works.forEach((work) => work.stop()),
    close: async () => {
      if (dataSource.isInitialized) await dataSource.destroy();
    },
  };
});
