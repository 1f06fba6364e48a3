/**
 * How soon another process takes over the jobs of one that was killed: their locks run out after ten seconds, and are
 * looked for every five. A living one renews its locks in half that time; nothing keeps it from that, because all long
 * work is done in threads.
 */
export const TAKE_OVER = {
  lockDuration: 10_000,
  stalledInterval: 5_000,
  // Being killed often is no fault of the job.
  maxStalledCount: 10,
} as const;
