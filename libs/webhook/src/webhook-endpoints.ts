import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { appendAudit, changedFields } from '#lib/audit';
import {
  type Call,
  claimKey,
  Clock,
  findMade,
  InFlight,
  newId,
  Problem,
  type Tenancy,
  withTenant,
} from '#lib/platform';
import type { Principal } from '#lib/tenancy';
import { appendEvent, type EventType } from './append-event.js';
import { getEventTime } from './event-log.js';
import { refusalOfTarget, resolveByDns } from './resolve-target.js';
import { mayLoopBack } from './target.js';
import { getEndpoint, lockEndpoint, MAX_ENDPOINTS, readEndpoints, type WebhookEndpoint } from './webhook-endpoint.js';
import { WEBHOOK_OPTIONS, type WebhookOptions } from './webhook-options.js';
import { WebhookSecrets } from './webhook-secrets.js';

/** A wanted endpoint. `eventTypes` null: all. */
export interface WantedEndpoint {
  url: string;
  description: string;
  eventTypes: readonly EventType[] | null;
  enabled: boolean;
}

/** What a request made: the secret is there the first time only. */
export interface MadeEndpoint {
  endpoint: WebhookEndpoint;
  secret?: string;
  replayed: boolean;
}

/** The webhook endpoints of the caller's tenant and mode. */
@Injectable()
export class WebhookEndpoints {
  private readonly inFlight = new InFlight();

  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(WebhookSecrets) private readonly secrets: WebhookSecrets,
    @Inject(WEBHOOK_OPTIONS) private readonly options: WebhookOptions,
  ) {}

  /** @throws Problem `webhook_url_refused` or `webhook_endpoint_limit` */
  async create(principal: Principal, wanted: WantedEndpoint, call: Call): Promise<MadeEndpoint> {
    const { idempotency } = call;
    return this.inFlight.guard(principal, idempotency, async () => {
      // A repeated request gets its answer whatever has become of the name in the URL.
      const made = await withTenant(this.dataSource, principal, async (manager) => {
        const id = idempotency && (await findMade(manager, idempotency, 'webhook_endpoint'));
        return id === undefined ? undefined : getEndpoint(manager, principal, id);
      });
      if (made) return { endpoint: made, replayed: true };
      await this.judge(principal, wanted.url);
      return withTenant(this.dataSource, principal, async (manager) => {
        const id = newId(Date.now());
        if (idempotency && !(await claimKey(manager, principal, idempotency, { resource: 'webhook_endpoint', id })))
          throw new Problem('idempotency_in_flight');
        await this.insert(manager, principal, id, wanted);
        const secret = await this.secrets.make(manager, principal, id);
        await audit(manager, principal, call.requestId, id, 'create', { ...auditable(wanted) });
        return { endpoint: await getEndpoint(manager, principal, id), secret, replayed: false };
      });
    });
  }

  /** The newest first. @param after id of the last one of the page before */
  async list(tenancy: Tenancy, { after, limit }: { after?: string; limit: number }): Promise<WebhookEndpoint[]> {
    return withTenant(this.dataSource, tenancy, (manager) =>
      readEndpoints(manager, tenancy, '($3::uuid is null or w.id < $3) order by w.id desc limit $4', [
        after ?? null,
        limit,
      ]),
    );
  }

  /** @throws Problem `not_found` */
  async get(tenancy: Tenancy, id: string): Promise<WebhookEndpoint> {
    return withTenant(this.dataSource, tenancy, (manager) => getEndpoint(manager, tenancy, id));
  }

  /**
   * Changes what is given. Enabling sends what had been waiting at once, with all its attempts again.
   * @throws Problem `not_found` or `webhook_url_refused`
   */
  async update(
    principal: Principal,
    id: string,
    change: Partial<WantedEndpoint>,
    requestId: string,
  ): Promise<WebhookEndpoint> {
    if (change.url !== undefined) await this.judge(principal, change.url);
    return withTenant(this.dataSource, principal, async (manager) => {
      await lockEndpoint(manager, principal, id);
      const before = wantedOf(await getEndpoint(manager, principal, id));
      const after: WantedEndpoint = { ...before, ...change };
      const place = [principal.tenantId, principal.mode, id];
      await manager.query(
        `update webhook_endpoint set url = $4, description = $5, event_types = $6, enabled = $7,
           disabled_at = case when $7 then null else coalesce(disabled_at, clock_timestamp()) end,
           disabled_reason = case when $7 then null else disabled_reason end,
           failing_since = case when $7 and not enabled then null else failing_since end
         where tenant_id = $1 and mode = $2 and id = $3`,
        [...place, new URL(after.url).href, after.description, after.eventTypes, after.enabled],
      );
      if (after.enabled && !before.enabled)
        await manager.query(
          `update webhook_delivery set attempts = 0, first_attempt_at = null, due_at = '-infinity'
           where tenant_id = $1 and mode = $2 and endpoint_id = $3 and state = 'pending' and claim is null`,
          place,
        );
      const changed = changedFields(auditable(before), auditable(after));
      if (changed) await audit(manager, principal, requestId, id, 'update', {}, changed);
      return getEndpoint(manager, principal, id);
    });
  }

  /** Ends an endpoint for good; what was not delivered stays so. @throws Problem `not_found` */
  async delete(principal: Principal, id: string, requestId: string): Promise<void> {
    await withTenant(this.dataSource, principal, async (manager) => {
      await lockEndpoint(manager, principal, id);
      const place = [principal.tenantId, principal.mode, id];
      await manager.query(
        `update webhook_endpoint set deleted_at = clock_timestamp() where tenant_id = $1 and mode = $2 and id = $3`,
        place,
      );
      await manager.query(`delete from webhook_secret where tenant_id = $1 and mode = $2 and endpoint_id = $3`, place);
      await manager.query(
        `update webhook_delivery set state = 'cancelled', finished_at = clock_timestamp(), claim = null
         where tenant_id = $1 and mode = $2 and endpoint_id = $3 and state = 'pending'`,
        place,
      );
      await audit(manager, principal, requestId, id, 'delete', {});
    });
  }

  /** A new secret, beside which the ones before sign until the overlap is over. @throws Problem `not_found` */
  async rotateSecret(
    principal: Principal,
    { id, overlapHours }: { id: string; overlapHours: number },
    call: Call,
  ): Promise<MadeEndpoint> {
    const { idempotency } = call;
    return this.inFlight.guard(principal, idempotency, () =>
      withTenant(this.dataSource, principal, async (manager) => {
        await lockEndpoint(manager, principal, id);
        const secretId = newId(Date.now());
        const made = idempotency && (await findMade(manager, idempotency, 'webhook_secret'));
        if (made !== undefined) return { endpoint: await getEndpoint(manager, principal, id), replayed: true };
        if (
          idempotency &&
          !(await claimKey(manager, principal, idempotency, { resource: 'webhook_secret', id: secretId }))
        )
          throw new Problem('idempotency_in_flight');
        await this.secrets.retire(manager, principal, id, overlapHours);
        const secret = await this.secrets.make(manager, principal, id, secretId);
        await audit(manager, principal, call.requestId, id, 'rotate_secret', { overlap_hours: overlapHours });
        return { endpoint: await getEndpoint(manager, principal, id), secret, replayed: false };
      }),
    );
  }

  /** Sends an event that says nothing to this endpoint alone. @throws Problem `not_found`, `webhook_endpoint_disabled` */
  async test(
    principal: Principal,
    id: string,
    { idempotency, requestId }: Call,
  ): Promise<{ eventId: string; at: number; replayed: boolean }> {
    return this.inFlight.guard(principal, idempotency, () =>
      withTenant(this.dataSource, principal, async (manager) => {
        await lockEndpoint(manager, principal, id);
        const made = idempotency && (await findMade(manager, idempotency, 'webhook_test'));
        if (made !== undefined)
          return { eventId: made, at: await getEventTime(manager, principal, made), replayed: true };
        if (!(await getEndpoint(manager, principal, id)).enabled) throw new Problem('webhook_endpoint_disabled');
        const at = this.clock.now(principal.mode);
        const data = { webhook_endpoint_id: id };
        const eventId = await appendEvent(manager, principal, { type: 'webhook_endpoint.test', at, data });
        if (
          idempotency &&
          !(await claimKey(manager, principal, idempotency, { resource: 'webhook_test', id: eventId }))
        )
          throw new Problem('idempotency_in_flight');
        await audit(manager, principal, requestId, id, 'test', { event_id: eventId });
        return { eventId, at, replayed: false };
      }),
    );
  }

  private async judge({ mode }: Tenancy, text: string): Promise<void> {
    const { resolve = resolveByDns, testLoopback } = this.options;
    const rule = await refusalOfTarget(new URL(text), { loopback: mayLoopBack(mode, testLoopback), resolve });
    if (rule !== undefined) throw new Problem('webhook_url_refused', { rule });
  }

  private async insert(
    manager: EntityManager,
    { tenantId, mode }: Tenancy,
    id: string,
    wanted: WantedEndpoint,
  ): Promise<void> {
    // Counted alone, or two requests at once would both find room.
    await manager.query(`select pg_advisory_xact_lock(hashtextextended('webhook_endpoints:' || $1 || ':' || $2, 0))`, [
      tenantId,
      mode,
    ]);
    const counted: { n: string }[] = await manager.query(
      'select count(*) as n from webhook_endpoint where tenant_id = $1 and mode = $2 and deleted_at is null',
      [tenantId, mode],
    );
    if (Number(counted[0]!.n) >= MAX_ENDPOINTS) throw new Problem('webhook_endpoint_limit');
    await manager.query(
      `insert into webhook_endpoint (tenant_id, mode, id, url, description, event_types, enabled, disabled_at)
       values ($1, $2, $3, $4, $5, $6, $7, case when $7 then null else clock_timestamp() end)`,
      [tenantId, mode, id, new URL(wanted.url).href, wanted.description, wanted.eventTypes, wanted.enabled],
    );
  }
}

const wantedOf = ({ url, description, eventTypes, enabled }: WebhookEndpoint): WantedEndpoint => ({
  url,
  description,
  eventTypes: eventTypes ?? null,
  enabled,
});

/** Of a URL the host, and a hash by which a change shows: path and query may hold what only its receiver is to know. */
const auditable = ({ url, description, eventTypes, enabled }: WantedEndpoint): Record<string, unknown> => ({
  host: new URL(url).host,
  url_sha256: createHash('sha256').update(url).digest('hex'),
  description,
  event_types: eventTypes,
  enabled,
});

const audit = (
  manager: EntityManager,
  { tenantId, mode, apiKeyId }: Principal,
  requestId: string,
  id: string,
  verb: 'create' | 'update' | 'delete' | 'rotate_secret' | 'test',
  detail: Record<string, unknown>,
  change?: Parameters<typeof appendAudit>[1]['change'],
): Promise<void> =>
  appendAudit(manager, {
    actor: `api_key:${apiKeyId}`,
    action: `webhook_endpoint.${verb}`,
    target: `webhook_endpoint:${id}`,
    requestId,
    detail,
    tenancy: { tenantId, mode },
    ...(change === undefined ? {} : { change }),
  });
