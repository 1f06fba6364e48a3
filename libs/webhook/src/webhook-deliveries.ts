import { Inject, Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { appendAudit } from '#lib/audit';
import { type Call, claimKey, findMade, InFlight, newId, open, Problem, type Tenancy, withTenant } from '#lib/platform';
import { type Principal, TenantKeys } from '#lib/tenancy';
import {
  type DeliveryState,
  getDelivery,
  headContext,
  listAttempts,
  listDeliveries,
  type WebhookAttempt,
  type WebhookDelivery,
} from './delivery-log.js';
import { type Replay, replayDeliveries, replayDetail } from './replay-deliveries.js';
import { getEndpoint } from './webhook-endpoint.js';

/** An attempt with the beginning of the answer in the clear; absent: there was none, or its key is no more. */
export type OpenedAttempt = Omit<WebhookAttempt, 'sealedHead'> & { head?: string };

/** The delivery log of the caller's tenant and mode. */
@Injectable()
export class WebhookDeliveries {
  private readonly inFlight = new InFlight();

  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(TenantKeys) private readonly tenantKeys: TenantKeys,
  ) {}

  /** @throws Problem `not_found` */
  async list(
    tenancy: Tenancy,
    endpointId: string,
    page: { after?: string; state?: DeliveryState; limit: number },
  ): Promise<WebhookDelivery[]> {
    return withTenant(this.dataSource, tenancy, async (manager) => {
      await getEndpoint(manager, tenancy, endpointId);
      return listDeliveries(manager, tenancy, endpointId, page);
    });
  }

  /** What receivers answered may be anything, so reading it is an act on record. @throws Problem `not_found` */
  async get(
    principal: Principal,
    endpointId: string,
    eventId: string,
    requestId: string,
  ): Promise<{ delivery: WebhookDelivery; attempts: OpenedAttempt[] }> {
    return withTenant(this.dataSource, principal, async (manager) => {
      await getEndpoint(manager, principal, endpointId);
      const delivery = await getDelivery(manager, principal, endpointId, eventId);
      const sealed = await listAttempts(manager, principal, endpointId, eventId, { withHeads: true });
      const attempts: OpenedAttempt[] = [];
      for (const { sealedHead, ...attempt } of sealed) {
        const head = sealedHead && (await this.openHead(manager, principal, sealedHead, [endpointId, eventId]));
        attempts.push({ ...attempt, ...(head === undefined ? {} : { head }) });
      }
      await appendAudit(manager, {
        ...by(principal, requestId),
        action: 'webhook_endpoint.read_answers',
        target: `webhook_endpoint:${endpointId}`,
        detail: { event_id: eventId },
      });
      return { delivery, attempts };
    });
  }

  /**
   * A repeated request has the same answer and sends nothing again.
   * @returns how many events are sent again
   * @throws Problem `not_found`, `event_unknown` or `replay_too_large`
   */
  async replay(
    principal: Principal,
    endpointId: string,
    replay: Replay,
    { idempotency, requestId }: Call,
  ): Promise<{ events: number; replayed: boolean }> {
    const { tenantId, mode } = principal;
    return this.inFlight.guard(principal, idempotency, () =>
      withTenant(this.dataSource, principal, async (manager) => {
        await getEndpoint(manager, principal, endpointId);
        const made = idempotency && (await findMade(manager, idempotency, 'webhook_replay'));
        if (made !== undefined) {
          const rows: { events: number }[] = await manager.query('select events from webhook_replay where id = $1', [
            made,
          ]);
          return { events: rows[0]!.events, replayed: true };
        }
        const id = newId(Date.now());
        if (idempotency && !(await claimKey(manager, principal, idempotency, { resource: 'webhook_replay', id })))
          throw new Problem('idempotency_in_flight');
        const events = await replayDeliveries(manager, principal, endpointId, replay);
        await manager.query(
          'insert into webhook_replay (tenant_id, mode, id, endpoint_id, events) values ($1, $2, $3, $4, $5)',
          [tenantId, mode, id, endpointId, events],
        );
        await appendAudit(manager, {
          ...by(principal, requestId),
          action: 'webhook_endpoint.replay',
          target: `webhook_endpoint:${endpointId}`,
          detail: { ...replayDetail(replay), events },
        });
        return { events, replayed: false };
      }),
    );
  }

  private async openHead(
    manager: EntityManager,
    tenancy: Tenancy,
    { tenantKeyId, sealed }: NonNullable<WebhookAttempt['sealedHead']>,
    [endpointId, eventId]: [string, string],
  ): Promise<string | undefined> {
    const keys: unknown[] = await manager.query('select 1 from tenant_key where id = $1', [tenantKeyId]);
    if (keys.length === 0) return undefined;
    const { encryption } = await this.tenantKeys.get(tenancy, tenantKeyId, manager);
    return open(encryption, sealed, headContext(tenancy, endpointId, eventId)).toString();
  }
}

const by = ({ tenantId, mode, apiKeyId }: Principal, requestId: string) => ({
  actor: `api_key:${apiKeyId}`,
  requestId,
  tenancy: { tenantId, mode },
});
