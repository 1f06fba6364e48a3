import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_PIPE } from '@nestjs/core';
import { OperatorsModule } from '#lib/operators';
import { type HttpLimits, PlatformModule, type PlatformOptions, type ShownSetting } from '#lib/platform';
import { AnchorsController } from './anchors.controller.js';
import { ApiKeysController } from './api-keys.controller.js';
import { ApprovalsController } from './approvals.controller.js';
import { AuditChainController } from './audit-chain.controller.js';
import { AuditController } from './audit.controller.js';
import { BodyPipe } from './body-pipe.js';
import { ChecklistController } from './checklist.controller.js';
import { CodesController } from './codes.controller.js';
import { DataExportController } from './data-export.controller.js';
import { EvidenceController } from './evidence.controller.js';
import { ConsoleController, readIndex } from './console.controller.js';
import { HealthController } from './health.controller.js';
import { HoldsController } from './holds.controller.js';
import { InspectionsController } from './inspections.controller.js';
import { InvoiceDispatchesController } from './invoice-dispatches.controller.js';
import { InvoiceDraftsController } from './invoice-drafts.controller.js';
import { InvoiceExportsController } from './invoice-exports.controller.js';
import { InvoicesController } from './invoices.controller.js';
import { MonthClosesController } from './month-closes.controller.js';
import { OnboardingController } from './onboarding.controller.js';
import { OperatorsController } from './operators.controller.js';
import { OverviewController } from './overview.controller.js';
import { PasswordCheck } from './password-check.js';
import { PricesController } from './prices.controller.js';
import { ProblemFilter } from './problem.filter.js';
import { RevocationController } from './revocation.controller.js';
import { SessionAnswers } from './session-answer.js';
import { SessionGate } from './session-gate.js';
import { SessionController } from './session.controller.js';
import { SessionGuard } from './session.guard.js';
import { SweepsController } from './sweeps.controller.js';
import { API_URL, CONSOLE_INDEX, LATE_MS, PUBLIC_URL, REDIS_URL, SHOWN_SETTINGS } from './settings.js';
import { StatementsController } from './statements.controller.js';
import { SystemController } from './system.controller.js';
import { TenantsController } from './tenants.controller.js';
import { VerificationsController } from './verifications.controller.js';
import { WebhooksController } from './webhooks.controller.js';

export interface AdminOptions extends PlatformOptions {
  publicUrl: string;
  /** Where tenants reach the API; undefined: not told. */
  apiUrl?: string | undefined;
  /** Absent: lists cannot be refreshed from here, and jobs are not seen. */
  redisUrl?: string;
  settings: readonly ShownSetting[];
  /** A list this close to its nextUpdate without a successor is late, milliseconds. */
  lateMs: number;
  http: HttpLimits;
  /** The console's build; absent: only the REST is served. */
  consoleDir?: string;
}

@Module({})
export class AppModule {
  static forRoot(options: AdminOptions): DynamicModule {
    return {
      module: AppModule,
      imports: [PlatformModule.forRoot(options), OperatorsModule],
      controllers: [
        SessionController,
        OverviewController,
        OperatorsController,
        ApprovalsController,
        TenantsController,
        OnboardingController,
        ChecklistController,
        DataExportController,
        ApiKeysController,
        RevocationController,
        AnchorsController,
        VerificationsController,
        EvidenceController,
        InspectionsController,
        SweepsController,
        WebhooksController,
        AuditController,
        AuditChainController,
        HoldsController,
        PricesController,
        InvoiceDispatchesController,
        InvoiceDraftsController,
        InvoiceExportsController,
        InvoicesController,
        MonthClosesController,
        StatementsController,
        SystemController,
        HealthController,
        CodesController,
        ...(options.consoleDir === undefined ? [] : [ConsoleController]),
      ],
      providers: [
        { provide: PUBLIC_URL, useValue: options.publicUrl },
        { provide: API_URL, useValue: options.apiUrl },
        { provide: REDIS_URL, useValue: options.redisUrl },
        { provide: LATE_MS, useValue: options.lateMs },
        { provide: SHOWN_SETTINGS, useValue: options.settings },
        ...(options.consoleDir === undefined
          ? []
          : [{ provide: CONSOLE_INDEX, useValue: readIndex(options.consoleDir) }]),
        PasswordCheck,
        SessionAnswers,
        SessionGate,
        { provide: APP_GUARD, useClass: SessionGuard },
        { provide: APP_PIPE, useClass: BodyPipe },
        { provide: APP_FILTER, useClass: ProblemFilter },
      ],
    };
  }
}
