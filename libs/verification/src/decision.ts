import type { UsageEvent } from '#lib/billing';
import { originOf, type Idempotency } from '#lib/platform';
import type { Principal } from '#lib/tenancy';
import type { VerdictFacts } from './evidence.js';

/** A check that is decided and not yet durable. */
export interface Decision {
  principal: Principal;
  id: string;
  kind: 'signature' | 'authentication';
  /** Milliseconds, by the clock of the mode. */
  decidedAt: number;
  facts: VerdictFacts;
  /** Keyed hash of hierarchy and serial. */
  certificateHash: Buffer;
  sealedEvidence: Buffer;
  usage: UsageEvent[];
  reference?: string;
  challengeId?: string;
  idempotency?: Idempotency;
  auditId: string;
  requestId: string;
}

/** Why one row was not stored; its neighbours in the same commit were. */
export type Conflict =
  'api_key_invalid' | 'tenant_key_unknown' | 'challenge_unknown' | 'challenge_used' | 'idempotency_key_used';

/** The two arguments of `append_decided`: one JSON text, and all sealed evidence in one piece so that it stays binary. */
export function encodeBatch(decisions: readonly Decision[]): { decided: string; evidence: Buffer } {
  let offset = 0;
  const rows = decisions.map((decision, position) => {
    const { facts } = decision;
    const row = {
      position,
      key_hash: decision.principal.keyHash,
      id: decision.id,
      kind: decision.kind,
      decided_at: new Date(decision.decidedAt).toISOString(),
      outcome: facts.outcome,
      reason_code: facts.reasons[0]?.code,
      verdict: facts,
      certificate_kind: facts.certificate.kind,
      certificate_hash: decision.certificateHash.toString('hex'),
      reference: decision.reference,
      challenge_id: decision.challengeId,
      tenant_key_id: decision.principal.tenantKeyId,
      evidence_offset: offset,
      evidence_length: decision.sealedEvidence.length,
      idempotency_hash: decision.idempotency?.keyHash,
      request_hash: decision.idempotency?.requestHash,
      audit_id: decision.auditId,
      request_id: decision.requestId,
      ip: originOf(decision.requestId),
      usage: decision.usage,
    };
    offset += decision.sealedEvidence.length;
    return row;
  });
  return { decided: JSON.stringify(rows), evidence: Buffer.concat(decisions.map((d) => d.sealedEvidence)) };
}
