import { InjectQueue } from '@nestjs/bullmq';
import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { Queue } from 'bullmq';
import { DataSource } from 'typeorm';
import { Logger } from '#lib/platform';
import {
  dueSources,
  nightlySchedule,
  PARTITION_QUEUE,
  NIGHTLY_JOB,
  PLAN_QUEUE,
  planName,
  planOptions,
  type PlanJob,
  RevocationSourceRow,
} from '#lib/revocation';
import { QueueErrors } from './queue-errors.js';

/** How long a source set by the operator may go without its schedule, milliseconds. */
const SYNC_MS = 30_000;

/** Adding a job needs Redis alone; a few tries bridge a restart of it. */
const NIGHTLY_OPTIONS = { attempts: 5, backoff: { type: 'custom' }, removeOnComplete: true, removeOnFail: true };

/** Keeps one nightly schedule per enabled source; one that is new here and has no data, or old data, is asked for at once. */
@Injectable()
export class RefreshSchedule implements OnApplicationBootstrap, OnModuleDestroy {
  /** Schedules known to be in Redis: name → its settings. */
  private readonly set = new Map<string, string>();
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @InjectQueue(PLAN_QUEUE) private readonly plans: Queue<PlanJob>,
    @InjectQueue(PARTITION_QUEUE) private readonly partitions: Queue,
    @Inject(QueueErrors) private readonly errors: QueueErrors,
    @Inject(Logger) private readonly logger: Logger,
  ) {}

  /** Does not wait: without Redis the process is up and goes on trying. */
  onApplicationBootstrap(): void {
    void this.run();
  }

  /**
   * Closing a queue says goodbye to Redis and would wait for ever for one that is away, so the connection is cut first.
   * That in turn waits for a connection that was never made, which closing does end: hence not awaited.
   */
  onModuleDestroy(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    if (!this.errors.down) return;
    for (const queue of [this.plans, this.partitions])
      queue.disconnect().catch((error: unknown) => this.errors.report(queue.name, error));
  }

  private async run(): Promise<void> {
    try {
      // Waits as long as Redis is away; so the end of an outage is seen even when no job comes.
      await this.plans.getActiveCount();
      this.errors.answered();
      await this.sync();
    } catch (error) {
      if (!this.stopped) this.logger.error('refresh_schedule_failed', { error });
    }
    if (this.stopped) return;
    this.timer = setTimeout(() => void this.run(), SYNC_MS);
    this.timer.unref();
  }

  /** Brings the schedules in Redis in line with the sources, and asks for what is missing or a day old. */
  private async sync(): Promise<void> {
    const sources = await this.dataSource.getRepository(RevocationSourceRow).findBy({ enabled: true });
    const due = new Set((await dueSources(this.dataSource)).map(planName));
    const wanted = new Map(sources.map((source) => [planName(source), source]));
    const held = new Set((await this.plans.getJobSchedulers()).map(({ key }) => key));
    // A Redis that has lost its data gets its schedules again.
    for (const name of this.set.keys()) if (!held.has(name)) this.set.delete(name);
    for (const name of held) if (!this.set.has(name)) this.set.set(name, 'of an earlier process');
    for (const name of this.set.keys())
      if (!wanted.has(name)) {
        await this.plans.removeJobScheduler(name);
        this.set.delete(name);
      }
    for (const [name, { mode, hierarchy, nightlyMinute }] of wanted) {
      const schedule = nightlySchedule(nightlyMinute);
      if (this.set.get(name) === schedule.pattern) continue;
      await this.plans.upsertJobScheduler(name, schedule, {
        name: NIGHTLY_JOB,
        data: { mode, hierarchy },
        opts: NIGHTLY_OPTIONS,
      });
      // Only when a source is new to this process: later its retries have a rhythm of their own.
      if (due.has(name)) await this.plans.add(name, { mode, hierarchy }, planOptions({ mode, hierarchy }));
      this.set.set(name, schedule.pattern);
    }
  }
}
