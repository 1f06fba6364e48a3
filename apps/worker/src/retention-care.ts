import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { eraseDueSweepResults } from '#lib/monitoring';
import { Logger } from '#lib/platform';
import { eraseDueConsents, eraseDueEvidence, eraseDuePresentations } from '#lib/verification';
import { RepeatedWork } from './repeated-work.js';

/** What is due is due by the day; an hour keeps each run short. */
const EVERY_MS = 3_600_000;

/** Erases evidence, consents, presentations and results of status sweeps whose time is over. */
@Injectable()
export class RetentionCare implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly work: RepeatedWork;
  private stopping = false;

  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(Logger) private readonly logger: Logger,
  ) {
    this.work = new RepeatedWork(logger);
  }

  onApplicationBootstrap(): void {
    this.work.every(EVERY_MS, 'evidence_erasure_failed', async () => {
      const verifications = await eraseDueEvidence(this.dataSource, () => !this.stopping);
      if (verifications > 0) this.logger.log('evidence_erased', { verifications });
    });
    this.work.every(EVERY_MS, 'consent_erasure_failed', async () => {
      const consents = await eraseDueConsents(this.dataSource, () => !this.stopping);
      if (consents > 0) this.logger.log('consents_erased', { consents });
    });
    this.work.every(EVERY_MS, 'presentation_erasure_failed', async () => {
      const presentations = await eraseDuePresentations(this.dataSource, () => !this.stopping);
      if (presentations > 0) this.logger.log('presentations_erased', { presentations });
    });
    this.work.every(EVERY_MS, 'sweep_results_erasure_failed', async () => {
      const rows = await eraseDueSweepResults(this.dataSource, () => !this.stopping);
      if (rows > 0) this.logger.log('sweep_results_erased', { rows });
    });
  }

  onModuleDestroy(): Promise<void> {
    this.stopping = true;
    return this.work.stop();
  }
}
