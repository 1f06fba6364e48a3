import { createHash, randomBytes } from 'node:crypto';
import { nullValue, octetString, oid, sequence } from './der-writer.js';
import { OID } from './oids.js';

/** sha1 exists so that a verifier's refusal can be tried. */
export const DIGESTS = ['sha256', 'sha384', 'sha512', 'sha1'] as const;
export type Digest = (typeof DIGESTS)[number];
export const DIGEST_OCTETS: Record<Digest, number> = { sha1: 20, sha256: 32, sha384: 48, sha512: 64 };

/** AlgorithmIdentifier with NULL parameters. */
export const digestAlgorithm = (digest: Digest): Buffer => sequence(oid(OID[digest]), nullValue());

export const hash = (digest: Digest, ...parts: Uint8Array[]): Buffer => {
  const state = createHash(digest);
  for (const part of parts) state.update(part);
  return state.digest();
};

/** DigestInfo (RFC 8017 §9.2 step 2). */
export const digestInfo = (digest: Digest, value: Uint8Array): Buffer =>
  sequence(digestAlgorithm(digest), octetString(value));

/** MGF1 (RFC 8017 appendix B.2.1). */
function mgf1(digest: Digest, seed: Uint8Array, length: number): Buffer {
  const blocks: Buffer[] = [];
  for (let counter = 0; counter * DIGEST_OCTETS[digest] < length; counter++) {
    const counterOctets = Buffer.alloc(4);
    counterOctets.writeUInt32BE(counter);
    blocks.push(hash(digest, seed, counterOctets));
  }
  return Buffer.concat(blocks).subarray(0, length);
}

/**
 * EMSA-PSS (RFC 8017 §9.1.1) of a message digest for a modulus of `modulusOctets` with its top bit set; salt as long
 * as the digest, MGF1 with the same digest. node:crypto signs messages only, a card is given the digest.
 */
export function pssEncoded(digest: Digest, value: Uint8Array, modulusOctets: number): Buffer {
  const length = DIGEST_OCTETS[digest];
  const salt = randomBytes(length);
  const h = hash(digest, Buffer.alloc(8), value, salt);
  const db = Buffer.concat([Buffer.alloc(modulusOctets - 2 * length - 2), Buffer.from([1]), salt]);
  const mask = mgf1(digest, h, db.length);
  for (let i = 0; i < db.length; i++) db[i]! ^= mask[i]!;
  // emBits is one less than the modulus bits: the top bit of the encoded message stays clear.
  db[0]! &= 0x7f;
  return Buffer.concat([db, h, Buffer.from([0xbc])]);
}

/** EMSA-PSS verification (RFC 8017 §9.1.2) with a salt as long as the digest; `encoded` has the modulus' octets. */
export function isPssOf(digest: Digest, value: Uint8Array, encoded: Uint8Array): boolean {
  const length = DIGEST_OCTETS[digest];
  const separator = encoded.length - 2 * length - 2;
  if (separator < 0 || encoded.at(-1) !== 0xbc || encoded[0]! > 0x7f) return false;
  const db = Buffer.from(encoded.subarray(0, encoded.length - length - 1));
  const h = encoded.subarray(db.length, -1);
  const mask = mgf1(digest, h, db.length);
  for (let i = 0; i < db.length; i++) db[i]! ^= mask[i]!;
  db[0]! &= 0x7f;
  const padded = db.subarray(0, separator).every((octet) => octet === 0);
  return padded && db[separator] === 1 && hash(digest, Buffer.alloc(8), value, db.subarray(separator + 1)).equals(h);
}
