/** How a request came in, for the audit trail; a command at a terminal has no address. */
export interface Origin {
  requestId?: string;
  /** IPv4 or IPv6. */
  ip?: string;
}

/** Who does it, and how it came in. */
export interface Acting extends Origin {
  /** `operator:<id>` */
  actor: string;
}
