import type { DataSource } from 'typeorm';
import { appendAudit, type Origin } from '#lib/audit';
import { type KeyRing, type Mode, newId, Problem, type ProblemCode, unwrapKey } from '#lib/platform';
import { openEvidence, type SealedEvidence, type VerdictFacts } from './evidence.js';

/** What evidence is opened for; the door writes it to the audit trail. */
export type EvidencePurpose = 'bundle' | 'reveal' | 'reverify';

/** An auditor's wish to open the evidence of one verification. */
export interface EvidenceRequest {
  /** UUID. */
  verificationId: string;
  /** 3–500 characters; kept in the audit trail. */
  reason: string;
  /** SHA-256 of the token of an auditor's session with both factors. */
  tokenSha256: Buffer;
  operatorId: string;
  origin: Origin;
}

/** A verification of any tenant with its evidence in the clear: personal data. */
export interface OpenedEvidence {
  tenantId: string;
  mode: Mode;
  kind: 'signature' | 'authentication';
  /** By the clock of the mode. */
  decidedAt: Date;
  /** Real time. */
  recordedAt: Date;
  facts: VerdictFacts;
  evidence: SealedEvidence;
}

/** What the door gives of one verification. */
interface Row {
  refusal: 'session_invalid' | 'permission_missing' | 'reason_missing' | 'verification_unknown' | null;
  tenant_id: string;
  mode: Mode;
  kind: 'signature' | 'authentication';
  decided_at: Date;
  recorded_at: Date;
  verdict: VerdictFacts;
  tenant_key_id: string;
  /** Null: erased. */
  evidence: Buffer | null;
  ring_key_id: string;
  /** Null: destroyed. */
  wrapped: Buffer | null;
}

const PERMISSION = { bundle: 'evidence:read', reveal: 'holders:reveal', reverify: 'evidence:read' } as const;

function refuse(refusal: NonNullable<Row['refusal']>, purpose: EvidencePurpose): Problem {
  const told: Record<typeof refusal, [ProblemCode, Record<string, unknown>?]> = {
    session_invalid: ['session_missing'],
    permission_missing: ['permission_missing', { permission: PERMISSION[purpose] }],
    reason_missing: ['request_invalid', { field: 'reason' }],
    verification_unknown: ['not_found'],
  };
  const [code, members] = told[refusal];
  return new Problem(code, members);
}

/**
 * Opens the evidence of a verification of any tenant. As role shomei_admin or shomei_operator. The database records who
 * asked, for what and why, before it gives anything: without that record nothing comes out.
 * @throws Problem `session_missing`, `permission_missing`, `request_invalid`, `not_found`, `evidence_erased`,
 * `evidence_damaged`
 */
export async function openForOperator(
  dataSource: DataSource,
  keyRing: KeyRing,
  request: EvidenceRequest,
  purpose: EvidencePurpose,
): Promise<OpenedEvidence> {
  const { tokenSha256, verificationId, reason, origin } = request;
  const rows: Row[] = await dataSource.query('select * from open_evidence($1, $2, $3, $4, $5, $6, $7)', [
    tokenSha256,
    verificationId,
    reason,
    newId(Date.now()),
    origin.requestId ?? null,
    origin.ip ?? null,
    purpose,
  ]);
  const row = rows[0]!;
  if (row.refusal !== null) throw refuse(row.refusal, purpose);
  if (row.evidence === null) throw new Problem('evidence_erased');
  return {
    tenantId: row.tenant_id,
    mode: row.mode,
    kind: row.kind,
    decidedAt: row.decided_at,
    recordedAt: row.recorded_at,
    facts: row.verdict,
    evidence: await unseal(dataSource, keyRing, request, { ...row, evidence: row.evidence }),
  };
}

/** What does not open was changed, or moved here from another row: that is on record too. */
async function unseal(
  dataSource: DataSource,
  keyRing: KeyRing,
  { verificationId, operatorId, origin }: EvidenceRequest,
  row: Row & { evidence: Buffer },
): Promise<SealedEvidence> {
  const tenancy = { tenantId: row.tenant_id, mode: row.mode };
  // A key that the ring lacks is a fault of the installation, and the evidence is as it was.
  if (row.wrapped !== null && !keyRing.keys.has(row.ring_key_id))
    throw new Error(`key ring has no key "${row.ring_key_id}"`);
  try {
    if (row.wrapped === null) throw new Error('the key is not there');
    const key = unwrapKey(keyRing, row.tenant_key_id, row.ring_key_id, row.wrapped);
    return openEvidence(key, tenancy, verificationId, row.evidence);
  } catch {
    await appendAudit(dataSource, {
      actor: `operator:${operatorId}`,
      action: 'evidence.damaged',
      target: `verification:${verificationId}`,
      tenancy,
      ...origin,
    });
    throw new Problem('evidence_damaged');
  }
}
