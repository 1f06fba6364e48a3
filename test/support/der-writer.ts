/** Writes DER for tests, faults included: nothing here checks what it is given. */
export type Der = Buffer;

/** One element: tag, shortest length, contents joined. */
export function tlv(tag: number, ...contents: Uint8Array[]): Der {
  const content = Buffer.concat(contents);
  const length: number[] = [];
  for (let rest = content.length; rest > 0; rest = Math.floor(rest / 256)) length.unshift(rest % 256);
  const header = content.length < 0x80 ? [tag, content.length] : [tag, 0x80 | length.length, ...length];
  return Buffer.concat([Buffer.from(header), content]);
}

export const sequence = (...contents: Uint8Array[]): Der => tlv(0x30, ...contents);
/** In the order given; the caller sorts where DER asks for it. */
export const set = (...contents: Uint8Array[]): Der => tlv(0x31, ...contents);
export const explicit = (n: number, ...contents: Uint8Array[]): Der => tlv(0xa0 | n, ...contents);
export const implicit = (n: number, content: Uint8Array): Der => tlv(0x80 | n, content);
export const nul = (): Der => tlv(0x05);
export const boolean = (value: boolean): Der => tlv(0x01, Buffer.from([value ? 0xff : 0]));
export const octetString = (content: Uint8Array): Der => tlv(0x04, content);
export const bitString = (content: Uint8Array): Der => tlv(0x03, Buffer.from([0]), content);
export const utf8 = (text: string): Der => tlv(0x0c, Buffer.from(text, 'utf8'));
export const printable = (text: string): Der => tlv(0x13, Buffer.from(text, 'latin1'));
export const ia5 = (text: string): Der => tlv(0x16, Buffer.from(text, 'latin1'));

/** An INTEGER of a number, or of raw content octets. */
export function integer(value: number | bigint | Uint8Array): Der {
  if (typeof value === 'object') return tlv(0x02, value);
  const big = BigInt(value);
  let octets = 1;
  while (BigInt.asIntN(octets * 8, big) !== big) octets++;
  const hex = BigInt.asUintN(octets * 8, big)
    .toString(16)
    .padStart(octets * 2, '0');
  return tlv(0x02, Buffer.from(hex, 'hex'));
}

export function oid(dotted: string): Der {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const octets = [first * 40 + second, ...rest].flatMap((arc) => {
    const groups = [arc % 128];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) groups.unshift(128 + (left % 128));
    return groups;
  });
  return tlv(0x06, Buffer.from(octets));
}

/** A BIT STRING of named bits; bit n of `bits` is bit n of the ASN.1 type. */
export function namedBits(bits: number): Der {
  if (bits === 0) return tlv(0x03, Buffer.from([0]));
  const highest = 31 - Math.clz32(bits);
  const octets = Buffer.alloc((highest >> 3) + 1);
  for (let n = 0; n <= highest; n++) if (bits & (1 << n)) octets[n >> 3]! |= 0x80 >> (n & 7);
  return tlv(0x03, Buffer.from([7 - (highest & 7)]), octets);
}

/** UTCTime through 2049, GeneralizedTime from 2050 (RFC 5280 §4.1.2.5). */
export function time(at: number | string): Der {
  const digits = new Date(at).toISOString().replace(/[-:T]|\.\d+/g, '');
  return digits < '2050' ? tlv(0x17, Buffer.from(digits.slice(2))) : tlv(0x18, Buffer.from(digits));
}

export const generalizedTime = (at: number | string): Der =>
  tlv(0x18, Buffer.from(new Date(at).toISOString().replace(/[-:T]|\.\d+/g, '')));
