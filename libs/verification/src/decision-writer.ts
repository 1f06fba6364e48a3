import { Inject, Injectable } from '@nestjs/common';
import { DataSource, QueryFailedError } from 'typeorm';
import { Logger, Problem } from '#lib/platform';
import { encodeBatch, type Conflict, type Decision } from './decision.js';

/** Rows of one commit. At 3 KB of evidence a row, about 800 KB a statement. */
const MAX_BATCH = 256;
/** Evidence of one commit; a single row may have more. */
const MAX_BATCH_BYTES = 4 * 1024 * 1024;
/** Decisions that may wait while the database is slow; more are refused rather than remembered. */
const MAX_WAITING = 10_000;
/** Foreign key violation: the row won its challenge, lost its idempotency key and would have used it up for nothing. */
const TORN_CLAIM = '23503';
const DEADLOCK = '40P01';
const MAX_TRIES = 3;

interface Waiting {
  decision: Decision;
  resolve: (conflict: Conflict | undefined) => void;
  reject: (error: unknown) => void;
}

/**
 * Makes decisions durable. Decisions that arrive while a commit is under way share the next one: a commit costs the
 * same for one row as for many, and waiting on a timer would only add latency. `append` resolves after the commit.
 */
@Injectable()
export class DecisionWriter {
  private waiting: Waiting[] = [];
  private writing = false;

  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(Logger) private readonly logger: Logger,
  ) {}

  /**
   * Resolves once the decision is on disk, or with the reason why this row alone was not stored.
   * @throws Problem `storage_unavailable` when it cannot be known whether it was stored.
   */
  append(decision: Decision): Promise<Conflict | undefined> {
    return new Promise((resolve, reject) => {
      if (this.waiting.length >= MAX_WAITING) throw new Problem('storage_unavailable');
      this.waiting.push({ decision, resolve, reject });
      if (!this.writing) {
        this.writing = true;
        setImmediate(() => void this.drain());
      }
    });
  }

  private async drain(): Promise<void> {
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0, sizeOfBatch(this.waiting));
      await this.write(batch, 1);
    }
    this.writing = false;
  }

  private async write(batch: readonly Waiting[], attempt: number): Promise<void> {
    try {
      const conflicts = await this.store(batch.map((waiting) => waiting.decision));
      batch.forEach((waiting, position) => waiting.resolve(conflicts.get(position)));
    } catch (error) {
      const state = sqlState(error);
      if (state === undefined) {
        this.logger.error('decision_write_failed', { error, rows: batch.length });
        for (const waiting of batch) waiting.reject(new Problem('storage_unavailable'));
      } else if (batch.length > 1) {
        // The statement was rolled back: written one by one, only the row at fault fails.
        for (const waiting of batch) await this.write([waiting], 1);
      } else if (state === TORN_CLAIM) batch[0]!.resolve('idempotency_key_used');
      else if (state === DEADLOCK && attempt < MAX_TRIES) await this.write(batch, attempt + 1);
      else batch[0]!.reject(error);
    }
  }

  private async store(decisions: readonly Decision[]): Promise<Map<number, Conflict>> {
    const { decided, evidence } = encodeBatch(decisions);
    const rows: { row_position: number; conflict: Conflict }[] = await this.dataSource.query(
      'select row_position, conflict from append_decided($1, $2)',
      [decided, evidence],
    );
    return new Map(rows.map((row) => [row.row_position, row.conflict]));
  }
}

/** How many of the waiting decisions go into the next commit: at least one. */
function sizeOfBatch(waiting: readonly Waiting[]): number {
  let bytes = 0;
  let count = 0;
  for (const { decision } of waiting.slice(0, MAX_BATCH)) {
    bytes += decision.sealedEvidence.length;
    if (count > 0 && bytes > MAX_BATCH_BYTES) break;
    count++;
  }
  return count;
}

/**
 * SQLSTATE of an error after which nothing was stored for certain: data, integrity, rollback, syntax and raised
 * errors. A lost connection has none, and the commit may have happened.
 */
function sqlState(error: unknown): string | undefined {
  if (!(error instanceof QueryFailedError)) return undefined;
  const { code } = error.driverError as { code?: unknown };
  return typeof code === 'string' && /^(22|23|40|42|P0)...$/.test(code) ? code : undefined;
}
