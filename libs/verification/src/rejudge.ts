import {
  DEFAULT_ALGORITHM_POLICY,
  judge,
  parseCertificate,
  profileFor,
  statusFromOcsp,
  verifyCmsRecord,
  verifyRawSignature,
  type Certificate,
  type Evidence,
  type Reason,
  type RevocationFinding,
  type TrustAnchor,
  type Verdict,
} from '#lib/pki';
import type { Mode } from '#lib/platform';
import type { OcspExchange } from '#lib/revocation';
import type { SealedEvidence, VerdictFacts } from './evidence.js';
import { examine } from './examine.js';

/** Evidence of an early form lacks what its signature would have to be checked by. */
export class EvidenceIncomplete extends Error {
  override readonly name = 'EvidenceIncomplete';
}

/** A status, and whether it was read anew from the issuer's own statement or taken from the record. */
export interface RejudgedStatus {
  finding: RevocationFinding;
  basis: 'rederived' | 'as_recorded';
}

export interface Rejudgement {
  verdict: Verdict;
  certificate: Certificate;
  /** Present when path, profile and validity passed. */
  anchor?: TrustAnchor;
  /** In order; the last one decided. Empty when the status was not reached. */
  statuses: RejudgedStatus[];
}

export interface RejudgeInput {
  mode: Mode;
  facts: Pick<VerdictFacts, 'signature' | 'certificate'>;
  evidence: SealedEvidence;
  anchors: readonly TrustAnchor[];
  anchorsOfOtherMode: readonly TrustAnchor[];
  /** Milliseconds, by the clock of the mode. */
  at: number;
  /** Asked only when everything before it passed. */
  statusesOf: (certificate: Certificate, anchor: TrustAnchor) => Promise<RejudgedStatus[]> | RejudgedStatus[];
}

/**
 * The checks of a verification, again and in the same order, from what was kept of it.
 * @throws EvidenceIncomplete; Malformed when the evidence was damaged
 */
export async function rejudge(input: RejudgeInput): Promise<Rejudgement> {
  const { mode, facts, at } = input;
  const hierarchy = facts.certificate.kind;
  const certificate = parseCertificate(input.evidence.certificate);
  const { anchor, ...found } = examine({
    certificate,
    hierarchy,
    profile: profileFor(certificate, { hierarchy, mode }),
    anchors: input.anchors,
    anchorsOfOtherMode: input.anchorsOfOtherMode,
    at,
  });
  if (anchor === undefined) return { verdict: judge(found), certificate, statuses: [] };
  const signature = checkKeptSignature(facts.signature, input.evidence, certificate, at);
  if (signature.length > 0) return { verdict: judge({ ...found, signature }), certificate, anchor, statuses: [] };
  const statuses = await input.statusesOf(certificate, anchor);
  const revocation: Evidence['revocation'] = statuses.at(-1)?.finding ?? NOT_ASKED;
  return { verdict: judge({ ...found, signature, revocation }), certificate, anchor, statuses };
}

const NOT_ASKED: RevocationFinding = { method: 'crl', status: 'unavailable', detail: 'not_recorded' };

function checkKeptSignature(
  facts: VerdictFacts['signature'],
  evidence: SealedEvidence,
  certificate: Certificate,
  at: number,
): Reason[] {
  const { signature, digest, signedAttributes, cms } = evidence;
  if (facts.format === 'cms') {
    if (cms === undefined) throw new EvidenceIncomplete('the message’s own statement of how it was signed');
    const record = { ...cms, signature, digest, ...(signedAttributes ? { signedAttributes } : {}) };
    return verifyCmsRecord(record, certificate, at);
  }
  const { padding, digestAlgorithm } = facts;
  if (padding === undefined || digestAlgorithm === undefined) throw new EvidenceIncomplete('padding or digest');
  return verifyRawSignature({ publicKey: certificate.publicKey, padding, digestAlgorithm, digest, signature });
}

/** What a kept OCSP answer says, read again as it was then. */
export const statusFromKeptOcsp = (
  { response, nonce }: OcspExchange,
  question: { certificate: Certificate; anchor: TrustAnchor; at: number },
): RevocationFinding =>
  statusFromOcsp({
    response,
    nonce,
    certificate: question.certificate,
    issuer: question.anchor.certificate,
    at: question.at,
    policy: DEFAULT_ALGORITHM_POLICY,
  });
