import { JlisUnavailable } from '#lib/jlis';
import { type CrlRefusal, Malformed } from '#lib/pki';

/** A list was delivered whole and must not be taken over. */
export class CrlRefused extends Error {
  override readonly name = 'CrlRefused';
  constructor(readonly refusals: readonly CrlRefusal[]) {
    super(`CRL refused: ${refusals.map(({ code }) => code).join(', ')}`);
  }
}

/** Another process works on the same partition, or has changed its head meanwhile. The job is to be tried again. */
export class PartitionBusy extends Error {
  override readonly name = 'PartitionBusy';
}

const MAX_CODE = 200;

/** A failure as the stored code: `crl_refused:…`, `crl_malformed:…`, `jlis_…`, or `internal` for what nobody foresaw. */
export function failureCode(error: unknown): string {
  if (error instanceof CrlRefused)
    return `crl_refused:${error.refusals.map(({ code }) => code).join(',')}`.slice(0, MAX_CODE);
  if (error instanceof Malformed) return `crl_malformed:${error.rule}`;
  if (error instanceof JlisUnavailable)
    return `jlis_${error.detail}${error.fact === undefined ? '' : `:${error.fact}`}`.slice(0, MAX_CODE);
  if (error instanceof PartitionBusy) return 'partition_busy';
  return 'internal';
}
