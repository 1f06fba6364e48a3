import { type DynamicModule, Module } from '@nestjs/common';
import { TenancyModule } from '#lib/tenancy';
import { WebhookDeliveries } from './webhook-deliveries.js';
import { WebhookDelivering } from './webhook-delivering.js';
import { WebhookEndpoints } from './webhook-endpoints.js';
import { WEBHOOK_OPTIONS, type WebhookOptions } from './webhook-options.js';
import { WebhookSecrets } from './webhook-secrets.js';

/** Endpoints and their log for the API, delivery for the worker. */
@Module({})
export class WebhookModule {
  static forRoot(options: WebhookOptions): DynamicModule {
    const shown = [WebhookEndpoints, WebhookDeliveries, WebhookDelivering];
    return {
      module: WebhookModule,
      imports: [TenancyModule],
      providers: [{ provide: WEBHOOK_OPTIONS, useValue: options }, WebhookSecrets, ...shown],
      exports: shown,
    };
  }
}
