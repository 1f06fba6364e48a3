import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { parsePeer, Problem, Turns } from '#lib/platform';

/** Keys that nobody has, from one address in a second. */
const WRONG_PER_SECOND = 50;
/** Keys looked for at the same time of those this process has not seen: most connections are left for known ones. */
const AT_ONCE = 2;
const MOST_WAITING = 200;

/** Looks for keys that this process does not know, so that a flood of wrong ones costs the database little. */
export class Strangers {
  private readonly wrong = new RateLimiterMemory({ points: WRONG_PER_SECOND, duration: 1 });
  private readonly turns = new Turns({ atOnce: AT_ONCE, mostWaiting: MOST_WAITING });

  /**
   * @returns what `look` finds; undefined is a wrong key
   * @throws Problem `rate_limited`
   */
  async admit<T>(address: string, look: () => Promise<T | undefined>): Promise<T | undefined> {
    const from = networkOf(address);
    try {
      // Before it is known to be wrong, or as many as come at once would all be looked for.
      await this.wrong.consume(from);
    } catch (refused) {
      if (!(refused instanceof RateLimiterRes)) throw refused;
      throw new Problem('rate_limited', { retry_after: Math.max(1, Math.ceil(refused.msBeforeNext / 1_000)) });
    }
    let wrong = false;
    try {
      const found = await this.turns.take('strangers', look);
      wrong = found === undefined;
      return found;
    } finally {
      // Also a key that could not be looked for: customers are not refused as strangers because the database is away.
      if (!wrong) await this.wrong.reward(from);
    }
  }
}

/** The address, or of IPv6 the network of 64 bits, all of whose addresses one customer has (RFC 6177 §2). */
function networkOf(address: string): string {
  const peer = parsePeer(address);
  return peer?.family === 6 ? `${(peer.network >> 64n).toString(16)}::/64` : address;
}
