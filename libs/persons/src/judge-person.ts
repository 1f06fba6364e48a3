import { type CrlReason, type Hierarchy, parseCertificate, type RevocationFinding } from '#lib/pki';
import type { ListsAt, OcspSources } from '#lib/revocation';
import type { Disclosure } from '#lib/tenancy';
import { disclosureOf } from './certificate-disclosure.js';
import { stateOf, type CertificateStatus, type OpenedCertificate } from './certificate-question.js';
import { concludeFrom, type AskedKinds, type CertificateState, type ConclusionCode } from './conclusion.js';
import type { Provenance } from './known-certificates.js';

/** One certificate in a person's status. Without `state` it may not be told. Times in milliseconds. */
export interface ToldStatus {
  certificateId: string;
  provenance: Provenance;
  state?: CertificateState['state'];
  reason?: CrlReason;
  revokedAt?: number;
  thisUpdate?: number;
  crlNumber?: string;
}

/** What a person's certificates say together. */
export interface JudgedPerson {
  code: ConclusionCode;
  /** Milliseconds; absent: not confirmed. */
  aliveAsOf?: number;
  sign?: ToldStatus;
  auth?: ToldStatus;
  /** Every certificate that was looked at. */
  asked: CertificateStatus[];
}

/**
 * Asks about a person's certificates, of each kind the newest first until one is good, and concludes from what counts:
 * that one, or the newest.
 * @param certificates in the order in which they became known, without those that may not be asked about
 * @param counterpartOnly what may be told of certificates known by a counterpart lookup only
 */
export async function judgePerson(
  certificates: readonly OpenedCertificate[],
  { kinds, counterpartOnly }: { kinds: AskedKinds; counterpartOnly: Disclosure },
  ask: (certificate: OpenedCertificate) => CertificateStatus | Promise<CertificateStatus>,
): Promise<JudgedPerson> {
  const asked: CertificateStatus[] = [];
  const current = async (kind: Hierarchy): Promise<CertificateStatus | undefined> => {
    if (kinds !== 'both' && kinds !== kind) return undefined;
    let newest: CertificateStatus | undefined;
    for (let at = certificates.length - 1; at >= 0; at--) {
      const one = certificates[at]!;
      if (one.certificate.kind !== kind) continue;
      const status = await ask(one);
      asked.push(status);
      if (status.state.state === 'good') return status;
      newest ??= status;
    }
    return newest;
  };
  const [sign, auth] = [await current('sign'), await current('auth')];
  const absent = { state: 'absent' } as const;
  const { code, aliveAsOf } = concludeFrom(kinds, sign?.state ?? absent, auth?.state ?? absent);
  return {
    code,
    ...(aliveAsOf === undefined ? {} : { aliveAsOf }),
    ...(sign ? { sign: told(sign, counterpartOnly) } : {}),
    ...(auth ? { auth: told(auth, counterpartOnly) } : {}),
    asked,
  };
}

/** What many certificates are asked of: the lists of one moment, or the responders. */
export type StatusSource = ListsAt | OcspSources;

/** Asks about one certificate. One past its end is not asked about. @param at milliseconds, by the clock of the mode */
export async function askSource(
  source: StatusSource,
  { certificate, secret }: OpenedCertificate,
  at: number,
): Promise<CertificateStatus> {
  const { notAfter, anchor, kind } = certificate;
  if (notAfter !== undefined && notAfter < at) return { certificate, state: { state: 'expired' } };
  const answer: RevocationFinding | Promise<RevocationFinding> =
    secret.certificate && anchor !== undefined
      ? source.ofCertificate(parseCertificate(secret.certificate), anchor, at)
      : source.ofSerial({
          hierarchy: kind,
          serialNumber: secret.serialNumber,
          at,
          ...(anchor === undefined ? {} : { anchor }),
          ...(notAfter === undefined ? {} : { notAfter }),
        });
  const finding = answer instanceof Promise ? await answer : answer;
  return { certificate, finding, state: stateOf(finding) };
}

function told({ certificate, state, finding }: CertificateStatus, counterpartOnly: Disclosure): ToldStatus {
  const { id: certificateId, provenance } = certificate;
  if (disclosureOf(certificate, counterpartOnly) !== 'status') return { certificateId, provenance };
  const told: ToldStatus = { certificateId, provenance, state: state.state };
  if (state.state === 'revoked') told.reason = state.reason;
  if (finding?.thisUpdate !== undefined) told.thisUpdate = finding.thisUpdate;
  else if (state.state === 'good') told.thisUpdate = state.thisUpdate;
  if (finding?.revokedAt !== undefined) told.revokedAt = finding.revokedAt;
  if (finding?.crlNumber !== undefined) told.crlNumber = finding.crlNumber;
  return told;
}
