import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { ChangeWatch } from '#lib/monitoring';
import { Logger, MODES } from '#lib/platform';
import { RepeatedWork } from './repeated-work.js';

/** Milliseconds between two looks at whether there is something to tell. */
const LOOK_MS = 2_000;

/** Tells tenants what has changed about their persons; needs the database alone. */
@Injectable()
export class ChangeCare implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly work: RepeatedWork;

  constructor(
    @Inject(ChangeWatch) private readonly watch: ChangeWatch,
    @Inject(Logger) logger: Logger,
  ) {
    this.work = new RepeatedWork(logger);
  }

  onApplicationBootstrap(): void {
    for (const mode of MODES) this.work.every(LOOK_MS, 'change_watch_failed', () => this.watch.look(mode));
  }

  onModuleDestroy(): Promise<void> {
    return this.work.stop();
  }
}
