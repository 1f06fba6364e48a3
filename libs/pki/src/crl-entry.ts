import { DerReader, Malformed, parseTime, TAG } from './der.js';
import { UsualEntries } from './crl-entry-usual.js';
import { crlTime, utcTimeSeconds } from './crl-time.js';
import { elementAt } from './crl-header.js';
import { longRow, SERIAL_MAX_OCTETS, shortSerial } from './revocation-columns.js';
import type { RevocationColumnsBuilder } from './revocation-columns-builder.js';
import { CRL_REASONS } from './verdict.js';

/** What the entries contain besides serial, time and reason. */
export interface CrlEntryFlags {
  /** The first critical entry extension that is none of reasonCode, invalidityDate, certificateIssuer. */
  unknownCriticalEntryExtension?: string;
  /** An entry names another certificate issuer: an indirect CRL (RFC 5280 §5.3.3). */
  certificateIssuerSeen: boolean;
  /** An entry says removeFromCRL, which only a delta CRL may (RFC 5280 §5.3.1). */
  removeFromCrlSeen: boolean;
}

export interface CrlEntryLimits {
  maxEntries: number;
  /** Octets of one entry. */
  maxEntryBytes: number;
}

const STRUCTURE = 'crl.entry';
const MAX_ENTRY_EXTENSIONS = 8;
const REASON_CODE = '2.5.29.21';
const INVALIDITY_DATE = '2.5.29.24';
const CERTIFICATE_ISSUER = '2.5.29.29';
const REMOVE_FROM_CRL = 8;
/** Revocation times are kept as unsigned 32-bit seconds: 1970 to 2106. */
const MAX_SECONDS = 0xffff_ffff;

const UTC_TIME_OCTETS = 15;
const REASON_OCTETS = 14;

/** Reads revokedCertificates entry by entry into a builder. */
export class CrlEntryScanner {
  readonly flags: CrlEntryFlags = { certificateIssuerSeen: false, removeFromCrlSeen: false };

  constructor(
    private readonly builder: RevocationColumnsBuilder,
    private readonly version: 1 | 2,
    private readonly limits: CrlEntryLimits,
  ) {}

  /**
   * Reads the whole entries between `from` and `to` and returns the offset after the last one.
   * @param closed `to` is the end of the list, so that an entry passing it is wrong rather than not yet here
   */
  scan(bytes: Uint8Array, from: number, to: number, closed: boolean): number {
    const { builder, limits } = this;
    const reasonsAllowed = this.version === 2;
    const usual = new UsualEntries(bytes, builder, reasonsAllowed);
    let at = from;
    while (at < to) {
      at = usual.scan(at, to, limits.maxEntries - builder.size);
      if (at === to) break;
      const end = this.entryEnd(bytes, at, to, closed);
      if (end < 0) break;
      if (builder.size === limits.maxEntries) throw new Malformed(STRUCTURE, 'too_many_entries', at);
      // Serials of other lengths below 2^32.
      const serialLength = bytes[at + 3]!;
      const time = at + 4 + serialLength;
      const rest = end - time - UTC_TIME_OCTETS;
      if (
        bytes[at + 1]! < 0x80 &&
        (rest === 0 || (rest === REASON_OCTETS && reasonsAllowed && isReasonExtension(bytes, end))) &&
        bytes[at + 2] === TAG.INTEGER &&
        bytes[time] === TAG.UTC_TIME &&
        bytes[time + 1] === UTC_TIME_OCTETS - 2
      ) {
        const serial = shortSerialAt(bytes, at + 4, serialLength);
        const seconds = utcTimeSeconds(bytes, time + 2);
        const reason = rest === 0 ? 0 : bytes[end - 1]!;
        if (serial >= 0 && seconds >= 0 && reason <= 6) {
          builder.append(serial, seconds, reason);
          at = end;
          continue;
        }
      }
      this.readEntry(bytes, at, end);
      at = end;
    }
    return at;
  }

  /** End of the entry at `at`, or -1 when it is not all there yet. */
  private entryEnd(bytes: Uint8Array, at: number, to: number, closed: boolean): number {
    if (bytes[at] !== TAG.SEQUENCE) throw new Malformed(STRUCTURE, 'unexpected_tag', at);
    let end: number;
    if (at + 1 < to && bytes[at + 1]! < 0x80) end = at + 2 + bytes[at + 1]!;
    else {
      const element = elementAt(bytes, at, to, STRUCTURE);
      if (element === undefined) {
        if (closed) throw new Malformed(STRUCTURE, 'length_beyond_parent', at);
        return -1;
      }
      end = element.end;
    }
    if (end - at > this.limits.maxEntryBytes) throw new Malformed(STRUCTURE, 'entry_too_large', at);
    if (end <= to) return end;
    if (closed) throw new Malformed(STRUCTURE, 'length_beyond_parent', at);
    return -1;
  }

  /** Any entry RFC 5280 §5.1.2.6 allows, with every check. */
  private readEntry(bytes: Uint8Array, start: number, end: number): void {
    const list = new DerReader(bytes, STRUCTURE, start, end);
    const entry = list.enter(TAG.SEQUENCE);
    const serial = entry.integer(SERIAL_MAX_OCTETS);
    const seconds = crlTime(entry) / 1000;
    if (seconds < 0 || seconds > MAX_SECONDS) entry.fail('time_out_of_range', entry.elementStart);
    let reason = 0;
    if (!entry.atEnd) {
      if (this.version === 1) entry.fail('extensions_in_v1');
      const extensions = entry.enter(TAG.SEQUENCE);
      entry.finish();
      reason = this.readExtensions(extensions);
    }
    const short = shortSerial(serial);
    if (short >= 0) this.builder.append(short, seconds, reason);
    else this.builder.appendLong(longRow(serial), seconds, reason);
  }

  /** Entry extensions (RFC 5280 §5.3); returns the CRLReason code point, 0 when there is none. */
  private readExtensions(extensions: DerReader): number {
    if (extensions.atEnd) extensions.fail('empty_extensions');
    const seen = new Set<string>();
    let reason = 0;
    while (!extensions.atEnd) {
      const extension = extensions.enter(TAG.SEQUENCE);
      const oid = extension.oid();
      if (seen.has(oid)) extension.fail('duplicate_extension');
      if (seen.add(oid).size > MAX_ENTRY_EXTENSIONS) extension.fail('too_many_extensions');
      const critical = extension.peek() === TAG.BOOLEAN;
      if (critical && !extension.boolean()) extension.fail('default_encoded', extension.elementStart);
      const value = extension.enter(TAG.OCTET_STRING);
      extension.finish();
      if (oid === REASON_CODE) {
        reason = value.smallInteger(TAG.ENUMERATED);
        value.finish();
        if (CRL_REASONS[reason] === undefined) value.fail('bad_reason', value.elementStart);
        if (reason === REMOVE_FROM_CRL) this.flags.removeFromCrlSeen = true;
      } else if (oid === INVALIDITY_DATE) {
        value.expect(TAG.GENERALIZED_TIME);
        parseTime(value.bytes, value.contentStart, value.offset, TAG.GENERALIZED_TIME, STRUCTURE);
        value.finish();
      } else if (oid === CERTIFICATE_ISSUER) this.flags.certificateIssuerSeen = true;
      else if (critical) this.flags.unknownCriticalEntryExtension ??= oid;
    }
    return reason;
  }
}

/**
 * Whether the last 14 octets before `end` are SEQUENCE { SEQUENCE { 2.5.29.21, OCTET STRING { ENUMERATED } } }, all but
 * the code itself. Written out because a loop over a table took a fifth of the whole scan.
 */
function isReasonExtension(bytes: Uint8Array, end: number): boolean {
  return (
    bytes[end - 14] === 0x30 &&
    bytes[end - 13] === 0x0c &&
    bytes[end - 12] === 0x30 &&
    bytes[end - 11] === 0x0a &&
    bytes[end - 10] === 0x06 &&
    bytes[end - 9] === 0x03 &&
    bytes[end - 8] === 0x55 &&
    bytes[end - 7] === 0x1d &&
    bytes[end - 6] === 0x15 &&
    bytes[end - 5] === 0x04 &&
    bytes[end - 4] === 0x03 &&
    bytes[end - 3] === 0x0a &&
    bytes[end - 2] === 0x01
  );
}

/** Minimal non-negative INTEGER content below 2^32, or -1 for whatever the general reader has to look at. */
function shortSerialAt(bytes: Uint8Array, at: number, length: number): number {
  const first = bytes[at]!;
  if (length === 4 && first < 0x80 && (first !== 0 || bytes[at + 1]! >= 0x80))
    return ((first << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
  if (length < 1 || length > 5 || first >= 0x80 || (length === 5 && first !== 0)) return -1;
  if (length > 1 && first === 0 && bytes[at + 1]! < 0x80) return -1;
  let value = 0;
  for (let i = at; i < at + length; i++) value = value * 256 + bytes[i]!;
  return value;
}
