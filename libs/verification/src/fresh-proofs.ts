import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { appendAudit } from '#lib/audit';
import type { Proof } from '#lib/persons';
import { parseCertificate, type Hierarchy } from '#lib/pki';
import { Problem, withTenant } from '#lib/platform';
import { TenantKeys, type Principal } from '#lib/tenancy';
import { openEvidence } from './evidence.js';
import { VerificationRow } from './verification.entity.js';

/** How long a check proves that its holder is here, milliseconds. */
export const PROOF_LIFETIME_MS = 10 * 60_000;

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
  ): Promise<Proof> {
    const { tenantId, mode } = principal;
    return withTenant(this.dataSource, principal, async (manager) => {
      const row = await manager.findOne(VerificationRow, { where: { tenantId, mode, id: verificationId } });
      if (!row) throw new Problem('proof_unknown');
      const { kind, anchor } = row.verdict.certificate;
      if (needs !== undefined && kind !== needs) throw new Problem('proof_of_other_kind', { needs });
      if (row.outcome !== 'valid' || anchor === undefined) throw new Problem('proof_unsuccessful');
      const decidedAt = row.decidedAt.getTime();
      // A clock that went back makes no proof of what has not happened yet.
      if (at < decidedAt || at - decidedAt > PROOF_LIFETIME_MS) throw new Problem('proof_expired');
      const key = await this.tenantKeys.get(principal, row.tenantKeyId, manager);
      const { certificate } = openEvidence(key, principal, verificationId, row.evidence);
      await appendAudit(manager, {
        actor: `api_key:${principal.apiKeyId}`,
        action: 'verification.use_as_proof',
        target: `verification:${verificationId}`,
        requestId,
        tenancy: principal,
      });
      return {
        verificationId,
        kind,
        certificate: parseCertificate(certificate),
        certificateHash: row.certificateHash,
        anchor,
        decidedAt,
      };
    });
  }
}
