import { type DerReader, TAG } from './der.js';
import { encodeOid } from './der-encode.js';

/** OIDs met in nearly every JPKI certificate, and the arcs whose members differ in the last octet only. */
const ARCS = ['2.5.4', '2.5.29', '1.2.392.200149.8.5.5'];
const SINGLE = [
  '1.2.840.113549.1.1.1',
  '1.2.840.113549.1.1.10',
  '1.2.840.113549.1.1.11',
  '1.2.840.113549.1.1.12',
  '1.2.840.113549.1.1.13',
  '1.3.6.1.5.5.7.1.1',
  '1.3.6.1.5.5.7.2.1',
  '1.3.6.1.5.5.7.3.2',
  '1.3.6.1.5.5.7.48.1',
  '1.2.392.200149.8.5.1.0.20',
  '1.2.392.200149.8.5.1.0.30',
  '1.2.392.200149.8.5.1.1.20',
  '1.2.392.200149.8.5.1.3.30',
];

interface KnownOid {
  octets: Uint8Array;
  dotted: string;
}

/** Length and last two octets tell the table's members apart; a lookup still compares every octet. */
const keyOf = (length: number, beforeLast: number, last: number): number => (length << 16) | (beforeLast << 8) | last;

const KNOWN = new Map<number, KnownOid>();
for (const dotted of [...SINGLE, ...ARCS.flatMap((arc) => Array.from({ length: 64 }, (_, n) => `${arc}.${n}`))]) {
  const octets = encodeOid(dotted).subarray(2);
  KNOWN.set(keyOf(octets.length, octets.at(-2)!, octets.at(-1)!), { octets, dotted });
}

/**
 * Reads an OBJECT IDENTIFIER like `reader.oid()`; those of the table cost a comparison. Working out the arcs of each one
 * was a sixth of the time it takes to read a certificate.
 */
export function readOid(reader: DerReader): string {
  const { bytes, offset } = reader;
  const length = bytes[offset + 1]!;
  const end = offset + 2 + length;
  if (length < 3 || length >= 0x80 || end > reader.end || bytes[offset] !== TAG.OID) return reader.oid();
  const known = KNOWN.get(keyOf(length, bytes[end - 2]!, bytes[end - 1]!));
  if (known === undefined) return reader.oid();
  for (let i = 0; i < length; i++) if (known.octets[i] !== bytes[offset + 2 + i]) return reader.oid();
  reader.expect(TAG.OID);
  return known.dotted;
}
