import type { DataSource } from 'typeorm';
import { type Attributes, nameToString, parseCertificate, readAttributes, sha256Hex } from '#lib/pki';
import type { KeyRing, Mode } from '#lib/platform';
import { type EvidenceRequest, openForOperator } from './opened-evidence.js';
import type { VerdictFacts } from './evidence.js';

/** What names the holder in a certificate without attributes. Times in milliseconds. */
export interface HolderCertificate {
  /** Decimal. */
  serialNumber: string;
  issuer: string;
  subject: string;
  notBefore: number;
  notAfter: number;
  /** Of the DER, hex. */
  sha256: string;
}

/** The person behind one verification, as far as it was proved: personal data. */
export interface RevealedHolder {
  verificationId: string;
  tenantId: string;
  mode: Mode;
  certificateKind: 'sign' | 'auth';
  /** Of a sign certificate. */
  attributes?: Attributes;
  /** Of an auth certificate, which has no attributes. */
  certificate?: HolderCertificate;
  /**
   * Why neither is there: path, profile, validity or signature did not pass, so nothing shows that it was the holder; or
   * the certificate lacks one of the four.
   */
  withheld?: 'not_proved' | 'attributes_missing';
}

/** The rule of the tenant's own answers: whose card it was is told when everything before the status passed. */
const isProved = ({ checks }: VerdictFacts): boolean =>
  checks.every((check) => check.name === 'revocation' || check.result === 'passed');

/**
 * Shows an auditor with a reason whose certificate a verification was about. Recorded as `verification.reveal` by the
 * database before anything is shown.
 * @throws Problem as `openForOperator`
 */
export async function revealHolder(
  dataSource: DataSource,
  keyRing: KeyRing,
  request: EvidenceRequest,
): Promise<RevealedHolder> {
  const { tenantId, mode, facts, evidence } = await openForOperator(dataSource, keyRing, request, 'reveal');
  const certificateKind = facts.certificate.kind;
  const about = { verificationId: request.verificationId, tenantId, mode, certificateKind };
  if (!isProved(facts)) return { ...about, withheld: 'not_proved' };
  const certificate = parseCertificate(evidence.certificate);
  if (certificateKind === 'sign') {
    const read = readAttributes(certificate);
    return read.present ? { ...about, attributes: read.attributes } : { ...about, withheld: 'attributes_missing' };
  }
  const { serialNumber, issuer, subject, notBefore, notAfter } = certificate;
  return {
    ...about,
    certificate: {
      serialNumber,
      issuer: nameToString(issuer),
      subject: nameToString(subject),
      notBefore,
      notAfter,
      sha256: sha256Hex(evidence.certificate),
    },
  };
}
