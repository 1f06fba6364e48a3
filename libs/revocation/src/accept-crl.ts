import type { EntityManager } from 'typeorm';
import { type Crl, type RevocationDiff, sha256Hex } from '#lib/pki';
import type { Mode } from '#lib/platform';
import { type CrlChange, changesOf } from './crl-changes.js';
import { PartitionBusy } from './refresh-failure.js';

export interface Attempt {
  mode: Mode;
  partitionId: string;
  /** The head the list was judged against. */
  previousCrlId: string | null;
  /** Start of the attempt by the database's clock, as PostgreSQL writes it. */
  startedAt: string;
}

export interface Acceptance extends Attempt {
  crl: Crl;
  /** Where the file was fetched. */
  source: string;
  /** When it becomes the head, milliseconds by the clock of the mode. */
  at: number;
  /** The file compressed, in parts. */
  file: readonly Buffer[];
  /** How it differs from the head; absent: the history of the partition begins, or begins anew, with this list. */
  diff?: RevocationDiff;
}

/** Marks a change of the partition for readers; the last statement of its transaction, see `revocation_epoch`. */
async function publish(
  manager: EntityManager,
  { mode, partitionId, startedAt }: Attempt,
  crlId: string,
  isNew: boolean,
): Promise<void> {
  await manager.query(
    `with next as (update revocation_epoch set epoch = epoch + 1 where mode = $1 returning epoch),
     list as (update crl set epoch = next.epoch from next where mode = $1 and id = $3 and $5)
     update crl_partition set head_crl_id = $3, epoch = next.epoch, last_attempt_at = $4::timestamptz,
       last_success_at = clock_timestamp(), failures = 0, last_failure = null
     from next where mode = $1 and id = $2`,
    [mode, partitionId, crlId, startedAt, isNew],
  );
}

/**
 * Locks the partition for the rest of the transaction. Its commit waits for the disk: were an epoch lost in a crash of
 * the server after a reader had seen it, the next list under the same epoch would be passed over by that reader.
 * @throws PartitionBusy when the head is no longer the one judged against.
 */
async function lockHead(manager: EntityManager, { mode, partitionId, previousCrlId }: Attempt): Promise<void> {
  const rows: { head_crl_id: string | null }[] = await manager.query(
    `select head_crl_id from crl_partition where mode = $1 and id = $2 for update`,
    [mode, partitionId],
  );
  if (rows[0]?.head_crl_id !== previousCrlId) throw new PartitionBusy('the head has changed');
}

/** The list, its entries in place of those of the head before it, and the first part of its file. */
async function storeList(manager: EntityManager, acceptance: Acceptance): Promise<string> {
  const { mode, partitionId, crl, source, at, file, diff } = acceptance;
  const rows: { id: string }[] = await manager.query(
    `with list as (
       insert into crl (mode, partition_id, crl_number, this_update, next_update, sha256, bytes, entry_count, source, in_force_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) returning id),
     entries as (
       insert into crl_snapshot (mode, partition_id, crl_id, columns, baseline) select $1, $2, id, $11, $12 from list),
     former as (delete from crl_snapshot where mode = $1 and partition_id = $2 and not baseline),
     file as (insert into crl_file (mode, sha256, part, content) values ($1, $6, 0, $13) on conflict do nothing)
     select id from list`,
    [
      mode,
      partitionId,
      crl.crlNumber ?? null,
      new Date(crl.thisUpdate),
      // A list without it is refused before.
      new Date(crl.nextUpdate!),
      Buffer.from(crl.fileSha256, 'hex'),
      crl.bytes,
      crl.entries.size,
      source,
      new Date(at),
      crl.entries.encode(),
      diff === undefined,
      file[0],
    ],
  );
  for (const [part, content] of file.entries())
    if (part > 0)
      await manager.query(
        `insert into crl_file (mode, sha256, part, content) values ($1, $2, $3, $4) on conflict do nothing`,
        [mode, Buffer.from(crl.fileSha256, 'hex'), part, content],
      );
  return rows[0]!.id;
}

/** Rows written by one statement. */
const CHANGES_AT_ONCE = 20_000;

async function storeChanges(
  manager: EntityManager,
  { mode, partitionId }: Attempt,
  crlId: string,
  changes: Iterable<CrlChange>,
): Promise<void> {
  let rows: CrlChange[] = [];
  const write = (): Promise<unknown> =>
    manager.query(
      `insert into crl_change (mode, partition_id, crl_id, serial, kind, revoked_at, reason)
       select $1, $2, $3, decode(c.serial, 'hex'), c.kind, to_timestamp(c.seconds), c.reason
       from unnest($4::text[], $5::text[], $6::bigint[], $7::smallint[]) as c(serial, kind, seconds, reason)`,
      [
        mode,
        partitionId,
        crlId,
        rows.map(({ serial }) => Buffer.from(serial).toString('hex')),
        rows.map(({ kind }) => kind),
        rows.map(({ revokedAt }) => revokedAt / 1000),
        rows.map(({ reason }) => reason),
      ],
    );
  for (const change of changes) {
    rows.push(change);
    if (rows.length < CHANGES_AT_ONCE) continue;
    await write();
    rows = [];
  }
  if (rows.length > 0) await write();
}

/** Makes a judged list the head of its partition: list, file, entries, changes and epoch in one transaction, or nothing. */
export async function acceptCrl(manager: EntityManager, acceptance: Acceptance): Promise<string> {
  return manager.transaction(async (transaction) => {
    await lockHead(transaction, acceptance);
    const crlId = await storeList(transaction, acceptance);
    if (acceptance.diff !== undefined) await storeChanges(transaction, acceptance, crlId, changesOf(acceptance.diff));
    await publish(transaction, acceptance, crlId, true);
    return crlId;
  });
}

/**
 * Records that the head was delivered again. Were its stored entries damaged meanwhile, they are replaced here, because
 * no other list would come to replace them before the next day.
 * @returns whether they were.
 */
export async function confirmHead(manager: EntityManager, crl: Crl, attempt: Attempt): Promise<boolean> {
  const { mode, partitionId, previousCrlId, startedAt } = attempt;
  return manager.transaction(async (transaction) => {
    await lockHead(transaction, attempt);
    const encoded = crl.entries.encode();
    const rows: { intact: boolean }[] = await transaction.query(
      `select sha256(columns) = $4 as intact from crl_snapshot where mode = $1 and partition_id = $2 and crl_id = $3`,
      [mode, partitionId, previousCrlId, Buffer.from(sha256Hex(encoded), 'hex')],
    );
    if (rows[0]?.intact !== true) {
      await transaction.query(
        // A history that has lost its beginning begins anew.
        `insert into crl_snapshot (mode, partition_id, crl_id, columns, baseline)
         values ($1, $2, $3, $4, not exists (
           select 1 from crl_snapshot where mode = $1 and partition_id = $2 and baseline and crl_id < $3))
         on conflict (mode, partition_id, crl_id) do update set columns = excluded.columns`,
        [mode, partitionId, previousCrlId, encoded],
      );
      await publish(transaction, attempt, previousCrlId!, false);
      return true;
    }
    await transaction.query(
      `update crl_partition set last_attempt_at = $3::timestamptz, last_success_at = clock_timestamp(), failures = 0,
         last_failure = null where mode = $1 and id = $2`,
      [mode, partitionId, startedAt],
    );
    return false;
  });
}
