import type { CertificateRecord } from '../card-record.js';

/** After issue J-LIS cannot relate a certificate to others for about an hour and a half (second-hand figure). */
const UNLINKABLE_MS = 90 * 60_000;

/** Seconds until all of `records` can be related; undefined when they can be now. */
export function secondsUntilLinkable(records: readonly CertificateRecord[], now: number): number | undefined {
  const from = Math.max(...records.map(({ notBefore }) => notBefore)) + UNLINKABLE_MS;
  return from > now ? Math.ceil((from - now) / 1000) : undefined;
}
