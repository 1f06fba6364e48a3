/** Why a J-LIS service gave nothing usable. Stable snake_case, for the evidence and the operator. */
export type JlisDetail =
  | 'unreachable'
  | 'timeout'
  | 'http_status'
  | 'redirected'
  | 'too_large'
  | 'index_malformed'
  | 'stopped'
  /** One side did not accept the other's certificate. */
  | 'tls_refused'
  | 'answer_malformed'
  | 'too_many_requests'
  /** Not asked: the service failed often just now. */
  | 'circuit_open'
  /** Not asked: too many calls are under way or waiting. */
  | 'too_busy'
  /** Not asked: the mode has no J-LIS services. */
  | 'not_configured';

export interface JlisUnavailableOptions extends ErrorOptions {
  /** What the service asks to wait before the next attempt, seconds. */
  retryAfterSeconds?: number;
  /** The request may have reached the service, which may have acted on it and may charge for it. */
  mayHaveBeenSent?: boolean;
}

/** A J-LIS service could not be asked, or answered in no usable form. Nothing may be concluded from it. */
export class JlisUnavailable extends Error {
  override readonly name = 'JlisUnavailable';
  readonly retryAfterSeconds: number | undefined;
  readonly mayHaveBeenSent: boolean;
  constructor(
    readonly detail: JlisDetail,
    /** What a person needs beyond the detail: an HTTP status, a socket error's code, the rule broken. */
    readonly fact?: string | number,
    options: JlisUnavailableOptions = {},
  ) {
    super(fact === undefined ? `J-LIS: ${detail}` : `J-LIS: ${detail} (${fact})`, options);
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.mayHaveBeenSent = options.mayHaveBeenSent ?? false;
  }
}
