import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { SignedProof } from '#lib/persons';
import type { Hierarchy } from '#lib/pki';
import { Problem, withTenant } from '#lib/platform';
import { TenantKeys, type Principal } from '#lib/tenancy';
import { openProof } from './open-proof.js';
import { findVisibleVerification } from './visible-verification.js';

/** How long a check proves that its holder is here, milliseconds. */
export const PROOF_LIFETIME_MS = 10 * 60_000;

/** @param at milliseconds, by the clock of the mode. One that went back makes no proof of what has not happened yet. */
export const isFresh = (decidedAt: number, at: number): boolean =>
  at >= decidedAt && at - decidedAt <= PROOF_LIFETIME_MS;

/** Turns a recent successful check into the proof that questions about its holder rest on. */
@Injectable()
export class FreshProofs {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(TenantKeys) private readonly tenantKeys: TenantKeys,
  ) {}

  /**
   * Opens the certificate of a check, which is audited.
   * @param at milliseconds, by the clock of the mode
   * @throws Problem `proof_unknown`, `proof_of_other_kind`, `proof_unsuccessful` or `proof_expired`.
   */
  async get(
    principal: Principal,
    verificationId: string,
    at: number,
    { requestId, needs }: { requestId: string; needs?: Hierarchy },
  ): Promise<SignedProof> {
    return withTenant(this.dataSource, principal, async (manager) => {
      const row = await findVisibleVerification(manager, principal, verificationId);
      if (!row) throw new Problem('proof_unknown');
      if (needs !== undefined && row.verdict.certificate.kind !== needs)
        throw new Problem('proof_of_other_kind', { needs });
      if (row.outcome !== 'valid') throw new Problem('proof_unsuccessful');
      if (!isFresh(row.decidedAt.getTime(), at)) throw new Problem('proof_expired');
      const proof = await openProof(manager, this.tenantKeys, principal, row, requestId);
      if (!proof) throw new Problem('proof_unsuccessful');
      return proof;
    });
  }
}
