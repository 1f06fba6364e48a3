import type pg from 'pg';
import type { DataSource } from 'typeorm';
import { Malformed, parseName, RevocationColumns } from '#lib/pki';
import type { Mode } from '#lib/platform';
import { anchorOfRow } from './anchor-store.js';
import { copyOut } from './copy-out.js';
import type { TrustAnchorRow } from './entities.js';
import { ListsAt } from './lists-at.js';
import { pointKey, type ResidentCrl } from './resident-set.js';
import { RevocationHistory } from './revocation-history.js';

/** Lists whose entries one statement reads. */
const BATCH = 50;

interface Row {
  partition_id: string;
  anchor: string;
  point: Buffer | null;
  /** Null: the partition had no list yet. */
  crl_id: string | null;
  crl_number: string | null;
  this_update: Date;
  next_update: Date;
  sha256: string;
}

/** Entries of a list in force at the time cannot be told any more. */
export class ListsDamaged extends Error {
  override readonly name = 'ListsDamaged';
}

/** The newest epoch of a mode: what was accepted by now. */
export async function readEpoch(dataSource: DataSource, mode: Mode): Promise<string> {
  const rows: { epoch: string }[] = await dataSource.query('select epoch from revocation_epoch where mode = $1', [
    mode,
  ]);
  return rows[0]!.epoch;
}

/**
 * The lists that were in force at an epoch, also when they have been superseded since: epochs commit in their order, so
 * a list belongs to exactly those from its own to its successor's. Holds nine octets an entry.
 * @throws ListsDamaged, AnchorInWrongMode
 */
export async function readListsAt(dataSource: DataSource, mode: Mode, epoch: string): Promise<ListsAt> {
  const rows: Row[] = await dataSource.query(
    `select p.id as partition_id, encode(p.anchor_fingerprint, 'hex') as anchor, p.distribution_point as point,
       c.id as crl_id, c.crl_number, c.this_update, c.next_update, encode(c.sha256, 'hex') as sha256
     from crl_partition p left join lateral (
       select * from crl where crl.mode = p.mode and crl.partition_id = p.id and crl.epoch <= $2
       order by crl.id desc limit 1) c on true
     where p.mode = $1 order by p.id`,
    [mode, epoch],
  );
  const anchors: TrustAnchorRow[] = await dataSource.query(
    'select mode, hierarchy, certificate from trust_anchor where mode = $1',
    [mode],
  );
  const entries = await readEntries(dataSource, mode, rows).catch((error: unknown) => {
    throw error instanceof Malformed ? new ListsDamaged(error.rule, { cause: error }) : error;
  });
  const lists: ResidentCrl[] = [];
  for (const row of rows) {
    const columns = entries.get(row.partition_id);
    if (row.crl_id === null || columns === undefined) continue;
    lists.push({
      crlId: row.crl_id,
      anchorFingerprint: row.anchor,
      ...(row.point === null ? {} : { point: pointKey(parseName(row.point)) }),
      columns,
      ...(row.crl_number === null ? {} : { crlNumber: row.crl_number }),
      thisUpdate: row.this_update.getTime(),
      nextUpdate: row.next_update.getTime(),
      sha256: row.sha256,
    });
  }
  const missing = rows.filter(({ partition_id: id }) => !entries.has(id)).map(({ anchor }) => anchor);
  return new ListsAt(epoch, anchors.map(anchorOfRow), lists, missing);
}

/** Entries by partition: as they are stored where they are, and from the history where they are not any more. */
async function readEntries(
  dataSource: DataSource,
  mode: Mode,
  rows: readonly Row[],
): Promise<Map<string, RevocationColumns>> {
  const found = new Map<string, RevocationColumns>();
  const wanted = rows.flatMap(({ partition_id: partitionId, crl_id: crlId }) =>
    crlId === null ? [] : [{ partitionId, crlId }],
  );
  const runner = dataSource.createQueryRunner();
  try {
    // TypeORM gives the driver's connection.
    const client = (await runner.connect()) as pg.PoolClient;
    for (let at = 0; at < wanted.length; at += BATCH) {
      // COPY takes no parameters: a mode is one of two words, ids are numbers.
      const ids = wanted
        .slice(at, at + BATCH)
        .map(({ partitionId, crlId }) => `(${BigInt(partitionId)}, ${BigInt(crlId)})`);
      await copyOut(
        client,
        `select partition_id, columns from crl_snapshot
         where mode = '${mode}' and (partition_id, crl_id) in (${ids.join(', ')})`,
        ([id, columns]) =>
          void found.set(String(id!.readBigInt64BE()), RevocationColumns.decode(new Uint8Array(columns!))),
      );
    }
  } finally {
    await runner.release();
  }
  const history = new RevocationHistory(dataSource);
  for (const list of wanted) {
    if (found.has(list.partitionId)) continue;
    const columns = await history.entriesOf(mode, list);
    if (columns !== undefined) found.set(list.partitionId, columns);
  }
  return found;
}
