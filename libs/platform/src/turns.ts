import { Problem } from './problem.js';

/**
 * Lets so many pieces of work of one name go on at the same time; what comes on top waits for its turn, in the order in
 * which it came. Names do not wait for each other: whoever brings the event loop too much waits behind his own work.
 */
export class Turns {
  private readonly going = new Map<string, { count: number; waiting: (() => void)[] }>();

  constructor(
    /** Of one name at the same time. */
    private readonly atOnce: number,
    /** Of one name besides. */
    private readonly mostWaiting: number,
  ) {}

  /** @throws Problem `rate_limited` when too many wait, else what `work` throws. */
  async take<T>(name: string, work: () => Promise<T>): Promise<T> {
    const line = this.going.get(name) ?? { count: 0, waiting: [] };
    this.going.set(name, line);
    if (line.count < this.atOnce) line.count += 1;
    else if (line.waiting.length < this.mostWaiting) await new Promise<void>((resolve) => line.waiting.push(resolve));
    else throw new Problem('rate_limited', { retry_after: 1 });
    try {
      return await work();
    } finally {
      const next = line.waiting.shift();
      // The turn goes over to the next one; nobody who comes meanwhile takes it.
      if (next) next();
      else if (--line.count === 0) this.going.delete(name);
    }
  }
}
