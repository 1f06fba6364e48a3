import { parseSignatureAlgorithm, sha256Hex } from './algorithms.js';
import type { SignatureAlgorithm } from './algorithms.js';
import { parseCertificate } from './certificate.js';
import type { Certificate } from './certificate.js';
import { readExtensionList } from './crl-extensions.js';
import { contextConstructed, contextPrimitive, DerReader, parseTime, TAG } from './der.js';
import type { Extension } from './extensions.js';
import { parseName } from './name.js';
import type { Name } from './name.js';
import { OCSP_NONCE } from './ocsp-request.js';
import type { CertIdDigest } from './ocsp-request.js';
import { CRL_REASONS } from './verdict.js';
import type { CrlReason } from './verdict.js';

/** An answer about one certificate has about 2 KB with the responder's certificate. */
export const OCSP_LIMITS = { bytes: 65_536, responses: 32, certificates: 4, extensions: 16 } as const;

/** Why a responder gave no answer (RFC 6960 §4.2.1); 4 is not used. */
const FAILURES = new Map([
  [1, 'malformed_request'],
  [2, 'internal_error'],
  [3, 'try_later'],
  [5, 'sig_required'],
  [6, 'unauthorized'],
] as const);
export type OcspFailure = typeof FAILURES extends Map<number, infer Name> ? Name : never;

/** Which certificate an answer is about (RFC 6960 §4.1.1). */
export interface CertId {
  /** Absent when the hash is none we compute. */
  digest?: CertIdDigest;
  nameHash: Uint8Array;
  keyHash: Uint8Array;
  /** Content octets of the serial INTEGER. */
  serial: Uint8Array;
}

/** One answer. Times in milliseconds. */
export interface SingleResponse {
  certId: CertId;
  status: 'good' | 'revoked' | 'unknown';
  revokedAt?: number;
  reason?: CrlReason;
  thisUpdate: number;
  nextUpdate?: number;
  /** Back to when the responder knows certificates that have expired (RFC 6960 §4.4.4). */
  archiveCutoff?: number;
  unknownCritical: string[];
}

/** A BasicOCSPResponse (RFC 6960 §4.2.1), not yet judged. */
export interface BasicResponse {
  /** The signed part. */
  tbs: Uint8Array;
  responder: { name: Name } | { keyHash: Uint8Array };
  /** Milliseconds. */
  producedAt: number;
  responses: SingleResponse[];
  nonce?: Uint8Array;
  unknownCritical: string[];
  signatureAlgorithm: SignatureAlgorithm;
  signature: Uint8Array;
  certificates: Certificate[];
}

/** `sha256` is the hex digest of the whole response. */
export type OcspResponse = { sha256: string } & (
  { status: 'successful'; basic: BasicResponse } | { status: 'successful'; otherType: string } | { status: OcspFailure }
);

const ARCHIVE_CUTOFF = '1.3.6.1.5.5.7.48.1.6';
const BASIC_RESPONSE = '1.3.6.1.5.5.7.48.1.1';
const DIGESTS = new Map<string, CertIdDigest>([
  ['1.3.14.3.2.26', 'sha1'],
  ['2.16.840.1.101.3.4.2.1', 'sha256'],
]);
const SERIAL_MAX_OCTETS = 20;
const HASH_MAX_OCTETS = 64;
const REMOVE_FROM_CRL = 8;

/** Reads a DER OCSPResponse; throws Malformed. */
export function parseOcspResponse(der: Uint8Array): OcspResponse {
  const reader = new DerReader(der, 'ocsp');
  if (der.length > OCSP_LIMITS.bytes) reader.fail('too_large');
  const outer = reader.enter(TAG.SEQUENCE);
  reader.finish();
  const sha256 = sha256Hex(der);
  const code = outer.smallInteger(TAG.ENUMERATED);
  if (code !== 0) {
    const status = FAILURES.get(code as 1);
    if (status === undefined) return outer.fail('bad_response_status', outer.elementStart);
    outer.finish();
    return { status, sha256 };
  }
  const explicit = outer.enter(contextConstructed(0));
  outer.finish();
  const responseBytes = explicit.enter(TAG.SEQUENCE);
  explicit.finish();
  const otherType = responseBytes.oid();
  const response = responseBytes.enter(TAG.OCTET_STRING, 'ocsp.basic');
  responseBytes.finish();
  if (otherType !== BASIC_RESPONSE) return { status: 'successful', otherType, sha256 };
  const basic = readBasic(response.enter(TAG.SEQUENCE));
  response.finish();
  return { status: 'successful', basic, sha256 };
}

function readBasic(reader: DerReader): BasicResponse {
  const data = reader.enter(TAG.SEQUENCE, 'ocsp.data');
  const tbs = reader.element;
  const signatureAlgorithm = parseSignatureAlgorithm(reader);
  const signature = reader.bitStringOctets();
  const certificates: Certificate[] = [];
  if (reader.accept(contextConstructed(0))) {
    const explicit = reader.inside();
    const list = explicit.enter(TAG.SEQUENCE);
    explicit.finish();
    while (!list.atEnd) {
      if (certificates.length === OCSP_LIMITS.certificates) list.fail('too_many_certificates');
      list.expect(TAG.SEQUENCE);
      certificates.push(parseCertificate(list.element));
    }
  }
  reader.finish();

  // v1 is the DEFAULT and the only version (RFC 6960 §4.2.1), so DER never writes one.
  if (data.peek() === contextConstructed(0)) data.fail('bad_version');
  const responder = readResponder(data);
  const producedAt = generalizedTime(data);
  const list = data.enter(TAG.SEQUENCE, 'ocsp.response');
  const responses: SingleResponse[] = [];
  while (!list.atEnd) {
    if (responses.length === OCSP_LIMITS.responses) list.fail('too_many_responses');
    responses.push(readSingle(list.enter(TAG.SEQUENCE)));
  }
  const extensions = readExtensions(data);
  data.finish();
  const nonce = extensions.get(OCSP_NONCE);
  return {
    tbs,
    responder,
    producedAt,
    responses,
    ...(nonce === undefined ? {} : { nonce: octets(new DerReader(nonce.value, 'ocsp.nonce'), 128) }),
    unknownCritical: criticalOids(extensions).filter((oid) => oid !== OCSP_NONCE),
    signatureAlgorithm,
    signature,
    certificates,
  };
}

function readResponder(data: DerReader): BasicResponse['responder'] {
  const byName = data.peek() === contextConstructed(1);
  const explicit = data.enter(byName ? contextConstructed(1) : contextConstructed(2));
  const responder = byName ? { name: parseName(explicit) } : { keyHash: octets(explicit, HASH_MAX_OCTETS) };
  explicit.finish();
  return responder;
}

function readSingle(reader: DerReader): SingleResponse {
  const certId = readCertId(reader.enter(TAG.SEQUENCE));
  const status = readStatus(reader);
  const thisUpdate = generalizedTime(reader);
  let nextUpdate: number | undefined;
  if (reader.accept(contextConstructed(0))) {
    const explicit = reader.inside();
    nextUpdate = generalizedTime(explicit);
    explicit.finish();
  }
  const extensions = readExtensions(reader);
  reader.finish();
  const cutoff = extensions.get(ARCHIVE_CUTOFF);
  return {
    certId,
    ...status,
    thisUpdate,
    ...(nextUpdate === undefined ? {} : { nextUpdate }),
    ...(cutoff === undefined ? {} : { archiveCutoff: readCutoff(new DerReader(cutoff.value, 'ocsp.archive_cutoff')) }),
    unknownCritical: criticalOids(extensions).filter((oid) => oid !== ARCHIVE_CUTOFF),
  };
}

function readCutoff(reader: DerReader): number {
  const cutoff = generalizedTime(reader);
  reader.finish();
  return cutoff;
}

function readCertId(reader: DerReader): CertId {
  const algorithm = reader.enter(TAG.SEQUENCE);
  const digest = DIGESTS.get(algorithm.oid());
  if (digest !== undefined) {
    if (algorithm.accept(TAG.NULL) && algorithm.content.length > 0) algorithm.fail('bad_algorithm_parameters');
    algorithm.finish();
  }
  const nameHash = octets(reader, HASH_MAX_OCTETS);
  const keyHash = octets(reader, HASH_MAX_OCTETS);
  const serial = reader.integer(SERIAL_MAX_OCTETS);
  reader.finish();
  return { ...(digest === undefined ? {} : { digest }), nameHash, keyHash, serial };
}

/** CertStatus (RFC 6960 §4.2.1). */
function readStatus(reader: DerReader): Pick<SingleResponse, 'status' | 'revokedAt' | 'reason'> {
  const tag = reader.next();
  if (tag === contextPrimitive(0) || tag === contextPrimitive(2)) {
    if (reader.content.length > 0) reader.fail('bad_status', reader.elementStart);
    return { status: tag === contextPrimitive(0) ? 'good' : 'unknown' };
  }
  if (tag !== contextConstructed(1)) reader.fail('unexpected_tag', reader.elementStart);
  const revoked = reader.inside();
  const revokedAt = generalizedTime(revoked);
  if (revoked.atEnd) return { status: 'revoked', revokedAt };
  const explicit = revoked.enter(contextConstructed(0));
  revoked.finish();
  const code = explicit.smallInteger(TAG.ENUMERATED);
  explicit.finish();
  const reason = CRL_REASONS[code];
  if (reason === undefined || code === REMOVE_FROM_CRL) return explicit.fail('bad_reason', explicit.elementStart);
  return { status: 'revoked', revokedAt, reason };
}

function readExtensions(reader: DerReader): Map<string, Extension> {
  if (!reader.accept(contextConstructed(1))) return new Map();
  const explicit = reader.inside();
  const extensions = readExtensionList(explicit, OCSP_LIMITS.extensions);
  explicit.finish();
  return extensions;
}

const criticalOids = (extensions: Map<string, Extension>): string[] =>
  [...extensions.values()].filter(({ critical }) => critical).map(({ oid }) => oid);

/** Content of an OCTET STRING of 1 to `max` octets. */
function octets(reader: DerReader, max: number): Uint8Array {
  reader.expect(TAG.OCTET_STRING);
  const { content } = reader;
  if (content.length === 0 || content.length > max) reader.fail('bad_octet_string', reader.elementStart);
  return content;
}

function generalizedTime(reader: DerReader): number {
  reader.expect(TAG.GENERALIZED_TIME);
  return parseTime(reader.bytes, reader.contentStart, reader.offset, TAG.GENERALIZED_TIME, reader.structure);
}
