import type { JobsOptions } from 'bullmq';
import type { SweepJob } from './sweep-steps.js';

export const SWEEP_QUEUE = 'status-sweep';

/** One turn of a sweep. */
export interface SweepTurn {
  sweep: SweepJob;
  /** Counts the turns of one chain of jobs. */
  turn: number;
}

/** A turn that failed is not tried again by the queue: the schedule finds the sweep, and others have their turn first. */
export const turnOptions = ({ sweep, turn }: SweepTurn): JobsOptions => ({
  jobId: `${sweep.id}-${turn}`,
  attempts: 1,
  removeOnComplete: true,
  removeOnFail: true,
});
