import { constants, publicDecrypt } from 'node:crypto';
import {
  type AlgorithmPolicy,
  checkKey,
  DEFAULT_ALGORITHM_POLICY,
  DIGEST_OCTETS,
  type DigestAlgorithm,
  digestOf,
  type Padding,
  type PublicKeyInfo,
} from './algorithms.js';
import { equalBytes } from './der.js';
import type { Reason } from './verdict.js';

/** DigestInfo up to the digest itself (RFC 8017 §9.2, note 1), NULL parameters included. */
const DIGEST_INFO: Readonly<Record<DigestAlgorithm, Buffer>> = {
  sha256: Buffer.from('3031300d060960864801650304020105000420', 'hex'),
  sha384: Buffer.from('3041300d060960864801650304020205000430', 'hex'),
  sha512: Buffer.from('3051300d060960864801650304020305000440', 'hex'),
};
const NOTHING = Buffer.alloc(0);

/**
 * EMSA-PKCS1-v1_5 (RFC 8017 §9.2): 00 01 FF…FF 00 prefix digest. Where each part lies follows from the lengths alone and
 * every octet is compared; a reader that instead looks for the separator accepts forgeries with garbage behind the digest.
 */
function matchesPkcs1(message: Uint8Array, prefix: Uint8Array, digest: Uint8Array): boolean {
  const digestStart = message.length - digest.length;
  const prefixStart = digestStart - prefix.length;
  // Eight octets of filler at least (§9.2, step 3 refuses less).
  if (prefixStart < 11 || message[0] !== 0 || message[1] !== 1 || message[prefixStart - 1] !== 0) return false;
  for (let i = 2; i < prefixStart - 1; i++) if (message[i] !== 0xff) return false;
  for (let i = 0; i < prefix.length; i++) if (message[prefixStart + i] !== prefix[i]) return false;
  for (let i = 0; i < digest.length; i++) if (message[digestStart + i] !== digest[i]) return false;
  return true;
}

/** MGF1 (RFC 8017 §B.2.1) applied to `masked` in place. */
function unmask(masked: Buffer, seed: Uint8Array, algorithm: DigestAlgorithm): void {
  const input = Buffer.alloc(seed.length + 4);
  input.set(seed);
  const step = DIGEST_OCTETS[algorithm];
  for (let counter = 0, start = 0; start < masked.length; counter++, start += step) {
    input.writeUInt32BE(counter, seed.length);
    const mask = digestOf(algorithm, input);
    for (let i = 0; i < step && start + i < masked.length; i++) masked[start + i]! ^= mask[i]!;
  }
}

/** EMSA-PSS-VERIFY (RFC 8017 §9.1.2) with MGF1 over the same digest. `message` is as long as the modulus. */
export function matchesPss(
  message: Uint8Array,
  modulusBits: number,
  algorithm: DigestAlgorithm,
  digest: Uint8Array,
  saltLength: number,
): boolean {
  const emBits = modulusBits - 1;
  const emOctets = Math.ceil(emBits / 8);
  const size = DIGEST_OCTETS[algorithm];
  // A modulus of 8n+1 bits is one octet longer than the encoded message.
  if (emOctets < message.length && message[0] !== 0) return false;
  const encoded = message.subarray(message.length - emOctets);
  if (emOctets < size + saltLength + 2 || encoded[emOctets - 1] !== 0xbc) return false;
  const expected = encoded.subarray(emOctets - size - 1, emOctets - 1);
  const block = Buffer.from(encoded.subarray(0, emOctets - size - 1));
  const spareBits = 8 * emOctets - emBits;
  const topMask = 0xff >> spareBits;
  if ((block[0]! & ~topMask & 0xff) !== 0) return false;
  unmask(block, expected, algorithm);
  block[0]! &= topMask;
  const padding = block.length - saltLength - 1;
  for (let i = 0; i < padding; i++) if (block[i] !== 0) return false;
  if (block[padding] !== 1) return false;
  const salted = Buffer.concat([Buffer.alloc(8), digest, block.subarray(padding + 1)]);
  return equalBytes(digestOf(algorithm, salted), expected);
}

/**
 * RSAVP1 (RFC 8017 §5.2.2): the number a signature encodes, as long as the modulus. Undefined when the signature is not
 * exactly as long as the modulus or not below it. The key must have passed `checkKey`.
 */
function openSignature(publicKey: PublicKeyInfo, signature: Uint8Array): Buffer | undefined {
  const modulus = publicKey.rsa?.modulus;
  if (modulus === undefined || signature.length !== modulus.length || !isBelow(signature, modulus)) return undefined;
  return publicDecrypt(publicKey.keyInput(constants.RSA_NO_PADDING), signature);
}

/** Big-endian numbers of equal length. */
function isBelow(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i]! < b[i]!;
  return false;
}

function matches(message: Buffer, publicKey: PublicKeyInfo, padding: Padding, stated: Stated): boolean {
  const { digestAlgorithm, digest } = stated;
  if (padding === 'pss') {
    const saltLength = stated.saltLength ?? DIGEST_OCTETS[digestAlgorithm];
    return matchesPss(message, publicKey.rsa!.modulusBits, digestAlgorithm, digest, saltLength);
  }
  const prefix = padding === 'pkcs1_v15' ? DIGEST_INFO[digestAlgorithm] : NOTHING;
  return matchesPkcs1(message, prefix, digest);
}

interface Stated {
  digestAlgorithm: DigestAlgorithm;
  /** As long as the algorithm's output. */
  digest: Uint8Array;
  /** PSS only, octets; default the digest's length. */
  saltLength?: number;
}

export interface RawSignature extends Stated {
  publicKey: PublicKeyInfo;
  padding: Padding;
  signature: Uint8Array;
}

const PADDINGS: readonly Padding[] = ['pkcs1_v15', 'pkcs1_v15_bare', 'pss'];

/**
 * Verifies an RSA signature over a digest with the stated padding and no other (RFC 8017 §8.1.2, §8.2.2). When it fails
 * and another padding would have matched, the finding says so; it stays a failure.
 */
export function verifyRawSignature(input: RawSignature, policy: AlgorithmPolicy = DEFAULT_ALGORITHM_POLICY): Reason[] {
  const { publicKey, padding, digestAlgorithm, digest, signature } = input;
  const refused = checkKey(publicKey, policy);
  if (refused) return [refused];
  if (digest.length !== DIGEST_OCTETS[digestAlgorithm])
    return [{ code: 'signature_mismatch', operands: { detail: 'digest_length' } }];
  const message = openSignature(publicKey, signature);
  if (message === undefined) {
    const detail = signature.length === publicKey.rsa?.modulus.length ? 'signature_range' : 'signature_length';
    return [{ code: 'signature_mismatch', operands: { detail } }];
  }
  if (matches(message, publicKey, padding, input)) return [];
  const found = PADDINGS.find((other) => other !== padding && matches(message, publicKey, other, input));
  if (found) return [{ code: 'padding_mismatch', operands: { expected: padding, found } }];
  return [{ code: 'signature_mismatch' }];
}
