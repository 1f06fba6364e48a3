import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import { JlisModule, type JlisOptions } from '#lib/jlis';
import { MonitoringModule } from '#lib/monitoring';
import { PersonServicesModule } from '#lib/persons';
import { type HttpLimits, PlatformModule, type PlatformOptions, type SigningKeys } from '#lib/platform';
import { LimitsModule, type RateLimitOptions, TenancyModule } from '#lib/tenancy';
import { VerificationModule } from '#lib/verification';
import { WebhookModule } from '#lib/webhook';
import { AgeChecksController } from './age-checks.controller.js';
import { ApiKeyGuard } from './api-key.guard.js';
import { ApiKeysController } from './api-keys.controller.js';
import { AttributeUpdatesController } from './attribute-updates.controller.js';
import { AuditEventsController } from './audit-events.controller.js';
import { AuthenticationsController } from './authentications.controller.js';
import { BodyPipe } from './body-pipe.js';
import { CodesController } from './codes.controller.js';
import { CounterpartLookupsController } from './counterpart-lookups.controller.js';
import { ConsentsController } from './consents.controller.js';
import { EventsController } from './events.controller.js';
import { EvidenceController } from './evidence.controller.js';
import { HealthController } from './health.controller.js';
import { MeController } from './me.controller.js';
import { PersonsController } from './persons.controller.js';
import { PresentationsController } from './presentations.controller.js';
import { ProblemFilter } from './problem.filter.js';
import { ReceiptKeysController } from './receipt-keys.controller.js';
import { RequestLimits, TurnInterceptor } from './request-limits.js';
import { SerialLinkagesController } from './serial-linkages.controller.js';
import { PUBLIC_URL } from './settings.js';
import { SignatureVerificationsController } from './signature-verifications.controller.js';
import { InvoicesController } from './invoices.controller.js';
import { StatementsController } from './statements.controller.js';
import { UsageController } from './usage.controller.js';
import { StatusSweepsController } from './status-sweeps.controller.js';
import { SweepResultsController } from './sweep-results.controller.js';
import { VerificationsController } from './verifications.controller.js';
import { WebhookDeliveriesController } from './webhook-deliveries.controller.js';
import { WebhookEndpointsController } from './webhook-endpoints.controller.js';

export interface ApiOptions extends PlatformOptions {
  publicUrl: string;
  /** Addresses and ranges of the proxies that say where a request came from; empty: nobody else than the peer. */
  trustedProxies: readonly string[];
  ocspTimeoutMs: number;
  jlis: JlisOptions;
  signingKeys: SigningKeys;
  rateLimits: RateLimitOptions;
  http: HttpLimits;
  /** Whether webhooks of test mode may go to this machine itself. */
  webhookTestLoopback: boolean;
}

@Module({})
export class AppModule {
  static forRoot(options: ApiOptions): DynamicModule {
    return {
      module: AppModule,
      imports: [
        PlatformModule.forRoot(options),
        JlisModule.forRoot(options.jlis),
        TenancyModule,
        LimitsModule.forRoot(options.rateLimits),
        VerificationModule.forRoot(options),
        PersonServicesModule,
        MonitoringModule,
        WebhookModule.forRoot({ testLoopback: options.webhookTestLoopback }),
      ],
      controllers: [
        SignatureVerificationsController,
        AuthenticationsController,
        PresentationsController,
        VerificationsController,
        EvidenceController,
        SerialLinkagesController,
        CounterpartLookupsController,
        AgeChecksController,
        ConsentsController,
        AttributeUpdatesController,
        PersonsController,
        StatusSweepsController,
        SweepResultsController,
        EventsController,
        WebhookEndpointsController,
        WebhookDeliveriesController,
        ApiKeysController,
        MeController,
        HealthController,
        CodesController,
        ReceiptKeysController,
        AuditEventsController,
        UsageController,
        InvoicesController,
        StatementsController,
      ],
      providers: [
        { provide: PUBLIC_URL, useValue: options.publicUrl },
        RequestLimits,
        { provide: APP_GUARD, useClass: ApiKeyGuard },
        { provide: APP_INTERCEPTOR, useClass: TurnInterceptor },
        { provide: APP_PIPE, useClass: BodyPipe },
        { provide: APP_FILTER, useClass: ProblemFilter },
      ],
    };
  }
}
