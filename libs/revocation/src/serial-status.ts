import type { RevocationFinding } from '#lib/pki';
import { entryStatus, listDoubt } from './crl-status.js';
import type { ResidentCrl } from './resident-set.js';

/** Content octets of the INTEGER of a serial number (X.690 §8.3). @param decimal positive */
export function serialOctets(decimal: string): Uint8Array {
  const hex = BigInt(decimal).toString(16);
  const octets = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
  return octets[0]! >= 0x80 ? Buffer.concat([Buffer.of(0), octets]) : octets;
}

/**
 * What all lists together say about a serial number of which nobody knows in which of them it would stand. A fresh
 * "revoked" counts wherever it is. Silence counts only when every list is fresh, and when the end of the certificate is
 * known and not past: an issuer drops a serial then. The times given are those of the list made first.
 */
export function statusInAll(
  certificate: { serial: Uint8Array; notAfter?: number },
  lists: readonly ResidentCrl[],
  at: number,
): RevocationFinding {
  let doubt: RevocationFinding | undefined;
  let oldest: ResidentCrl | undefined;
  for (const list of lists) {
    const notUsable = listDoubt(list, at);
    if (notUsable) {
      doubt ??= notUsable;
      continue;
    }
    const entry = list.columns.find(certificate.serial);
    if (entry !== undefined) return entryStatus(certificate.notAfter ?? Infinity, entry, list, at);
    if (oldest === undefined || list.thisUpdate < oldest.thisUpdate) oldest = list;
  }
  if (doubt) return doubt;
  if (!oldest) return { method: 'crl', status: 'unavailable', detail: 'no_partition' };
  const { thisUpdate } = oldest;
  const nextUpdate = Math.min(...lists.map((list) => list.nextUpdate));
  const silence = { method: 'crl', thisUpdate, nextUpdate } as const;
  if (certificate.notAfter === undefined) return { ...silence, status: 'unknown', detail: 'expiry_unknown' };
  const { status, detail } = entryStatus(certificate.notAfter, undefined, oldest, at);
  return { ...silence, status, ...(detail === undefined ? {} : { detail }) };
}
