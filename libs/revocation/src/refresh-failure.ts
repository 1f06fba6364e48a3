import { JlisUnavailable } from '#lib/jlis';
import { type CrlRefusal, type CrlRefusalCode, Malformed } from '#lib/pki';

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

/** A refresh failed in another thread, which has put it on record and told the log. */
export class RefreshFailed extends Error {
  override readonly name = 'RefreshFailed';
  constructor(readonly code: string) {
    super(`refresh failed: ${code}`);
  }
}

/** Refusals that an issuer's mistake or an attacker's replay of older lists shows as. */
const ROLLBACKS: ReadonlySet<CrlRefusalCode> = new Set(['this_update_went_back', 'crl_number_went_back']);

/** Whether what was delivered is older than what is held, which needs a person to look at it. */
export const isRollback = (error: unknown): boolean =>
  error instanceof CrlRefused && error.refusals.some(({ code }) => ROLLBACKS.has(code));

const MAX_CODE = 200;

/** A failure as the stored code: `crl_refused:…`, `crl_malformed:…`, `jlis_…`, or `internal` for what nobody foresaw. */
export function failureCode(error: unknown): string {
  if (error instanceof CrlRefused)
    return `crl_refused:${error.refusals.map(({ code }) => code).join(',')}`.slice(0, MAX_CODE);
  if (error instanceof Malformed) return `crl_malformed:${error.rule}`;
  if (error instanceof JlisUnavailable)
    return `jlis_${error.detail}${error.fact === undefined ? '' : `:${error.fact}`}`.slice(0, MAX_CODE);
  if (error instanceof PartitionBusy) return 'partition_busy';
  if (error instanceof RefreshFailed) return error.code;
  return 'internal';
}
