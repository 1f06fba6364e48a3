import { type RevocationFinding, serialOctets as shortSerialOctets } from '#lib/pki';
import { entryStatus, listDoubt, type ListFacts } from './crl-status.js';
import type { ResidentCrl } from './resident-set.js';

/** Content octets of the INTEGER of a serial number (X.690 §8.3). @param decimal positive */
export function serialOctets(decimal: string): Uint8Array {
  // Serial numbers of JPKI are short; ten digits are up to 2^34.
  const short = decimal.length <= 10 ? Number(decimal) : Infinity;
  if (short < 2 ** 32) return shortSerialOctets(short);
  const hex = BigInt(decimal).toString(16);
  const octets = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
  return octets[0]! >= 0x80 ? Buffer.concat([Buffer.of(0), octets]) : octets;
}

/** What lists together say about every serial number that none of them holds: doubt, or as of when they are silent. */
export type Silence =
  | { doubt: RevocationFinding }
  /** `oldest`: the list made first. */
  | { oldest: ListFacts; nextUpdate: number };

export function silenceOf(lists: readonly ListFacts[], at: number): Silence {
  let doubt: RevocationFinding | undefined;
  let oldest: ListFacts | undefined;
  for (const list of lists) {
    doubt ??= listDoubt(list, at);
    if (oldest === undefined || list.thisUpdate < oldest.thisUpdate) oldest = list;
  }
  if (doubt) return { doubt };
  if (!oldest) return { doubt: { method: 'crl', status: 'unavailable', detail: 'no_partition' } };
  return { oldest, nextUpdate: Math.min(...lists.map((list) => list.nextUpdate)) };
}

/** What silence means for one certificate: nothing unless its end is known and not past, for an issuer drops it then. */
export function silenceAbout(notAfter: number | undefined, silence: Silence, at: number): RevocationFinding {
  if ('doubt' in silence) return silence.doubt;
  const { oldest, nextUpdate } = silence;
  const facts = { method: 'crl', thisUpdate: oldest.thisUpdate, nextUpdate } as const;
  if (notAfter === undefined) return { ...facts, status: 'unknown', detail: 'expiry_unknown' };
  const { status, detail } = entryStatus(notAfter, undefined, oldest, at);
  return { ...facts, status, ...(detail === undefined ? {} : { detail }) };
}

/** The first fresh statement that the serial number is revoked. */
export function entryInAny(
  certificate: { serial: Uint8Array; notAfter?: number },
  lists: readonly ResidentCrl[],
  at: number,
): RevocationFinding | undefined {
  for (const list of lists) {
    const entry = listDoubt(list, at) ? undefined : list.columns.find(certificate.serial);
    if (entry !== undefined) return entryStatus(certificate.notAfter ?? Infinity, entry, list, at);
  }
  return undefined;
}

/**
 * What all lists together say about a serial number of which nobody knows in which of them it would stand. A fresh
 * "revoked" counts wherever it is. Silence counts only when every list is fresh, and when the end of the certificate is
 * known and not past: an issuer drops a serial then. The times given are those of the list made first.
 */
export const statusInAll = (
  certificate: { serial: Uint8Array; notAfter?: number },
  lists: readonly ResidentCrl[],
  at: number,
): RevocationFinding =>
  entryInAny(certificate, lists, at) ?? silenceAbout(certificate.notAfter, silenceOf(lists, at), at);
