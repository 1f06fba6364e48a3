import type { Day, Period } from './japan-month.js';

/** Never: an end that is not known yet. */
export const OPEN_END: Day = '9999-12-31';

/** In force from a day until the next of its kind begins. */
export interface Dated {
  validFrom: Day;
}

/** What is in force on `day`. @param dated oldest first */
export const inForceOn = <T extends Dated>(dated: readonly T[], day: Day): T | undefined =>
  dated.findLast(({ validFrom }) => validFrom <= day);

/** Each with the days it is in force. @param dated oldest first */
export const withPeriods = <T extends Dated>(dated: readonly T[]): (T & Period)[] =>
  dated.map((each, index) => ({ ...each, from: each.validFrom, until: dated[index + 1]?.validFrom ?? OPEN_END }));

/** Why a period cannot join those there are, and the day. */
export interface TimelineFault {
  rule: 'overlap' | 'gap';
  day: Day;
}

/**
 * Whether a new period joins those in force without overlap or gap. It takes the days from its first one on; the one
 * before it ends there. Where the next one begins it has to end, and it may not end anywhere else.
 * @param dated oldest first
 */
export function checkTimeline(
  dated: readonly Dated[],
  { validFrom, validUntil }: { validFrom: Day; validUntil: Day | null },
): TimelineFault | undefined {
  if (dated.some((each) => each.validFrom === validFrom)) return { rule: 'overlap', day: validFrom };
  const next = dated.find((each) => each.validFrom > validFrom)?.validFrom;
  const until = validUntil ?? OPEN_END;
  if (until <= validFrom) return { rule: 'overlap', day: validFrom };
  if (until > (next ?? OPEN_END)) return { rule: 'overlap', day: next! };
  if (validUntil !== null && until < (next ?? OPEN_END)) return { rule: 'gap', day: until };
  return undefined;
}
