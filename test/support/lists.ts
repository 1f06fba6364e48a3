import { randomBytes } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { CRL_REASONS, type CrlReason, RevocationColumnsBuilder } from '#lib/pki';
import { AUTHORITIES, fingerprintOf } from './persons.js';

export interface PublishedEntry {
  serial: number;
  reason: CrlReason;
  /** Milliseconds. */
  revokedAt: number;
}

/**
 * One whole list for each hierarchy of test mode, as accepted lists leave them behind: head, entries, what changed, epoch.
 * How lists are fetched and judged is tested elsewhere.
 */
export class ListBench {
  private readonly entries: Record<'sign' | 'auth', Map<number, PublishedEntry>> = { sign: new Map(), auth: new Map() };
  private readonly number = { sign: 0, auth: 0 };

  private constructor(private readonly owner: DataSource) {}

  static async start(owner: DataSource): Promise<ListBench> {
    for (const kind of ['sign', 'auth'] as const) {
      const { der } = AUTHORITIES[kind];
      const fingerprint = Buffer.from(fingerprintOf(der), 'hex');
      await owner.query(
        `insert into trust_anchor (mode, fingerprint, hierarchy, generation, certificate, imported_by)
         values ('test', $1, $2, '2023', $3, 'test')`,
        [fingerprint, kind, der],
      );
      await owner.query(
        `insert into revocation_source (mode, hierarchy, crl_index_url, layout, last_listed_at)
         values ('test', $1, 'http://127.0.0.1:1/', 'full', now())`,
        [kind],
      );
      await owner.query(
        `insert into crl_partition (mode, hierarchy, anchor_fingerprint, name, path, listed_at)
         select 'test', $1, $2, $1, '/', last_listed_at from revocation_source where mode = 'test' and hierarchy = $1`,
        [kind, fingerprint],
      );
    }
    return new ListBench(owner);
  }

  /** A certificate is revoked, or its entry changes; the next list says so. */
  revoke(kind: 'sign' | 'auth', serial: number, reason: CrlReason, revokedAt = Date.UTC(2026, 0, 2)): void {
    this.entries[kind].set(serial, { serial, reason, revokedAt });
  }

  /** A new list. @param times milliseconds @returns its number */
  async publish(kind: 'sign' | 'auth', times: { thisUpdate: number; nextUpdate: number }): Promise<string> {
    const builder = new RevocationColumnsBuilder();
    for (const { serial, reason, revokedAt } of this.entries[kind].values())
      builder.append(serial, revokedAt / 1000, CRL_REASONS.indexOf(reason));
    const columns = Buffer.from(builder.build('test').encode());
    const number = String(++this.number[kind]);
    await this.owner.transaction(async (manager) => {
      const [partition]: { id: string; head_crl_id: string | null }[] = await manager.query(
        `select id, head_crl_id from crl_partition where mode = 'test' and hierarchy = $1 for update`,
        [kind],
      );
      const [crl]: { id: string }[] = await manager.query(
        `insert into crl (mode, partition_id, crl_number, this_update, next_update, sha256, bytes, entry_count, in_force_at)
         values ('test', $1, $2, $3, $4, $5, 1, $6, $3) returning id`,
        [
          partition!.id,
          number,
          new Date(times.thisUpdate),
          new Date(times.nextUpdate),
          randomBytes(32),
          this.entries[kind].size,
        ],
      );
      const isFirst = partition!.head_crl_id === null;
      await manager.query(`delete from crl_snapshot where mode = 'test' and partition_id = $1 and not baseline`, [
        partition!.id,
      ]);
      await manager.query(
        `insert into crl_snapshot (mode, partition_id, crl_id, columns, baseline) values ('test', $1, $2, $3, $4)`,
        [partition!.id, crl!.id, columns, isFirst],
      );
      if (!isFirst) {
        const former: { serial: Buffer; reason: number }[] = await manager.query(
          `select distinct on (serial) serial, reason from crl_change where mode = 'test' and partition_id = $1
           order by serial, crl_id desc`,
          [partition!.id],
        );
        const known = new Map([
          ...this.first[kind],
          ...former.map(({ serial, reason }) => [Number(`0x${serial.toString('hex')}`), reason] as const),
        ]);
        for (const { serial, reason, revokedAt } of this.entries[kind].values()) {
          const code = CRL_REASONS.indexOf(reason);
          if (known.get(serial) === code) continue;
          await manager.query(
            `insert into crl_change (mode, partition_id, serial, crl_id, kind, revoked_at, reason)
             values ('test', $1, $2, $3, $4, $5, $6)`,
            [
              partition!.id,
              octetsOf(serial),
              crl!.id,
              known.has(serial) ? 'changed' : 'added',
              new Date(revokedAt),
              code,
            ],
          );
        }
      } else
        for (const { serial, reason } of this.entries[kind].values())
          this.first[kind].set(serial, CRL_REASONS.indexOf(reason));
      await manager.query(
        `with next as (update revocation_epoch set epoch = epoch + 1 where mode = 'test' returning epoch),
         list as (update crl set epoch = next.epoch from next where mode = 'test' and id = $2)
         update crl_partition set head_crl_id = $2, epoch = next.epoch, last_attempt_at = clock_timestamp(),
           last_success_at = clock_timestamp() from next where mode = 'test' and id = $1`,
        [partition!.id, crl!.id],
      );
    });
    return number;
  }

  /** What the first list of each hierarchy held, by serial: CRLReason code points. */
  private readonly first: Record<'sign' | 'auth', Map<number, number>> = { sign: new Map(), auth: new Map() };
}

/** Content octets of the INTEGER. */
function octetsOf(serial: number): Buffer {
  const hex = serial.toString(16);
  const octets = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
  return octets[0]! >= 0x80 ? Buffer.concat([Buffer.of(0), octets]) : octets;
}
