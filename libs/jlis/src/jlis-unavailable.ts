/** Why a J-LIS service gave nothing usable. Stable snake_case, for the evidence and the operator. */
export type JlisDetail =
  'unreachable' | 'timeout' | 'http_status' | 'redirected' | 'too_large' | 'index_malformed' | 'stopped';

/** A J-LIS service could not be asked, or answered in no usable form. Nothing may be concluded from it. */
export class JlisUnavailable extends Error {
  override readonly name = 'JlisUnavailable';
  constructor(
    readonly detail: JlisDetail,
    /** What a person needs beyond the detail: an HTTP status, a socket error's code, the rule broken. */
    readonly fact?: string | number,
    options?: ErrorOptions,
  ) {
    super(fact === undefined ? `J-LIS: ${detail}` : `J-LIS: ${detail} (${fact})`, options);
  }
}
