import { utcWordsSeconds } from './crl-time.js';
import type { RevocationColumnsBuilder } from './revocation-columns-builder.js';

/** Octets of an entry with a four-octet serial and a UTCTime; with a reason code as its one extension. */
const BARE_OCTETS = 23;
const REASON_OCTETS = 37;
/** The largest code point a complete list uses; others have rules of their own. */
const MAX_REASON = 6;

/**
 * The shape that nearly all entries of a national list have, compared word by word: SEQUENCE, INTEGER of four octets,
 * UTCTime, and nothing or `SEQUENCE { SEQUENCE { 2.5.29.21, OCTET STRING { ENUMERATED } } }`. Anything else is left to
 * the general reader, faults included.
 */
export class UsualEntries {
  private readonly view: DataView;

  constructor(
    private readonly bytes: Uint8Array,
    private readonly builder: RevocationColumnsBuilder,
    private readonly reasonsAllowed: boolean,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** Reads at most `room` entries of the usual shape and returns the offset after the last one. */
  scan(from: number, to: number, room: number): number {
    const { view, bytes, builder } = this;
    let at = from;
    for (let left = room; left > 0 && at + BARE_OCTETS <= to; left--) {
      const length = bytes[at + 1]! + 2;
      if (length !== BARE_OCTETS && (length !== REASON_OCTETS || at + REASON_OCTETS > to)) break;
      // Tag of the entry, its length passed over, tag and length of the serial.
      if ((view.getInt32(at) & 0xff00ffff) !== 0x30000204) break;
      // A signed comparison: below are negative serials and those that fewer octets would hold.
      const serial = view.getInt32(at + 4);
      if (serial < 0x0080_0000 || view.getUint16(at + 8) !== 0x170d || bytes[at + 22] !== 0x5a) break;
      const seconds = utcWordsSeconds(view.getInt32(at + 10), view.getInt32(at + 14), view.getInt32(at + 18));
      if (seconds < 0) break;
      let reason = 0;
      if (length === REASON_OCTETS) {
        reason = bytes[at + 36]!;
        if (!this.reasonsAllowed || !this.isReason(at + BARE_OCTETS) || reason > MAX_REASON) break;
      }
      builder.append(serial, seconds, reason);
      at += length;
    }
    return at;
  }

  /** All of the reason extension but the code itself. */
  private isReason(at: number): boolean {
    const { view } = this;
    return (
      view.getInt32(at) === 0x300c300a &&
      view.getInt32(at + 4) === 0x0603551d &&
      view.getInt32(at + 8) === 0x1504030a &&
      this.bytes[at + 12] === 0x01
    );
  }
}
