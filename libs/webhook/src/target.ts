import { isIP } from 'node:net';
import { type Cidr, cidrContains, type Mode, parseCidr, parsePeer } from '#lib/platform';

/** Why nothing is sent to a URL. */
export type TargetRule = 'not_https' | 'login' | 'fragment' | 'private_address' | 'unresolved';

const range = (text: string): Cidr => parseCidr(text)!;
const LOOPBACK = ['127.0.0.0/8', '::1/128'].map(range);
/**
 * IPv4 addresses that are not one host's on the internet (IANA IPv4 Special-Purpose Address Registry), multicast and what
 * is reserved.
 */
const REFUSED_V4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
].map(range);
/** The only IPv6 addresses of hosts on the internet (IANA IPv6 Address Space: global unicast) … */
const GLOBAL_V6 = range('2000::/3');
/** … but for protocols of the IETF with Teredo, documentation, and 6to4, which carries an IPv4 address of any kind. */
const REFUSED_V6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'].map(range);

/** Whether there may be a receiver at an address. What cannot be read, and IPv4 within IPv6, is refused. */
export function isAllowedAddress(address: string, { loopback }: { loopback: boolean }): boolean {
  const parsed = isIP(address) === 0 ? undefined : parsePeer(address);
  if (!parsed) return false;
  const isIn = (ranges: readonly Cidr[]): boolean => ranges.some((each) => cidrContains(each, parsed));
  if (isIn(LOOPBACK)) return loopback;
  return parsed.family === 4 ? !isIn(REFUSED_V4) : cidrContains(GLOBAL_V6, parsed) && !isIn(REFUSED_V6);
}

/** Whether webhooks of a mode may go to this machine: never in live, and in test only where the operator says so. */
export const mayLoopBack = (mode: Mode, testLoopback: boolean): boolean => mode === 'test' && testLoopback;

/** A host as an address, without the brackets of a URL; undefined: it is a name. */
export function literalAddress({ hostname }: URL): string | undefined {
  const bare = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
  return isIP(bare) === 0 ? undefined : bare;
}

const isLoopbackHost = (url: URL): boolean => {
  const literal = literalAddress(url);
  return literal === undefined ? url.hostname === 'localhost' : isAllowedLoopback(literal);
};
const isAllowedLoopback = (address: string): boolean => {
  const parsed = parsePeer(address);
  return parsed !== undefined && LOOPBACK.some((each) => cidrContains(each, parsed));
};

/**
 * Judges a URL by itself. Odd ways to write an address, like `http://2130706433`, are made plain by the parser.
 * @returns why nothing is sent there; undefined: the addresses behind its name are still to be judged
 */
export function refusedBy(url: URL, { loopback }: { loopback: boolean }): TargetRule | undefined {
  const plainAllowed = loopback && isLoopbackHost(url);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && plainAllowed)) return 'not_https';
  if (url.username !== '' || url.password !== '') return 'login';
  if (url.hash !== '') return 'fragment';
  const literal = literalAddress(url);
  return literal !== undefined && !isAllowedAddress(literal, { loopback }) ? 'private_address' : undefined;
}
