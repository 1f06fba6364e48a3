/**
 * Preloaded (`--import`) into every application the launcher starts: when the launcher is gone, so is the application.
 * It stands before the application's own code so that not even a launcher killed during start-up leaves anything.
 */
const GRACE_MS = 10_000;

// A worker of Jest inherits the preload from Jest, lives by its own channel and ends with it.
if (process.channel && process.env.JEST_WORKER_ID === undefined) {
  process.once('disconnect', () => {
    setTimeout(() => process.exit(1), GRACE_MS).unref();
    process.kill(process.pid, 'SIGTERM');
  });
  // The channel alone must not keep a finished command alive.
  process.channel.unref();
}
