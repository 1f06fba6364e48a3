import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Counter, Gauge, type Registry } from 'prom-client';
import { Logger, METRICS } from '#lib/platform';
import { type DeliveryWatch, type DueEndpoint, WebhookDelivering } from '#lib/webhook';
import { RepeatedWork } from './repeated-work.js';
import { admit } from './webhook-lanes.js';

/** Milliseconds between two looks at what is due: as long as an event may wait for its first attempt. */
const LOOK_MS = 500;
const FORGET_MS = 3_600_000;
/** Endpoints found in one look; more than there are lanes, for some are being sent to already. */
const LOOKED_AT = 200;
/** After that long an endpoint lets others have a turn, milliseconds. */
const TURN_MS = 30_000;

/**
 * Sends events to the tenants' webhook endpoints. It needs the database alone: what is to be sent are rows, so that Redis
 * can neither delay nor lose an event, and a killed process's deliveries are taken up by another.
 */
@Injectable()
export class WebhookCare implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly work: RepeatedWork;
  private readonly attempts: Counter<'mode' | 'outcome'>;
  private readonly lanes = new Map<string, { endpoint: DueEndpoint; end: Promise<void> }>();
  private readonly watch: DeliveryWatch;
  private stopping = false;

  constructor(
    @Inject(WebhookDelivering) private readonly delivering: WebhookDelivering,
    @Inject(Logger) private readonly logger: Logger,
    @Inject(METRICS) registry: Registry,
  ) {
    this.work = new RepeatedWork(logger);
    this.attempts = new Counter({
      name: 'shomei_webhook_attempts_total',
      help: 'Attempts to deliver an event to a webhook endpoint by what they came to.',
      labelNames: ['mode', 'outcome'],
      registers: [registry],
    });
    const { lanes } = this;
    new Gauge({
      name: 'shomei_webhook_endpoints_sending',
      help: 'Webhook endpoints that this process is sending to.',
      registers: [registry],
      collect() {
        this.set(lanes.size);
      },
    });
    this.watch = {
      attempted: (mode, { failure }) => this.attempts.inc({ mode, outcome: failure ?? 'delivered' }),
      disabled: ({ tenancy, id }, reason) =>
        this.logger.warn('webhook_endpoint_disabled', { endpoint: id, mode: tenancy.mode, reason }),
    };
  }

  onApplicationBootstrap(): void {
    this.work.every(LOOK_MS, 'webhook_look_failed', () => this.look());
    this.work.every(FORGET_MS, 'webhook_forgetting_failed', () => this.delivering.forget());
  }

  /** Requests under way are let finish; what was taken and not sent is given back. */
  async onModuleDestroy(): Promise<void> {
    this.stopping = true;
    await this.work.stop();
    await Promise.all([...this.lanes.values()].map(({ end }) => end));
  }

  private async look(): Promise<void> {
    const due = await this.delivering.findDue(LOOKED_AT);
    if (this.stopping) return;
    const busy = [...this.lanes.values()].map(({ endpoint }) => endpoint);
    for (const endpoint of admit(due, busy)) {
      const end = this.lane(endpoint).finally(() => this.lanes.delete(endpoint.id));
      this.lanes.set(endpoint.id, { endpoint, end });
    }
  }

  private async lane(endpoint: DueEndpoint): Promise<void> {
    const turnEnds = performance.now() + TURN_MS;
    const goOn = (): boolean => !this.stopping && performance.now() < turnEnds;
    try {
      await this.delivering.deliver(endpoint, goOn, this.watch);
    } catch (error) {
      // One endpoint that cannot be worked for keeps no other from it; what was taken is due again in a minute.
      this.logger.error('webhook_delivery_failed', { endpoint: endpoint.id, mode: endpoint.tenancy.mode, error });
    }
  }
}
