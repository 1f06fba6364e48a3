import { cidrContains, parseCidr } from '#lib/platform';
import type { Scope } from './api-key.js';

/** Ranges of addresses of one key. */
export const MAX_ALLOWED_ADDRESSES = 50;
/** How long a rotated key may live on, hours. */
export const MAX_OVERLAP_HOURS = 168;

/** What a key may, from where and how long. */
export interface KeyLimits {
  scopes: readonly Scope[];
  /** Ranges as `parseCidr` reads them; empty: from everywhere. */
  allowedAddresses: readonly string[];
  /** Absent: until it is revoked. */
  expiresAt?: Date | undefined;
}

export type Excess = 'scopes' | 'addresses' | 'life';

/** What of a wanted key is wider than the key that is to make it; the door in the database judges the same. */
export function excessOf(maker: KeyLimits, wanted: KeyLimits): Excess | undefined {
  if (!wanted.scopes.every((scope) => maker.scopes.includes(scope))) return 'scopes';
  if (!isWithin(maker.allowedAddresses, wanted.allowedAddresses)) return 'addresses';
  if (maker.expiresAt && (!wanted.expiresAt || wanted.expiresAt > maker.expiresAt)) return 'life';
  return undefined;
}

/** Each wanted range has to lie in one of the maker's; two that only together hold it do not count. */
function isWithin(maker: readonly string[], wanted: readonly string[]): boolean {
  if (maker.length === 0) return true;
  const outer = maker.map(parseCidr);
  return (
    wanted.length > 0 &&
    wanted.map(parseCidr).every((inner) => inner && outer.some((range) => range && cidrContains(range, inner)))
  );
}
