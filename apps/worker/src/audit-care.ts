import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { AuditSealer, AuditWatch } from '#lib/audit';
import { Logger } from '#lib/platform';
import { RepeatedWork } from './repeated-work.js';

/** Milliseconds between two sealings, and between two looks at whether sealing follows. */
const SEAL_MS = 5_000;
const LOOK_MS = 60_000;

/** Seals the audit trail; needs the database alone. */
@Injectable()
export class AuditCare implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly work: RepeatedWork;

  constructor(
    @Inject(AuditSealer) private readonly sealer: AuditSealer,
    @Inject(AuditWatch) private readonly watch: AuditWatch,
    @Inject(Logger) logger: Logger,
  ) {
    this.work = new RepeatedWork(logger);
  }

  onApplicationBootstrap(): void {
    this.work.every(SEAL_MS, 'audit_sealing_failed', () => this.sealer.run());
    this.work.every(LOOK_MS, 'audit_watch_failed', () => this.watch.look());
  }

  onModuleDestroy(): Promise<void> {
    return this.work.stop();
  }
}
