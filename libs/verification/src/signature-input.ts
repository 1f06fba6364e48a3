import {
  DIGEST_OCTETS,
  digestOf,
  Malformed,
  parseCertificate,
  verifyRawSignature,
  type Certificate,
  type DigestAlgorithm,
  type Padding,
  type Reason,
} from '#lib/pki';
import { Problem } from '#lib/platform';
import type { SealedEvidence, VerdictFacts } from './evidence.js';
import type { Signed } from './request.js';

/** A parsed signature, not yet verified: the certificate's path, profile and validity come first. */
export interface SignatureInput {
  unverifiedCertificate: Certificate;
  check(): Reason[];
  facts: VerdictFacts['signature'];
  evidence: Omit<SealedEvidence, 'certificate'>;
}

/** @throws Problem `certificate_malformed` with the broken rule. */
export function readCertificate(der: Buffer): Certificate {
  try {
    return parseCertificate(der);
  } catch (error) {
    if (error instanceof Malformed)
      throw new Problem('certificate_malformed', { rule: error.rule, offset: error.offset });
    throw error;
  }
}

/** @throws Problem `digest_length_wrong`. */
export function digestOfSigned(signed: Signed, algorithm: DigestAlgorithm): Buffer {
  if (signed.content) return digestOf(algorithm, signed.content);
  if (signed.digest?.length !== DIGEST_OCTETS[algorithm])
    throw new Problem('digest_length_wrong', { expected_bytes: DIGEST_OCTETS[algorithm] });
  return signed.digest;
}

/** A card's bare signature. */
export function readRawSignature(request: {
  certificate: Buffer;
  signature: Buffer;
  padding: Padding;
  digestAlgorithm: DigestAlgorithm;
  signed: Signed;
}): SignatureInput {
  const { signature, padding, digestAlgorithm } = request;
  const unverifiedCertificate = readCertificate(request.certificate);
  const digest = digestOfSigned(request.signed, digestAlgorithm);
  return {
    unverifiedCertificate,
    check: () =>
      verifyRawSignature({ publicKey: unverifiedCertificate.publicKey, padding, digestAlgorithm, digest, signature }),
    facts: { format: 'raw', padding, digestAlgorithm },
    evidence: { signature, digest },
  };
}
