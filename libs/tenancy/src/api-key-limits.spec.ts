import { describe, expect, it } from '@jest/globals';
import { excessOf, type KeyLimits } from './api-key-limits.js';

const EXPIRES = new Date('2027-01-01T00:00:00Z');
const maker: KeyLimits = {
  scopes: ['admin', 'verifications:read'],
  allowedAddresses: ['10.0.0.0/8', '2001:db8::/32'],
  expiresAt: EXPIRES,
};
const unlimited: KeyLimits = { scopes: ['admin'], allowedAddresses: [] };

describe('a key made by a key', () => {
  it.each<[string, Partial<KeyLimits>]>([
    ['the same', {}],
    ['fewer scopes', { scopes: ['verifications:read'] }],
    ['a part of an address range', { allowedAddresses: ['10.1.0.0/16', '2001:db8::1'] }],
    ['an earlier end', { expiresAt: new Date(EXPIRES.getTime() - 1) }],
  ])('may have %s', (_what, change) => expect(excessOf(maker, { ...maker, ...change })).toBeUndefined());

  it.each<[string, Partial<KeyLimits>, string]>([
    ['a scope more', { scopes: ['verifications:read', 'verifications:write'] }, 'scopes'],
    ['other addresses', { allowedAddresses: ['192.0.2.1'] }, 'addresses'],
    ['a wider range', { allowedAddresses: ['10.0.0.0/7'] }, 'addresses'],
    ['one address more', { allowedAddresses: ['10.0.0.1', '11.0.0.1'] }, 'addresses'],
    ['addresses of everywhere', { allowedAddresses: [] }, 'addresses'],
    ['an address that is none', { allowedAddresses: ['x'] }, 'addresses'],
    ['a later end', { expiresAt: new Date(EXPIRES.getTime() + 1) }, 'life'],
    ['no end', { expiresAt: undefined }, 'life'],
  ])('may not have %s', (_what, change, excess) => expect(excessOf(maker, { ...maker, ...change })).toBe(excess));

  it('of a maker without bounds may have any', () => {
    expect(excessOf(unlimited, { ...maker, scopes: ['admin'] })).toBeUndefined();
    expect(excessOf(unlimited, unlimited)).toBeUndefined();
  });
});
