/** Codes of RFC 9457 problems and their status. */
export const JLIS_PROBLEMS = {
  request_invalid: 400,
  consent_refused: 400,
  client_certificate_refused: 403,
  not_found: 404,
  too_many_requests: 429,
  internal_error: 500,
  unavailable: 503,
} as const;
export type JlisProblemCode = keyof typeof JLIS_PROBLEMS;

/** A request that J-LIS refuses. `retryAfterSeconds` becomes a header. */
export class JlisProblem extends Error {
  override readonly name = 'JlisProblem';
  constructor(
    readonly code: JlisProblemCode,
    readonly detail: string,
    readonly retryAfterSeconds?: number,
  ) {
    super(`${code}: ${detail}`);
  }

  get status(): number {
    return JLIS_PROBLEMS[this.code];
  }
}
