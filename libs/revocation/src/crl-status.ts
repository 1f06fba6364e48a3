import { CRL_SKEW_MS, type RevocationFinding } from '#lib/pki';
import type { ResidentCrl } from './resident-set.js';

/**
 * What one list says about a serial at `at` (milliseconds). A list past its nextUpdate says nothing, not even
 * "revoked": the issuer has promised a newer one, and whoever holds that back chooses which statements we see.
 */
export function crlStatus(serial: Uint8Array, list: ResidentCrl, at: number): RevocationFinding {
  const source = {
    method: 'crl' as const,
    thisUpdate: list.thisUpdate,
    nextUpdate: list.nextUpdate,
    sourceSha256: list.sha256,
    ...(list.crlNumber === undefined ? {} : { crlNumber: list.crlNumber }),
  };
  if (list.thisUpdate > at + CRL_SKEW_MS) return { ...source, status: 'unavailable', detail: 'crl_from_future' };
  if (list.nextUpdate <= at) return { ...source, status: 'stale' };
  const entry = list.columns.find(serial);
  if (entry === undefined) return { ...source, status: 'good' };
  return { ...source, status: 'revoked', revokedAt: entry.revokedAt, reason: entry.reason };
}

/**
 * The answer of the first list that has one. Each list covers the certificate wholly, so a fresh one makes up for a
 * stale one; when none answers, the first one's doubt is reported.
 */
export function firstAnswer(serial: Uint8Array, lists: readonly ResidentCrl[], at: number): RevocationFinding {
  let doubt: RevocationFinding | undefined;
  for (const list of lists) {
    const finding = crlStatus(serial, list, at);
    if (finding.status === 'good' || finding.status === 'revoked') return finding;
    doubt ??= finding;
  }
  return doubt ?? { method: 'crl', status: 'unavailable', detail: 'no_partition' };
}
