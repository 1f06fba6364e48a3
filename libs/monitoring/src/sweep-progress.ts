import type { Sweep } from './sweep.js';

/** How fast a sweep goes, and when it will end at that rate. By real time, because test time can be moved. */
export interface SweepProgress {
  perSecond?: number;
  secondsLeft?: number;
  /** Milliseconds. */
  endsAt?: number;
}

export function sweepProgress({ beganAt, endedAt, done, total, now }: Sweep): SweepProgress {
  const seconds = beganAt === undefined ? 0 : ((endedAt ?? now) - beganAt) / 1000;
  if (done === 0 || seconds <= 0) return {};
  const perSecond = done / seconds;
  if (endedAt !== undefined || total === undefined) return { perSecond };
  const secondsLeft = (total - done) / perSecond;
  return { perSecond, secondsLeft, endsAt: now + secondsLeft * 1000 };
}
