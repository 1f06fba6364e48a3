import type { Certificate, Hierarchy } from '#lib/pki';

/**
 * Proof that the holder of a certificate was here a moment ago: a successful check of this tenant and mode. Whatever is
 * asked of J-LIS about a person rests on one, so that nobody can ask about a serial number alone.
 */
export interface Proof {
  verificationId: string;
  kind: Hierarchy;
  /** Path, profile, validity, signature and status of it passed. */
  certificate: Certificate;
  /** Keyed hash of hierarchy and serial. */
  certificateHash: Buffer;
  /** Fingerprint of the anchor that issued it. */
  anchor: string;
  /** Milliseconds, by the clock of the mode. */
  decidedAt: number;
}
