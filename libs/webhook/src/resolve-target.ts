import { lookup as dnsLookup, type LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { isAllowedAddress, literalAddress, refusedBy, type TargetRule } from './target.js';

/** Asks the machine's resolver for every address of a name. */
export type Resolve = (hostname: string) => Promise<LookupAddress[]>;

export const resolveByDns: Resolve = (hostname) =>
  new Promise((resolve, reject) => {
    dnsLookup(hostname, { all: true, verbatim: true }, (error, addresses) => {
      if (error) reject(error);
      else resolve(addresses);
    });
  });

/** A name has an address to which nothing is sent. */
export class TargetRefused extends Error {
  override readonly name = 'TargetRefused';
  constructor(readonly rule: TargetRule) {
    super(rule);
  }
}

/**
 * A `lookup` for node:net that gives only judged addresses: what it gives is what the socket connects to, so that nobody
 * can answer one thing when a URL is judged and another when it is used. One bad address spoils the name.
 */
export const judgedLookup =
  (resolve: Resolve, { loopback }: { loopback: boolean }): LookupFunction =>
  (hostname, options, callback) => {
    resolve(hostname).then(
      (addresses) => {
        if (addresses.some(({ address }) => !isAllowedAddress(address, { loopback })))
          callback(new TargetRefused('private_address'), '');
        else if (addresses.length === 0) callback(new TargetRefused('unresolved'), '');
        else if (options.all) callback(null, addresses);
        else callback(null, addresses[0]!.address, addresses[0]!.family);
      },
      () => callback(new TargetRefused('unresolved'), ''),
    );
  };

const RESOLVE_MS = 3_000;

/** Judges a URL together with the addresses its name has now; undefined: events may be sent there. */
export async function refusalOfTarget(
  url: URL,
  { loopback, resolve }: { loopback: boolean; resolve: Resolve },
): Promise<TargetRule | undefined> {
  const refused = refusedBy(url, { loopback });
  if (refused !== undefined || literalAddress(url) !== undefined) return refused;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<LookupAddress[]>((done) => {
    timer = setTimeout(() => done([]), RESOLVE_MS);
  });
  // A name that cannot be resolved has no address, whatever the resolver's reason.
  const found = resolve(url.hostname).catch((): LookupAddress[] => []);
  const addresses = await Promise.race([found, late]);
  clearTimeout(timer);
  if (addresses.length === 0) return 'unresolved';
  return addresses.every(({ address }) => isAllowedAddress(address, { loopback })) ? undefined : 'private_address';
}
