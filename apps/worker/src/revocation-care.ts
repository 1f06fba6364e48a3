import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Logger } from '#lib/platform';
import { FreshnessWatch, ListRetention } from '#lib/revocation';

/** Milliseconds between two looks at how fresh the lists are, and between two clearings of their files. */
const LOOK_MS = 60_000;
const RETENTION_MS = 60 * 60_000;

/** What has to be done about revocation data whether or not anything is fetched; needs the database alone. */
@Injectable()
export class RevocationCare implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly running = new Set<Promise<void>>();
  private stopped = false;

  constructor(
    @Inject(FreshnessWatch) private readonly watch: FreshnessWatch,
    @Inject(ListRetention) private readonly retention: ListRetention,
    @Inject(Logger) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.every(LOOK_MS, 'freshness_watch_failed', () => this.watch.look());
    this.every(RETENTION_MS, 'list_retention_failed', () => this.retention.run());
  }

  async onModuleDestroy(): Promise<void> {
    this.stopped = true;
    for (const timer of this.timers) clearTimeout(timer);
    await Promise.all(this.running);
  }

  /** Does `work` again and again, never twice at once; a failure is told and the next turn tries again. */
  private every(ms: number, failed: string, work: () => Promise<unknown>): void {
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
}
