import { shortSerial } from '#lib/pki';
import type { ResidentCrl } from './resident-set.js';

/** Bits an entry: one serial in sixteen that is in no list looks as if it were in one. */
const BITS_AN_ENTRY = 16;
const LEAST_BITS = 10;
/** 128 megabytes. */
const MOST_BITS = 30;

/**
 * Tells of most serial numbers that no list of a hierarchy holds them, in one step instead of one a list. Serials that
 * are not below 2^32 always may be held.
 */
export class SerialFilter {
  private readonly words: Uint32Array;
  private readonly shift: number;

  constructor(lists: readonly ResidentCrl[]) {
    const entries = lists.reduce((sum, { columns }) => sum + columns.size, 0);
    const bits = Math.min(MOST_BITS, Math.max(LEAST_BITS, Math.ceil(Math.log2(BITS_AN_ENTRY * Math.max(1, entries)))));
    this.words = new Uint32Array(2 ** (bits - 5));
    this.shift = 32 - bits;
    for (const { columns } of lists)
      for (const serial of columns.data.serials) {
        const bit = this.bitOf(serial);
        this.words[bit >>> 5]! |= 1 << (bit & 31);
      }
  }

  mayHold(serial: Uint8Array): boolean {
    const short = shortSerial(serial);
    if (short < 0) return true;
    const bit = this.bitOf(short);
    return (this.words[bit >>> 5]! & (1 << (bit & 31))) !== 0;
  }

  /** Serials come one after the other; a product with an odd number near 2^32 / φ scatters them. */
  private bitOf(serial: number): number {
    return Math.imul(serial, 0x9e3779b1) >>> this.shift;
  }
}
