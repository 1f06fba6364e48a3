import { toPublicId } from '#lib/platform';
import type { CustodyRecord, Reverification } from '#lib/verification';
import { certificateAnswer, reasonAnswer, revocationAnswer } from './answers.js';
import type { EvidenceAnswer, ReverificationAnswer } from './evidence.schemas.js';

const iso = (ms: number): string => new Date(ms).toISOString();

export const evidenceAnswer = ({ facts, retention, ...record }: CustodyRecord): EvidenceAnswer => ({
  verification_id: toPublicId('ver', record.verificationId),
  kind: record.kind,
  decided_at: iso(record.decidedAt),
  recorded_at: iso(record.recordedAt),
  outcome: facts.outcome,
  checks: facts.checks,
  certificate: certificateAnswer(facts.certificate),
  revocation_attempts: facts.revocation.map(revocationAnswer),
  policy: facts.policy ?? null,
  receipt: record.receipt ?? null,
  kept: record.kept,
  retention: { kind: retention.kind, until: iso(retention.until) },
});

export function reverificationAnswer(found: Reverification, publicUrl: string): ReverificationAnswer {
  const { outcome, checks } = found.verdict;
  const reasons = found.verdict.reasons.map((reason) => reasonAnswer(reason, publicUrl));
  return {
    verification_id: toPublicId('ver', found.verificationId),
    kind: found.kind,
    as_of: found.asOf,
    at: iso(found.at),
    outcome,
    reason: reasons[0] ?? null,
    reasons,
    checks,
    revocation_attempts: found.statuses.map(({ finding, basis }) => ({ ...revocationAnswer(finding), basis })),
    agrees: found.agrees,
    policy: { then: found.policy.then ?? null, now: found.policy.now },
    usage: found.usage.map(({ id, meter, method }) => ({ id: toPublicId('use', id), meter, method })),
  };
}
