import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { CrlDelivery, JlisUnavailable } from '#lib/jlis';
import { checkCrl, type Crl, type CrlExpectation, type Hierarchy, Malformed, parseName } from '#lib/pki';
import { Clock, Logger, type Mode } from '#lib/platform';
import { acceptCrl, type Acceptance, confirmHead } from './accept-crl.js';
import { anchorOfRow } from './anchor-store.js';
import { fetchCrl } from './fetch-crl.js';
import { CrlRefused, failureCode, PartitionBusy } from './refresh-failure.js';

export interface PartitionJob {
  mode: Mode;
  /** bigint. */
  partitionId: string;
}

export type RefreshOutcome = 'accepted' | 'unchanged' | 'repaired' | 'dropped';

/** Advisory locks of this class are held per partition while its list is fetched. */
const LOCK_CLASS = 0x43524c;

interface PartitionRow {
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

/** Fetches the list of one partition and makes it the head if it is fit. A failure leaves the head as it is. */
@Injectable()
export class PartitionRefresh implements OnModuleDestroy {
  private readonly stopping = new AbortController();

  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(CrlDelivery) private readonly delivery: CrlDelivery,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(Logger) private readonly logger: Logger,
  ) {}

  /** Ends downloads; their jobs are left for the next process. */
  onModuleDestroy(): void {
    this.stopping.abort();
  }

  /**
   * @returns `dropped` when the partition's source is gone or disabled: there is nothing to fetch.
   * @throws PartitionBusy, CrlRefused, Malformed, JlisUnavailable; the attempt is on record, the caller tries again.
   */
  async refresh(job: PartitionJob): Promise<RefreshOutcome> {
    const runner = this.dataSource.createQueryRunner();
    try {
      const lock = [LOCK_CLASS, Number(BigInt.asIntN(32, BigInt(job.partitionId)))];
      const [{ locked }] = (await runner.query('select pg_try_advisory_lock($1, $2) as locked', lock)) as [
        { locked: boolean },
      ];
      if (!locked) throw new PartitionBusy('another process fetches this partition');
      try {
        return await this.attempt(runner.manager, job);
      } finally {
        await runner.query('select pg_advisory_unlock($1, $2)', lock);
      }
    } finally {
      await runner.release();
    }
  }

  private async attempt(manager: EntityManager, { mode, partitionId }: PartitionJob): Promise<RefreshOutcome> {
    const row = await readPartition(manager, mode, partitionId);
    if (row === undefined) return 'dropped';
    const acceptance: Acceptance = { mode, partitionId, previousCrlId: row.head_crl_id, startedAt: row.now };
    const facts = { mode, hierarchy: row.hierarchy, partition: row.name };
    const startedAt = performance.now();
    try {
      const crl = await fetchCrl(this.delivery.open(row.crl_index_url, row.path, this.stopping.signal));
      const outcome = await this.take(manager, crl, row, acceptance);
      const ms = Math.round(performance.now() - startedAt);
      const { crlNumber, bytes } = crl;
      this.logger.log(`crl_${outcome}`, { ...facts, crl_number: crlNumber, entries: crl.entries.size, bytes, ms });
      return outcome;
    } catch (error) {
      const ours = error instanceof JlisUnavailable && error.detail === 'stopped';
      if (!ours) await this.record(manager, acceptance, facts, row.last_failure, error);
      throw error;
    }
  }

  /**
   * An error is one line when it begins or changes, not one for each retry: when the whole delivery is down, every
   * partition fails again and again.
   */
  private async record(
    manager: EntityManager,
    { mode, partitionId, startedAt }: Acceptance,
    facts: Record<string, unknown>,
    lastFailure: string | null,
    error: unknown,
  ): Promise<void> {
    const code = failureCode(error);
    const event = error instanceof CrlRefused || error instanceof Malformed ? 'crl_refused' : 'crl_refresh_failed';
    const cause = error instanceof CrlRefused ? { refusals: error.refusals } : { error };
    if (code === lastFailure) this.logger.debug(event, { ...facts, code });
    else this.logger.error(event, { ...facts, code, ...cause });
    await manager.query(
      `update crl_partition set last_attempt_at = $3::timestamptz, failures = failures + 1, last_failure = $4
       where mode = $1 and id = $2`,
      [mode, partitionId, startedAt, code],
    );
  }

  private async take(
    manager: EntityManager,
    crl: Crl,
    row: PartitionRow,
    acceptance: Acceptance,
  ): Promise<'accepted' | 'unchanged' | 'repaired'> {
    const refusals = checkCrl(crl, this.expectation(row, acceptance.mode));
    if (refusals.length === 0) {
      await acceptCrl(manager, crl, acceptance);
      return 'accepted';
    }
    if (refusals.some(({ code }) => code !== 'unchanged')) throw new CrlRefused(refusals);
    return (await confirmHead(manager, crl, acceptance)) ? 'repaired' : 'unchanged';
  }

  private expectation(row: PartitionRow, mode: Mode): CrlExpectation {
    const { hierarchy, anchor_certificate: certificate, distribution_point: point, sha256 } = row;
    return {
      anchor: anchorOfRow({ mode, hierarchy, certificate }),
      scope: point === null ? { kind: 'full' } : { kind: 'partition', distributionPoint: parseName(point) },
      at: this.clock.now(mode),
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
}

async function readPartition(manager: EntityManager, mode: Mode, id: string): Promise<PartitionRow | undefined> {
  const rows: PartitionRow[] = await manager.query(
    `select p.hierarchy, p.name, p.path, p.distribution_point, p.head_crl_id, p.last_failure, a.certificate as anchor_certificate,
       s.crl_index_url, c.crl_number, c.this_update, c.sha256, clock_timestamp()::text as now
     from crl_partition p
     join trust_anchor a on a.mode = p.mode and a.fingerprint = p.anchor_fingerprint
     join revocation_source s on s.mode = p.mode and s.hierarchy = p.hierarchy and s.enabled
     left join crl c on c.mode = p.mode and c.id = p.head_crl_id
     where p.mode = $1 and p.id = $2`,
    [mode, id],
  );
  return rows[0];
}
