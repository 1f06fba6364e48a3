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

  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(Logger) private readonly logger: Logger,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.refresh();
    this.timer = setInterval(() => {
      this.refresh().catch((error: unknown) => this.logger.warn('clock_refresh_failed', { error }));
    }, REFRESH_MS);
    this.timer.unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  /** Milliseconds since 1970 by the clock of `mode`. */
  now(mode: Mode): number {
    return mode === 'live' ? Date.now() : Date.now() + this.testOffsetMs;
  }

  async refresh(): Promise<void> {
    const rows: { offset_ms: string }[] = await this.dataSource.query(`select offset_ms from test_clock`);
    this.testOffsetMs = Number(rows[0]?.offset_ms ?? 0);
  }
}
