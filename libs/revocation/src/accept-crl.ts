import type { EntityManager } from 'typeorm';
import { type Crl, sha256Hex } from '#lib/pki';
import type { Mode } from '#lib/platform';
import { PartitionBusy } from './refresh-failure.js';

export interface Acceptance {
  mode: Mode;
  partitionId: string;
  /** The head the list was judged against. */
  previousCrlId: string | null;
  /** Start of the attempt by the database's clock, as PostgreSQL writes it. */
  startedAt: string;
}

/** Marks a change of the partition for readers; the last statement of its transaction, see `revocation_epoch`. */
async function publish(
  manager: EntityManager,
  { mode, partitionId, startedAt }: Acceptance,
  crlId: string,
): Promise<void> {
  await manager.query(
    `with next as (update revocation_epoch set epoch = epoch + 1 where mode = $1 returning epoch)
     update crl_partition set head_crl_id = $3, epoch = next.epoch, last_attempt_at = $4::timestamptz,
       last_success_at = clock_timestamp(), failures = 0, last_failure = null
     from next where mode = $1 and id = $2`,
    [mode, partitionId, crlId, startedAt],
  );
}

/** Locks the partition for the rest of the transaction. @throws PartitionBusy when its head is no longer the one judged against. */
async function lockHead(manager: EntityManager, { mode, partitionId, previousCrlId }: Acceptance): Promise<void> {
  const rows: { head_crl_id: string | null }[] = await manager.query(
    `select head_crl_id from crl_partition where mode = $1 and id = $2 for update`,
    [mode, partitionId],
  );
  if (rows[0]?.head_crl_id !== previousCrlId) throw new PartitionBusy('the head has changed');
}

async function storeSnapshot(
  manager: EntityManager,
  { mode, partitionId }: Acceptance,
  crlId: string,
  columns: Uint8Array,
): Promise<void> {
  await manager.query(
    `insert into crl_snapshot (mode, partition_id, crl_id, columns) values ($1, $2, $3, $4)
     on conflict (mode, partition_id) do update set crl_id = excluded.crl_id, columns = excluded.columns`,
    [mode, partitionId, crlId, columns],
  );
}

/** Makes a judged list the head of its partition: history, entries, head and epoch in one transaction, or nothing. */
export async function acceptCrl(manager: EntityManager, crl: Crl, acceptance: Acceptance): Promise<string> {
  const { mode, partitionId } = acceptance;
  return manager.transaction(async (transaction) => {
    await lockHead(transaction, acceptance);
    const inserted: { id: string }[] = await transaction.query(
      `insert into crl (mode, partition_id, crl_number, this_update, next_update, sha256, bytes, entry_count)
       values ($1, $2, $3, $4, $5, $6, $7, $8) returning id`,
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
      ],
    );
    const crlId = inserted[0]!.id;
    await storeSnapshot(transaction, acceptance, crlId, crl.entries.encode());
    await publish(transaction, acceptance, crlId);
    return crlId;
  });
}

/**
 * Records that the head was delivered again. Were its stored entries damaged meanwhile, they are replaced here, because
 * no other list would come to replace them before the next day.
 * @returns whether they were.
 */
export async function confirmHead(manager: EntityManager, crl: Crl, acceptance: Acceptance): Promise<boolean> {
  const { mode, partitionId, previousCrlId, startedAt } = acceptance;
  return manager.transaction(async (transaction) => {
    await lockHead(transaction, acceptance);
    const encoded = crl.entries.encode();
    const rows: { intact: boolean }[] = await transaction.query(
      `select sha256(columns) = $3 as intact from crl_snapshot where mode = $1 and partition_id = $2`,
      [mode, partitionId, Buffer.from(sha256Hex(encoded), 'hex')],
    );
    if (rows[0]?.intact !== true) {
      await storeSnapshot(transaction, acceptance, previousCrlId!, encoded);
      await publish(transaction, acceptance, previousCrlId!);
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
