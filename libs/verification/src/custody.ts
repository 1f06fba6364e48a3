import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { appendAudit } from '#lib/audit';
import { Problem, withTenant } from '#lib/platform';
import { TenantKeys, type Principal } from '#lib/tenancy';
import { openEvidence, type VerdictFacts } from './evidence.js';
import { findVisibleVerification } from './visible-verification.js';

/** What a tenant is shown of the evidence that is kept for it: everything but what names the holder. */
export interface CustodyRecord {
  verificationId: string;
  kind: 'signature' | 'authentication';
  /** By the clock of the mode. Milliseconds. */
  decidedAt: number;
  /** Real time, as everything that follows. */
  recordedAt: number;
  facts: VerdictFacts;
  receipt?: string;
  /** Which things are kept that the checks could be repeated with. */
  kept: ('certificate' | 'signature' | 'digest' | 'signed_attributes' | 'ocsp_answer' | 'crl')[];
  retention: { kind: 'verification'; until: number };
}

/** Shows what is kept of a verification. */
@Injectable()
export class Custody {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(TenantKeys) private readonly tenantKeys: TenantKeys,
  ) {}

  /** Each read is audited. @throws Problem `not_found`, also for another tenant's; `evidence_erased` */
  async get(principal: Principal, id: string, requestId: string): Promise<CustodyRecord> {
    return withTenant(this.dataSource, principal, async (manager) => {
      const row = await findVisibleVerification(manager, principal, id);
      if (!row) throw new Problem('not_found');
      if (row.evidence === null) throw new Problem('evidence_erased');
      const key = await this.tenantKeys.get(principal, row.tenantKeyId, manager);
      const { receipt, signedAttributes, ocsp } = openEvidence(key, principal, id, row.evidence);
      const [held]: { until: Date; crl: boolean }[] = await manager.query(
        `select retained_until('verification', $1) as until,
           exists (select 1 from crl_file where mode = $2 and sha256 = any($3)) as crl`,
        [row.recordedAt, principal.mode, sourcesOf(row.verdict)],
      );
      await appendAudit(manager, {
        actor: `api_key:${principal.apiKeyId}`,
        action: 'verification.read_evidence',
        target: `verification:${id}`,
        requestId,
        tenancy: principal,
      });
      return {
        verificationId: id,
        kind: row.kind,
        decidedAt: row.decidedAt.getTime(),
        recordedAt: row.recordedAt.getTime(),
        facts: row.verdict,
        ...(receipt === undefined ? {} : { receipt }),
        kept: [
          'certificate',
          'signature',
          'digest',
          ...(signedAttributes ? (['signed_attributes'] as const) : []),
          ...(ocsp ? (['ocsp_answer'] as const) : []),
          ...(held!.crl ? (['crl'] as const) : []),
        ],
        retention: { kind: 'verification', until: held!.until.getTime() },
      };
    });
  }
}

const sourcesOf = ({ revocation }: VerdictFacts): Buffer[] =>
  revocation.flatMap(({ method, sourceSha256 }) =>
    method === 'crl' && sourceSha256 !== undefined ? [Buffer.from(sourceSha256, 'hex')] : [],
  );
