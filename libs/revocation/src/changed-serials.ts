import type { DataSource } from 'typeorm';
import type { Hierarchy } from '#lib/pki';
import type { Mode } from '#lib/platform';
import { RevocationHistory } from './revocation-history.js';

/** A list has revoked a serial number, or says something else about it than the one before. */
export interface ChangedSerial {
  hierarchy: Hierarchy;
  /** Decimal. */
  serialNumber: string;
  /** Of the list; bigint. */
  crlId: string;
  epoch: bigint;
}

const decimal = (octets: Uint8Array): string => BigInt(`0x${Buffer.from(octets).toString('hex')}`).toString();

/**
 * What the lists accepted after one epoch up to another have changed, in parts. A serial that a list no longer holds is
 * none of it: an issuer drops those of certificates that have ended. A list with which its partition's history begins
 * counts with all its entries.
 * @throws Malformed when what is stored is damaged
 */
export async function* changedSerials(
  dataSource: DataSource,
  mode: Mode,
  { after, upTo }: { after: bigint; upTo: bigint },
  partSize: number,
): AsyncGenerator<ChangedSerial[]> {
  const lists: { id: string; partition_id: string; epoch: string; hierarchy: Hierarchy; baseline: boolean }[] =
    await dataSource.query(
      `select c.id, c.partition_id, c.epoch, p.hierarchy, exists (
         select 1 from crl_snapshot s
         where s.mode = c.mode and s.partition_id = c.partition_id and s.crl_id = c.id and s.baseline) as baseline
       from crl c join crl_partition p on p.mode = c.mode and p.id = c.partition_id
       where c.mode = $1 and c.epoch > $2 and c.epoch <= $3 order by c.epoch`,
      [mode, String(after), String(upTo)],
    );
  let part: ChangedSerial[] = [];
  const byId = new Map(lists.map((list) => [list.id, list]));
  const asRows = lists.filter(({ baseline }) => !baseline).map(({ id }) => id);
  for (let from: [string, Buffer] | undefined, more = asRows.length > 0; more;) {
    const rows: { crl_id: string; serial: Buffer }[] = await dataSource.query(
      `select crl_id, serial from crl_change
       where mode = $1 and crl_id = any($2::bigint[]) and kind <> 'gone'
         and ($3::bigint is null or (crl_id, serial) > ($3::bigint, $4::bytea))
       order by crl_id, serial limit $5`,
      [mode, asRows, from?.[0] ?? null, from?.[1] ?? null, partSize],
    );
    const last = rows.at(-1);
    from = last && [last.crl_id, last.serial];
    more = rows.length === partSize;
    if (rows.length > 0)
      yield rows.map(({ crl_id: crlId, serial }) => {
        const { hierarchy, epoch } = byId.get(crlId)!;
        return { hierarchy, serialNumber: decimal(serial), crlId, epoch: BigInt(epoch) };
      });
  }
  const history = new RevocationHistory(dataSource);
  for (const { id: crlId, partition_id: partitionId, hierarchy, epoch, baseline } of lists) {
    if (!baseline) continue;
    const { added, changed } = await history.changesOf(mode, { partitionId, crlId });
    for (const { serial } of [...added, ...changed]) {
      part.push({ hierarchy, serialNumber: decimal(serial), crlId, epoch: BigInt(epoch) });
      if (part.length < partSize) continue;
      yield part;
      part = [];
    }
  }
  if (part.length > 0) yield part;
}

/** How far a mode's lists have come. */
export interface RefreshState {
  epoch: bigint;
  /** No refresh is under way, and nothing was accepted for as long as was asked about. */
  isSettled: boolean;
}

/** A refresh whose lists have not all been tried after that long does not hold anything up any more. */
const RUN_ENDS_MS = 30 * 60_000;

/** @param quietMs how long nothing must have been accepted */
export async function readRefreshState(dataSource: DataSource, mode: Mode, quietMs: number): Promise<RefreshState> {
  const rows: { epoch: string; settled: boolean }[] = await dataSource.query(
    `select e.epoch,
       not exists (select 1 from crl c where c.mode = e.mode and c.epoch = e.epoch
           and c.accepted_at > clock_timestamp() - $2 * interval '1 millisecond')
         and not exists (
           select 1 from revocation_source s join crl_partition p on p.mode = s.mode and p.hierarchy = s.hierarchy
           where s.mode = e.mode and s.enabled and p.listed_at = s.last_listed_at
             and s.last_listed_at > clock_timestamp() - $3 * interval '1 millisecond'
             and (p.last_attempt_at is null or p.last_attempt_at < s.last_listed_at)) as settled
     from revocation_epoch e where e.mode = $1`,
    [mode, quietMs, RUN_ENDS_MS],
  );
  return { epoch: BigInt(rows[0]!.epoch), isSettled: rows[0]!.settled };
}
