import { createHash } from 'node:crypto';
import type { SignedConsent } from '#lib/jlis';
import { digestOf } from '#lib/pki';
import { Problem, type Tenancy } from '#lib/platform';
import type { StatedConsent } from './consent-check.js';
import type { SignedProof } from './signed-proof.js';

/** Largest consent document, octets: J-LIS takes no larger one. */
export const MAX_CONSENT_DOCUMENT = 32 * 1024;

/**
 * The consent as J-LIS takes it: the document, its bare signature and the certificate.
 * @param expiresAt milliseconds
 * @throws Problem `consent_signature_unsupported`, `consent_document_mismatch`.
 */
export function toSignedConsent(
  stated: StatedConsent & { expiresAt: number },
  document: Buffer,
  { certificate, signed }: SignedProof,
): SignedConsent {
  const { format, signature, digest, digestAlgorithm, padding } = signed;
  // A CMS signature is over its attributes (RFC 5652 §5.4), which the contract with J-LIS has no place for.
  if (format !== 'raw' || digestAlgorithm === undefined || padding === undefined)
    throw new Problem('consent_signature_unsupported');
  if (!digestOf(digestAlgorithm, document).equals(digest)) throw new Problem('consent_document_mismatch');
  return {
    signSerial: certificate.serialNumber,
    textVersion: stated.textVersion,
    givenAt: new Date(stated.givenAt).toISOString(),
    expiresAt: new Date(stated.expiresAt).toISOString(),
    document,
    signature: Buffer.from(signature),
    certificate: Buffer.from(certificate.raw),
    digestAlgorithm,
    padding,
  };
}

/**
 * The name under which a consent is registered. It follows from what is registered, so a repetition after a crash or a
 * lost answer, with or without an Idempotency-Key, is the same consent there (UUID of own making, RFC 9562 §5.8).
 */
export function registrationId(
  { tenantId, mode }: Tenancy,
  consent: { verificationId: string } & StatedConsent,
): string {
  const parts = [tenantId, mode, consent.verificationId, consent.textVersion, consent.givenAt];
  const hash = createHash('sha256')
    .update(`consent|${parts.join('|')}`)
    .digest();
  hash[6] = (hash[6]! & 0x0f) | 0x80;
  hash[8] = (hash[8]! & 0x3f) | 0x80;
  const hex = hash.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
}
