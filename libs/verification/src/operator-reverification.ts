import type { DataSource } from 'typeorm';
import { appendAudit } from '#lib/audit';
import { JUDGING_POLICY, type TrustAnchor, type Verdict } from '#lib/pki';
import type { KeyRing, Mode } from '#lib/platform';
import { anchorOfRow, RevocationHistory, type TrustAnchorRow } from '#lib/revocation';
import { type EvidenceRequest, openForOperator } from './opened-evidence.js';
import type { RejudgedStatus } from './rejudge.js';
import { anchorsImportedBy, type AsOf, repeatChecks, statusesThen } from './repeated-checks.js';

/** The checks of a verification, repeated by an operator. Nothing in it names the holder. */
export interface OperatorReverification {
  verificationId: string;
  asOf: AsOf;
  /** For which the checks were repeated. Milliseconds, by the clock of the mode. */
  at: number;
  verdict: Verdict;
  statuses: RejudgedStatus[];
  /** Whether outcome, reasons and checks are those of the verification. */
  agrees: boolean;
  /** Names of the rules, then and now; the first is absent for a verification older than the name. */
  policy: { then?: string; now: string };
}

/**
 * Repeats the checks from the evidence kept, for an auditor with a reason. Asks nobody outside, also as of now, and
 * costs the tenant nothing: the status is that of the lists in the database.
 * @param nowOf the clock of each mode, milliseconds
 * @throws Problem as `openForOperator`, and `evidence_incomplete`
 */
export async function reverifyForOperator(
  dataSource: DataSource,
  keyRing: KeyRing,
  request: EvidenceRequest & { asOf: AsOf },
  nowOf: (mode: Mode) => number,
): Promise<OperatorReverification> {
  const { verificationId, asOf, operatorId, origin } = request;
  const opened = await openForOperator(dataSource, keyRing, request, 'reverify');
  const { tenantId, mode, facts, evidence } = opened;
  const at = asOf === 'then' ? opened.decidedAt.getTime() : nowOf(mode);
  const anchors = await readAnchors(dataSource, asOf === 'then' ? opened.recordedAt : undefined);
  const history = new RevocationHistory(dataSource);
  const again = await repeatChecks({
    mode,
    facts,
    evidence,
    anchors: anchors[mode],
    anchorsOfOtherMode: anchors[mode === 'live' ? 'test' : 'live'],
    at,
    statusesOf: async (certificate, anchor) => {
      const question = { certificate, anchor, at };
      if (asOf === 'then') return statusesThen(history, mode, question, { facts, evidence });
      const { finding } = await history.statusAt({ mode, ...question });
      return [{ finding, basis: 'rederived' }];
    },
  });
  await appendAudit(dataSource, {
    actor: `operator:${operatorId}`,
    action: 'verification.reverify',
    target: `verification:${verificationId}`,
    tenancy: { tenantId, mode },
    detail: {
      as_of: asOf,
      outcome: again.verdict.outcome,
      reason: again.verdict.reason?.code ?? null,
      agrees: again.agrees,
    },
    ...origin,
  });
  return {
    verificationId,
    asOf,
    at,
    ...again,
    policy: { ...(facts.policy === undefined ? {} : { then: facts.policy }), now: JUDGING_POLICY },
  };
}

/** Of both modes: an issuer that only the other one knows has a reason of its own. */
async function readAnchors(dataSource: DataSource, importedBy?: Date): Promise<Record<Mode, TrustAnchor[]>> {
  const rows: Pick<TrustAnchorRow, 'mode' | 'hierarchy' | 'certificate'>[] = await dataSource.query(
    'select mode, hierarchy, certificate from trust_anchor',
  );
  const known = importedBy === undefined ? undefined : await anchorsImportedBy(dataSource, importedBy);
  const of = (mode: Mode): TrustAnchor[] =>
    rows
      .filter((row) => row.mode === mode)
      .map(anchorOfRow)
      .filter(({ fingerprint }) => known === undefined || known(mode, fingerprint));
  return { live: of('live'), test: of('test') };
}
