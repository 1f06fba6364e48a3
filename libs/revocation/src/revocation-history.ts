import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import {
  type Certificate,
  CRL_REASONS,
  type CrlReason,
  diffRevocations,
  Malformed,
  type RevocationColumns,
  RevocationColumnsBuilder,
  type RevocationDiff,
  type RevocationFinding,
  type TrustAnchor,
} from '#lib/pki';
import type { Mode } from '#lib/platform';
import { applyChanges, type CrlChange, diffOf } from './crl-changes.js';
import { entryStatus, listDoubt } from './crl-status.js';
import { type AcceptedList, findListsInForce, LIST_COLUMNS, type ListRow, toAccepted } from './accepted-list.js';
import { readSnapshot } from './stored-snapshot.js';

/** A status as of a time, and the list it rests on. */
export interface HistoricFinding {
  finding: RevocationFinding;
  /** Absent when no list was in force. */
  list?: AcceptedList;
}

export interface HistoricQuestion {
  mode: Mode;
  certificate: Certificate;
  /** The anchor proved to be the issuer. */
  anchor: TrustAnchor;
  /** Milliseconds by the clock of the mode; any time. */
  at: number;
}

type Entry = { revokedAt: number; reason: CrlReason };
const statement = (revokedAt: Date, reason: number): Entry => ({
  revokedAt: revokedAt.getTime(),
  reason: CRL_REASONS[reason] ?? 'unspecified',
});

/**
 * Answers from what was accepted before: the status of a certificate as of any time, and what each list changed. Reads
 * the database; for requests use `RevocationService`.
 */
@Injectable()
export class RevocationHistory {
  constructor(@Inject(DataSource) private readonly dataSource: DataSource) {}

  /**
   * What this system answered, or would have answered, at `at` from the lists then in force. `unavailable` before the
   * first list of the partition; `unknown` where a list is silent about a certificate that had expired.
   */
  async statusAt({ mode, certificate, anchor, at }: HistoricQuestion): Promise<HistoricFinding> {
    const lists = await findListsInForce(this.dataSource, mode, certificate, anchor.fingerprint, at);
    if (lists === undefined) return { finding: unavailable('no_partition') };
    let doubt: HistoricFinding | undefined;
    let newest: HistoricFinding | undefined;
    // As `statusAmong` weighs the lists held now.
    for (const list of lists.sort((a, b) => b.thisUpdate - a.thisUpdate)) {
      const notUsable = listDoubt(list, at);
      const finding = notUsable ?? (await this.statusIn(mode, list, certificate, at));
      if (finding.status === 'revoked') return { finding, list };
      if (finding.status === 'good' || finding.status === 'unknown') newest ??= { finding, list };
      else doubt ??= { finding, list };
    }
    return newest ?? doubt ?? { finding: unavailable('before_first_list') };
  }

  /**
   * What the list of this hash said at `at`: the statement a verdict names as its source. `unavailable` when no such list
   * of the anchor was ever accepted, or its entries cannot be told any more.
   * @param sha256 hex, of the list's file
   */
  async statusBy(sha256: string, { mode, certificate, anchor, at }: HistoricQuestion): Promise<RevocationFinding> {
    const rows: ListRow[] = await this.dataSource.query(
      `select ${LIST_COLUMNS} from crl c join crl_partition p on p.mode = c.mode and p.id = c.partition_id
       where c.mode = $1 and c.sha256 = $2 and p.anchor_fingerprint = $3 order by c.id desc limit 1`,
      [mode, Buffer.from(sha256, 'hex'), Buffer.from(anchor.fingerprint, 'hex')],
    );
    const list = rows[0] && toAccepted(rows[0]);
    if (list === undefined) return unavailable('list_not_known');
    return listDoubt(list, at) ?? this.statusIn(mode, list, certificate, at);
  }

  private async statusIn(
    mode: Mode,
    list: AcceptedList,
    { serial, notAfter }: Certificate,
    at: number,
  ): Promise<RevocationFinding> {
    const baseline = await this.baselineOf(mode, list);
    if (baseline === undefined) return unavailable('before_history');
    const changes: { kind: string; revoked_at: Date; reason: number }[] = await this.dataSource.query(
      `select kind, revoked_at, reason from crl_change
       where mode = $1 and partition_id = $2 and serial = $3 and crl_id > $4 and crl_id <= $5
       order by crl_id desc limit 1`,
      [mode, list.partitionId, Buffer.from(serial), baseline, list.crlId],
    );
    const change = changes[0];
    if (change !== undefined) {
      const entry = change.kind === 'gone' ? undefined : statement(change.revoked_at, change.reason);
      return entryStatus(notAfter, entry, list, at);
    }
    try {
      const columns = await readSnapshot(this.dataSource, mode, list.partitionId, baseline);
      if (columns === undefined) return unavailable('before_history');
      return entryStatus(notAfter, columns.find(serial), list, at);
    } catch (error) {
      if (error instanceof Malformed) return unavailable('history_corrupt');
      throw error;
    }
  }

  /** Id of the last baseline up to a list; bigint. */
  private async baselineOf(mode: Mode, list: { partitionId: string; crlId: string }): Promise<string | undefined> {
    const rows: { crl_id: string }[] = await this.dataSource.query(
      `select crl_id from crl_snapshot where mode = $1 and partition_id = $2 and baseline and crl_id <= $3
       order by crl_id desc limit 1`,
      [mode, list.partitionId, list.crlId],
    );
    return rows[0]?.crl_id;
  }

  /**
   * Lists accepted after `epoch`, in the order of their commits, so that a reader who goes on from the last one's epoch
   * misses none and sees none twice.
   */
  async acceptedAfter(mode: Mode, epoch: bigint, limit: number): Promise<AcceptedList[]> {
    const rows: ListRow[] = await this.dataSource.query(
      `select ${LIST_COLUMNS} from crl c where c.mode = $1 and c.epoch > $2 order by c.epoch limit $3`,
      [mode, String(epoch), limit],
    );
    return rows.map(toAccepted);
  }

  /**
   * Exactly what a list changed against the one before it; all of it is added where the history begins with it.
   * @throws Malformed when what is stored is damaged
   */
  async changesOf(mode: Mode, { partitionId, crlId }: { partitionId: string; crlId: string }): Promise<RevocationDiff> {
    const baseline = await this.baselineOf(mode, { partitionId, crlId });
    if (baseline !== crlId) return diffOf(await this.changes(mode, partitionId, BigInt(crlId) - 1n, BigInt(crlId)));
    const former: { id: string | null }[] = await this.dataSource.query(
      `select max(id) as id from crl where mode = $1 and partition_id = $2 and id < $3`,
      [mode, partitionId, crlId],
    );
    const before = former[0]?.id ? await this.entriesOf(mode, { partitionId, crlId: former[0].id }) : undefined;
    const after = await this.entriesOf(mode, { partitionId, crlId });
    const nothing = new RevocationColumnsBuilder().build('crl_history');
    return diffRevocations(before ?? nothing, after ?? nothing);
  }

  /**
   * All entries of a list, also of one long superseded; undefined when it is older than its partition's history.
   * @throws Malformed when what is stored is damaged
   */
  async entriesOf(
    mode: Mode,
    { partitionId, crlId }: { partitionId: string; crlId: string },
  ): Promise<RevocationColumns | undefined> {
    const baseline = await this.baselineOf(mode, { partitionId, crlId });
    if (baseline === undefined) return undefined;
    const base = await readSnapshot(this.dataSource, mode, partitionId, baseline);
    return base && applyChanges(base, await this.changes(mode, partitionId, BigInt(baseline), BigInt(crlId)));
  }

  /** The last change of each serial by the lists after `after` up to `upTo`. */
  private async changes(mode: Mode, partitionId: string, after: bigint, upTo: bigint): Promise<CrlChange[]> {
    const rows: { kind: CrlChange['kind']; serial: Buffer; revoked_at: Date; reason: number }[] =
      await this.dataSource.query(
        `select distinct on (serial) kind, serial, revoked_at, reason from crl_change
         where mode = $1 and partition_id = $2 and crl_id > $3 and crl_id <= $4 order by serial, crl_id desc`,
        [mode, partitionId, String(after), String(upTo)],
      );
    return rows.map(({ kind, serial, revoked_at, reason }) => ({
      kind,
      serial,
      revokedAt: revoked_at.getTime(),
      reason,
    }));
  }
}

const unavailable = (detail: string): RevocationFinding => ({ method: 'crl', status: 'unavailable', detail });
