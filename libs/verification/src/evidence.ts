import { open, seal, type Tenancy, type TenantKey } from '#lib/platform';
import type { Check, DigestAlgorithm, Outcome, Padding, Reason, RevocationFinding } from '#lib/pki';

/** The part of a verification that names nobody; stored in the clear and searchable. */
export interface VerdictFacts {
  outcome: Outcome;
  reasons: Reason[];
  checks: Check[];
  /** Every attempt to learn the status, in order; the last one decided. */
  revocation: RevocationFinding[];
  signature: { format: 'raw' | 'cms'; padding?: Padding; digestAlgorithm?: DigestAlgorithm; signingTime?: number };
  certificate: { kind: 'sign' | 'auth'; notBefore: number; notAfter: number; anchor?: string };
}

/** What is needed to verify again later. The content itself is never kept, only its digest. */
export interface SealedEvidence {
  certificate: Uint8Array;
  signature: Uint8Array;
  digest: Uint8Array;
  /** CMS only: the DER of SignedAttributes as signed (RFC 5652 §5.4). */
  signedAttributes?: Uint8Array;
  /** Of the receipt's commitment to the certificate; absent with the receipt. */
  salt?: Uint8Array;
  /** The JWS as it was answered; absent for checks made before there were receipts. */
  receipt?: string;
}

/** Fields in the order in which they are sealed. A new one goes to the end: what was sealed before has fewer. */
const FIELDS = ['certificate', 'signature', 'digest', 'signedAttributes', 'salt', 'receipt'] as const;

/** Binds a sealed value to its row: moved to another row, tenant or mode it does not open. */
const context = (tenancy: Tenancy, verificationId: string): string =>
  `evidence|${tenancy.tenantId}|${tenancy.mode}|${verificationId}`;

/** Fields in fixed order, each as a 32-bit length and its bytes; length 0 is an absent field. */
export function sealEvidence(
  key: TenantKey,
  tenancy: Tenancy,
  verificationId: string,
  evidence: SealedEvidence,
): Buffer {
  const parts: Uint8Array[] = [];
  for (const field of FIELDS) {
    const value = evidence[field] ?? '';
    const bytes = typeof value === 'string' ? Buffer.from(value) : value;
    const length = Buffer.allocUnsafe(4);
    length.writeUInt32BE(bytes.length);
    parts.push(length, bytes);
  }
  return seal(key.encryption, Buffer.concat(parts), context(tenancy, verificationId));
}

/** @throws Error when the sealed bytes belong to another verification or were changed. */
export function openEvidence(
  key: TenantKey,
  tenancy: Tenancy,
  verificationId: string,
  sealed: Uint8Array,
): SealedEvidence {
  const plain = open(key.encryption, sealed, context(tenancy, verificationId));
  const values: Buffer[] = [];
  for (let offset = 0; offset < plain.length;) {
    const length = plain.readUInt32BE(offset);
    values.push(plain.subarray(offset + 4, offset + 4 + length));
    offset += 4 + length;
  }
  const [certificate, signature, digest, signedAttributes, salt, receipt] = values;
  if (!certificate || !signature || !digest || !signedAttributes) throw new Error('evidence has an unknown form');
  return {
    certificate,
    signature,
    digest,
    ...(signedAttributes.length > 0 ? { signedAttributes } : {}),
    ...(salt && salt.length > 0 ? { salt } : {}),
    ...(receipt && receipt.length > 0 ? { receipt: receipt.toString('latin1') } : {}),
  };
}
