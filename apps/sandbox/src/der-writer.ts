/** A DER writer (X.690 §8, §10): every function returns one complete element. */

const NO_BYTES = Buffer.alloc(0);

/** Identifier and length octets for `length` bytes of content; lengths are minimal (X.690 §10.1). */
export function header(tag: number, length: number): Buffer {
  if (length < 0x80) return Buffer.from([tag, length]);
  const octets: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256);
  return Buffer.from([tag, 0x80 | octets.length, ...octets]);
}

export function element(tag: number, ...content: Uint8Array[]): Buffer {
  const length = content.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([header(tag, length), ...content]);
}

export const sequence = (...content: Uint8Array[]): Buffer => element(0x30, ...content);
/** SET OF: DER orders the elements by their encoding (X.690 §11.6). */
export const setOf = (...content: Uint8Array[]): Buffer =>
  element(0x31, ...[...content].sort((a, b) => Buffer.compare(a, b)));
export const octetString = (content: Uint8Array): Buffer => element(0x04, content);
/** A BIT STRING without unused bits. */
export const bitString = (content: Uint8Array): Buffer => element(0x03, Buffer.from([0]), content);
export const nullValue = (): Buffer => element(0x05);
export const booleanTrue = (): Buffer => element(0x01, Buffer.from([0xff]));
export const utf8String = (text: string): Buffer => element(0x0c, Buffer.from(text, 'utf8'));
export const printableString = (text: string): Buffer => element(0x13, Buffer.from(text, 'ascii'));
export const ia5String = (text: string): Buffer => element(0x16, Buffer.from(text, 'ascii'));
export const enumerated = (value: number): Buffer => element(0x0a, Buffer.from([value]));
/** Context-specific constructed `[n]`; wraps a whole element when the tag is explicit, its content when implicit. */
export const context = (n: number, ...content: Uint8Array[]): Buffer => element(0xa0 | n, ...content);
/** Context-specific primitive `[n]`. */
export const contextPrimitive = (n: number, content: Uint8Array = NO_BYTES): Buffer => element(0x80 | n, content);

/** Content octets of a non-negative INTEGER: minimal two's complement, so a leading zero before a set top bit. */
export function integerOctets(value: bigint | number): Buffer {
  let hex = BigInt(value).toString(16);
  if (hex.length % 2) hex = `0${hex}`;
  const octets = Buffer.from(hex, 'hex');
  return octets[0]! >= 0x80 ? Buffer.concat([Buffer.from([0]), octets]) : octets;
}

export const integer = (value: bigint | number): Buffer => element(0x02, integerOctets(value));

/** A BIT STRING of named bits, trailing zero bits left out (X.690 §11.2.2). */
export function namedBits(...bits: number[]): Buffer {
  const highest = Math.max(...bits);
  const octets = Buffer.alloc(Math.floor(highest / 8) + 1);
  for (const bit of bits) octets[bit >> 3]! |= 0x80 >> (bit & 7);
  return element(0x03, Buffer.from([7 - (highest & 7)]), octets);
}

export function oid(dotted: string): Buffer {
  const arcs = dotted.split('.').map(Number);
  const octets: number[] = [];
  for (const arc of [arcs[0]! * 40 + arcs[1]!, ...arcs.slice(2)]) {
    const group = [arc % 128];
    for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128)) group.unshift(0x80 | (rest % 128));
    octets.push(...group);
  }
  return element(0x06, Buffer.from(octets));
}

/** YYYYMMDDHHMMSSZ of milliseconds since 1970; fractions of a second are cut off. */
const digits = (ms: number): string => new Date(ms).toISOString().replace(/[-:T]|\.\d+/g, '');

export const generalizedTime = (ms: number): Buffer => element(0x18, Buffer.from(digits(ms), 'ascii'));
/** UTCTime through 2049, GeneralizedTime from 2050 (RFC 5280 §4.1.2.5). */
export const time = (ms: number): Buffer =>
  new Date(ms).getUTCFullYear() < 2050 ? element(0x17, Buffer.from(digits(ms).slice(2), 'ascii')) : generalizedTime(ms);
