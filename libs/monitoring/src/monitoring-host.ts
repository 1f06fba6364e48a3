import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock, KEY_RING, Logger, type KeyRing, type Mode, Thread, threadProgram } from '#lib/platform';
import type { MonitoringRequest, MonitoringThreadData } from './monitoring-thread.js';
import type { StepOutcome, SweepJob } from './sweep-steps.js';

/** Injection token of {@link MonitoringOptions}. */
export const MONITORING_OPTIONS = Symbol('MONITORING_OPTIONS');
export interface MonitoringOptions {
  ocspTimeoutMs: number;
}

/** After a sweep the thread keeps its lists for the next one, then gives their memory back. */
const IDLE_MS = 60_000;

/** Has sweeps carried out in a thread of this process. */
@Injectable()
export class MonitoringHost implements OnModuleDestroy {
  private readonly thread: Thread<MonitoringRequest, StepOutcome>;

  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(Logger) logger: Logger,
    @Inject(KEY_RING) keyRing: KeyRing,
    @Inject(MONITORING_OPTIONS) { ocspTimeoutMs }: MonitoringOptions,
  ) {
    const { options } = dataSource;
    if (options.type !== 'postgres' || options.url === undefined) throw new Error('the database has no URL');
    const data: MonitoringThreadData = { databaseUrl: options.url, keyRing, ocspTimeoutMs };
    const program = threadProgram('monitoring', 'monitoring-thread');
    this.thread = new Thread({ program, data, logger, idleMs: IDLE_MS });
  }

  /** What is under way is let finish; each transaction of it is whole by itself. */
  onModuleDestroy(): Promise<void> {
    return this.thread.stop();
  }

  /** Through the door of every tenant: the oldest unfinished sweep of each. */
  async findDue(mode: Mode): Promise<SweepJob[]> {
    const rows: { tenant_id: string; id: string }[] = await this.dataSource.query(
      'select tenant_id, id from due_status_sweeps($1)',
      [mode],
    );
    return rows.map(({ tenant_id: tenantId, id }) => ({ tenantId, mode, id }));
  }

  /** One turn of a sweep. @throws ThreadFailed */
  step(sweep: SweepJob): Promise<StepOutcome> {
    return this.thread.ask({ sweep, clockOffsetMs: this.clock.now(sweep.mode) - Date.now() });
  }
}
