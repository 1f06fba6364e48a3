import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { appendAudit } from '#lib/audit';
import { appendUsage, usageEventOf, type UsageEvent } from '#lib/billing';
import { Clock, newId, newRandomId, Problem, withTenant, type Call, type Mode } from '#lib/platform';
import { JUDGING_POLICY, type RevocationFinding, type TrustAnchor, type Verdict } from '#lib/pki';
import { AnchorStore, RevocationHistory, RevocationService } from '#lib/revocation';
import { TenantKeys, type Principal } from '#lib/tenancy';
import { openEvidence, type SealedEvidence } from './evidence.js';
import type { RejudgedStatus } from './rejudge.js';
import { anchorsImportedBy, type AsOf, repeatChecks, statusesThen, type StatusQuestion } from './repeated-checks.js';
import type { VerificationRow } from './verification.entity.js';
import { findVisibleVerification } from './visible-verification.js';

export interface Reverification {
  verificationId: string;
  kind: VerificationRow['kind'];
  asOf: AsOf;
  /** For which the checks were repeated: when it was decided, or now. Milliseconds, by the clock of the mode. */
  at: number;
  verdict: Verdict;
  statuses: RejudgedStatus[];
  /** Whether outcome, reasons and checks are those of the verification. */
  agrees: boolean;
  /** Names of the rules, then and now; the first is absent for a verification older than the name. */
  policy: { then?: string; now: string };
  usage: UsageEvent[];
}

/** Repeats the checks of a stored verification from its evidence. Nothing of the verification changes. */
@Injectable()
export class Reverifications {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(TenantKeys) private readonly tenantKeys: TenantKeys,
    @Inject(AnchorStore) private readonly anchors: AnchorStore,
    @Inject(RevocationService) private readonly revocation: RevocationService,
    @Inject(RevocationHistory) private readonly history: RevocationHistory,
  ) {}

  /**
   * As of then nothing is asked of anybody and nothing is metered. As of now the status is asked anew, which is metered;
   * a repeated Idempotency-Key judges again and counts once.
   * @throws Problem `not_found`, `evidence_incomplete`, `evidence_erased`
   */
  async run(principal: Principal, id: string, asOf: AsOf, call: Call): Promise<Reverification> {
    const { row, evidence } = await this.open(principal, id);
    const { mode } = principal;
    const { verdict: facts } = row;
    const decidedAt = row.decidedAt.getTime();
    const at = asOf === 'then' ? decidedAt : this.clock.now(mode);
    const anchors =
      asOf === 'then'
        ? await this.anchorsKnownAt(row.recordedAt)
        : { live: this.anchors.of('live'), test: this.anchors.of('test') };
    const { verdict, statuses, agrees } = await repeatChecks({
      mode,
      facts,
      evidence,
      anchors: anchors[mode],
      anchorsOfOtherMode: anchors[mode === 'live' ? 'test' : 'live'],
      at,
      statusesOf: (certificate, anchor) =>
        asOf === 'then'
          ? statusesThen(this.history, mode, { certificate, anchor, at }, { facts, evidence })
          : this.statusesNow({ certificate, anchor, at }, mode, facts.revocation),
    });
    const { outcome } = verdict;
    const usage = asOf === 'then' ? [] : meter(facts.certificate.kind, statuses, outcome);
    await this.record(principal, row, { asOf, verdict, agrees, usage, at }, call);
    return {
      verificationId: id,
      kind: row.kind,
      asOf,
      at,
      verdict,
      statuses,
      agrees,
      policy: { ...(facts.policy === undefined ? {} : { then: facts.policy }), now: JUDGING_POLICY },
      usage,
    };
  }

  private open(principal: Principal, id: string): Promise<{ row: VerificationRow; evidence: SealedEvidence }> {
    return withTenant(this.dataSource, principal, async (manager) => {
      const row = await findVisibleVerification(manager, principal, id);
      if (!row) throw new Problem('not_found');
      if (row.evidence === null) throw new Problem('evidence_erased');
      const key = await this.tenantKeys.get(principal, row.tenantKeyId, manager);
      return { row, evidence: openEvidence(key, principal, id, row.evidence) };
    });
  }

  /** Of both modes: an issuer that only the other one knows has a reason of its own. */
  private async anchorsKnownAt(time: Date): Promise<Record<Mode, readonly TrustAnchor[]>> {
    const known = await anchorsImportedBy(this.dataSource, time);
    const of = (mode: Mode) => this.anchors.of(mode).filter(({ fingerprint }) => known(mode, fingerprint));
    return { live: of('live'), test: of('test') };
  }

  /** By the method of then: whoever asked OCSP has no use for an older list. */
  private async statusesNow(
    question: StatusQuestion,
    mode: Mode,
    recorded: readonly RevocationFinding[],
  ): Promise<RejudgedStatus[]> {
    const method = recorded[0]?.method === 'ocsp' ? 'ocsp_or_crl' : 'crl';
    const attempts = await this.revocation.statusOf({ mode, ...question, method });
    return attempts.map(({ exchange: _exchange, ...finding }) => ({ finding, basis: 'rederived' }));
  }

  private async record(
    principal: Principal,
    row: VerificationRow,
    { asOf, verdict, agrees, usage, at }: Pick<Reverification, 'asOf' | 'verdict' | 'agrees' | 'usage' | 'at'>,
    { requestId, idempotency }: Call,
  ): Promise<void> {
    const sourceId = idempotency ? repeatableId(row.id, idempotency.keyHash) : newRandomId();
    await withTenant(this.dataSource, principal, async (manager) => {
      for (const event of usage)
        await appendUsage(manager, principal, {
          ...event,
          source: 'reverification',
          sourceId,
          certificateKind: row.verdict.certificate.kind,
          certificateHash: row.certificateHash,
          occurredAt: at,
        });
      await appendAudit(manager, {
        actor: `api_key:${principal.apiKeyId}`,
        action: 'verification.reverify',
        target: `verification:${row.id}`,
        requestId,
        tenancy: principal,
        detail: { as_of: asOf, outcome: verdict.outcome, reason: verdict.reason?.code ?? null, agrees },
      });
    });
  }
}

/** One for each attempt to learn the status. */
const meter = (
  certificateKind: 'sign' | 'auth',
  statuses: readonly RejudgedStatus[],
  outcome: Verdict['outcome'],
): UsageEvent[] =>
  statuses.map(({ finding }, index) =>
    usageEventOf({
      id: newId(Date.now()),
      certificateKind,
      method: finding.method,
      purpose: 'reverification',
      // An attempt that another one had to follow did not decide anything.
      outcome: index === statuses.length - 1 ? outcome : 'indeterminate',
    }),
  );

/** The same for the same key and verification, so that the unique index counts a repeated request once (RFC 9562 §5.8). */
function repeatableId(verificationId: string, keyHash: string): string {
  const hash = createHash('sha256').update(`reverification|${verificationId}|${keyHash}`).digest();
  hash[6] = (hash[6]! & 0x0f) | 0x80;
  hash[8] = (hash[8]! & 0x3f) | 0x80;
  const hex = hash.toString('hex', 0, 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
