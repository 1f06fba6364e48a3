import type { RevocationFinding } from '#lib/pki';
import type { Mode } from '#lib/platform';

/** Which certificate of which authority is asked about; `at` in milliseconds by the clock of the mode. */
export interface OcspQuestionKey {
  mode: Mode;
  /** Hex SHA-256 of the issuing authority's certificate: names do not tell its keys apart. */
  issuer: string;
  /** Content octets of the serial INTEGER. */
  serial: Uint8Array;
  at: number;
}

export interface OcspCacheLimits {
  /** How long an answer is used again, milliseconds; 0 shares only what is in flight. */
  maxAgeMs: Readonly<Record<Mode, number>>;
  /** Answers held; the one used longest ago goes first. An answer takes about 500 octets. */
  maxEntries: number;
}

/** No answer is used again for longer than this, whatever is configured. */
export const OCSP_CACHE_MAX_AGE_MS = 60_000;

/**
 * J-LIS renews its OCSP data every 15 minutes, so half a minute adds little to the age of an answer and takes the
 * repeated checks of one session off the responder. In test mode nothing is kept: whoever revokes a sandbox card looks
 * at once.
 */
export const OCSP_CACHE_LIMITS: OcspCacheLimits = { maxAgeMs: { live: 30_000, test: 0 }, maxEntries: 10_000 };

interface Held<F> {
  finding: F;
  /** When it was asked, by the clock of the mode. */
  askedAt: number;
}

interface Flight<F> {
  answer: Promise<F>;
  askedAt: number;
}

/**
 * Identical OCSP questions share one exchange, and its answer for a short time. Only `good` and `revoked` are kept, and
 * only until their nextUpdate; an answer without one says that newer information is always available (RFC 6960
 * §4.2.2.1), so it is never kept. A failure reaches all who waited for it and nobody after them.
 *
 * Who shares an answer has not sent the nonce that is in it. The nonce of the one request made still ties the answer to
 * a moment within the time given here, which bounds a replay as the nonce of every single request would.
 */
export class OcspCache<F extends RevocationFinding = RevocationFinding> {
  private readonly held = new Map<string, Held<F>>();
  private readonly inFlight = new Map<string, Flight<F>>();

  constructor(private readonly limits: OcspCacheLimits = OCSP_CACHE_LIMITS) {}

  get size(): number {
    return this.held.size;
  }

  /** @param exchange asks the responder and judges the answer at `key.at` */
  async answer(key: OcspQuestionKey, exchange: () => Promise<F>): Promise<F> {
    const { mode, issuer, serial, at } = key;
    const name = `${mode} ${issuer} ${Buffer.from(serial).toString('hex')}`;
    const maxAgeMs = Math.min(this.limits.maxAgeMs[mode], OCSP_CACHE_MAX_AGE_MS);
    const kept = this.findHeld(name, at, maxAgeMs);
    if (kept !== undefined) return kept;
    const flight = this.inFlight.get(name);
    if (flight !== undefined && isNear(flight.askedAt, at)) {
      const finding = await flight.answer;
      if (finding.nextUpdate === undefined || at < finding.nextUpdate) return finding;
    }
    return this.ask(name, at, maxAgeMs, exchange);
  }

  private findHeld(name: string, at: number, maxAgeMs: number): F | undefined {
    const held = this.held.get(name);
    if (held === undefined) return undefined;
    this.held.delete(name);
    // A clock that went back makes an answer of the future of it.
    if (at < held.askedAt || at - held.askedAt >= maxAgeMs || !isWithin(held.finding, at)) return undefined;
    this.held.set(name, held);
    return held.finding;
  }

  private async ask(name: string, at: number, maxAgeMs: number, exchange: () => Promise<F>): Promise<F> {
    const flight: Flight<F> = { answer: exchange(), askedAt: at };
    this.inFlight.set(name, flight);
    try {
      const finding = await flight.answer;
      if (maxAgeMs > 0 && isConclusive(finding) && isWithin(finding, at)) this.hold(name, { finding, askedAt: at });
      return finding;
    } finally {
      if (this.inFlight.get(name) === flight) this.inFlight.delete(name);
    }
  }

  private hold(name: string, held: Held<F>): void {
    this.held.delete(name);
    this.held.set(name, held);
    if (this.held.size <= this.limits.maxEntries) return;
    const [oldest] = this.held.keys();
    if (oldest !== undefined) this.held.delete(oldest);
  }
}

/** Far enough apart only when the clock of the mode was moved between the two questions. */
const isNear = (a: number, b: number): boolean => Math.abs(a - b) < OCSP_CACHE_MAX_AGE_MS;

const isConclusive = ({ status }: RevocationFinding): boolean => status === 'good' || status === 'revoked';

const isWithin = ({ nextUpdate }: RevocationFinding, at: number): boolean =>
  nextUpdate !== undefined && at < nextUpdate;
