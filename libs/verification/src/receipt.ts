import { createHash, sign } from 'node:crypto';
import type { DigestAlgorithm, Outcome } from '#lib/pki';
import { toPublicId, type Mode, type SigningKey } from '#lib/platform';

/** `typ` of a receipt's header: a token of another kind signed with the same key is no receipt (RFC 8725 §3.11). */
export const RECEIPT_TYPE = 'shomei-receipt+jwt';
/** 256 bits, so that nobody can try certificates against a commitment. */
export const SALT_OCTETS = 32;

/** What a receipt is about. Times in milliseconds. */
export interface ReceiptSubject {
  /** Base URL of the API that answered. */
  issuer: string;
  tenantId: string;
  mode: Mode;
  verificationId: string;
  outcome: Outcome;
  /** By the clock of the mode. */
  decidedAt: number;
  /** Real time. */
  issuedAt: number;
  /** Of what was signed; absent when it was stated by no algorithm that is known. */
  content?: { algorithm: DigestAlgorithm; digest: Uint8Array };
  salt: Uint8Array;
  /** DER. */
  certificate: Uint8Array;
}

/** The claims of a receipt, and all of them: nothing in it says whose certificate it was or why it was refused. */
export interface ReceiptClaims {
  iss: string;
  /** `ten_…` */
  aud: string;
  /** `ver_…` */
  jti: string;
  /** Seconds, real time (RFC 7519 §4.1.6). */
  iat: number;
  mode: Mode;
  outcome: Outcome;
  /** RFC 3339, by the clock of the mode. */
  decided_at: string;
  content_digest: { alg: DigestAlgorithm; value: string } | null;
  certificate_commitment: { alg: 'sha256'; value: string };
}

/** SHA-256 over salt and certificate, base64url: says which certificate it was to whom both are shown, else nothing. */
export const commitmentOf = (salt: Uint8Array, certificate: Uint8Array): string =>
  createHash('sha256').update(salt).update(certificate).digest('base64url');

export const receiptClaims = (subject: ReceiptSubject): ReceiptClaims => ({
  iss: subject.issuer,
  aud: toPublicId('ten', subject.tenantId),
  jti: toPublicId('ver', subject.verificationId),
  iat: Math.floor(subject.issuedAt / 1_000),
  mode: subject.mode,
  outcome: subject.outcome,
  decided_at: new Date(subject.decidedAt).toISOString(),
  content_digest: subject.content
    ? { alg: subject.content.algorithm, value: Buffer.from(subject.content.digest).toString('base64url') }
    : null,
  certificate_commitment: { alg: 'sha256', value: commitmentOf(subject.salt, subject.certificate) },
});

const base64url = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/**
 * JWS in compact form (RFC 7515 §7.1) with ES256 (RFC 7518 §3.4). Signed in this turn: the 28 µs it takes are less than
 * handing it to a thread costs.
 */
export function signReceipt(key: SigningKey, claims: ReceiptClaims): string {
  const input = `${base64url({ alg: 'ES256', kid: key.id, typ: RECEIPT_TYPE })}.${base64url(claims)}`;
  const signature = sign('sha256', Buffer.from(input), { key: key.privateKey, dsaEncoding: 'ieee-p1363' });
  return `${input}.${signature.toString('base64url')}`;
}
