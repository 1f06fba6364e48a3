import { createPublicKey, hash, type KeyObject, type PublicKeyInput, type RsaPublicKey } from 'node:crypto';
import { contextConstructed, DerReader, TAG } from './der.js';
import { readOid } from './known-oid.js';
import type { Reason } from './verdict.js';

/** Digests a signature may rest on. SHA-1 and MD5 are recognised by their OIDs only to be refused. */
export type DigestAlgorithm = 'sha256' | 'sha384' | 'sha512';
export const DIGEST_OCTETS: Readonly<Record<DigestAlgorithm, number>> = { sha256: 32, sha384: 48, sha512: 64 };

/** How a digest becomes the number that is raised to the private exponent. */
export type Padding = 'pkcs1_v15' | 'pkcs1_v15_bare' | 'pss';

const RSA_ENCRYPTION = '1.2.840.113549.1.1.1';
const MGF1 = '1.2.840.113549.1.1.8';
const RSASSA_PSS = '1.2.840.113549.1.1.10';
const DIGESTS = new Map<string, DigestAlgorithm>([
  ['2.16.840.1.101.3.4.2.1', 'sha256'],
  ['2.16.840.1.101.3.4.2.2', 'sha384'],
  ['2.16.840.1.101.3.4.2.3', 'sha512'],
]);
const PKCS1_SIGNATURES = new Map<string, DigestAlgorithm>([
  ['1.2.840.113549.1.1.11', 'sha256'],
  ['1.2.840.113549.1.1.12', 'sha384'],
  ['1.2.840.113549.1.1.13', 'sha512'],
]);
/** The DEFAULT of RSASSA-PSS parameters (RFC 4055 §3.1). */
const SHA1 = '1.3.14.3.2.26';
const SHA1_OCTETS = 20;

export interface SignatureAlgorithm {
  oid: string;
  /** The whole AlgorithmIdentifier. */
  der: Uint8Array;
  /** Absent when the algorithm is none we know. */
  padding?: 'pkcs1_v15' | 'pss';
  /** Absent when unknown, refused, or (rsaEncryption in CMS, RFC 3370 §3.2) stated elsewhere. */
  digest?: DigestAlgorithm;
  /** PSS only: octets of salt. */
  saltLength?: number;
}

export interface DigestIdentifier {
  oid: string;
  /** Absent when the digest is refused or unknown. */
  digest?: DigestAlgorithm;
}

/** Parameters that are NULL or absent: both are to be accepted (RFC 4055 §2.1, §5). */
function noParameters(reader: DerReader): void {
  if (reader.accept(TAG.NULL) && reader.content.length !== 0) reader.fail('bad_algorithm_parameters');
  if (!reader.atEnd) reader.fail('bad_algorithm_parameters');
}

/** Reads the AlgorithmIdentifier of a digest. */
export function parseDigestIdentifier(reader: DerReader): DigestIdentifier {
  const inner = reader.enter(TAG.SEQUENCE);
  const oid = readOid(inner);
  const digest = DIGESTS.get(oid);
  if (digest === undefined) return { oid };
  noParameters(inner);
  return { oid, digest };
}

/** RSASSA-PSS-params (RFC 4055 §3.1); the mask must use the same digest, or none is reported. */
function parsePssParameters(reader: DerReader): { digest?: DigestAlgorithm; saltLength: number } {
  const parameters = reader.enter(TAG.SEQUENCE);
  reader.finish();
  let digest: DigestIdentifier = { oid: SHA1 };
  let mask: DigestIdentifier = { oid: SHA1 };
  let saltLength = SHA1_OCTETS;
  let trailer = 1;
  if (parameters.accept(contextConstructed(0))) {
    const field = parameters.inside();
    digest = parseDigestIdentifier(field);
    field.finish();
  }
  if (parameters.accept(contextConstructed(1))) {
    const field = parameters.inside();
    const generator = field.enter(TAG.SEQUENCE);
    field.finish();
    if (readOid(generator) === MGF1) {
      mask = parseDigestIdentifier(generator);
      generator.finish();
    } else mask = { oid: '' };
  }
  if (parameters.accept(contextConstructed(2))) {
    const field = parameters.inside();
    saltLength = field.smallInteger();
    field.finish();
  }
  if (parameters.accept(contextConstructed(3))) {
    const field = parameters.inside();
    trailer = field.smallInteger();
    field.finish();
  }
  parameters.finish();
  const agreed = digest.oid === mask.oid && trailer === 1 ? digest.digest : undefined;
  return { saltLength, ...(agreed === undefined ? {} : { digest: agreed }) };
}

/** Reads the AlgorithmIdentifier of a signature; an unknown algorithm is a value without padding and digest. */
export function parseSignatureAlgorithm(reader: DerReader): SignatureAlgorithm {
  const inner = reader.enter(TAG.SEQUENCE);
  const der = reader.element;
  const oid = readOid(inner);
  const digest = PKCS1_SIGNATURES.get(oid);
  if (digest !== undefined) {
    noParameters(inner);
    return { oid, der, padding: 'pkcs1_v15', digest };
  }
  if (oid === RSA_ENCRYPTION) {
    noParameters(inner);
    return { oid, der, padding: 'pkcs1_v15' };
  }
  if (oid === RSASSA_PSS) return { oid, der, padding: 'pss', ...parsePssParameters(inner) };
  return { oid, der };
}

export interface RsaParameters {
  /** Big-endian, without the sign octet. */
  modulus: Uint8Array;
  modulusBits: number;
  /** Exact up to 2^53; any larger one is refused. */
  exponent: number;
}

/** A SubjectPublicKeyInfo (RFC 5280 §4.1.2.7); the key object is made on first use and kept. */
export class PublicKeyInfo {
  #keyObject: KeyObject | undefined;

  constructor(
    readonly algorithmOid: string,
    /** The whole SubjectPublicKeyInfo. */
    readonly spki: Uint8Array,
    /** Content of the subjectPublicKey BIT STRING: what key identifiers and OCSP issuer key hashes cover. */
    readonly keyBits: Uint8Array,
    /** Present for rsaEncryption keys only. */
    readonly rsa?: RsaParameters,
  ) {}

  /** RSA keys only: others are refused by `checkKey` before anything is computed with them. */
  keyObject(): KeyObject {
    this.#keyObject ??= createPublicKey({ key: this.#pkcs1(), format: 'der', type: 'pkcs1' });
    return this.#keyObject;
  }

  /**
   * What node:crypto takes for a key and a padding constant: the kept key object of an issuer, else the encoded key. A key
   * object made for one signature would cost more in garbage collection than it saves.
   */
  keyInput(padding: number): RsaPublicKey {
    if (this.#keyObject) return { key: this.#keyObject, padding };
    const input: RsaPublicKey & PublicKeyInput = { key: this.#pkcs1(), format: 'der', type: 'pkcs1', padding };
    return input;
  }

  /** This form imports some thirty times faster than the same key as SubjectPublicKeyInfo. */
  #pkcs1(): Buffer {
    if (this.rsa === undefined) throw new Error(`no key object for algorithm ${this.algorithmOid}`);
    return this.keyBits as Buffer;
  }
}

const MAX_KEY_INTEGER_OCTETS = 4096;

export function parsePublicKeyInfo(reader: DerReader): PublicKeyInfo {
  const inner = reader.enter(TAG.SEQUENCE);
  const spki = reader.element;
  const algorithm = inner.enter(TAG.SEQUENCE);
  const oid = readOid(algorithm);
  const keyBits = inner.bitStringOctets();
  const bitsStart = inner.contentStart + 1;
  inner.finish();
  if (oid !== RSA_ENCRYPTION) return new PublicKeyInfo(oid, spki, keyBits);
  // RFC 3279 §2.3.1: the parameters field MUST be NULL.
  algorithm.expect(TAG.NULL);
  if (algorithm.content.length !== 0) algorithm.fail('bad_algorithm_parameters');
  algorithm.finish();
  const outer = new DerReader(inner.bytes, inner.structure, bitsStart, inner.end);
  const key = outer.enter(TAG.SEQUENCE);
  outer.finish();
  const modulus = positive(key);
  const exponentOctets = positive(key);
  key.finish();
  return new PublicKeyInfo(oid, spki, keyBits, {
    modulus,
    modulusBits: modulus.length * 8 - (Math.clz32(modulus[0]!) - 24),
    exponent: exponentOctets.reduce((value, octet) => value * 256 + octet, 0),
  });
}

function positive(reader: DerReader): Uint8Array {
  const octets = reader.integer(MAX_KEY_INTEGER_OCTETS);
  if (octets[0]! >= 0x80) reader.fail('negative_integer', reader.elementStart);
  if (octets.length === 1) {
    if (octets[0] === 0) reader.fail('zero_key_integer', reader.elementStart);
    return octets;
  }
  return octets[0] === 0 ? octets.subarray(1) : octets;
}

/** What an issuer and a key must be. Stated per hierarchy because the next generation of cards will change it. */
export interface AlgorithmPolicy {
  digests: readonly DigestAlgorithm[];
  paddings: readonly Padding[];
  minModulusBits: number;
  maxModulusBits: number;
  minExponent: number;
  maxExponent: number;
}

/**
 * CRYPTREC's list and NIST SP 800-57 call RSA-2048 with SHA-2 sufficient until 2030. The upper bounds keep one hostile
 * key from costing milliseconds: the public operation grows with modulus² × exponent bits.
 */
export const DEFAULT_ALGORITHM_POLICY: AlgorithmPolicy = {
  digests: ['sha256', 'sha384', 'sha512'],
  paddings: ['pkcs1_v15', 'pss'],
  minModulusBits: 2048,
  maxModulusBits: 8192,
  // FIPS 186-5 §5.4 (e): odd, above 2^16.
  minExponent: 65537,
  maxExponent: 0xffffffff,
};

/** `key_refused` when the key is of another kind or size than the policy allows. */
export function checkKey(key: PublicKeyInfo, policy: AlgorithmPolicy = DEFAULT_ALGORITHM_POLICY): Reason | undefined {
  const { rsa } = key;
  if (rsa === undefined) return { code: 'key_refused', operands: { algorithm: key.algorithmOid } };
  if (rsa.modulusBits < policy.minModulusBits || rsa.modulusBits > policy.maxModulusBits)
    return { code: 'key_refused', operands: { modulus_bits: rsa.modulusBits } };
  if ((rsa.modulus[rsa.modulus.length - 1]! & 1) === 0)
    return { code: 'key_refused', operands: { field: 'even_modulus' } };
  if (rsa.exponent < policy.minExponent || rsa.exponent > policy.maxExponent || rsa.exponent % 2 === 0)
    return { code: 'key_refused', operands: { field: 'exponent' } };
  return undefined;
}

/** `algorithm_refused` for SHA-1, MD5, other key types, and PSS whose mask digest differs from its digest. */
export function checkSignatureAlgorithm(
  algorithm: SignatureAlgorithm,
  policy: AlgorithmPolicy = DEFAULT_ALGORITHM_POLICY,
): Reason | undefined {
  const { padding, digest } = algorithm;
  if (padding && digest && policy.paddings.includes(padding) && policy.digests.includes(digest)) return undefined;
  return { code: 'algorithm_refused', operands: { algorithm: algorithm.oid } };
}

export function digestOf(algorithm: DigestAlgorithm, content: Uint8Array): Buffer {
  return hash(algorithm, content, 'buffer');
}

/** SHA-256 in lower-case hex: how certificates, anchors and revocation files are named. */
export function sha256Hex(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'hex');
}
