import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import { type CrlDelivery, JlisUnavailable } from '#lib/jlis';
import {
  checkCrl,
  type Crl,
  type CrlExpectation,
  diffRevocations,
  type Hierarchy,
  Malformed,
  parseName,
  type RevocationColumns,
  type RevocationDiff,
} from '#lib/pki';
import type { LogLevel, Mode } from '#lib/platform';
import { acceptCrl, type Attempt, confirmHead } from './accept-crl.js';
import { anchorOfRow } from './anchor-store.js';
import { historyForm } from './crl-changes.js';
import { fetchCrl, type FetchedCrl } from './fetch-crl.js';
import { readSnapshotBy } from './stored-snapshot.js';
import { CrlRefused, failureCode, isRollback, PartitionBusy } from './refresh-failure.js';

export interface PartitionJob {
  mode: Mode;
  /** bigint. */
  partitionId: string;
}

export type RefreshOutcome = 'accepted' | 'unchanged' | 'repaired' | 'dropped';

/** Advisory locks of this class are held per partition while its list is fetched. */
const LOCK_CLASS = 0x43524c;

interface PartitionRow {
  locked: boolean;
  hierarchy: Hierarchy;
  name: string;
  path: string;
  distribution_point: Buffer | null;
  head_crl_id: string | null;
  last_failure: string | null;
  anchor_certificate: Buffer;
  crl_index_url: string;
  crl_number: string | null;
  this_update: Date | null;
  sha256: Buffer | null;
  now: string;
}

export interface ListRefreshOptions {
  dataSource: DataSource;
  delivery: CrlDelivery;
  log: (level: LogLevel, event: string, facts: Record<string, unknown>) => void;
}

/** Fetches the list of one partition and makes it the head if it is fit. A failure leaves the head as it is. */
export class ListRefresh {
  private readonly stopping = new AbortController();

  constructor(private readonly options: ListRefreshOptions) {}

  /** Ends downloads; their jobs are left for the next process. */
  stop(): void {
    this.stopping.abort();
  }

  /**
   * @param clock the time of a mode, milliseconds
   * @returns `dropped` when the partition's source is gone or disabled: there is nothing to fetch.
   * @throws PartitionBusy, CrlRefused, Malformed, JlisUnavailable; the attempt is on record, the caller tries again.
   */
  async refresh(job: PartitionJob, clock: () => number): Promise<RefreshOutcome> {
    const runner = this.options.dataSource.createQueryRunner();
    const lock = [LOCK_CLASS, Number(BigInt.asIntN(32, BigInt(job.partitionId)))] as const;
    try {
      const row = await readPartition(runner.manager, job, lock);
      if (row === undefined) return 'dropped';
      if (!row.locked) throw new PartitionBusy('another process fetches this partition');
      try {
        return await this.attempt(runner, job, row, clock);
      } finally {
        await runner.query('select pg_advisory_unlock($1, $2)', [...lock]);
      }
    } finally {
      await runner.release();
    }
  }

  private async attempt(
    runner: QueryRunner,
    { mode, partitionId }: PartitionJob,
    row: PartitionRow,
    clock: () => number,
  ): Promise<RefreshOutcome> {
    const attempt: Attempt = { mode, partitionId, previousCrlId: row.head_crl_id, startedAt: row.now };
    const facts = { mode, hierarchy: row.hierarchy, partition: row.name };
    const startedAt = performance.now();
    try {
      const fetched = await fetchCrl(this.options.delivery.open(row.crl_index_url, row.path, this.stopping.signal));
      const outcome = await this.take(runner, fetched, row, attempt, clock());
      const ms = Math.round(performance.now() - startedAt);
      const { crlNumber, bytes, entries } = fetched.crl;
      this.options.log('log', `crl_${outcome}`, { ...facts, crl_number: crlNumber, entries: entries.size, bytes, ms });
      return outcome;
    } catch (error) {
      const ours = error instanceof JlisUnavailable && error.detail === 'stopped';
      if (!ours) await this.record(runner.manager, attempt, facts, row.last_failure, error);
      throw error;
    }
  }

  /**
   * An error is one line when it begins or changes, not one for each retry: when the whole delivery is down, every
   * partition fails again and again.
   */
  private async record(
    manager: EntityManager,
    { mode, partitionId, startedAt }: Attempt,
    facts: Record<string, unknown>,
    lastFailure: string | null,
    error: unknown,
  ): Promise<void> {
    const code = failureCode(error);
    const refused = error instanceof CrlRefused || error instanceof Malformed;
    const event = isRollback(error) ? 'crl_rollback' : refused ? 'crl_refused' : 'crl_refresh_failed';
    const cause = error instanceof CrlRefused ? { refusals: error.refusals } : { error };
    if (code === lastFailure) this.options.log('debug', event, { ...facts, code });
    else this.options.log('error', event, { ...facts, code, ...cause });
    await manager.query(
      `update crl_partition set last_attempt_at = $3::timestamptz, failures = failures + 1, last_failure = $4
       where mode = $1 and id = $2`,
      [mode, partitionId, startedAt, code],
    );
  }

  private async take(
    runner: QueryRunner,
    { crl, file }: FetchedCrl,
    row: PartitionRow,
    attempt: Attempt,
    at: number,
  ): Promise<'accepted' | 'unchanged' | 'repaired'> {
    const refusals = checkCrl(crl, expectation(row, attempt.mode, at));
    if (refusals.length > 0) {
      file.discard();
      if (refusals.some(({ code }) => code !== 'unchanged')) throw new CrlRefused(refusals);
      return (await confirmHead(runner.manager, crl, attempt)) ? 'repaired' : 'unchanged';
    }
    const diff = await this.diffToHead(runner, crl, attempt);
    await acceptCrl(runner.manager, {
      ...attempt,
      crl,
      source: new URL(row.path, row.crl_index_url).href,
      at,
      file: await file.finish(),
      ...(diff === undefined ? {} : { diff }),
    });
    return 'accepted';
  }

  /** Undefined where the history has to begin with this list: it is the first, or the head's entries are damaged. */
  private async diffToHead(
    runner: QueryRunner,
    crl: Crl,
    { mode, partitionId, previousCrlId }: Attempt,
  ): Promise<RevocationDiff | undefined> {
    if (previousCrlId === null) return undefined;
    let head: RevocationColumns | undefined;
    let rule = 'missing';
    try {
      head = await readSnapshotBy(runner, mode, partitionId, previousCrlId);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      rule = error.rule;
    }
    if (head === undefined) {
      this.options.log('error', 'snapshot_corrupt', { mode, partition: partitionId, crl: previousCrlId, rule });
      return undefined;
    }
    const diff = diffRevocations(head, crl.entries);
    return historyForm(diff, crl.entries.size) === 'changes' ? diff : undefined;
  }
}

function expectation(row: PartitionRow, mode: Mode, at: number): CrlExpectation {
  const { hierarchy, anchor_certificate: certificate, distribution_point: point, sha256 } = row;
  return {
    anchor: anchorOfRow({ mode, hierarchy, certificate }),
    scope: point === null ? { kind: 'full' } : { kind: 'partition', distributionPoint: parseName(point) },
    at,
    ...(sha256 === null || row.this_update === null
      ? {}
      : {
          previous: {
            ...(row.crl_number === null ? {} : { crlNumber: row.crl_number }),
            thisUpdate: row.this_update.getTime(),
            fileSha256: sha256.toString('hex'),
          },
        }),
  };
}

/** Reads the partition and takes its lock, in one round trip. */
async function readPartition(
  manager: EntityManager,
  { mode, partitionId }: PartitionJob,
  lock: readonly [number, number],
): Promise<PartitionRow | undefined> {
  const rows: PartitionRow[] = await manager.query(
    `with job as materialized (
       select p.hierarchy, p.name, p.path, p.distribution_point, p.head_crl_id, p.last_failure,
         a.certificate as anchor_certificate, s.crl_index_url, c.crl_number, c.this_update, c.sha256,
         clock_timestamp()::text as now
       from crl_partition p
       join trust_anchor a on a.mode = p.mode and a.fingerprint = p.anchor_fingerprint
       join revocation_source s on s.mode = p.mode and s.hierarchy = p.hierarchy and s.enabled
       left join crl c on c.mode = p.mode and c.id = p.head_crl_id
       where p.mode = $1 and p.id = $2)
     select pg_try_advisory_lock($3, $4) as locked, job.* from job`,
    [mode, partitionId, ...lock],
  );
  return rows[0];
}
