import type { DataSource } from 'typeorm';
import type { Certificate } from '#lib/pki';
import type { Mode } from '#lib/platform';
import type { ListFacts } from './crl-status.js';

/** A list that was accepted once. Times in milliseconds. */
export interface AcceptedList extends ListFacts {
  /** bigint. */
  crlId: string;
  partitionId: string;
  /** Of the commit that made it the head; bigint. */
  epoch: string;
  /** Where the file was fetched. */
  source: string;
  entries: number;
  /** Real time; `inForceAt` is the same moment by the clock of the mode. */
  acceptedAt: number;
  inForceAt: number;
}

export interface ListRow {
  id: string;
  partition_id: string;
  epoch: string;
  crl_number: string | null;
  this_update: Date;
  next_update: Date;
  sha256: Buffer;
  source: string;
  entry_count: number;
  accepted_at: Date;
  in_force_at: Date;
}

/** Of table `crl` under the name `c`. */
export const LIST_COLUMNS =
  'c.id, c.partition_id, c.epoch, c.crl_number, c.this_update, c.next_update, c.sha256, c.source, c.entry_count, c.accepted_at, c.in_force_at';

export const toAccepted = (row: ListRow): AcceptedList => ({
  crlId: row.id,
  partitionId: row.partition_id,
  epoch: row.epoch,
  ...(row.crl_number === null ? {} : { crlNumber: row.crl_number }),
  thisUpdate: row.this_update.getTime(),
  nextUpdate: row.next_update.getTime(),
  sha256: row.sha256.toString('hex'),
  source: row.source,
  entries: row.entry_count,
  acceptedAt: row.accepted_at.getTime(),
  inForceAt: row.in_force_at.getTime(),
});

/**
 * The lists that covered a certificate of an anchor at `at`: of its distribution points and of the whole key, as
 * `ResidentSet.covering` finds them. Undefined when no such partition is known; a partition without a list by then
 * gives none.
 */
export async function findListsInForce(
  dataSource: DataSource,
  mode: Mode,
  certificate: Certificate,
  anchorFingerprint: string,
  at: number,
): Promise<AcceptedList[] | undefined> {
  const names = (certificate.extensions.crlDistributionPoints ?? [])
    .filter(({ hasReasons, hasCrlIssuer }) => !hasReasons && !hasCrlIssuer)
    .flatMap(({ fullName }) => fullName?.directoryNames ?? [])
    .map(({ canonical }) => canonical);
  const rows: (Omit<ListRow, 'id'> & { id: string | null })[] = await dataSource.query(
    `select ${LIST_COLUMNS} from crl_partition p
     left join lateral (
       select * from crl where crl.mode = p.mode and crl.partition_id = p.id and crl.in_force_at <= $4
       order by crl.id desc limit 1) c on true
     where p.mode = $1 and p.anchor_fingerprint = $2
       and (p.distribution_point_key = any($3::text[]) or p.distribution_point_key is null)`,
    [mode, Buffer.from(anchorFingerprint, 'hex'), names, new Date(at)],
  );
  if (rows.length === 0) return undefined;
  return rows.flatMap((row) => (row.id === null ? [] : [toAccepted({ ...row, id: row.id })]));
}
