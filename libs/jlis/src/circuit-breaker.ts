/** What a call that was let through hands back with its end. */
export interface Passage {
  /** The one call that finds out whether the service is back. */
  readonly probe: boolean;
}

export const CIRCUIT_STATES = ['closed', 'half_open', 'open'] as const;
export type CircuitState = (typeof CIRCUIT_STATES)[number];

/**
 * Stops asking a service that fails again and again: callers get their answer at once instead of at their deadline, and
 * the service is not kept down by those who wait for it. After `failures` in a row it is open for `openMs`; then one
 * call is let through and decides. Times are milliseconds of any steady clock.
 */
export class CircuitBreaker {
  private failuresInRow = 0;
  private openedAt: number | undefined;
  private probing = false;

  constructor(private readonly limits: { failures: number; openMs: number }) {}

  state(now: number): CircuitState {
    if (this.openedAt === undefined) return 'closed';
    return now - this.openedAt >= this.limits.openMs ? 'half_open' : 'open';
  }

  /** Whether `enter` would let a call through now. */
  admits(now: number): boolean {
    const state = this.state(now);
    return state === 'closed' || (state === 'half_open' && !this.probing);
  }

  /** Undefined: do not ask. Each passage ends in exactly one of `succeeded` and `failed`. */
  enter(now: number): Passage | undefined {
    if (!this.admits(now)) return undefined;
    const probe = this.openedAt !== undefined;
    if (probe) this.probing = true;
    return { probe };
  }

  /** The service answered. Also a call from before the opening tells that it is back. */
  succeeded(passage: Passage): void {
    if (passage.probe) this.probing = false;
    this.failuresInRow = 0;
    this.openedAt = undefined;
  }

  failed(passage: Passage, now: number): void {
    if (passage.probe) this.probing = false;
    // Calls that were under way when it opened say nothing new.
    else if (this.openedAt !== undefined) return;
    this.failuresInRow++;
    if (passage.probe || this.failuresInRow >= this.limits.failures) this.openedAt = now;
  }
}
