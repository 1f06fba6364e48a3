import { BullModule } from '@nestjs/bullmq';
import { Module, type DynamicModule } from '@nestjs/common';
import { AuditSealingModule } from '#lib/audit';
import { BillingModule, MONTH_QUEUE } from '#lib/billing';
import { JlisModule, type JlisOptions } from '#lib/jlis';
import { MonitoringWorkModule, SWEEP_QUEUE } from '#lib/monitoring';
import { MODES, PlatformModule, type PlatformOptions, type SigningKey } from '#lib/platform';
import { LinkageModule, PersonServicesModule } from '#lib/persons';
import {
  PARTITION_QUEUE,
  PLAN_QUEUE,
  QUEUE_PREFIX,
  RevocationRefreshModule,
  type RevocationRefreshOptions,
} from '#lib/revocation';
import { WebhookModule } from '#lib/webhook';
import { AuditCare } from './audit-care.js';
import { ChangeCare } from './change-care.js';
import { CONSENT_CARE, ConsentCare, type ConsentCareOptions } from './consent-care.js';
import { LinkageCare } from './linkage-care.js';
import { MonthProcessor } from './month.processor.js';
import { MonthSchedule } from './month-schedule.js';
import { OverviewCare } from './overview-care.js';
import { PartitionProcessor } from './partition.processor.js';
import { PlanProcessor } from './plan.processor.js';
import { QueueErrors } from './queue-errors.js';
import { RetentionCare } from './retention-care.js';
import { RevocationCare } from './revocation-care.js';
import { RefreshSchedule } from './refresh-schedule.js';
import { SweepProcessor } from './sweep.processor.js';
import { SweepSchedule } from './sweep-schedule.js';
import { WebhookCare } from './webhook-care.js';

export interface WorkerOptions extends PlatformOptions, RevocationRefreshOptions {
  redisUrl: string;
  auditSigningKey: SigningKey;
  jlis: JlisOptions;
  ocspTimeoutMs: number;
  /** Between two readings of the consents withdrawn at J-LIS, milliseconds. */
  consentWithdrawalsMs: number;
  /** Whether webhooks of test mode may go to this machine itself. */
  webhookTestLoopback: boolean;
}

const MAX_RECONNECT_DELAY_MS = 2_000;

@Module({})
export class AppModule {
  static forRoot(options: WorkerOptions): DynamicModule {
    return {
      module: AppModule,
      imports: [
        PlatformModule.forRoot(options),
        JlisModule.forRoot(options.jlis),
        BullModule.forRoot({
          prefix: QUEUE_PREFIX,
          connection: {
            url: options.redisUrl,
            // A worker waits for Redis as long as it takes.
            maxRetriesPerRequest: null,
            retryStrategy: (times: number) => Math.min(times * 100, MAX_RECONNECT_DELAY_MS),
          },
        }),
        BullModule.registerQueue(
          { name: PLAN_QUEUE },
          { name: PARTITION_QUEUE },
          { name: MONTH_QUEUE },
          { name: SWEEP_QUEUE },
        ),
        RevocationRefreshModule.forRoot(options),
        AuditSealingModule.forRoot(options),
        BillingModule,
        MonitoringWorkModule.forRoot(options),
        PersonServicesModule,
        LinkageModule,
        WebhookModule.forRoot({ testLoopback: options.webhookTestLoopback }),
      ],
      providers: [
        QueueErrors,
        PlanProcessor,
        PartitionProcessor,
        RefreshSchedule,
        RevocationCare,
        AuditCare,
        ChangeCare,
        ConsentCare,
        { provide: CONSENT_CARE, useValue: consentCare(options) },
        LinkageCare,
        RetentionCare,
        MonthProcessor,
        MonthSchedule,
        OverviewCare,
        SweepProcessor,
        SweepSchedule,
        WebhookCare,
      ],
    };
  }
}

const consentCare = ({ jlis, consentWithdrawalsMs }: WorkerOptions): ConsentCareOptions => ({
  modes: MODES.filter((mode) => jlis.endpoints[mode] !== undefined),
  everyMs: consentWithdrawalsMs,
});
