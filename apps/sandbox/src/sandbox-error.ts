/** Codes of refused requests and their HTTP status. */
export const SANDBOX_ERRORS = {
  bad_request: 400,
  card_not_found: 404,
  certificate_not_found: 404,
  crl_not_found: 404,
  not_found: 404,
  control_not_local: 403,
  pin_wrong: 403,
  pin_locked: 423,
  card_exists: 409,
  card_limit: 409,
  already_revoked: 409,
  body_too_large: 413,
  media_type_unsupported: 415,
  internal: 500,
} as const;
export type SandboxErrorCode = keyof typeof SANDBOX_ERRORS;

/** A request the sandbox refuses. `details` become members of the JSON body. */
export class SandboxError extends Error {
  override readonly name = 'SandboxError';
  constructor(
    readonly code: SandboxErrorCode,
    message: string,
    readonly details: Record<string, string | number> = {},
  ) {
    super(message);
  }

  get status(): number {
    return SANDBOX_ERRORS[this.code];
  }
}
