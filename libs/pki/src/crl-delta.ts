import type { PublicKeyInfo } from './algorithms.js';
import type { Crl } from './crl-reader.js';
import { equalBytes } from './der.js';
import { sameName } from './name.js';
import type { CrlReason } from './verdict.js';

/** A list whose signature was made by `key`, an accepted key of the certificate's issuer. */
export interface AuthenticCrl {
  crl: Crl;
  key: PublicKeyInfo;
}

/**
 * Whether a delta brings the complete list up to date (RFC 5280 §5.2.4, §6.3.3 (c)): same issuer, key and scope, and the
 * complete list's number from the delta's base on, below the delta's own.
 */
export function appliesTo(delta: AuthenticCrl, complete: AuthenticCrl): boolean {
  const { crlNumber, deltaBase } = delta.crl;
  const held = complete.crl.crlNumber;
  if (crlNumber === undefined || deltaBase === undefined || held === undefined) return false;
  return (
    sameName(delta.crl.issuer, complete.crl.issuer) &&
    equalBytes(delta.key.spki, complete.key.spki) &&
    sameScope(delta.crl, complete.crl) &&
    BigInt(deltaBase) <= BigInt(held) &&
    BigInt(held) < BigInt(crlNumber)
  );
}

function sameScope(a: Crl, b: Crl): boolean {
  const left = a.issuingDistributionPoint;
  const right = b.issuingDistributionPoint;
  if (left === undefined || right === undefined) return left === right;
  return equalBytes(left.der, right.der);
}

export interface CrlStatement {
  revokedAt: number;
  reason: CrlReason;
}

/**
 * What a complete list and the delta applied to it say about a serial; undefined when it is not revoked.
 * `removeFromCRL` lifts a hold and nothing else: RFC 5280 §6.3.3 (k) would let it lift any entry, but §5.3.1 gives it no
 * such meaning for a certificate that has not expired, and calling a compromised key good is the worse mistake.
 */
export function lookUp(
  serial: Uint8Array,
  complete: Crl,
  delta: Crl | undefined,
): (CrlStatement & { from: Crl }) | undefined {
  const base = complete.entries.find(serial);
  const change = delta?.entries.find(serial);
  if (delta !== undefined && change !== undefined && change.reason !== 'removeFromCRL')
    return { ...change, from: delta };
  if (base === undefined || (change !== undefined && base.reason === 'certificateHold')) return undefined;
  return { ...base, from: complete };
}
