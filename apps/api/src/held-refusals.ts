import { setTimeout as sleep } from 'node:timers/promises';

/** Refusals of one name in a second that are answered at once. */
export const PROMPT = 20;
/** Of one name and second, so for a moment twice as many at the same time; each is a connection without a body. */
const MOST_HELD = 1_000;
/** Held ones are let go spread over this time, milliseconds: together they would be a burst. */
const SPREAD_MS = 1_000;

/**
 * Who is refused many times in a second and still asks on is answered in the next one. An answer costs the event loop
 * nearly what a small piece of work costs: a client that repeats as fast as it is refused would take the process from
 * the others.
 */
export class HeldRefusals {
  private readonly seconds = new Map<string, { count: number; held: number }>();

  /** Resolves when the refusal may be answered. @param restMs what is left of the second, milliseconds */
  async hold(name: string, restMs: number): Promise<void> {
    let second = this.seconds.get(name);
    if (!second) {
      this.seconds.set(name, (second = { count: 0, held: 0 }));
      setTimeout(() => this.seconds.delete(name), restMs).unref();
    }
    second.count += 1;
    if (second.count <= PROMPT || second.held >= MOST_HELD) return;
    second.held += 1;
    await sleep(restMs + Math.random() * SPREAD_MS, undefined, { ref: false });
  }
}
