import pg from 'pg';
import { hostThread, type ThreadWork, type Mode } from '#lib/platform';
import { type HeadBatch, readHeads } from './head-reader.js';

/** What the thread is started with. */
export interface SnapshotThreadData {
  databaseUrl: string;
}

/** Heads that changed after `epoch` (a bigint); answered with how many they were, after a part for each batch. */
export interface HeadRequest {
  mode: Mode;
  epoch: string;
}

/** As many as the reader has lanes. */
const CONNECTIONS = 2;
const IDLE_MS = 30_000;

/** Reads, checks and unpacks snapshots beside the thread that answers requests. */
hostThread(({ databaseUrl }: SnapshotThreadData): ThreadWork<HeadRequest, number> => {
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max: CONNECTIONS,
    idleTimeoutMillis: IDLE_MS,
    connectionTimeoutMillis: 5_000,
    application_name: 'shomei-snapshots',
    statement_timeout: 60_000,
  });
  // A connection that dies while idle is replaced by the next request, which then tells of any trouble.
  pool.on('error', () => undefined);
  return {
    answer: ({ mode, epoch }, session) => readHeads(pool, mode, epoch, (batch: HeadBatch) => session.part(batch)),
    // A batch takes milliseconds.
    stop: () => undefined,
    close: () => pool.end(),
  };
});
