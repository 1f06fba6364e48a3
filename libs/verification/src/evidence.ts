import { open, seal, type Tenancy, type TenantKey } from '#lib/platform';
import type { Check, CmsStatement, DigestAlgorithm, Outcome, Padding, Reason, RevocationFinding } from '#lib/pki';
import type { OcspExchange } from '#lib/revocation';

/** The part of a verification that names nobody; stored in the clear and searchable. */
export interface VerdictFacts {
  outcome: Outcome;
  reasons: Reason[];
  checks: Check[];
  /** Every attempt to learn the status, in order; the last one decided. */
  revocation: RevocationFinding[];
  signature: { format: 'raw' | 'cms'; padding?: Padding; digestAlgorithm?: DigestAlgorithm; signingTime?: number };
  certificate: { kind: 'sign' | 'auth'; notBefore: number; notAfter: number; anchor?: string };
  /** The rules it was judged by; absent before they had a name. */
  policy?: string;
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
  /** CMS only: what the message said of how it was signed. */
  cms?: CmsStatement;
  /** The OCSP answer that was judged, when there was one. The CRL is kept by its hash, which the facts name. */
  ocsp?: OcspExchange;
}

/** A text or bytes; length 0 is an absent field. */
type Field = Uint8Array | string | undefined;

/** The fields in the order in which they are sealed. New ones go to the end: what was sealed before has fewer. */
const fieldsOf = (evidence: SealedEvidence): Field[] => [
  evidence.certificate,
  evidence.signature,
  evidence.digest,
  evidence.signedAttributes,
  evidence.salt,
  evidence.receipt,
  evidence.cms && JSON.stringify(evidence.cms),
  evidence.ocsp?.response,
  evidence.ocsp?.nonce,
];

/** Binds a sealed value to its row: moved to another row, tenant or mode it does not open. */
const context = (tenancy: Tenancy, verificationId: string): string =>
  `evidence|${tenancy.tenantId}|${tenancy.mode}|${verificationId}`;

/** Each field as a 32-bit length and its bytes. */
export function sealEvidence(
  key: TenantKey,
  tenancy: Tenancy,
  verificationId: string,
  evidence: SealedEvidence,
): Buffer {
  const parts = fieldsOf(evidence).flatMap((field = '') => {
    const bytes = typeof field === 'string' ? Buffer.from(field) : field;
    const length = Buffer.allocUnsafe(4);
    length.writeUInt32BE(bytes.length);
    return [length, bytes];
  });
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
  const [certificate, signature, digest, ...optional] = values;
  if (!certificate || !signature || !digest || optional.length === 0) throw new Error('evidence has an unknown form');
  const [signedAttributes, salt, receipt, cms, response, nonce] = optional.map((value) =>
    value.length > 0 ? value : undefined,
  );
  return {
    certificate,
    signature,
    digest,
    ...(signedAttributes ? { signedAttributes } : {}),
    ...(salt ? { salt } : {}),
    ...(receipt ? { receipt: receipt.toString('latin1') } : {}),
    ...(cms ? { cms: JSON.parse(cms.toString()) as CmsStatement } : {}),
    ...(response && nonce ? { ocsp: { response, nonce } } : {}),
  };
}
