import type { DataSource } from 'typeorm';
import { Malformed, parseName, RevocationColumns } from '#lib/pki';
import type { Mode } from '#lib/platform';
import type { ResidentCrl } from './resident-set.js';

/** Snapshots fetched at a time: enough to keep the database busy, few enough to leave connections to requests. */
const PARALLEL = 4;

interface HeadRow {
  crl_id: string;
  anchor_fingerprint: Buffer;
  distribution_point: Buffer | null;
  crl_number: string | null;
  this_update: Date;
  next_update: Date;
  sha256: Buffer;
  columns: Buffer;
}

export interface SnapshotSink {
  put(list: ResidentCrl): void;
  /** Its hash or shape is wrong; what was held before stays in use. */
  corrupt(partitionId: string, crlId: string, fault: Malformed): void;
}

/** Ids of the partitions whose head has changed after `epoch`, oldest change first. */
export async function changedPartitions(dataSource: DataSource, mode: Mode, epoch: bigint): Promise<string[]> {
  const rows: { id: string }[] = await dataSource.query(
    `select id from crl_partition where mode = $1 and epoch > $2 and head_crl_id is not null order by epoch`,
    [mode, String(epoch)],
  );
  return rows.map((row) => row.id);
}

/** Hands the current head of each partition to `sink`. One statement reads facts and entries, so they belong together. */
export async function loadSnapshots(
  dataSource: DataSource,
  mode: Mode,
  partitionIds: readonly string[],
  sink: SnapshotSink,
): Promise<void> {
  const remaining = partitionIds.values();
  const lane = async (): Promise<void> => {
    for (const id of remaining) await loadSnapshot(dataSource, mode, id, sink);
  };
  await Promise.all(Array.from({ length: PARALLEL }, lane));
}

async function loadSnapshot(
  dataSource: DataSource,
  mode: Mode,
  partitionId: string,
  sink: SnapshotSink,
): Promise<void> {
  const rows: HeadRow[] = await dataSource.query(
    `select c.id as crl_id, p.anchor_fingerprint, p.distribution_point, c.crl_number, c.this_update, c.next_update,
       c.sha256, s.columns
     from crl_partition p
     join crl c on c.mode = p.mode and c.id = p.head_crl_id
     join crl_snapshot s on s.mode = p.mode and s.partition_id = p.id and s.crl_id = c.id
     where p.mode = $1 and p.id = $2`,
    [mode, partitionId],
  );
  const row = rows[0];
  if (row === undefined) return;
  let columns: RevocationColumns;
  try {
    columns = RevocationColumns.decode(row.columns);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    sink.corrupt(partitionId, row.crl_id, error);
    return;
  }
  sink.put({
    crlId: row.crl_id,
    anchorFingerprint: row.anchor_fingerprint.toString('hex'),
    ...(row.distribution_point === null ? {} : { distributionPoint: parseName(row.distribution_point) }),
    columns,
    ...(row.crl_number === null ? {} : { crlNumber: row.crl_number }),
    thisUpdate: row.this_update.getTime(),
    nextUpdate: row.next_update.getTime(),
    sha256: row.sha256.toString('hex'),
  });
}
