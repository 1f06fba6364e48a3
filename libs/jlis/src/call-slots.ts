import { JlisUnavailable } from './jlis-unavailable.js';

export interface SlotLimits {
  /** Calls under way at a time. */
  total: number;
  /** Of them for one party: the others always find room, however slow its calls are. */
  perParty: number;
  /** Calls that wait for a slot, and of them for one party. */
  waiting: number;
  waitingPerParty: number;
}

interface Waiter {
  party: string;
  enter: (release: () => void) => void;
}

/** Bounds the calls under way and waiting. A slot that becomes free goes to the longest waiting party with room. */
export class CallSlots {
  private readonly underWay = new Map<string, number>();
  private readonly queue: Waiter[] = [];
  private count = 0;

  constructor(private readonly limits: SlotLimits) {}

  get inUse(): number {
    return this.count;
  }

  /**
   * A slot for `party`; call the answer once to give it back.
   * @throws JlisUnavailable `too_busy` at once when too many wait, else after `waitMs`.
   */
  async take(party: string, waitMs: number): Promise<() => void> {
    if (this.hasRoom(party)) return this.enter(party);
    const waiting = this.queue.reduce((sum, waiter) => sum + (waiter.party === party ? 1 : 0), 0);
    if (this.queue.length >= this.limits.waiting || waiting >= this.limits.waitingPerParty)
      throw new JlisUnavailable('too_busy');
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        party,
        enter: (release) => {
          clearTimeout(timer);
          resolve(release);
        },
      };
      const timer = setTimeout(() => {
        this.queue.splice(this.queue.indexOf(waiter), 1);
        reject(new JlisUnavailable('too_busy'));
      }, waitMs);
      this.queue.push(waiter);
    });
  }

  private hasRoom(party: string): boolean {
    return this.count < this.limits.total && (this.underWay.get(party) ?? 0) < this.limits.perParty;
  }

  private enter(party: string): () => void {
    this.count++;
    this.underWay.set(party, (this.underWay.get(party) ?? 0) + 1);
    return () => this.leave(party);
  }

  private leave(party: string): void {
    this.count--;
    const left = this.underWay.get(party)! - 1;
    if (left === 0) this.underWay.delete(party);
    else this.underWay.set(party, left);
    const next = this.queue.findIndex((waiter) => this.hasRoom(waiter.party));
    if (next < 0) return;
    const [waiter] = this.queue.splice(next, 1);
    waiter!.enter(this.enter(waiter!.party));
  }
}
