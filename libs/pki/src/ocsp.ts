import { createHash } from 'node:crypto';
import { DEFAULT_ALGORITHM_POLICY } from './algorithms.js';
import type { AlgorithmPolicy } from './algorithms.js';
import type { Certificate } from './certificate.js';
import { equalBytes } from './der.js';
import { KEY_USAGE } from './extensions.js';
import { sameName } from './name.js';
import { issuerHashes, type OcspSubject } from './ocsp-request.js';
import type { BasicResponse, OcspResponse, SingleResponse } from './ocsp-response.js';
import { checkPathSignature, checkPathSignatureAlgorithm, type PathAlgorithmPolicy } from './path-algorithms.js';
import { checkValidity, wholeSecond } from './validity.js';
import type { RevocationFinding } from './verdict.js';

export * from './ocsp-request.js';
export * from './ocsp-response.js';

/**
 * How far the responder's clock may differ from ours. Both are kept by time servers, and JPKI's OCSP data changes every
 * 15 minutes: a minute covers any honest difference and lengthens the life of a superseded answer by little.
 */
export const OCSP_SKEW_MS = 60_000;
/** How old an answer without nextUpdate may be: JPKI's OCSP data changes every 15 minutes. */
export const OCSP_MAX_AGE_MS = 15 * 60_000;

export interface OcspExpectation {
  certificate: OcspSubject;
  /** The authority that issued the certificate, as its path proved: of several under one name, the one whose key signed. */
  issuer: Certificate;
  /** Milliseconds. */
  at: number;
  /** The nonce of the request, when it had one. */
  nonce?: Uint8Array;
  /** Whether an answer that leaves out a nonce that was sent is refused; default true. */
  nonceRequired?: boolean;
  skewMs?: number;
  maxAgeMs?: number;
  policy?: AlgorithmPolicy | PathAlgorithmPolicy;
}

/** An answer that cannot be used, and why. */
interface Unusable {
  status: 'unavailable' | 'stale' | 'unsupported';
  detail: string;
}
const unavailable = (detail: string): Unusable => ({ status: 'unavailable', detail });

const EKU_OCSP_SIGNING = '1.3.6.1.5.5.7.3.9';
const OCSP_NOCHECK = '1.3.6.1.5.5.7.48.1.5';

/**
 * What a response says about one certificate (RFC 6960 §3.2). Only an authentic, matching and timely answer is good,
 * revoked or unknown; times of the answer are reported only once its signature is known to be the responder's.
 */
export function judgeOcsp(response: OcspResponse, expected: OcspExpectation): RevocationFinding {
  const source = { method: 'ocsp' as const, sourceSha256: response.sha256 };
  if (response.status !== 'successful') return { ...source, ...unavailable(`responder_${response.status}`) };
  if (!('basic' in response)) return { ...source, status: 'unsupported', detail: 'response_type' };
  const { basic } = response;
  const rejected = checkResponder(basic, expected) ?? checkNonce(basic, expected);
  if (rejected !== undefined) return { ...source, ...rejected };
  const authentic = { ...source, producedAt: basic.producedAt };
  if (basic.unknownCritical.length > 0) return { ...authentic, status: 'unsupported', detail: 'critical_extension' };

  const matching = basic.responses.filter((single) => isAbout(single, expected));
  const [answer] = matching;
  if (answer === undefined) return { ...authentic, ...unavailable('no_matching_answer') };
  // Two answers about one certificate in one response: which one holds is not ours to choose.
  if (matching.length > 1) return { ...authentic, ...unavailable('several_matching_answers') };
  const { thisUpdate, nextUpdate } = answer;
  const timed = { ...authentic, thisUpdate, ...(nextUpdate === undefined ? {} : { nextUpdate }) };
  if (answer.unknownCritical.length > 0) return { ...timed, status: 'unsupported', detail: 'critical_extension' };
  const late = checkTimes(basic, answer, expected);
  if (late !== undefined) return { ...timed, ...late };
  if (answer.status === 'unknown') return { ...timed, status: 'unknown', detail: 'not_known_to_responder' };
  if (answer.status === 'good')
    return coversExpiry(answer, expected.certificate)
      ? { ...timed, status: 'good' }
      : { ...timed, status: 'unknown', detail: 'expired_beyond_archive_cutoff' };
  return {
    ...timed,
    status: 'revoked',
    ...(answer.revokedAt === undefined ? {} : { revokedAt: answer.revokedAt }),
    ...(answer.reason === undefined ? {} : { reason: answer.reason }),
  };
}

/**
 * RFC 6960 §4.4.4: a responder may forget a certificate once it has expired and go on calling it good. After expiry, good
 * means something only when the responder says that it keeps what happened since a time before it.
 */
function coversExpiry(
  { thisUpdate, archiveCutoff }: SingleResponse,
  { notAfter }: Pick<OcspSubject, 'notAfter'>,
): boolean {
  return wholeSecond(thisUpdate) <= notAfter || (archiveCutoff !== undefined && archiveCutoff <= notAfter);
}

/** RFC 6960 §3.2 (2)–(4) and §4.2.2.2: signed by the issuer or by a responder that the issuer itself appointed. */
function checkResponder(basic: BasicResponse, expected: OcspExpectation): Unusable | undefined {
  const { issuer } = expected;
  const policy = { curves: [], ...(expected.policy ?? DEFAULT_ALGORITHM_POLICY) };
  if (checkPathSignatureAlgorithm(basic.signatureAlgorithm, policy) !== undefined)
    return unavailable('algorithm_refused');
  const named = [issuer, ...basic.certificates].filter((certificate) => isResponder(basic, certificate));
  if (named.length === 0) return unavailable('responder_not_found');
  // All generations of a JPKI authority share one name, so a name alone does not say which key signed.
  const signer = named.find(({ publicKey }) => checkPathSignature(basic, publicKey, policy) === undefined);
  if (signer === undefined) return unavailable('signature_invalid');
  if (signer === issuer || equalBytes(signer.raw, issuer.raw))
    return checkValidity(issuer, expected.at).length > 0 ? unavailable('responder_not_valid_now') : undefined;
  return checkDelegate(signer, issuer, expected.at, policy);
}

function isResponder({ responder }: BasicResponse, certificate: Certificate): boolean {
  if ('name' in responder) return sameName(responder.name, certificate.subject);
  // RFC 6960 §4.2.1: KeyHash is SHA-1 of the key bits.
  return equalBytes(responder.keyHash, createHash('sha1').update(certificate.publicKey.keyBits).digest());
}

/** RFC 6960 §4.2.2.2: a certificate issued directly by the issuer of the certificate asked about, for this purpose. */
function checkDelegate(
  delegate: Certificate,
  issuer: Certificate,
  at: number,
  policy: PathAlgorithmPolicy,
): Unusable | undefined {
  const { extendedKeyUsage, keyUsage, unknownCritical } = delegate.extensions;
  const authorised =
    sameName(delegate.issuer, issuer.subject) &&
    delegate.algorithmsAgree &&
    checkPathSignatureAlgorithm(delegate.signatureAlgorithm, policy) === undefined &&
    checkPathSignature(delegate, issuer.publicKey, policy) === undefined;
  if (!authorised) return unavailable('responder_not_issued_by_issuer');
  if (!extendedKeyUsage?.oids.includes(EKU_OCSP_SIGNING)) return unavailable('responder_not_authorised');
  if (keyUsage !== undefined && (keyUsage.bits & KEY_USAGE.digitalSignature) === 0)
    return unavailable('responder_key_usage');
  if (unknownCritical.some((oid) => oid !== OCSP_NOCHECK)) return unavailable('responder_critical_extension');
  if (checkValidity(delegate, at).length > 0) return unavailable('responder_not_valid_now');
  // §4.2.2.2.1: without nocheck the responder's own certificate may have been revoked, which nobody looks up here.
  return delegate.extensions.get(OCSP_NOCHECK) === undefined ? unavailable('responder_revocation_unknown') : undefined;
}

/** RFC 6960 §4.4.1: ties the answer to this request, so that an old one cannot be played again. */
function checkNonce(basic: BasicResponse, { nonce, nonceRequired = true }: OcspExpectation): Unusable | undefined {
  if (nonce === undefined) return undefined;
  if (basic.nonce === undefined) return nonceRequired ? unavailable('nonce_missing') : undefined;
  return equalBytes(basic.nonce, nonce) ? undefined : unavailable('nonce_mismatch');
}

/** RFC 6960 §3.2 (1): every field of the CertID is what we compute for the certificate ourselves. */
function isAbout({ certId }: SingleResponse, { certificate, issuer }: OcspExpectation): boolean {
  if (certId.digest === undefined || !equalBytes(certId.serial, certificate.serial)) return false;
  const { nameHash, keyHash } = issuerHashes(certificate, issuer, certId.digest);
  return equalBytes(certId.nameHash, nameHash) && equalBytes(certId.keyHash, keyHash);
}

/** RFC 6960 §3.2 (5), (6) and §4.2.2.1. */
function checkTimes(
  { producedAt }: BasicResponse,
  { thisUpdate, nextUpdate }: SingleResponse,
  { at, skewMs = OCSP_SKEW_MS, maxAgeMs = OCSP_MAX_AGE_MS }: OcspExpectation,
): Unusable | undefined {
  if (thisUpdate > at + skewMs) return unavailable('this_update_in_future');
  if (producedAt > at + skewMs) return unavailable('produced_in_future');
  if (thisUpdate > producedAt + skewMs || (nextUpdate !== undefined && nextUpdate < thisUpdate))
    return unavailable('times_contradict');
  const until = nextUpdate ?? thisUpdate + maxAgeMs;
  if (until < at - skewMs)
    return { status: 'stale', detail: nextUpdate === undefined ? 'too_old' : 'next_update_passed' };
  return undefined;
}
