import type pg from 'pg';
import { type ColumnData, Malformed, parseName, RevocationColumns } from '#lib/pki';
import type { Mode } from '#lib/platform';
import { copyOut } from './copy-out.js';
import { type PointKey, pointKey } from './resident-set.js';

/** The head of a partition in a form that crosses threads. */
export interface HeadData {
  partitionId: string;
  crlId: string;
  anchorFingerprint: string;
  /** Absent: the list covers everything the anchor's key issued. */
  point?: PointKey;
  crlNumber?: string;
  /** Milliseconds. */
  thisUpdate: number;
  nextUpdate: number;
  /** Hex, of the CRL file. */
  sha256: string;
  data: ColumnData;
}

/** A head whose stored entries fail their checksum or shape, or are not there. */
export interface CorruptHead {
  partitionId: string;
  crlId: string;
  rule: string;
}

/** Heads handed over together. About a millisecond's work for whoever takes them. */
export interface HeadBatch {
  heads: HeadData[];
  corrupt: CorruptHead[];
}

/** Octets of entries read by one statement; a single head may have more. */
const BATCH_OCTETS = 4 * 1024 * 1024;
/** So many statements at a time: the server's half of the work is as large as ours. */
const LANES = 2;

const BIGINT = /^-?\d{1,19}$/;

interface BatchPlan {
  ids: string[];
  /** Of the stored entries, padding included. */
  octets: number;
}

/** Columns start at multiples of this. */
const ALIGNMENT = 8;
const aligned = (octets: number): number => Math.ceil(octets / ALIGNMENT) * ALIGNMENT;

/** The partitions whose head has changed after `epoch`, in batches, oldest change first. */
async function changedBatches(
  pool: pg.Pool,
  mode: Mode,
  epoch: string,
): Promise<{ batches: BatchPlan[]; missing: CorruptHead[] }> {
  const { rows } = await pool.query<{ id: string; head_crl_id: string; octets: number | null }>(
    `select p.id, p.head_crl_id, octet_length(s.columns) as octets
     from crl_partition p
     left join crl_snapshot s on s.mode = p.mode and s.partition_id = p.id and s.crl_id = p.head_crl_id
     where p.mode = $1 and p.epoch > $2 and p.head_crl_id is not null order by p.epoch`,
    [mode, epoch],
  );
  const batches: BatchPlan[] = [];
  const missing: CorruptHead[] = [];
  let batch: BatchPlan | undefined;
  for (const { id, head_crl_id: crlId, octets } of rows) {
    if (octets === null) {
      missing.push({ partitionId: id, crlId, rule: 'missing' });
      continue;
    }
    if (batch === undefined || batch.octets + octets > BATCH_OCTETS) batches.push((batch = { ids: [], octets: 0 }));
    batch.ids.push(id);
    batch.octets += aligned(octets);
  }
  return { batches, missing };
}

/**
 * Reads the head of every partition that has changed after `epoch`. One statement reads facts and entries of a
 * partition, so they belong together.
 * @returns how many partitions had changed.
 */
export async function readHeads(
  pool: pg.Pool,
  mode: Mode,
  epoch: string,
  take: (batch: HeadBatch) => void,
): Promise<number> {
  if (!BIGINT.test(epoch)) throw new Error('epoch: not a bigint');
  const { batches, missing } = await changedBatches(pool, mode, epoch);
  if (missing.length > 0) take({ heads: [], corrupt: missing });
  const changed = batches.reduce((sum, { ids }) => sum + ids.length, missing.length);
  const lane = async (): Promise<void> => {
    for (let plan = batches.shift(); plan !== undefined; plan = batches.shift())
      take(await readBatch(pool, mode, plan));
  };
  try {
    await Promise.all(Array.from({ length: Math.min(LANES, batches.length) }, lane));
  } finally {
    // When one lane has failed the other must not go on for a request that is over.
    batches.length = 0;
  }
  return changed;
}

/**
 * Where a batch's columns go: one large buffer, because thousands of middling ones, made between the short-lived ones of
 * the connection, would leave holes all over the memory. It stays until the last of its heads is replaced. Shared,
 * because buffers handed over count as pressure on the receiver's collector, which would stop it for a full collection
 * every 64 megabytes; nothing is written after the batch is sent. See `ReplacedBuffers`.
 */
class ColumnSpace {
  private space = new Uint8Array(new SharedArrayBuffer(0));
  private used = 0;

  constructor(octets: number) {
    this.extend(octets);
  }

  /** A copy of `octets` that may be unpacked in place. */
  keep(octets: Uint8Array): Uint8Array {
    // A head that has grown since it was measured.
    if (this.used + octets.length > this.space.length) this.extend(octets.length);
    const copy = this.space.subarray(this.used, this.used + octets.length);
    copy.set(octets);
    this.used += aligned(octets.length);
    return copy;
  }

  private extend(octets: number): void {
    this.space = new Uint8Array(new SharedArrayBuffer(octets));
    this.used = 0;
  }
}

async function readBatch(pool: pg.Pool, mode: Mode, { ids, octets }: BatchPlan): Promise<HeadBatch> {
  const space = new ColumnSpace(octets);
  const batch: HeadBatch = { heads: [], corrupt: [] };
  const client = await pool.connect();
  try {
    // COPY takes no parameters. Modes and ids are of closed forms.
    await copyOut(
      client,
      `select p.id, c.id, p.anchor_fingerprint, coalesce(p.distribution_point, ''), coalesce(c.crl_number::text, ''),
         (extract(epoch from c.this_update) * 1000)::bigint, (extract(epoch from c.next_update) * 1000)::bigint,
         c.sha256, s.columns
       from crl_partition p
       join crl c on c.mode = p.mode and c.id = p.head_crl_id
       join crl_snapshot s on s.mode = p.mode and s.partition_id = p.id and s.crl_id = c.id
       where p.mode = '${mode}' and p.id in (${ids.join(', ')})`,
      (fields) => readHead(fields, batch, space),
    );
  } catch (error) {
    client.release(true);
    throw error;
  }
  client.release();
  return batch;
}

/**
 * One for all lists of a batch. Whoever takes a batch over keeps few objects a list: the more there are of them, the
 * longer its collector stops it.
 */
const NO_LONG_SERIALS = {
  longRows: new Uint8Array(new SharedArrayBuffer(0)),
  longTimes: new Uint32Array(new SharedArrayBuffer(0)),
  longReasons: new Uint8Array(new SharedArrayBuffer(0)),
};

type HeadFields = readonly [Buffer, Buffer, Buffer, Buffer, Buffer, Buffer, Buffer, Buffer, Buffer];

function readHead(fields: readonly Buffer[], batch: HeadBatch, space: ColumnSpace): void {
  const [partition, crl, anchor, point, number, thisUpdate, nextUpdate, sha256, columns] = fields as HeadFields;
  const partitionId = String(partition.readBigInt64BE());
  const crlId = String(crl.readBigInt64BE());
  let data: ColumnData;
  let key: PointKey | undefined;
  try {
    ({ data } = RevocationColumns.decode(space.keep(columns)));
    if (point.length > 0) key = pointKey(parseName(point));
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    batch.corrupt.push({ partitionId, crlId, rule: error.rule });
    return;
  }
  batch.heads.push({
    partitionId,
    crlId,
    anchorFingerprint: anchor.toString('hex'),
    ...(key === undefined ? {} : { point: key }),
    ...(number.length === 0 ? {} : { crlNumber: number.toString('latin1') }),
    thisUpdate: Number(thisUpdate.readBigInt64BE()),
    nextUpdate: Number(nextUpdate.readBigInt64BE()),
    sha256: sha256.toString('hex'),
    data: data.longTimes.length === 0 ? { ...data, ...NO_LONG_SERIALS } : data,
  });
}
