import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Logger } from './logger.js';
import type { Mode } from './mode.js';

/** How long a moved test clock may go unnoticed, milliseconds. */
const REFRESH_MS = 500;

/**
 * The time by which a mode decides. Live is the system's time, always; test may be shifted by the operator
 * (`operator clock`), so that a story of years can be played. Audit rows carry the database's own time.
 */
@Injectable()
export class Clock implements OnModuleInit, OnModuleDestroy {
  private testOffsetMs = 0;
  private timer: NodeJS.Timeout | undefined;
  private failing = false;
  private stopped = false;

  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(Logger) private readonly logger: Logger,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.refresh();
    this.schedule();
  }

  /** One question at a time, and one line an outage. */
  private schedule(): void {
    if (this.stopped) return;
    this.timer = setTimeout(() => {
      this.refresh().then(
        () => {
          this.failing = false;
          this.schedule();
        },
        (error: unknown) => {
          if (!this.failing) this.logger.warn('clock_refresh_failed', { error });
          this.failing = true;
          this.schedule();
        },
      );
    }, REFRESH_MS);
    this.timer.unref();
  }

  onModuleDestroy(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  /** Milliseconds since 1970 by the clock of `mode`. */
  now(mode: Mode): number {
    return mode === 'live' ? Date.now() : Date.now() + this.testOffsetMs;
  }

  /** By how much test mode is ahead of real time, milliseconds. */
  get testOffset(): number {
    return this.testOffsetMs;
  }

  async refresh(): Promise<void> {
    const rows: { offset_ms: string }[] = await this.dataSource.query(`select offset_ms from test_clock`);
    this.testOffsetMs = Number(rows[0]?.offset_ms ?? 0);
  }
}
