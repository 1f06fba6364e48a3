import { checkSignatureAlgorithm, DEFAULT_ALGORITHM_POLICY } from './algorithms.js';
import type { AlgorithmPolicy, PublicKeyInfo } from './algorithms.js';
import type { Crl } from './crl-reader.js';
import { equalBytes } from './der.js';
import { KEY_USAGE } from './extensions.js';
import { sameName } from './name.js';
import type { Name } from './name.js';
import { checkIssuer } from './issuer.js';
import type { TrustAnchor } from './path.js';
import { verifyRawSignature } from './raw-signature.js';

/** Why a CRL is not taken over. Each names one rule; several can hold at once. */
export type CrlRefusalCode =
  | 'issuer_mismatch'
  | 'authority_key_mismatch'
  | 'issuer_not_acceptable'
  | 'issuer_not_crl_signer'
  | 'algorithm_refused'
  | 'signature_invalid'
  | 'critical_extension_unknown'
  | 'critical_entry_extension_unknown'
  | 'delta_unsupported'
  | 'indirect_unsupported'
  | 'some_reasons_unsupported'
  | 'scope_mismatch'
  | 'next_update_missing'
  | 'next_update_passed'
  | 'next_update_before_this_update'
  | 'this_update_in_future'
  | 'this_update_went_back'
  | 'crl_number_missing'
  | 'crl_number_went_back'
  | 'crl_number_reused'
  | 'unchanged';

export interface CrlRefusal {
  code: CrlRefusalCode;
  operands?: Record<string, string | number>;
}

/** What a CRL has to be about: all end-entity certificates of its issuer, or those of one distribution point. */
export type CrlScope = { kind: 'full' } | { kind: 'partition'; distributionPoint: Name };

/** Of the CRL of the same source that was accepted last. */
export interface PreviousCrl {
  crlNumber?: string;
  /** Milliseconds. */
  thisUpdate: number;
  /** Hex SHA-256 of the file. */
  fileSha256: string;
}

export interface CrlExpectation {
  anchor: TrustAnchor;
  scope: CrlScope;
  /** Milliseconds. */
  at: number;
  previous?: PreviousCrl;
  policy?: AlgorithmPolicy;
}

/** How far the issuer's clock may run ahead of ours. Only thisUpdate is given it: a list is never used past its end. */
export const CRL_SKEW_MS = 5 * 60_000;

/** Whether the key signed the list (RFC 5280 §6.3.3 (g)), from the digest made while reading. */
export function verifyCrlSignature(crl: Crl, key: PublicKeyInfo, policy: AlgorithmPolicy = DEFAULT_ALGORITHM_POLICY) {
  const { padding, digest: digestAlgorithm, saltLength } = crl.signatureAlgorithm;
  if (padding === undefined || digestAlgorithm === undefined || crl.tbsDigest === undefined) return false;
  const stated = { padding, digestAlgorithm, digest: crl.tbsDigest, signature: crl.signature };
  const input = { publicKey: key, ...stated, ...(saltLength === undefined ? {} : { saltLength }) };
  return verifyRawSignature(input, policy).length === 0;
}

/**
 * Everything that keeps a list from replacing the one held; empty means accept. `unchanged` alone means the same file
 * came again. A list that fails here says nothing about any certificate.
 */
export function checkCrl(crl: Crl, expected: CrlExpectation): CrlRefusal[] {
  return [
    ...checkIssuance(crl, expected),
    ...checkContent(crl, expected.scope),
    ...checkTimes(crl, expected.at),
    ...checkProgress(crl, expected.previous),
  ];
}

/** RFC 5280 §6.3.3 (b)(1), (f), (g): from the anchor, by a key that may sign CRLs, and really signed by it. */
function checkIssuance(crl: Crl, { anchor, at, policy = DEFAULT_ALGORITHM_POLICY }: CrlExpectation): CrlRefusal[] {
  const refusals: CrlRefusal[] = [];
  const { certificate } = anchor;
  if (!sameName(crl.issuer, certificate.subject)) refusals.push({ code: 'issuer_mismatch' });
  const identifier = crl.authorityKeyIdentifier;
  if (identifier !== undefined) {
    const { keyId, issuer, serial } = identifier;
    const held = certificate.extensions.subjectKeyIdentifier;
    const agrees =
      (keyId === undefined || (held !== undefined && equalBytes(keyId, held))) &&
      (serial === undefined || equalBytes(serial, certificate.serial)) &&
      (issuer === undefined || issuer.some((name) => sameName(name, certificate.issuer)));
    if (!agrees) refusals.push({ code: 'authority_key_mismatch' });
  }
  for (const reason of checkIssuer(certificate, at, policy))
    refusals.push({ code: 'issuer_not_acceptable', operands: { reason: reason.code } });
  if (((certificate.extensions.keyUsage?.bits ?? 0) & KEY_USAGE.cRLSign) === 0)
    refusals.push({ code: 'issuer_not_crl_signer' });
  if (checkSignatureAlgorithm(crl.signatureAlgorithm, policy) !== undefined)
    refusals.push({ code: 'algorithm_refused', operands: { algorithm: crl.signatureAlgorithm.oid } });
  else if (!verifyCrlSignature(crl, certificate.publicKey, policy)) refusals.push({ code: 'signature_invalid' });
  return refusals;
}

/** RFC 5280 §5.2, §5.3 and §6.3.3 (b)(2): nothing in it that would have to be processed and is not, and the right scope. */
function checkContent(crl: Crl, scope: CrlScope): CrlRefusal[] {
  const refusals: CrlRefusal[] = crl.unknownCritical.map((oid) => ({
    code: 'critical_extension_unknown',
    operands: { oid },
  }));
  const entryOid = crl.entryFlags.unknownCriticalEntryExtension;
  if (entryOid !== undefined) refusals.push({ code: 'critical_entry_extension_unknown', operands: { oid: entryOid } });
  const point = crl.issuingDistributionPoint;
  if (crl.deltaBase !== undefined) refusals.push({ code: 'delta_unsupported', operands: { base: crl.deltaBase } });
  if (point?.indirectCrl || crl.entryFlags.certificateIssuerSeen) refusals.push({ code: 'indirect_unsupported' });
  if (point?.onlySomeReasons) refusals.push({ code: 'some_reasons_unsupported' });
  const mismatch = scopeMismatch(crl, scope);
  if (mismatch !== undefined) refusals.push({ code: 'scope_mismatch', operands: { field: mismatch } });
  return refusals;
}

/** Which part of the scope differs. Taking one partition for another would call every revoked certificate good. */
function scopeMismatch(crl: Crl, scope: CrlScope): string | undefined {
  const point = crl.issuingDistributionPoint;
  if (point?.onlyContainsCACerts) return 'only_contains_ca_certs';
  if (point?.onlyContainsAttributeCerts) return 'only_contains_attribute_certs';
  const named = point?.namesDistributionPoint ?? false;
  if (scope.kind === 'full') return named ? 'distribution_point' : undefined;
  const matches = point?.fullName?.some((name) => sameName(name, scope.distributionPoint)) ?? false;
  return matches ? undefined : 'distribution_point';
}

function checkTimes({ thisUpdate, nextUpdate }: Crl, at: number): CrlRefusal[] {
  const refusals: CrlRefusal[] = [];
  const time = (ms: number) => new Date(ms).toISOString();
  if (thisUpdate > at + CRL_SKEW_MS)
    refusals.push({ code: 'this_update_in_future', operands: { this_update: time(thisUpdate) } });
  if (nextUpdate === undefined) refusals.push({ code: 'next_update_missing' });
  else {
    if (nextUpdate <= at) refusals.push({ code: 'next_update_passed', operands: { next_update: time(nextUpdate) } });
    if (nextUpdate < thisUpdate) refusals.push({ code: 'next_update_before_this_update' });
  }
  return refusals;
}

/**
 * RFC 5280 §5.2.3: numbers grow. An older list replayed would bring revoked certificates back to life; two lists under
 * one number cannot both be what the issuer said.
 */
function checkProgress(crl: Crl, previous: PreviousCrl | undefined): CrlRefusal[] {
  if (previous === undefined) return [];
  if (crl.fileSha256 === previous.fileSha256) return [{ code: 'unchanged' }];
  const refusals: CrlRefusal[] = [];
  if (crl.thisUpdate < previous.thisUpdate) refusals.push({ code: 'this_update_went_back' });
  if (previous.crlNumber === undefined) return refusals;
  const operands = { previous: previous.crlNumber };
  if (crl.crlNumber === undefined) refusals.push({ code: 'crl_number_missing', operands });
  else if (BigInt(crl.crlNumber) < BigInt(previous.crlNumber))
    refusals.push({ code: 'crl_number_went_back', operands });
  else if (BigInt(crl.crlNumber) === BigInt(previous.crlNumber)) refusals.push({ code: 'crl_number_reused', operands });
  return refusals;
}
