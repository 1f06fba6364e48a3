import { parseSignatureAlgorithm } from './algorithms.js';
import type { SignatureAlgorithm } from './algorithms.js';
import { crlTime } from './crl-time.js';
import { contextConstructed, DerReader, Malformed, TAG } from './der.js';
import { parseName } from './name.js';
import type { Name } from './name.js';

const STRUCTURE = 'crl';

/** Where an element lies that may not be wholly here yet. */
export interface ElementBounds {
  tag: number;
  content: number;
  /** May lie beyond the bytes given. */
  end: number;
}

/**
 * The bounds of the element at `at`, or undefined when its tag and length octets are not all before `to`.
 * Unlike DerReader it does not ask for the content, which of a CRL's outer layers arrives much later.
 */
export function elementAt(bytes: Uint8Array, at: number, to: number, structure: string): ElementBounds | undefined {
  if (at + 2 > to) return undefined;
  const first = bytes[at + 1]!;
  if (first < 0x80) return { tag: bytes[at]!, content: at + 2, end: at + 2 + first };
  if (first === 0x80) throw new Malformed(structure, 'indefinite_length', at);
  const octets = first & 0x7f;
  if (octets > 4) throw new Malformed(structure, 'length_too_large', at);
  const content = at + 2 + octets;
  if (content > to) return undefined;
  let length = 0;
  for (let i = at + 2; i < content; i++) length = length * 256 + bytes[i]!;
  if (length < 0x80 || (octets > 1 && length < 2 ** (8 * (octets - 1))))
    throw new Malformed(structure, 'length_not_minimal', at);
  return { tag: bytes[at]!, content, end: content + length };
}

/** Everything of a CertificateList before the first entry. Offsets are from the start of the file. */
export interface CrlHeader {
  version: 1 | 2;
  signatureAlgorithm: SignatureAlgorithm;
  issuer: Name;
  thisUpdate: number;
  nextUpdate?: number;
  tbsStart: number;
  tbsEnd: number;
  /** End of the whole CertificateList. */
  end: number;
  /** Content of revokedCertificates; equal when it is absent. */
  entriesStart: number;
  entriesEnd: number;
}

/**
 * Reads the header from the first bytes of a file, or undefined when more bytes are needed.
 * Throws Malformed as soon as what is there cannot become a CRL of at most `maxBytes`.
 */
export function readCrlHeader(bytes: Uint8Array, maxBytes: number): CrlHeader | undefined {
  const bounds = (at: number, parentEnd: number): ElementBounds | undefined => {
    const element = elementAt(bytes, at, bytes.length, STRUCTURE);
    if (element !== undefined && element.end > parentEnd) throw new Malformed(STRUCTURE, 'length_beyond_parent', at);
    return element;
  };
  const tagged = (at: number, ...tags: number[]): boolean => {
    if (at < bytes.length && !tags.includes(bytes[at]!)) throw new Malformed(STRUCTURE, 'unexpected_tag', at);
    return at < bytes.length;
  };

  tagged(0, TAG.SEQUENCE);
  const outer = bounds(0, Infinity);
  if (outer === undefined) return undefined;
  if (outer.end > maxBytes) throw new Malformed(STRUCTURE, 'too_large', 0);
  if (outer.content === outer.end) throw new Malformed(STRUCTURE, 'missing_element', outer.content);
  tagged(outer.content, TAG.SEQUENCE);
  const tbs = bounds(outer.content, outer.end);
  if (tbs === undefined) return undefined;

  // The fixed fields, each wanted whole: version (v2 only), signature, issuer, thisUpdate.
  let at = tbs.content;
  const wanted: number[][] = [[TAG.SEQUENCE], [TAG.SEQUENCE], [TAG.UTC_TIME, TAG.GENERALIZED_TIME]];
  if (at < tbs.end && bytes[at] === TAG.INTEGER) wanted.unshift([TAG.INTEGER]);
  for (const tags of wanted) {
    if (at === tbs.end) throw new Malformed(STRUCTURE, 'missing_element', at);
    if (!tagged(at, ...tags)) return undefined;
    const field = bounds(at, tbs.end);
    if (field === undefined || field.end > bytes.length) return undefined;
    at = field.end;
  }
  // nextUpdate, then the list, of which only the start is wanted.
  let list = { start: at, end: at };
  if (at < tbs.end) {
    if (!tagged(at, TAG.UTC_TIME, TAG.GENERALIZED_TIME, TAG.SEQUENCE, contextConstructed(0))) return undefined;
    if (bytes[at] === TAG.UTC_TIME || bytes[at] === TAG.GENERALIZED_TIME) {
      const field = bounds(at, tbs.end);
      if (field === undefined || field.end > bytes.length) return undefined;
      at = field.end;
      list = { start: at, end: at };
      if (at < tbs.end && !tagged(at, TAG.SEQUENCE, contextConstructed(0))) return undefined;
    }
    if (at < tbs.end && bytes[at] === TAG.SEQUENCE) {
      const entries = bounds(at, tbs.end);
      if (entries === undefined) return undefined;
      list = { start: entries.content, end: entries.end };
    }
  }
  return {
    ...readFields(bytes.slice(tbs.content, at)),
    tbsStart: outer.content,
    tbsEnd: tbs.end,
    end: outer.end,
    entriesStart: list.start,
    entriesEnd: list.end,
  };
}

function readFields(bytes: Uint8Array) {
  const reader = new DerReader(bytes, STRUCTURE);
  let version: 1 | 2 = 1;
  if (reader.peek() === TAG.INTEGER) {
    // RFC 5280 §5.1.2.1: when present it is v2.
    if (reader.smallInteger() !== 1) reader.fail('bad_version', reader.elementStart);
    version = 2;
  }
  const signatureAlgorithm = parseSignatureAlgorithm(reader);
  const issuer = parseName(reader);
  const thisUpdate = crlTime(reader);
  const nextUpdate = reader.atEnd ? undefined : crlTime(reader);
  reader.finish();
  return { version, signatureAlgorithm, issuer, thisUpdate, ...(nextUpdate === undefined ? {} : { nextUpdate }) };
}
