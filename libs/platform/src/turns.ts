import { Problem } from './problem.js';

/** Somebody counts as there for so long after a piece of work was brought, milliseconds. */
const THERE_MS = 1_000;

export interface TurnLimits {
  /** Of one name at the same time. */
  atOnce: number;
  /** Of one name besides. */
  mostWaiting: number;
  /**
   * While another owner is there: of one name at the same time, and how long at most a turn rests after its work, which
   * it does for as long as the work took. Unless given, all is as if nobody were there.
   */
  besideOthers?: { atOnce: number; mostRestMs: number };
}

interface Line {
  going: number;
  waiting: (() => void)[];
}

/**
 * Lets so many pieces of work of one name go on at the same time; what comes on top waits for its turn, in the order in
 * which it came. Names do not wait for each other: whoever brings the event loop too much waits behind his own work. Who
 * is alone has more at once than who has company, as what goes on of his makes the work of the others slower; and beside
 * others half of the time of a turn is left free, so that what they bring meets an idle process now and then.
 */
export class Turns {
  private readonly lines = new Map<string, Line>();
  /** The last one who brought work, and the last one before who was another: when both did. */
  private last = { owner: '', at: -Infinity };
  private other = this.last;

  constructor(
    private readonly limits: TurnLimits,
    /** Milliseconds that never go back. */
    private readonly now: () => number = () => performance.now(),
  ) {}

  /**
   * @param owner whose work it is; his names are no company for each other
   * @throws Problem `rate_limited` when too many wait, else what `work` throws
   */
  async take<T>(name: string, work: () => Promise<T>, owner = name): Promise<T> {
    this.meet(owner);
    const line = this.lines.get(name) ?? { going: 0, waiting: [] };
    this.lines.set(name, line);
    if (line.waiting.length === 0 && line.going < this.atOnce(owner)) line.going += 1;
    else if (line.waiting.length < this.limits.mostWaiting)
      await new Promise<void>((resolve) => line.waiting.push(resolve));
    else throw new Problem('rate_limited', { retry_after: 1 });
    const began = this.now();
    try {
      return await work();
    } finally {
      const rest = this.restMs(owner, this.now() - began);
      if (rest > 0) setTimeout(() => this.passOn(name, line, owner), rest);
      else this.passOn(name, line, owner);
    }
  }

  /** The turn goes over to the next one, who counts before he begins: nobody who comes meanwhile takes it. */
  private passOn(name: string, line: Line, owner: string): void {
    line.going -= 1;
    const atOnce = this.atOnce(owner);
    while (line.going < atOnce && line.waiting.length > 0) {
      line.going += 1;
      line.waiting.shift()!();
    }
    if (line.going === 0) this.lines.delete(name);
  }

  private meet(owner: string): void {
    if (this.last.owner !== owner) this.other = this.last;
    this.last = { owner, at: this.now() };
  }

  private atOnce(owner: string): number {
    const { atOnce, besideOthers } = this.limits;
    return besideOthers && this.hasCompany(owner) ? besideOthers.atOnce : atOnce;
  }

  private restMs(owner: string, workedMs: number): number {
    const { besideOthers } = this.limits;
    return besideOthers && this.hasCompany(owner) ? Math.min(workedMs, besideOthers.mostRestMs) : 0;
  }

  private hasCompany(owner: string): boolean {
    const somebodyElse = this.last.owner === owner ? this.other : this.last;
    return this.now() - somebodyElse.at < THERE_MS;
  }
}
