import type { Logger } from '#lib/platform';

/** Work that has to be done again and again whether or not anything asks for it. */
export class RepeatedWork {
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly running = new Set<Promise<void>>();
  private stopped = false;

  constructor(private readonly logger: Logger) {}

  /** Does `work` every `ms`, never twice at once; a failure is logged as `failed` and the next turn tries again. */
  every(ms: number, failed: string, work: () => Promise<unknown>): void {
    const turn = async (): Promise<void> => {
      try {
        await work();
      } catch (error) {
        this.logger.error(failed, { error });
      }
    };
    const schedule = (): void => {
      if (this.stopped) return;
      const timer = setTimeout(() => {
        this.timers.delete(timer);
        const done = turn().finally(() => {
          this.running.delete(done);
          schedule();
        });
        this.running.add(done);
      }, ms);
      timer.unref();
      this.timers.add(timer);
    };
    schedule();
  }

  /** No further turns; waits for those under way. */
  async stop(): Promise<void> {
    this.stopped = true;
    for (const timer of this.timers) clearTimeout(timer);
    await Promise.all(this.running);
  }
}
