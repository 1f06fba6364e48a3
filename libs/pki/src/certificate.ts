import {
  parsePublicKeyInfo,
  parseSignatureAlgorithm,
  type PublicKeyInfo,
  type SignatureAlgorithm,
} from './algorithms.js';
import { contextConstructed, contextPrimitive, DerReader, equalBytes, TAG } from './der.js';
import { EXTENSION_LIMITS, Extensions, readExtensions } from './extensions.js';
import { GENERAL_NAME_LIMITS } from './general-name.js';
import { type Name, NAME_LIMITS, parseName } from './name.js';

/** What is read at most; a JPKI certificate has about 1.7 KB and 10 extensions. */
export const CERTIFICATE_LIMITS = {
  bytes: 16 * 1024,
  /** RFC 5280 §4.1.2.2. */
  serialOctets: 20,
  ...EXTENSION_LIMITS,
  nameAttributes: NAME_LIMITS.attributes,
  generalNames: GENERAL_NAME_LIMITS.names,
} as const;

/** An X.509 certificate (RFC 5280 §4.1). Byte fields are views into `raw`; nothing in it has been judged. */
export interface Certificate {
  raw: Uint8Array;
  /** The signed part. */
  tbs: Uint8Array;
  version: 1 | 2 | 3;
  /** The serial INTEGER in decimal; may be negative. */
  serialNumber: string;
  /** Content octets of the serial INTEGER as encoded. */
  serial: Uint8Array;
  issuer: Name;
  subject: Name;
  /** Milliseconds. */
  notBefore: number;
  /** Milliseconds; the whole second it names is still valid. */
  notAfter: number;
  publicKey: PublicKeyInfo;
  signatureAlgorithm: SignatureAlgorithm;
  /** False when the signed and the unsigned statement of the signature algorithm differ (RFC 5280 §4.1.1.2). */
  algorithmsAgree: boolean;
  signature: Uint8Array;
  extensions: Extensions;
}

/** Reads one DER certificate; throws `Malformed`. */
export function parseCertificate(der: Uint8Array): Certificate {
  // Views of a Buffer are Buffers and cost several times those of a plain array.
  const raw = new Uint8Array(der.buffer, der.byteOffset, der.length);
  const reader = new DerReader(raw, 'certificate');
  if (der.length > CERTIFICATE_LIMITS.bytes) reader.fail('too_large');
  const outer = reader.enter(TAG.SEQUENCE);
  reader.finish();
  const tbs = outer.enter(TAG.SEQUENCE);
  const tbsElement = outer.element;
  const signatureAlgorithm = parseSignatureAlgorithm(outer);
  const signature = outer.bitStringOctets();
  outer.finish();

  const version = readVersion(tbs);
  const serial = tbs.integer(CERTIFICATE_LIMITS.serialOctets);
  tbs.expect(TAG.SEQUENCE);
  const algorithmsAgree = equalBytes(tbs.element, signatureAlgorithm.der);
  const issuer = parseName(tbs);
  const validity = tbs.enter(TAG.SEQUENCE);
  const notBefore = validity.time();
  const notAfter = validity.time();
  validity.finish();
  const subject = parseName(tbs);
  const publicKey = parsePublicKeyInfo(tbs);
  return {
    raw,
    tbs: tbsElement,
    version,
    serialNumber: integerToDecimal(serial),
    serial,
    issuer,
    subject,
    notBefore,
    notAfter,
    publicKey,
    signatureAlgorithm,
    algorithmsAgree,
    signature,
    extensions: readRest(tbs, version),
  };
}

function readVersion(tbs: DerReader): 1 | 2 | 3 {
  if (!tbs.accept(contextConstructed(0))) return 1;
  const explicit = tbs.inside();
  const value = explicit.smallInteger();
  explicit.finish();
  if (value === 1) return 2;
  if (value === 2) return 3;
  // 0 is the DEFAULT and is not encoded (X.690 §11.5).
  return tbs.fail('bad_version', tbs.elementStart);
}

/** Unique identifiers, which nobody uses (RFC 5280 §4.1.2.8), and extensions. */
function readRest(tbs: DerReader, version: 1 | 2 | 3): Extensions {
  for (const tag of [contextPrimitive(1), contextPrimitive(2)])
    if (tbs.accept(tag) && version === 1) tbs.fail('version_too_low', tbs.elementStart);
  let extensions: Extensions | undefined;
  if (tbs.accept(contextConstructed(3))) {
    if (version !== 3) tbs.fail('version_too_low', tbs.elementStart);
    const explicit = tbs.inside();
    extensions = readExtensions(explicit.enter(TAG.SEQUENCE));
    explicit.finish();
  }
  tbs.finish();
  return extensions ?? new Extensions();
}

/** Two's complement content octets of an INTEGER in decimal. */
export function integerToDecimal(octets: Uint8Array): string {
  if (octets.length <= 6 && octets[0]! < 0x80) {
    let value = 0;
    for (const octet of octets) value = value * 256 + octet;
    return String(value);
  }
  const value = BigInt(`0x${Buffer.from(octets).toString('hex')}`);
  return String(BigInt.asIntN(octets.length * 8, value));
}
