import { randomUUID } from 'node:crypto';
import { putRandom } from './random-pool.js';

/** Public prefix of each kind of thing. */
export const ID_PREFIXES = [
  'ten',
  'key',
  'chl',
  'ver',
  'use',
  'aud',
  'req',
  'per',
  'crt',
  'cns',
  'lnk',
  'cpl',
  'age',
  'atu',
  'evt',
  'whe',
  'opr',
  'apr',
  'hld',
  'stm',
  'dsp',
  'inv',
  'rec',
  'fil',
  'swp',
  'prs',
] as const;
export type IdPrefix = (typeof ID_PREFIXES)[number];

let lastMs = 0;
let sequence = 0;
/**
 * A time-ordered UUID (RFC 9562 §5.7): rows of one tenant lie together and lists need no other order. Ids made in one
 * process never go backwards: within one millisecond the 12 bits of `rand_a` count.
 */
export function newId(nowMs: number): string {
  putNewId(nowMs, made, 0);
  const hex = made.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

const made = Buffer.alloc(16);

/** The same as 16 octets, from `at` of `into`: text takes as long again, which counts where ids come by the million. */
export function putNewId(nowMs: number, into: Buffer, at: number): void {
  if (nowMs > lastMs) {
    lastMs = nowMs;
    sequence = 0;
  } else if (++sequence > 0xfff) {
    lastMs++;
    sequence = 0;
  }
  into.writeUIntBE(lastMs, at, 6);
  into.writeUInt16BE(0x7000 | sequence, at + 6);
  putRandom(into, at + 8, 8);
  into[at + 8] = (into[at + 8]! & 0x3f) | 0x80;
}

const HEX_DIGITS = Buffer.from('0123456789abcdef');
const DASH = '-'.charCodeAt(0);

/** Puts the 36 characters of the id that stands at `from` of `octets`, without making a string. */
export function putUuidText(octets: Uint8Array, from: number, into: Uint8Array, at: number): void {
  let to = at;
  for (let n = 0; n < 16; n++) {
    if (n === 4 || n === 6 || n === 8 || n === 10) into[to++] = DASH;
    const octet = octets[from + n]!;
    into[to++] = HEX_DIGITS[octet >> 4]!;
    into[to++] = HEX_DIGITS[octet & 15]!;
  }
}

/** The smallest id that `newId` can make at `ms`: ids of a table in time order are bounds of time. */
export function firstIdOf(ms: number): string {
  const time = Math.min(Math.max(0, ms), 0xffff_ffff_ffff).toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-000000000000`;
}

/** A UUID that says nothing about when it was made (RFC 9562 §5.4). */
export const newRandomId = (): string => randomUUID();

/** UUID → opaque public id, for example `ver_0193…`. */
export const toPublicId = (prefix: IdPrefix, uuid: string): string => `${prefix}_${uuid.replaceAll('-', '')}`;

const HEX = /^[0-9a-f]{32}$/;

/** Public id → UUID; undefined for anything that `toPublicId` cannot have made. */
export function fromPublicId(prefix: IdPrefix, text: string): string | undefined {
  const hex = text.slice(prefix.length + 1);
  if (!text.startsWith(`${prefix}_`) || !HEX.test(hex)) return undefined;
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
