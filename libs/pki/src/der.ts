/** Bytes that are not what they claim to be. The only error the parsers of this library throw. */
export class Malformed extends Error {
  override readonly name = 'Malformed';
  constructor(
    /** What was being read, for example `certificate` or `crl.entry`. */
    readonly structure: string,
    /** Which rule the bytes break; stable snake_case. */
    readonly rule: string,
    /** Byte offset of the offending element in its buffer. */
    readonly offset: number,
  ) {
    super(`${structure}: ${rule} at byte ${offset}`);
  }
}

export const TAG = {
  BOOLEAN: 0x01,
  INTEGER: 0x02,
  BIT_STRING: 0x03,
  OCTET_STRING: 0x04,
  NULL: 0x05,
  OID: 0x06,
  ENUMERATED: 0x0a,
  UTF8_STRING: 0x0c,
  PRINTABLE_STRING: 0x13,
  TELETEX_STRING: 0x14,
  IA5_STRING: 0x16,
  UTC_TIME: 0x17,
  GENERALIZED_TIME: 0x18,
  BMP_STRING: 0x1e,
  SEQUENCE: 0x30,
  SET: 0x31,
} as const;

/** Context-specific tag number `n`, primitive. */
export const contextPrimitive = (n: number): number => 0x80 | n;
/** Context-specific tag number `n`, constructed. */
export const contextConstructed = (n: number): number => 0xa0 | n;

/** The largest value that may be multiplied by 128 and stay exact. */
const MAX_PLAIN_ARC = Math.floor(Number.MAX_SAFE_INTEGER / 256);

/**
 * A cursor over DER (X.690 §8, §10): definite minimal lengths, single-byte tags, nothing outside its window.
 * A reader never copies; `content` and `element` are views into the buffer it was given.
 */
export class DerReader {
  /** Start of the element read last, header included. */
  elementStart = 0;
  /** Start of the content of the element read last. */
  contentStart = 0;

  constructor(
    readonly bytes: Uint8Array,
    readonly structure: string,
    public offset = 0,
    readonly end = bytes.length,
  ) {}

  get atEnd(): boolean {
    return this.offset >= this.end;
  }

  /** The tag of the next element, or -1 at the end of the window. */
  peek(): number {
    return this.offset < this.end ? this.bytes[this.offset]! : -1;
  }

  fail(rule: string, offset = this.offset): never {
    throw new Malformed(this.structure, rule, offset);
  }

  /** Reads one element of any tag and returns its tag; `elementStart`, `contentStart` and `offset` delimit it. */
  next(): number {
    const { bytes, end } = this;
    const start = this.offset;
    if (start + 2 > end) this.fail('truncated');
    const tag = bytes[start]!;
    if ((tag & 0x1f) === 0x1f) this.fail('high_tag_number');
    let length = bytes[start + 1]!;
    let content = start + 2;
    if (length >= 0x80) {
      const octets = length & 0x7f;
      if (octets === 0) this.fail('indefinite_length');
      if (octets > 4) this.fail('length_too_large');
      if (content + octets > end) this.fail('truncated');
      length = 0;
      for (let i = 0; i < octets; i++) length = length * 256 + bytes[content + i]!;
      content += octets;
      if (length < 0x80 || (octets > 1 && length < 2 ** (8 * (octets - 1)))) this.fail('length_not_minimal');
    }
    if (content + length > end) this.fail('truncated');
    this.elementStart = start;
    this.contentStart = content;
    this.offset = content + length;
    return tag;
  }

  /** Reads one element that must carry `tag`. */
  expect(tag: number): void {
    if (this.peek() !== tag) this.fail(this.atEnd ? 'missing_element' : 'unexpected_tag');
    this.next();
  }

  /** Reads the next element when it carries `tag`; false leaves the cursor in place. */
  accept(tag: number): boolean {
    if (this.peek() !== tag) return false;
    this.next();
    return true;
  }

  /** View of the content of the element read last. */
  get content(): Uint8Array {
    return this.bytes.subarray(this.contentStart, this.offset);
  }

  /** View of the whole element read last, header included. */
  get element(): Uint8Array {
    return this.bytes.subarray(this.elementStart, this.offset);
  }

  /** A reader over the content of the element read last. */
  inside(structure = this.structure): DerReader {
    return new DerReader(this.bytes, structure, this.contentStart, this.offset);
  }

  /** Reads an element with `tag` and returns a reader over its content. */
  enter(tag: number, structure = this.structure): DerReader {
    this.expect(tag);
    return this.inside(structure);
  }

  /** The window must be used up. */
  finish(): void {
    if (!this.atEnd) this.fail('trailing_bytes');
  }

  /** Content octets of an INTEGER, two's complement, minimal (X.690 §8.3.2), at most `maxOctets`. */
  integer(maxOctets: number, tag: number = TAG.INTEGER): Uint8Array {
    this.expect(tag);
    const value = this.content;
    if (value.length === 0) this.fail('empty_integer', this.elementStart);
    if (value.length > maxOctets) this.fail('integer_too_large', this.elementStart);
    if (value.length > 1 && ((value[0] === 0 && value[1]! < 0x80) || (value[0] === 0xff && value[1]! >= 0x80)))
      this.fail('integer_not_minimal', this.elementStart);
    return value;
  }

  /** A non-negative INTEGER or ENUMERATED below 2^31. */
  smallInteger(tag: number = TAG.INTEGER): number {
    const octets = this.integer(5, tag);
    if (octets[0]! >= 0x80) this.fail('negative_integer', this.elementStart);
    let value = 0;
    for (const octet of octets) value = value * 256 + octet;
    if (value > 0x7fffffff) this.fail('integer_too_large', this.elementStart);
    return value;
  }

  /** A BOOLEAN; DER allows 00 and FF only (X.690 §11.1). */
  boolean(tag: number = TAG.BOOLEAN): boolean {
    this.expect(tag);
    const octet = this.content[0];
    if (this.content.length !== 1 || (octet !== 0 && octet !== 0xff)) this.fail('bad_boolean', this.elementStart);
    return octet === 0xff;
  }

  /** A BIT STRING without unused bits, as keys and signatures are. */
  bitStringOctets(tag: number = TAG.BIT_STRING): Uint8Array {
    this.expect(tag);
    if (this.content.length < 1 || this.content[0] !== 0) this.fail('bad_bit_string', this.elementStart);
    return this.content.subarray(1);
  }

  /**
   * A BIT STRING of named bits as a number, bit 0 of the ASN.1 type in bit 0 of the result; at most 32 bits.
   * Unused bits must be zero and trailing zero bits absent (X.690 §11.2).
   */
  namedBits(tag: number = TAG.BIT_STRING): number {
    this.expect(tag);
    const value = this.content;
    const unused = value[0] ?? 8;
    if (value.length < 1 || value.length > 5 || unused > 7 || (value.length === 1 && unused !== 0))
      this.fail('bad_bit_string', this.elementStart);
    if (value.length > 1 && (value[value.length - 1]! & ((2 << unused) - 1)) !== 1 << unused)
      this.fail('bad_bit_string', this.elementStart);
    let bits = 0;
    for (let i = 1; i < value.length; i++)
      for (let b = 0; b < 8; b++) if (value[i]! & (0x80 >> b)) bits |= 1 << ((i - 1) * 8 + b);
    return bits >>> 0;
  }

  /** An OBJECT IDENTIFIER in dotted form, at most 64 octets; arcs of any size, as 2.25 has (X.667 §6.3). */
  oid(tag: number = TAG.OID): string {
    this.expect(tag);
    const value = this.content;
    if (value.length === 0 || value.length > 64 || value[value.length - 1]! >= 0x80)
      this.fail('bad_oid', this.elementStart);
    const arcs: (number | bigint)[] = [];
    let arc: number | bigint = 0;
    let begins = true;
    for (const octet of value) {
      // A leading zero group would give one OID two encodings (X.690 §8.19.2).
      if (begins && octet === 0x80) this.fail('bad_oid', this.elementStart);
      if (typeof arc === 'number' && arc > MAX_PLAIN_ARC) arc = BigInt(arc);
      arc = typeof arc === 'number' ? arc * 128 + (octet & 0x7f) : arc * 128n + BigInt(octet & 0x7f);
      begins = octet < 0x80;
      if (!begins) continue;
      if (arcs.length === 0) {
        const first = arc < 80 ? Math.floor(Number(arc) / 40) : 2;
        arcs.push(first, typeof arc === 'number' ? arc - first * 40 : arc - 80n);
      } else arcs.push(arc);
      arc = 0;
    }
    return arcs.join('.');
  }

  /** UTCTime or GeneralizedTime in the forms RFC 5280 §4.1.2.5 allows, in milliseconds since 1970. */
  time(): number {
    const tag = this.next();
    if (tag !== TAG.UTC_TIME && tag !== TAG.GENERALIZED_TIME) this.fail('unexpected_tag', this.elementStart);
    return parseTime(this.bytes, this.contentStart, this.offset, tag, this.structure);
  }
}

/**
 * YYMMDDHHMMSSZ or YYYYMMDDHHMMSSZ between `start` and `end` (RFC 5280 §4.1.2.5: seconds present, Z, no fraction).
 * UTCTime years 50–99 are 19xx (§4.1.2.5.1).
 */
export function parseTime(bytes: Uint8Array, start: number, end: number, tag: number, structure: string): number {
  const yearDigits = tag === TAG.UTC_TIME ? 2 : 4;
  const bad = (): never => {
    throw new Malformed(structure, 'bad_time', start);
  };
  if (end - start !== yearDigits + 11 || bytes[end - 1] !== 0x5a) bad();
  const digits = (at: number, count: number): number => {
    let value = 0;
    for (let i = at; i < at + count; i++) {
      const digit = bytes[i]! - 0x30;
      if (digit < 0 || digit > 9) bad();
      value = value * 10 + digit;
    }
    return value;
  };
  let year = digits(start, yearDigits);
  if (yearDigits === 2) year += year >= 50 ? 1900 : 2000;
  const rest = start + yearDigits;
  const month = digits(rest, 2);
  const day = digits(rest + 2, 2);
  const hour = digits(rest + 4, 2);
  const minute = digits(rest + 6, 2);
  const second = digits(rest + 8, 2);
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const lastDay = month === 2 ? (leap ? 29 : 28) : month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
  if (month < 1 || month > 12 || day < 1 || day > lastDay || hour > 23 || minute > 59 || second > 59) bad();
  // Date.UTC maps years 0–99 to 19xx; the setter does not.
  return year >= 100
    ? Date.UTC(year, month - 1, day, hour, minute, second)
    : new Date(Date.UTC(2000, month - 1, day, hour, minute, second)).setUTCFullYear(year);
}

/** True when both views hold the same bytes. Not for secrets. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0;
}
