/** What J-LIS said about one serial: the one before it, in one step. */
export type LinkageAnswer =
  | { state: 'linked'; previousSerial: string }
  | { state: 'not_found' }
  | { state: 'not_yet_linkable'; retryAfterSeconds: number };

/** What the tenant's own records say about a serial that J-LIS named. */
export type Sight =
  | { is: 'known'; certificateId: string }
  | { is: 'unknown' }
  /** It was a deleted person's. */
  | { is: 'severed' };

/** Where the way back from a presented certificate ends. */
export type WalkEnd =
  /** At a certificate the tenant knows. `hops`: the serials between, from the newest to the oldest. */
  | { state: 'reached'; certificateId: string; hops: readonly string[] }
  | { state: 'not_found' }
  | { state: 'severed' }
  | { state: 'ambiguous'; detail: 'cycle' }
  | { state: 'not_yet_linkable'; retryAfterMs: number };

export type Step = { ask: string } | { end: WalkEnd };

/** A card lasts five years: more renewals than a life has mean that the other side is wrong. */
export const MAX_STEPS = 16;

/**
 * The next step back after an answer.
 * @param asked serials asked about so far, from the presented one on; the answer is about the last of them
 * @param sight of the serial that the answer names, if it names one
 * @param chained whether J-LIS answers about superseded serials
 */
export function stepBack(
  asked: readonly string[],
  answer: LinkageAnswer,
  sight: Sight | undefined,
  chained: boolean,
): Step {
  if (answer.state === 'not_yet_linkable')
    return { end: { state: 'not_yet_linkable', retryAfterMs: answer.retryAfterSeconds * 1000 } };
  if (answer.state === 'not_found' || !sight) return { end: { state: 'not_found' } };
  if (asked.includes(answer.previousSerial)) return { end: { state: 'ambiguous', detail: 'cycle' } };
  if (sight.is === 'severed') return { end: { state: 'severed' } };
  if (sight.is === 'known')
    return { end: { state: 'reached', certificateId: sight.certificateId, hops: asked.slice(1) } };
  return chained && asked.length < MAX_STEPS ? { ask: answer.previousSerial } : { end: { state: 'not_found' } };
}
