import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { parseSignatureAlgorithm } from './algorithms.js';
import type { SignatureAlgorithm } from './algorithms.js';
import { CrlEntryScanner } from './crl-entry.js';
import type { CrlEntryFlags, CrlEntryLimits } from './crl-entry.js';
import { readCrlExtensions } from './crl-extensions.js';
import type { CrlExtensions } from './crl-extensions.js';
import { readCrlHeader } from './crl-header.js';
import type { CrlHeader } from './crl-header.js';
import { contextConstructed, DerReader, equalBytes, Malformed } from './der.js';
import type { Name } from './name.js';
import type { RevocationColumns } from './revocation-columns.js';
import { RevocationColumnsBuilder } from './revocation-columns-builder.js';

export interface CrlLimits extends CrlEntryLimits {
  /** Octets of the whole file. */
  maxBytes: number;
  /** Octets before the first entry. */
  maxHeaderBytes: number;
  /** Octets after the last entry: extensions, algorithm, signature. */
  maxTailBytes: number;
}

/**
 * Room for a CRL of every JPKI certificate ever revoked in one file (about 30 M entries of 37 octets), and for
 * extensions far above what is seen.
 */
export const CRL_LIMITS: Readonly<CrlLimits> = {
  maxBytes: 2 ** 31 - 1,
  maxEntries: 50_000_000,
  maxHeaderBytes: 16_384,
  maxEntryBytes: 4_096,
  maxTailBytes: 65_536,
};

/** A whole CertificateList (RFC 5280 §5.1), not yet judged: see `checkCrl`. Times in milliseconds. */
export interface Crl extends CrlExtensions {
  version: 1 | 2;
  issuer: Name;
  thisUpdate: number;
  /** RFC 5280 §5.1.2.5 requires it; older forms omit it. */
  nextUpdate?: number;
  entries: RevocationColumns;
  entryFlags: CrlEntryFlags;
  signatureAlgorithm: SignatureAlgorithm;
  signature: Uint8Array;
  /** tbsCertList; present when the whole file was in memory. Signatures other than RSA cannot be verified by digest. */
  tbs?: Uint8Array;
  /** Digest of tbsCertList by the digest of `signatureAlgorithm`; absent when that is none we accept. */
  tbsDigest?: Uint8Array;
  /** Hex, over all octets of the file. */
  fileSha256: string;
  /** Octets of the file. */
  bytes: number;
}

/** Small enough to stay in the processor's cache, large enough that moving a cut entry to the front costs nothing. */
const WINDOW_OCTETS = 262_144;
const STRUCTURE = 'crl';

/**
 * Reads a DER CRL that arrives in pieces, in one pass: entries go into columns, the signed part into its digest.
 * Holds one window of the file, never the file. After Malformed the reader throws the same again.
 */
export class CrlReader {
  private readonly limits: CrlLimits;
  private readonly window: Uint8Array;
  /** Octets in the window; `cursor` of them are read. */
  private filled = 0;
  private cursor = 0;
  /** Offset of the window's first octet in the file. */
  private base = 0;
  private readonly fileHash: Hash = createHash('sha256');
  private tbsHash: Hash | undefined;
  /** Offset in the file up to which tbsHash has seen. */
  private hashed = 0;
  private header: CrlHeader | undefined;
  private readonly builder = new RevocationColumnsBuilder();
  private scanner: CrlEntryScanner | undefined;
  private tail: { extensions: CrlExtensions; signature: Uint8Array } | undefined;
  private broken: Malformed | undefined;

  constructor(limits: Partial<CrlLimits> = {}) {
    this.limits = { ...CRL_LIMITS, ...limits };
    const { maxHeaderBytes, maxEntryBytes, maxTailBytes } = this.limits;
    this.window = new Uint8Array(Math.max(WINDOW_OCTETS, maxHeaderBytes, maxEntryBytes, maxTailBytes));
  }

  /** Takes the next octets; `chunk` may be reused afterwards. Throws Malformed as soon as the list is wrong. */
  push(chunk: Uint8Array): void {
    this.guarded(() => {
      if (this.base + this.filled + chunk.length > this.limits.maxBytes) this.fail('too_large');
      this.fileHash.update(chunk);
      for (let taken = 0; taken < chunk.length;) {
        const count = Math.min(chunk.length - taken, this.window.length - this.filled);
        this.window.set(chunk.subarray(taken, taken + count), this.filled);
        this.filled += count;
        taken += count;
        this.advance();
      }
    });
  }

  /**
   * The list, when all of it has come. Throws Malformed when it is cut off. Call once.
   * @param file the octets pushed, when the caller has them all
   */
  end(file?: Uint8Array): Crl {
    return this.guarded(() => {
      const { header, tail, scanner, tbsHash } = this;
      if (header === undefined || tail === undefined || scanner === undefined) return this.fail('truncated');
      if (scanner.flags.removeFromCrlSeen && tail.extensions.deltaBase === undefined)
        this.fail('remove_from_crl_in_full_list');
      const { version, issuer, thisUpdate, nextUpdate, signatureAlgorithm } = header;
      return {
        version,
        issuer,
        thisUpdate,
        ...(nextUpdate === undefined ? {} : { nextUpdate }),
        ...tail.extensions,
        entries: this.builder.build(STRUCTURE),
        entryFlags: scanner.flags,
        signatureAlgorithm,
        signature: tail.signature,
        ...(file === undefined ? {} : { tbs: file.subarray(header.tbsStart, header.tbsEnd) }),
        ...(tbsHash === undefined ? {} : { tbsDigest: tbsHash.digest() }),
        fileSha256: this.fileHash.digest('hex'),
        bytes: header.end,
      };
    });
  }

  private fail(rule: string): never {
    throw new Malformed(STRUCTURE, rule, this.base + this.cursor);
  }

  private guarded<T>(work: () => T): T {
    if (this.broken !== undefined) throw this.broken;
    try {
      return work();
    } catch (error) {
      if (error instanceof Malformed) this.broken = error;
      throw error;
    }
  }

  /** Reads what the window allows and moves the rest to its front. */
  private advance(): void {
    this.readHeader();
    const { header, scanner } = this;
    if (header === undefined || scanner === undefined) return;
    const entriesEnd = header.entriesEnd - this.base;
    if (this.cursor < entriesEnd) {
      const to = Math.min(this.filled, entriesEnd);
      this.cursor = scanner.scan(this.window, this.cursor, to, to === entriesEnd);
    }
    if (this.cursor === entriesEnd && this.tail === undefined) this.readTail(header);
    if (this.tail !== undefined && this.base + this.filled > header.end) this.fail('trailing_bytes');
    this.digestRead(header);
    this.window.copyWithin(0, this.cursor, this.filled);
    this.base += this.cursor;
    this.filled -= this.cursor;
    this.cursor = 0;
  }

  private readHeader(): void {
    if (this.header !== undefined) return;
    const { maxBytes, maxHeaderBytes } = this.limits;
    const header = readCrlHeader(this.window.subarray(0, Math.min(this.filled, maxHeaderBytes)), maxBytes);
    if (header === undefined) {
      if (this.filled >= maxHeaderBytes) this.fail('header_too_large');
      return;
    }
    if (header.end - header.entriesEnd > this.limits.maxTailBytes) this.fail('tail_too_large');
    this.header = header;
    this.cursor = header.entriesStart;
    this.hashed = header.tbsStart;
    const { digest } = header.signatureAlgorithm;
    if (digest !== undefined) this.tbsHash = createHash(digest);
    this.scanner = new CrlEntryScanner(this.builder, header.version, this.limits);
  }

  /** Everything after the entries, read when all of it is here. */
  private readTail(header: CrlHeader): void {
    const end = header.end - this.base;
    if (this.filled < end) return;
    const bytes = this.window.slice(this.cursor, end);
    const tbsEnd = header.tbsEnd - header.entriesEnd;
    const tbs = new DerReader(bytes, STRUCTURE, 0, tbsEnd);
    let extensions: CrlExtensions = { unknownCritical: [] };
    if (!tbs.atEnd) {
      // RFC 5280 §5.1.2.7: extensions appear only in version 2.
      if (header.version === 1) tbs.fail('extensions_in_v1');
      const wrapped = tbs.enter(contextConstructed(0));
      tbs.finish();
      extensions = readCrlExtensions(wrapped, header.issuer);
      wrapped.finish();
    }
    const outer = new DerReader(bytes, STRUCTURE, tbsEnd);
    const algorithm = parseSignatureAlgorithm(outer);
    // RFC 5280 §5.1.1.2: the unsigned copy must say what the signed one says.
    if (!equalBytes(algorithm.der, header.signatureAlgorithm.der)) outer.fail('algorithm_mismatch', tbsEnd);
    const signature = outer.bitStringOctets();
    outer.finish();
    this.tail = { extensions, signature };
    this.cursor = end;
  }

  private digestRead(header: CrlHeader): void {
    const from = this.hashed;
    const to = Math.min(this.base + this.cursor, header.tbsEnd);
    if (from >= to) return;
    this.tbsHash?.update(this.window.subarray(from - this.base, to - this.base));
    this.hashed = to;
  }
}

/** Reads a DER CRL that is wholly in memory. */
export function readCrl(der: Uint8Array, limits: Partial<CrlLimits> = {}): Crl {
  const reader = new CrlReader(limits);
  reader.push(der);
  return reader.end(der);
}
