import { type Certificate, type CrlReason, type Hierarchy, parseCertificate, type RevocationFinding } from '#lib/pki';
import type { ListsAt, OcspSources, SerialQuestion as ModeQuestion } from '#lib/revocation';
import type { Disclosure } from '#lib/tenancy';
import { disclosureOf } from './certificate-disclosure.js';
import {
  stateOf,
  type AskedCertificate,
  type CertificateStatus,
  type OpenedCertificate,
} from './certificate-question.js';
import { concludeFrom, type AskedKinds, type CertificateState, type ConclusionCode } from './conclusion.js';
import type { KnownCertificate, Provenance } from './known-certificates.js';

/** What may be told of a certificate. Without `state` it may not be told. Times in milliseconds. */
export interface ToldFacts {
  provenance: Provenance;
  state?: CertificateState['state'];
  reason?: CrlReason;
  revokedAt?: number;
  thisUpdate?: number;
  crlNumber?: string;
}

/** One certificate in a person's status. */
export interface ToldStatus extends ToldFacts {
  certificateId: string;
}

/** What a person's certificates say together. */
export interface JudgedPerson<C extends AskedCertificate = KnownCertificate> {
  code: ConclusionCode;
  /** Milliseconds; absent: not confirmed. */
  aliveAsOf?: number;
  /** The certificate of each kind that counts. */
  sign?: CertificateStatus<C>;
  auth?: CertificateStatus<C>;
  /** Every certificate that was looked at. */
  asked: CertificateStatus<C>[];
}

/**
 * Asks about a person's certificates, of each kind the newest first until one is good, and concludes from what counts:
 * that one, or the newest.
 * @param certificates in the order in which they became known, without those that may not be asked about
 */
export async function judgePerson<C extends AskedCertificate>(
  certificates: readonly OpenedCertificate<C>[],
  kinds: AskedKinds,
  ask: (certificate: OpenedCertificate<C>) => CertificateStatus<C> | Promise<CertificateStatus<C>>,
): Promise<JudgedPerson<C>> {
  const judging = judge(certificates, kinds);
  let step = judging.next();
  while (!step.done) step = judging.next(await ask(step.value));
  return step.value;
}

/** The same of lists in memory: waiting for what is there already takes longer than asking it. */
export function judgeByLists<C extends AskedCertificate>(
  certificates: readonly OpenedCertificate<C>[],
  kinds: AskedKinds,
  { lists, at }: { lists: ListsAt; at: number },
): JudgedPerson<C> {
  const judging = judge(certificates, kinds);
  let step = judging.next();
  while (!step.done) step = judging.next(statusOf(step.value, ask(lists, step.value, at)));
  return step.value;
}

/** Yields each certificate to be asked about, and is told what was found. */
function* judge<C extends AskedCertificate>(
  certificates: readonly OpenedCertificate<C>[],
  kinds: AskedKinds,
): Generator<OpenedCertificate<C>, JudgedPerson<C>, CertificateStatus<C>> {
  const asked: CertificateStatus<C>[] = [];
  const current: Partial<Record<Hierarchy, CertificateStatus<C>>> = {};
  for (const kind of ['sign', 'auth'] as const) {
    if (kinds !== 'both' && kinds !== kind) continue;
    for (let at = certificates.length - 1; at >= 0 && current[kind]?.state.state !== 'good'; at--) {
      const one = certificates[at]!;
      if (one.certificate.kind !== kind) continue;
      const status = yield one;
      asked.push(status);
      if (status.state.state === 'good') current[kind] = status;
      else current[kind] ??= status;
    }
  }
  const { sign, auth } = current;
  const { code, aliveAsOf } = concludeFrom(kinds, sign?.state ?? ABSENT, auth?.state ?? ABSENT);
  const judged: JudgedPerson<C> = { code, asked };
  if (aliveAsOf !== undefined) judged.aliveAsOf = aliveAsOf;
  if (sign) judged.sign = sign;
  if (auth) judged.auth = auth;
  return judged;
}

const ABSENT = { state: 'absent' } as const;

/** Asks the responders about one certificate. @param at milliseconds, by the clock of the mode */
export async function askResponders<C extends AskedCertificate>(
  responders: OcspSources,
  opened: OpenedCertificate<C>,
  at: number,
): Promise<CertificateStatus<C>> {
  return statusOf(opened, await ask(responders, opened, at));
}

/** What answers: at once, or in its time. */
interface Source<Finding> {
  ofCertificate(certificate: Certificate, anchorFingerprint: string, at: number): Finding;
  ofSerial(question: SerialQuestion): Finding;
}
type SerialQuestion = Omit<ModeQuestion, 'mode'>;

/** Undefined: it is past its end, and not asked about. */
function ask<Finding>(
  source: Source<Finding>,
  { certificate: { kind, anchor, notAfter }, secret }: OpenedCertificate<AskedCertificate>,
  at: number,
): Finding | undefined {
  if (notAfter !== undefined && notAfter < at) return undefined;
  if (secret.certificate && anchor !== undefined)
    return source.ofCertificate(parseCertificate(secret.certificate), anchor, at);
  const question: SerialQuestion = { hierarchy: kind, serialNumber: secret.serialNumber, at };
  if (anchor !== undefined) question.anchor = anchor;
  if (notAfter !== undefined) question.notAfter = notAfter;
  return source.ofSerial(question);
}

const statusOf = <C extends AskedCertificate>(
  { certificate }: OpenedCertificate<C>,
  finding: RevocationFinding | undefined,
): CertificateStatus<C> =>
  finding === undefined
    ? { certificate, state: { state: 'expired' } }
    : { certificate, finding, state: stateOf(finding) };

/** @param counterpartOnly what may be told of certificates known by a counterpart lookup only */
export function factsToTell(
  { certificate, state, finding }: CertificateStatus<AskedCertificate>,
  counterpartOnly: Disclosure,
): ToldFacts {
  const { provenance } = certificate;
  if (disclosureOf(certificate, counterpartOnly) !== 'status') return { provenance };
  const told: ToldFacts = { provenance, state: state.state };
  if (state.state === 'revoked') told.reason = state.reason;
  if (finding?.thisUpdate !== undefined) told.thisUpdate = finding.thisUpdate;
  else if (state.state === 'good') told.thisUpdate = state.thisUpdate;
  if (finding?.revokedAt !== undefined) told.revokedAt = finding.revokedAt;
  if (finding?.crlNumber !== undefined) told.crlNumber = finding.crlNumber;
  return told;
}
