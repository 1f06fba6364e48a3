import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { CrlDelivery, JlisUnavailable, type ListedPartition } from '#lib/jlis';
import { type Hierarchy, Malformed, type Name, parseName } from '#lib/pki';
import { Logger, type Mode } from '#lib/platform';
import { anchorOfRow } from './anchor-store.js';
import { RevocationSourceRow, TrustAnchorRow } from './entities.js';
import type { PartitionJob } from './list-refresh.js';
import { failureCode } from './refresh-failure.js';

export interface PlanJob {
  mode: Mode;
  hierarchy: Hierarchy;
}

/** Comparison forms are index keys in the database; a distribution point's name has about 200 characters. */
const MAX_KEY_LENGTH = 1_000;

interface PlannedPartition {
  anchor: string;
  /** DER, hex. */
  point: string | null;
  key: string | null;
  name: string;
  path: string;
}

/** Reads a source's index and says which partitions are to be fetched. */
@Injectable()
export class RefreshPlanner {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(CrlDelivery) private readonly delivery: CrlDelivery,
    @Inject(Logger) private readonly logger: Logger,
  ) {}

  /**
   * Partitions that are no longer listed keep their head and go stale by themselves.
   * @returns one job per listed partition; none when the source is gone or disabled.
   * @throws JlisUnavailable; the attempt is on record, the caller tries again.
   */
  async plan(job: PlanJob): Promise<PartitionJob[]> {
    const { mode, hierarchy } = job;
    const source = await this.dataSource
      .getRepository(RevocationSourceRow)
      .findOneBy({ mode, hierarchy, enabled: true });
    if (source === null) return [];
    const startedAt = await this.databaseNow();
    try {
      const listed = await this.delivery.list(source.crlIndexUrl, source.layout);
      const { planned, skipped } = await this.match(job, listed);
      const jobs = await this.store(job, planned, skipped, startedAt);
      this.logger.log('crl_index_read', { mode, hierarchy, partitions: jobs.length, skipped });
      return jobs;
    } catch (error) {
      const code = failureCode(error);
      // One line when it begins or changes, not one for each retry.
      if (code === source.lastFailure) this.logger.debug('crl_index_failed', { mode, hierarchy, code });
      else this.logger.error('crl_index_failed', { mode, hierarchy, code, error });
      await this.dataSource.query(
        `update revocation_source set last_attempt_at = $3::timestamptz, failures = failures + 1, last_failure = $4
         where mode = $1 and hierarchy = $2`,
        [mode, hierarchy, startedAt, code],
      );
      throw error;
    }
  }

  /** The generations of a hierarchy share one name, so a list is tied to its anchor by key identifier. */
  private async match(
    { mode, hierarchy }: PlanJob,
    listed: readonly ListedPartition[],
  ): Promise<{ planned: PlannedPartition[]; skipped: number }> {
    const rows = await this.dataSource.getRepository(TrustAnchorRow).findBy({ mode, hierarchy });
    const anchors = new Map(
      rows.map(anchorOfRow).map(({ certificate, fingerprint }) => {
        const keyId = certificate.extensions.subjectKeyIdentifier;
        return [keyId === undefined ? '' : Buffer.from(keyId).toString('hex'), fingerprint];
      }),
    );
    const planned = new Map<string, PlannedPartition>();
    const unknownIssuers = new Set<string>();
    let skipped = 0;
    for (const { issuerKeyId, distributionPoint, name, path } of listed) {
      const anchor = anchors.get(issuerKeyId);
      if (anchor === undefined) {
        skipped++;
        unknownIssuers.add(issuerKeyId);
        continue;
      }
      const key = distributionPoint === undefined ? null : parsePoint(distributionPoint).canonical;
      const id = `${anchor} ${key ?? ''}`;
      if (planned.has(id)) throw new JlisUnavailable('index_malformed', 'partition_listed_twice');
      const point = distributionPoint === undefined ? null : Buffer.from(distributionPoint).toString('hex');
      planned.set(id, { anchor, point, key, name, path });
    }
    if (unknownIssuers.size > 0)
      this.logger.warn('crl_issuer_unknown', { mode, hierarchy, skipped, key_ids: [...unknownIssuers].slice(0, 10) });
    return { planned: [...planned.values()], skipped };
  }

  private async store(
    { mode, hierarchy }: PlanJob,
    planned: readonly PlannedPartition[],
    skipped: number,
    startedAt: string,
  ): Promise<PartitionJob[]> {
    return this.dataSource.transaction(async (manager) => {
      const rows: { id: string }[] = await manager.query(
        `insert into crl_partition
           (mode, hierarchy, anchor_fingerprint, distribution_point, distribution_point_key, name, path, listed_at)
         select $1, $2, decode(l.anchor, 'hex'), decode(l.point, 'hex'), l.key, l.name, l.path, $4::timestamptz
         from json_to_recordset($3) as l(anchor text, point text, key text, name text, path text)
         on conflict (mode, hierarchy, anchor_fingerprint, distribution_point_key) do update set
           distribution_point = excluded.distribution_point, name = excluded.name, path = excluded.path,
           listed_at = excluded.listed_at
         returning id`,
        [mode, hierarchy, JSON.stringify(planned), startedAt],
      );
      await manager.query(
        `update revocation_source set last_attempt_at = $3::timestamptz, last_listed_at = $3::timestamptz, skipped = $4,
           failures = 0, last_failure = null where mode = $1 and hierarchy = $2`,
        [mode, hierarchy, startedAt, skipped],
      );
      return rows.map(({ id }) => ({ mode, partitionId: id }));
    });
  }

  /** The database's time, to the microsecond: all processes order attempts and requests by one clock. */
  private async databaseNow(): Promise<string> {
    const rows: { now: string }[] = await this.dataSource.query('select clock_timestamp()::text as now');
    return rows[0]!.now;
  }
}

function parsePoint(der: Uint8Array): Name {
  let name: Name;
  try {
    name = parseName(der);
  } catch (cause) {
    if (cause instanceof Malformed) throw new JlisUnavailable('index_malformed', 'distribution_point', { cause });
    throw cause;
  }
  if (name.canonical.length > MAX_KEY_LENGTH) throw new JlisUnavailable('index_malformed', 'distribution_point');
  return name;
}
