import { DerReader, equalBytes, TAG } from './der.js';
import { readOid } from './known-oid.js';
import { decodeUtf8, isAsciiText, isUtf8Text } from './text.js';

export const NAME_LIMITS = { attributes: 64 } as const;

/** An AttributeTypeAndValue; a value of no decodable string type is `#` and the hex of its DER. */
export interface NameAttribute {
  oid: string;
  value: string;
}

interface DecodedAttribute extends NameAttribute {
  /** False for values that can only be compared byte by byte. */
  text: boolean;
}

/**
 * Text of the element just read. TeletexString is T.61 in the standard and Latin-1 in practice, so like every unlisted
 * type it has no certain decoding and only equals itself (RFC 5280 §7.1 asks no more).
 */
function decodeText(tag: number, content: Uint8Array): string | undefined {
  if (tag === TAG.UTF8_STRING || tag === TAG.PRINTABLE_STRING || tag === TAG.IA5_STRING) return decodeUtf8(content);
  if (tag === TAG.BMP_STRING) return Buffer.from(content).swap16().toString('utf16le');
  return undefined;
}

function checkText(reader: DerReader, tag: number): void {
  const { bytes, contentStart, offset } = reader;
  if (tag === TAG.UTF8_STRING) {
    if (!isUtf8Text(bytes, contentStart, offset)) reader.fail('bad_utf8', reader.elementStart);
  } else if (tag === TAG.PRINTABLE_STRING || tag === TAG.IA5_STRING) {
    if (!isAsciiText(bytes, contentStart, offset)) reader.fail('bad_string', reader.elementStart);
  } else if (tag === TAG.BMP_STRING && (offset - contentStart) % 2 !== 0)
    reader.fail('bad_string', reader.elementStart);
}

/**
 * Checks the attributes of an RDNSequence or, with `visit`, decodes them. The first pass is all a certificate pays, three
 * times over, so it descends by moving one cursor back and compares ends instead of making a reader for every level.
 */
function walk(reader: DerReader, visit?: (attribute: DecodedAttribute, rdn: number) => void): void {
  let count = 0;
  for (let rdn = 0; !reader.atEnd; rdn++) {
    reader.expect(TAG.SET);
    const setEnd = reader.offset;
    reader.offset = reader.contentStart;
    if (reader.offset === setEnd) reader.fail('empty_rdn');
    while (reader.offset < setEnd) {
      if (++count > NAME_LIMITS.attributes) reader.fail('too_many_attributes');
      reader.expect(TAG.SEQUENCE);
      const pairEnd = reader.offset;
      if (pairEnd > setEnd) reader.fail('truncated', reader.elementStart);
      reader.offset = reader.contentStart;
      const oid = readOid(reader);
      const tag = reader.next();
      if (reader.offset !== pairEnd) reader.fail(reader.offset < pairEnd ? 'trailing_bytes' : 'truncated');
      if (visit === undefined) {
        checkText(reader, tag);
        continue;
      }
      const text = decodeText(tag, reader.content);
      const value = text ?? `#${Buffer.from(reader.element).toString('hex')}`;
      visit({ oid, value, text: text !== undefined }, rdn);
    }
  }
}

/** Mapped to a space by RFC 4518 §2.2. */
const LINE_CONTROLS = /[\t-\r\u0085]/gu;
/** Mapped to nothing by RFC 4518 §2.2: controls, joiners, soft hyphens, variation selectors, object replacement. */
const IGNORABLE = /[\p{Cc}\p{Cf}\p{Variation_Selector}\u034f\ufffc]/gu;

/** The comparison form of one value (RFC 5280 §7.1, RFC 4518 §2): mapped, folded, outer and repeated spaces dropped. */
export function prepareText(value: string): string {
  const mapped = value.replace(LINE_CONTROLS, ' ').replace(IGNORABLE, '');
  const folded = mapped.normalize('NFKC').toLowerCase().normalize('NFKC');
  return folded.replace(/\s+/gu, ' ').trim();
}

/** An X.501 Name: a view on its DER, decoded only when it is shown or compared with one that is encoded differently. */
export class Name {
  #decoded: DecodedAttribute[][] | undefined;
  #canonical: string | undefined;

  constructor(
    /** The whole RDNSequence. */
    readonly der: Uint8Array,
  ) {}

  /** Attributes by RDN, in the order of the encoding. */
  get rdns(): readonly (readonly NameAttribute[])[] {
    return this.#read();
  }

  /** All attributes in the order of the encoding. */
  get attributes(): readonly NameAttribute[] {
    return this.#read().flat();
  }

  /**
   * The comparison form of RFC 5280 §7.1: two names match exactly when these strings are equal. Each value carries its
   * length, so no value can imitate the boundary of another; attributes of one RDN are a set and are sorted.
   */
  get canonical(): string {
    this.#canonical ??= this.#read()
      .map((rdn) => `[${rdn.map(canonicalAttribute).sort().join('')}]`)
      .join('');
    return this.#canonical;
  }

  #read(): DecodedAttribute[][] {
    if (this.#decoded === undefined) {
      const rdns: DecodedAttribute[][] = [];
      walk(new DerReader(this.der, 'name').enter(TAG.SEQUENCE), (attribute, rdn) => {
        (rdns[rdn] ??= []).push(attribute);
      });
      this.#decoded = rdns;
    }
    return this.#decoded;
  }
}

function canonicalAttribute({ oid, value, text }: DecodedAttribute): string {
  const prepared = text ? prepareText(value) : value;
  return `${oid}${text ? '=' : '#'}${prepared.length}:${prepared};`;
}

/** Reads a Name, or the Name a reader stands at. Every attribute is checked here; nothing throws later. */
export function parseName(der: Uint8Array | DerReader): Name {
  if (der instanceof DerReader) {
    const content = der.enter(TAG.SEQUENCE);
    const name = new Name(der.element);
    walk(content);
    return name;
  }
  const reader = new DerReader(der, 'name');
  const name = parseName(reader);
  reader.finish();
  return name;
}

/** Name matching of RFC 5280 §7.1; equal bytes are the usual case and cost nothing more. */
export function sameName(a: Name, b: Name): boolean {
  return equalBytes(a.der, b.der) || a.canonical === b.canonical;
}

const SHORT_NAMES = new Map([
  ['2.5.4.3', 'CN'],
  ['2.5.4.6', 'C'],
  ['2.5.4.7', 'L'],
  ['2.5.4.8', 'ST'],
  ['2.5.4.9', 'STREET'],
  ['2.5.4.10', 'O'],
  ['2.5.4.11', 'OU'],
  ['0.9.2342.19200300.100.1.1', 'UID'],
  ['0.9.2342.19200300.100.1.25', 'DC'],
]);

/** For people, in the string form of RFC 4514: last RDN first, special characters escaped. Never compared. */
export function nameToString(name: Name): string {
  return name.rdns
    .map((rdn) => rdn.map(({ oid, value }) => `${SHORT_NAMES.get(oid) ?? oid}=${escapeValue(value)}`).join('+'))
    .reverse()
    .join(',');
}

/** RFC 4514 §2.4; controls are escaped too, so that a name cannot break a log line. */
function escapeValue(value: string): string {
  return value
    .replace(/["+,;<>\\=]/gu, (special) => `\\${special}`)
    .replace(/^[ #]/u, (first) => `\\${first}`)
    .replace(/(?<!\\) $/u, '\\ ')
    .replace(
      /\p{Cc}/gu,
      (control) =>
        `\\${Buffer.from(control)
          .toString('hex')
          .replace(/(..)(?=.)/gu, '$1\\')}`,
    );
}
