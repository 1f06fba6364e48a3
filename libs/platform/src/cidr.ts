import { isIP } from 'node:net';

/** A range of IP addresses. */
export interface Cidr {
  family: 4 | 6;
  /** The address bits, those below the prefix zero. */
  network: bigint;
  prefix: number;
}

const BITS = { 4: 32, 6: 128 } as const;
/** An IPv4 client on a socket that listens on IPv6 too (RFC 4291 §2.5.5.2). */
const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

function addressBits(text: string, family: 4 | 6): bigint {
  if (family === 4) return text.split('.').reduce((bits, part) => (bits << 8n) | BigInt(part), 0n);
  const [head, tail] = text.split('::').map((half) => half.split(':').filter((group) => group !== ''));
  const groups =
    tail === undefined ? head! : [...head!, ...Array<string>(8 - head!.length - tail.length).fill('0'), ...tail];
  return groups.reduce((bits, group) => (bits << 16n) | BigInt(`0x${group}`), 0n);
}

/**
 * An address, or a range as `address/prefix` (RFC 4632 §3.1, RFC 4291 §2.3). Undefined for anything else: bits below the
 * prefix that are not zero, zones, and IPv6 with IPv4 inside, which would be two ways to say one address.
 */
export function parseCidr(text: string): Cidr | undefined {
  const [, address, digits] = /^([0-9A-Fa-f.:]+)(?:\/(0|[1-9]\d{0,2}))?$/.exec(text) ?? [];
  const family = isIP(address ?? '');
  if (address === undefined || (family !== 4 && family !== 6)) return undefined;
  if (family === 6 && address.includes('.')) return undefined;
  const bits = BITS[family];
  const prefix = digits === undefined ? bits : Number(digits);
  if (prefix > bits) return undefined;
  const network = addressBits(address, family);
  if (family === 6 && network >> 32n === 0xffffn) return undefined;
  const isNetwork = (network & ((1n << BigInt(bits - prefix)) - 1n)) === 0n;
  return isNetwork ? { family, network, prefix } : undefined;
}

/** Whether every address of `inner` is in `outer`. */
export function cidrContains(outer: Cidr, inner: Cidr): boolean {
  if (outer.family !== inner.family || outer.prefix > inner.prefix) return false;
  const rest = BigInt(BITS[outer.family] - outer.prefix);
  return inner.network >> rest === outer.network >> rest;
}

/** A peer's address as a socket or proxy tells it; undefined when it is none. */
export function parsePeer(address: string): Cidr | undefined {
  return parseCidr(MAPPED.exec(address)?.[1] ?? address);
}
