import type pg from 'pg';
import type { DataSource, QueryRunner } from 'typeorm';
import { RevocationColumns } from '#lib/pki';
import type { Mode } from '#lib/platform';
import { copyOut } from './copy-out.js';

/**
 * The stored entries of a list; undefined when they are not kept.
 * @throws Malformed when they fail their checksum or shape
 */
export async function readSnapshotBy(
  runner: QueryRunner,
  mode: Mode,
  partitionId: string,
  crlId: string,
): Promise<RevocationColumns | undefined> {
  // TypeORM gives the driver's connection.
  const client = (await runner.connect()) as pg.PoolClient;
  let blob: Uint8Array | undefined;
  // COPY takes no parameters: a mode is one of two words, an id a number.
  await copyOut(
    client,
    `select columns from crl_snapshot
     where mode = '${mode}' and partition_id = ${BigInt(partitionId)} and crl_id = ${BigInt(crlId)}`,
    ([columns]) => {
      blob = new Uint8Array(columns!);
    },
  );
  return blob && RevocationColumns.decode(blob);
}

/** The same on a connection of its own. */
export async function readSnapshot(
  dataSource: DataSource,
  mode: Mode,
  partitionId: string,
  crlId: string,
): Promise<RevocationColumns | undefined> {
  const runner = dataSource.createQueryRunner();
  try {
    return await readSnapshotBy(runner, mode, partitionId, crlId);
  } finally {
    await runner.release();
  }
}
