import { hash } from 'node:crypto';
import type { TenantKey } from './crypto-box.js';

/** Of SHA-256, octets (FIPS 180-4). */
const BLOCK = 64;
const DIGEST = 32;
/** RFC 2104 §2. */
const INNER_PAD = 0x36;
const OUTER_PAD = 0x5c;

/**
 * Makes `keyedHash` of many short values under one key: setting an HMAC up takes OpenSSL several times as long as the four
 * blocks of a serial number. SHA-256 is OpenSSL's; the two calls of HMAC (RFC 2104 §2) are made here.
 */
export class KeyedHasher {
  private readonly outer = Buffer.alloc(BLOCK + DIGEST);
  private inner = Buffer.alloc(4 * BLOCK);

  constructor(key: TenantKey) {
    const octets = key.lookup.export();
    if (octets.length > BLOCK) throw new Error('a longer key would have to be hashed first');
    octets.copy(this.inner);
    octets.copy(this.outer);
    octets.fill(0);
    for (let n = 0; n < BLOCK; n++) {
      this.inner[n]! ^= INNER_PAD;
      this.outer[n]! ^= OUTER_PAD;
    }
  }

  /** Puts the hash of a text into the 32 octets from `at`. */
  put(value: string, into: Buffer, at: number): void {
    const longest = BLOCK + 3 * value.length;
    if (longest > this.inner.length) this.inner = Buffer.concat([this.inner.subarray(0, BLOCK)], 2 * longest);
    const end = BLOCK + this.inner.write(value, BLOCK);
    // Strings of one octet a character: a buffer takes longer to make than what it holds.
    this.outer.write(hash('sha256', this.inner.subarray(0, end), 'binary'), BLOCK, 'binary');
    into.write(hash('sha256', this.outer, 'binary'), at, 'binary');
  }
}
