import { isDeepStrictEqual } from 'node:util';
import type { DataSource } from 'typeorm';
import { type Certificate, type RevocationFinding, sha256Hex, type TrustAnchor, type Verdict } from '#lib/pki';
import { type Mode, Problem } from '#lib/platform';
import type { RevocationHistory } from '#lib/revocation';
import type { SealedEvidence, VerdictFacts } from './evidence.js';
import { EvidenceIncomplete, rejudge, type RejudgedStatus, type RejudgeInput, statusFromKeptOcsp } from './rejudge.js';

export const AS_OF = ['then', 'now'] as const;
export type AsOf = (typeof AS_OF)[number];

/** A certificate proved to be of an anchor, and the moment its status is asked for. */
export interface StatusQuestion {
  certificate: Certificate;
  anchor: TrustAnchor;
  /** Milliseconds, by the clock of the mode. */
  at: number;
}

export interface RepeatedChecks {
  verdict: Verdict;
  statuses: RejudgedStatus[];
  /** Whether outcome, reasons and checks are those of the verification. */
  agrees: boolean;
}

/** Statements of the history that it cannot tell, rather than what a list said. */
const NOT_TOLD = new Set(['list_not_known', 'before_history', 'history_corrupt']);

/** The checks of a verification again. @throws Problem `evidence_incomplete` */
export async function repeatChecks(input: RejudgeInput & { facts: VerdictFacts }): Promise<RepeatedChecks> {
  const { verdict, statuses } = await rejudge(input).catch((error: unknown) => {
    throw error instanceof EvidenceIncomplete ? new Problem('evidence_incomplete') : error;
  });
  const agrees = isDeepStrictEqual(judged(verdict), judged(input.facts));
  return { verdict, statuses, agrees };
}

/** As it comes back from the database. */
const judged = ({ outcome, reasons, checks }: Pick<Verdict, 'outcome' | 'reasons' | 'checks'>): unknown =>
  JSON.parse(JSON.stringify({ outcome, reasons, checks }));

/** What the issuer stated when the verification was decided; what is not kept of it is taken from the record. */
export async function statusesThen(
  history: RevocationHistory,
  mode: Mode,
  question: StatusQuestion,
  { facts, evidence: { ocsp } }: { facts: VerdictFacts; evidence: SealedEvidence },
): Promise<RejudgedStatus[]> {
  const statuses: RejudgedStatus[] = [];
  for (const finding of facts.revocation) {
    const { method, sourceSha256 } = finding;
    let again: RevocationFinding | undefined;
    if (method === 'ocsp' && ocsp && sha256Hex(ocsp.response) === sourceSha256)
      again = statusFromKeptOcsp(ocsp, question);
    else if (method === 'crl' && sourceSha256 !== undefined)
      again = await history.statusBy(sourceSha256, { mode, ...question });
    const told = again !== undefined && !NOT_TOLD.has(again.detail ?? '');
    statuses.push(told ? { finding: again!, basis: 'rederived' } : { finding, basis: 'as_recorded' });
  }
  return statuses;
}

/** Fingerprints (hex) of the anchors that were imported by a time, with their modes. */
export async function anchorsImportedBy(
  dataSource: DataSource,
  time: Date,
): Promise<(mode: Mode, fingerprint: string) => boolean> {
  const rows: { mode: Mode; fingerprint: Buffer }[] = await dataSource.query(
    'select mode, fingerprint from trust_anchor where imported_at <= $1',
    [time],
  );
  const known = new Set(rows.map(({ mode, fingerprint }) => `${mode} ${fingerprint.toString('hex')}`));
  return (mode, fingerprint) => known.has(`${mode} ${fingerprint}`);
}
