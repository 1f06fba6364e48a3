import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Hierarchy, RevocationFinding } from '#lib/pki';
import type { Mode } from '#lib/platform';
import { AnchorStore } from './anchor-store.js';
import { RevocationData } from './revocation-data.js';
import { serialOctets, statusInAll } from './serial-status.js';

export interface SerialQuestion {
  mode: Mode;
  hierarchy: Hierarchy;
  /** Decimal. */
  serialNumber: string;
  /** Fingerprint of the issuing anchor, where known. */
  anchor?: string;
  /** Milliseconds, where known. */
  notAfter?: number;
  /** Milliseconds, by the clock of the mode. */
  at: number;
}

/** Answers whether a certificate is revoked of which only the serial number is known, from the lists in memory. */
@Injectable()
export class SerialStatuses {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(AnchorStore) private readonly anchors: AnchorStore,
    @Inject(RevocationData) private readonly data: RevocationData,
  ) {}

  /** Asks the database whether a list is missing: not to be called while a connection is held. */
  async statusOf(question: SerialQuestion): Promise<RevocationFinding> {
    const { mode, hierarchy, at } = question;
    const issuers = this.anchors
      .of(mode)
      .filter((anchor) => anchor.hierarchy === hierarchy)
      // Certificates of JPKI end before the key that issued them: one past its own end has none left.
      .filter((anchor) =>
        question.anchor === undefined ? anchor.certificate.notAfter >= at : anchor.fingerprint === question.anchor,
      )
      .map((anchor) => anchor.fingerprint);
    const lists = [...this.data.set(mode).lists()].filter((list) => issuers.includes(list.anchorFingerprint));
    const finding = statusInAll({ ...question, serial: serialOctets(question.serialNumber) }, lists, at);
    if (finding.status !== 'good') return finding;
    const covered = issuers.every((issuer) => lists.some((list) => list.anchorFingerprint === issuer));
    const complete = covered && !(await this.isListMissing(mode, issuers));
    return complete ? finding : { method: 'crl', status: 'unavailable', detail: 'list_missing' };
  }

  /** Whether a list that the source names has never been had. */
  private async isListMissing(mode: Mode, issuers: readonly string[]): Promise<boolean> {
    const rows: unknown[] = await this.dataSource.query(
      `select 1 from crl_partition where mode = $1 and anchor_fingerprint = any($2) and head_crl_id is null limit 1`,
      [mode, issuers.map((issuer) => Buffer.from(issuer, 'hex'))],
    );
    return rows.length > 0;
  }
}
