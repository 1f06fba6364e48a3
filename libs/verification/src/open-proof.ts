import type { EntityManager } from 'typeorm';
import { appendAudit } from '#lib/audit';
import type { SignedProof } from '#lib/persons';
import { parseCertificate } from '#lib/pki';
import type { Principal, TenantKeys } from '#lib/tenancy';
import { openEvidence } from './evidence.js';
import type { VerificationRow } from './verification.entity.js';

/** What a stored successful check proves. Opens its certificate, which is audited. Undefined unless it was valid. */
export async function openProof(
  manager: EntityManager,
  tenantKeys: TenantKeys,
  principal: Principal,
  row: VerificationRow,
  requestId: string,
): Promise<SignedProof | undefined> {
  const { kind, anchor } = row.verdict.certificate;
  if (row.outcome !== 'valid' || anchor === undefined || row.evidence === null) return undefined;
  const key = await tenantKeys.get(principal, row.tenantKeyId, manager);
  const { certificate, signature, digest } = openEvidence(key, principal, row.id, row.evidence);
  await appendAudit(manager, {
    actor: `api_key:${principal.apiKeyId}`,
    action: 'verification.use_as_proof',
    target: `verification:${row.id}`,
    requestId,
    tenancy: principal,
  });
  return {
    verificationId: row.id,
    kind,
    certificate: parseCertificate(certificate),
    certificateHash: row.certificateHash,
    anchor,
    decidedAt: row.decidedAt.getTime(),
    signed: { ...row.verdict.signature, signature, digest },
  };
}
