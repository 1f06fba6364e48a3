import { describe, expect, it } from '@jest/globals';
import { cidrContains, parseCidr, parsePeer } from './cidr.js';

const contains = (outer: string, inner: string): boolean => cidrContains(parseCidr(outer)!, parseCidr(inner)!);

describe('a range of addresses', () => {
  it.each(['0.0.0.0/0', '10.0.0.0/8', '192.0.2.1', '192.0.2.1/32', '::/0', '2001:db8::/32', '2001:DB8::1', '::1/128'])(
    '%s is one',
    (text) => expect(parseCidr(text)).toBeDefined(),
  );

  it.each([
    ['nothing', ''],
    ['a name', 'example.org'],
    ['bits below the prefix', '10.0.0.1/8'],
    ['bits below the prefix of IPv6', '2001:db8::1/32'],
    ['a prefix that is too long', '10.0.0.0/33'],
    ['a prefix that is too long for IPv6', '::/129'],
    ['a prefix with a leading zero', '10.0.0.0/08'],
    ['an octal part', '010.0.0.1'],
    ['a part too few', '10.0.1'],
    ['a number', '167772161'],
    ['a zone', 'fe80::1%eth0'],
    ['IPv4 inside IPv6', '::ffff:192.0.2.1'],
    ['the same in hexadecimal', '::ffff:c000:201'],
    ['two gaps', '1::2::3'],
    ['space', ' 10.0.0.1'],
    ['a line end', '10.0.0.1\n'],
    ['two prefixes', '10.0.0.0/8/8'],
  ])('%s is none', (_what, text) => expect(parseCidr(text)).toBeUndefined());

  it.each([
    ['0.0.0.0/0', '203.0.113.7', true],
    ['10.0.0.0/8', '10.255.0.0/16', true],
    ['10.0.0.0/8', '10.0.0.0/8', true],
    ['10.0.0.0/9', '10.0.0.0/8', false],
    ['10.0.0.0/9', '10.128.0.1', false],
    ['192.0.2.1', '192.0.2.1/32', true],
    ['2001:db8::/32', '2001:db8:ffff::1', true],
    ['2001:db8::/33', '2001:db8:8000::', false],
    ['::/0', '192.0.2.1', false],
    ['0.0.0.0/0', '::1', false],
  ])('%s contains %s: %s', (outer, inner, expected) => expect(contains(outer, inner)).toBe(expected));

  it('of an IPv4 peer on an IPv6 socket is the IPv4 address', () => {
    expect(parsePeer('::ffff:192.0.2.1')).toEqual(parseCidr('192.0.2.1'));
    expect(parsePeer('unknown')).toBeUndefined();
  });
});
