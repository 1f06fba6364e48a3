import { createCipheriv, type KeyObject } from 'node:crypto';
import { copyOctets } from './copy-octets.js';
import { BOX_LAYOUT, open } from './crypto-box.js';

const BLOCK = 16;
/** Longer ones are opened by OpenSSL alone; the authentication of more octets takes longer here than there. */
const SHORT_OCTETS = 64;

/** From `start` up to `end` lies a sealed value. */
export interface SealedPlace {
  start: number;
  end: number;
}

/**
 * Opens many short values sealed by `seal` under one key, thousands in one go: setting a cipher up takes OpenSSL ten times
 * as long as the few blocks of a serial number. AES is OpenSSL's, over the counter blocks of all values at once; what is
 * left of GCM is done here (NIST SP 800-38D, §6.4 GHASH, §7.2 authenticated decryption).
 */
export class BoxOpener {
  /** What each octet at each of 16 places of a block adds to the product of the block and the hash subkey: 4 words each. */
  private readonly products: Uint32Array;
  private readonly state = new Uint32Array(4);
  private readonly context: Buffer;
  /** What GHASH has come to after the whole blocks of the beginning, and how many octets they are. */
  private readonly begun: Uint32Array;
  private readonly begunOctets: number;

  /**
   * @param beginning with which the context of every value begins
   * @param endOctets length of what comes after it
   */
  constructor(
    private readonly key: KeyObject,
    private readonly beginning: Uint8Array,
    endOctets: number,
  ) {
    this.products = productsOf(this.encrypt(Buffer.alloc(BLOCK)));
    this.context = Buffer.concat([beginning], beginning.length + endOctets);
    this.begunOctets = beginning.length - (beginning.length % BLOCK);
    this.absorb(this.context, 0, this.begunOctets);
    this.begun = this.state.slice();
  }

  /**
   * Opens values where they lie: the plaintext of each comes to stand where its ciphertext stood, see `plaintextOf`.
   * @param putEnd puts the end of the context of the value at a place where it says
   * @throws Error as `open`, when any of them does not open; then none of them is to be used
   */
  open(
    octets: Buffer,
    places: readonly SealedPlace[],
    putEnd: (index: number, context: Buffer, at: number) => void,
  ): void {
    const blocks = places.map(({ start, end }) => this.blocksOf(octets, start, end));
    const counters = Buffer.alloc(BLOCK * blocks.reduce((sum, each) => sum + each, 0));
    let at = 0;
    for (const [index, { start }] of places.entries())
      for (let block = 1; block <= blocks[index]!; block++, at += BLOCK) {
        copyOctets(octets, start + BOX_LAYOUT.iv, start + BOX_LAYOUT.ciphertext, counters, at);
        counters[at + BLOCK - 1] = block;
      }
    const stream = this.encrypt(counters);
    at = 0;
    for (const [index, { start, end }] of places.entries()) {
      const from = start + BOX_LAYOUT.ciphertext;
      const until = end - BOX_LAYOUT.tag;
      putEnd(index, this.context, this.beginning.length);
      if (blocks[index] === 0) open(this.key, octets.subarray(start, end), this.context).copy(octets, from);
      else {
        const tag = this.hash(octets, from, until);
        let difference = 0;
        for (let n = 0; n < BLOCK; n++)
          difference |= octets[until + n]! ^ stream[at + n]! ^ ((tag[n >> 2]! >>> (24 - 8 * (n & 3))) & 0xff);
        if (difference !== 0) throw new Error('sealed value does not open');
        at += BLOCK;
        for (let n = from; n < until; n++) octets[n]! ^= stream[at + n - from]!;
        at += BLOCK * (blocks[index]! - 1);
      }
    }
  }

  /** Counter blocks of a value: the first masks the tag. None: it is long. */
  private blocksOf(octets: Buffer, start: number, end: number): number {
    const length = end - start - BOX_LAYOUT.ciphertext - BOX_LAYOUT.tag;
    if (length < 0 || octets[start] !== BOX_LAYOUT.version) throw new Error('sealed value has an unknown form');
    return length > SHORT_OCTETS ? 0 : 1 + Math.ceil(length / BLOCK);
  }

  private encrypt(blocks: Buffer): Buffer {
    return createCipheriv('aes-256-ecb', this.key, null).setAutoPadding(false).update(blocks);
  }

  /** GHASH over the context, the ciphertext and both lengths, in bits. */
  private hash(octets: Buffer, from: number, until: number): Uint32Array {
    const { context } = this;
    this.state.set(this.begun);
    this.absorb(context, this.begunOctets, context.length);
    this.absorb(octets, from, until);
    this.state[1]! ^= 8 * context.length;
    this.state[3]! ^= 8 * (until - from);
    this.multiply();
    return this.state;
  }

  /** The last block is filled up with zeros. */
  private absorb(octets: Uint8Array, from: number, until: number): void {
    const { state } = this;
    for (let at = from; at < until; at += BLOCK) {
      const end = Math.min(BLOCK, until - at);
      for (let n = 0; n < end; n++) state[n >> 2]! ^= octets[at + n]! << (24 - 8 * (n & 3));
      this.multiply();
    }
  }

  private multiply(): void {
    const { products, state } = this;
    let [a, b, c, d] = [0, 0, 0, 0];
    for (let n = 0; n < BLOCK; n++) {
      const at = ((n << 8) | ((state[n >> 2]! >>> (24 - 8 * (n & 3))) & 0xff)) << 2;
      a ^= products[at]!;
      b ^= products[at + 1]!;
      c ^= products[at + 2]!;
      d ^= products[at + 3]!;
    }
    state[0] = a;
    state[1] = b;
    state[2] = c;
    state[3] = d;
  }
}

/** Where the plaintext of an opened value stands. */
export const plaintextOf = ({ start, end }: SealedPlace): SealedPlace => ({
  start: start + BOX_LAYOUT.ciphertext,
  end: end - BOX_LAYOUT.tag,
});

/** @param subkey H of §6.4, the encryption of zeros */
function productsOf(subkey: Buffer): Uint32Array {
  const products = new Uint32Array(BLOCK * 256 * 4);
  let [a, b, c, d] = [0, 4, 8, 12].map((at) => subkey.readUInt32BE(at)) as [number, number, number, number];
  for (let place = 0; place < BLOCK; place++)
    for (let bit = 0x80; bit > 0; bit >>= 1) {
      for (let octet = 0; octet < 256; octet++)
        if (octet & bit)
          for (const [word, value] of [a, b, c, d].entries()) products[(((place << 8) | octet) << 2) | word]! ^= value;
      // Times x: the bits of a block stand from the highest of its first octet on; R of §6.3 is 11100001 and zeros.
      const carry = d & 1 ? 0xe100_0000 : 0;
      [a, b, c, d] = [(a >>> 1) ^ carry, (b >>> 1) | (a << 31), (c >>> 1) | (b << 31), (d >>> 1) | (c << 31)];
    }
  return products;
}
