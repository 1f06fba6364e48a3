import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Logger } from '#lib/platform';
import { FreshnessWatch, ListRetention } from '#lib/revocation';
import { RepeatedWork } from './repeated-work.js';

/** Milliseconds between two looks at how fresh the lists are, and between two clearings of their files. */
const LOOK_MS = 60_000;
const RETENTION_MS = 60 * 60_000;

/** What has to be done about revocation data whether or not anything is fetched; needs the database alone. */
@Injectable()
export class RevocationCare implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly work: RepeatedWork;

  constructor(
    @Inject(FreshnessWatch) private readonly watch: FreshnessWatch,
    @Inject(ListRetention) private readonly retention: ListRetention,
    @Inject(Logger) logger: Logger,
  ) {
    this.work = new RepeatedWork(logger);
  }

  onApplicationBootstrap(): void {
    this.work.every(LOOK_MS, 'freshness_watch_failed', () => this.watch.look());
    this.work.every(RETENTION_MS, 'list_retention_failed', () => this.retention.run());
  }

  onModuleDestroy(): Promise<void> {
    return this.work.stop();
  }
}
