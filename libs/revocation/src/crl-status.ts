import { CRL_SKEW_MS, type CrlReason, type RevocationFinding } from '#lib/pki';
import type { ResidentCrl } from './resident-set.js';

/** What of a certificate a list is asked about. */
export interface ListedCertificate {
  /** Content octets of its serial INTEGER. */
  serial: Uint8Array;
  /** Milliseconds. */
  notAfter: number;
}

/** What of a list a finding names. Times in milliseconds. */
export interface ListFacts {
  crlNumber?: string;
  thisUpdate: number;
  nextUpdate: number;
  /** Hex, of the CRL file. */
  sha256: string;
}

const sourceOf = (list: ListFacts) => ({
  method: 'crl' as const,
  thisUpdate: list.thisUpdate,
  nextUpdate: list.nextUpdate,
  sourceSha256: list.sha256,
  ...(list.crlNumber === undefined ? {} : { crlNumber: list.crlNumber }),
});

/**
 * Why a list says nothing at `at`; undefined when it may be asked. A list past its nextUpdate says nothing, not even
 * "revoked": the issuer has promised a newer one, and whoever holds that back chooses which statements we see.
 */
export function listDoubt(list: ListFacts, at: number): RevocationFinding | undefined {
  if (list.thisUpdate > at + CRL_SKEW_MS)
    return { ...sourceOf(list), status: 'unavailable', detail: 'crl_from_future' };
  return list.nextUpdate <= at ? { ...sourceOf(list), status: 'stale' } : undefined;
}

/**
 * What a list's entry, or its silence, means for a certificate at `at`. An issuer drops a serial after the certificate's
 * own end, so silence about a certificate that had expired by then, or when the list was made, proves nothing.
 */
export function entryStatus(
  notAfter: number,
  entry: { revokedAt: number; reason: CrlReason } | undefined,
  list: ListFacts,
  at: number,
): RevocationFinding {
  if (entry !== undefined)
    return { ...sourceOf(list), status: 'revoked', revokedAt: entry.revokedAt, reason: entry.reason };
  if (notAfter < Math.max(at, list.thisUpdate))
    return { ...sourceOf(list), status: 'unknown', detail: 'certificate_expired' };
  return { ...sourceOf(list), status: 'good' };
}

/** What one list says about a certificate at `at` (milliseconds). */
export function crlStatus(certificate: ListedCertificate, list: ResidentCrl, at: number): RevocationFinding {
  return listDoubt(list, at) ?? entryStatus(certificate.notAfter, list.columns.find(certificate.serial), list, at);
}

/**
 * What several lists say together. Each covers the certificate wholly: a fresh "revoked" counts wherever it stands, for
 * revocation is final, and otherwise the fresh list made last decides, because the older one may lie between. When none
 * is fresh, the doubt about the one made last is reported.
 */
export function statusAmong(
  certificate: ListedCertificate,
  lists: readonly ResidentCrl[],
  at: number,
): RevocationFinding {
  const newestFirst = lists.length > 1 ? [...lists].sort((a, b) => b.thisUpdate - a.thisUpdate) : lists;
  let doubt: RevocationFinding | undefined;
  let newest: RevocationFinding | undefined;
  for (const list of newestFirst) {
    const notUsable = listDoubt(list, at);
    if (notUsable) {
      doubt ??= notUsable;
      continue;
    }
    const finding = crlStatus(certificate, list, at);
    if (finding.status === 'revoked') return finding;
    newest ??= finding;
  }
  return newest ?? doubt ?? { method: 'crl', status: 'unavailable', detail: 'no_partition' };
}
