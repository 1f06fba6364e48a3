import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { Inject, Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { Clock, leave, type Mode, seal, type Tenancy, toPublicId, Turns, withTenant } from '#lib/platform';
import { readKeyedTenancy, TenantKeys } from '#lib/tenancy';
import { type ClaimedDelivery, CLAIM_SECONDS, claimDeliveries, releaseDeliveries } from './claim-deliveries.js';
import { headContext } from './delivery-log.js';
import { judgedLookup, resolveByDns } from './resolve-target.js';
import { send, SEND_TIMEOUT_MS, type SendOptions, type SendResult } from './send.js';
import { type Attempt, settleDeliveries } from './settle-deliveries.js';
import { bodyOf, signedHeaders } from './signature.js';
import { mayLoopBack } from './target.js';
import type { DisabledReason } from './webhook-endpoint.js';
import { WEBHOOK_OPTIONS, type WebhookOptions } from './webhook-options.js';
import { WebhookSecrets } from './webhook-secrets.js';

/** Requests to one endpoint at a time, of each process. */
const AT_ONCE = 16;
/** Deliveries taken at once; of one that fails no more than are sent at once. */
const TAKEN = 50;
/** Of an endpoint that has used up what was taken before within a few seconds, twice as many, up to here. */
const MOST_TAKEN = 400;
const QUICK_MS = 5_000;
/** A delivery is not begun later than this after it was taken, so that it ends before its claim does, milliseconds. */
const BEGIN_WITHIN_MS = CLAIM_SECONDS * 1_000 - 2 * SEND_TIMEOUT_MS;

/** An endpoint with something to send. */
export interface DueEndpoint {
  tenancy: Tenancy;
  id: string;
  failing: boolean;
}

/** Tells of what is done, for metrics and the log. */
export interface DeliveryWatch {
  attempted: (mode: Mode, result: SendResult) => void;
  disabled: (endpoint: DueEndpoint, reason: DisabledReason) => void;
}

interface Taken extends ClaimedDelivery {
  url: string;
  secrets: readonly string[];
  /** By `performance.now()`, which no change of the clock moves. */
  takenAt: number;
}

/** Makes deliveries. The rows are the hand-over: nothing but the database says what is to be sent. */
@Injectable()
export class WebhookDelivering {
  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(TenantKeys) private readonly tenantKeys: TenantKeys,
    @Inject(WebhookSecrets) private readonly secrets: WebhookSecrets,
    @Inject(WEBHOOK_OPTIONS) private readonly options: WebhookOptions,
  ) {}

  /** Endpoints of any tenant, in turns. */
  async findDue(upTo: number): Promise<DueEndpoint[]> {
    const rows: { tenant_id: string; mode: Mode; id: string; failing: boolean }[] = await this.dataSource.query(
      'select tenant_id, mode, id, failing from due_webhook_endpoints($1)',
      [upTo],
    );
    return rows.map(({ tenant_id, mode, id, failing }) => ({ tenancy: { tenantId: tenant_id, mode }, id, failing }));
  }

  /** Removes what was finished thirty days ago; gives the number of rows. */
  async forget(): Promise<number> {
    const rows: { n: number }[] = await this.dataSource.query('select forget_webhook_deliveries() as n');
    return rows[0]!.n;
  }

  /** Sends what is due of an endpoint until nothing is left or `goOn` says no. */
  async deliver(endpoint: DueEndpoint, goOn: () => boolean, watch: DeliveryWatch): Promise<void> {
    const { tenancy } = endpoint;
    const loopback = mayLoopBack(tenancy.mode, this.options.testLoopback);
    const agents = {
      http: new HttpAgent({ keepAlive: true, maxSockets: AT_ONCE }),
      https: new HttpsAgent({ keepAlive: true, maxSockets: AT_ONCE }),
    };
    const lookup = judgedLookup(this.options.resolve ?? resolveByDns, { loopback });
    const sending: SendOptions = { loopback, lookup, agents, timeoutMs: SEND_TIMEOUT_MS };
    const queue: Taken[] = [];
    const late: Taken[] = [];
    // Both lock the endpoint: taking beside a settling of our own would find it locked and say that nothing is left.
    const turns = new Turns({ atOnce: 1, mostWaiting: Infinity });
    const inTurn = <T>(work: () => Promise<T>): Promise<T> => turns.take(endpoint.id, work);
    const settling = new Settling((attempts) => inTurn(() => this.settle(endpoint, attempts, watch)));
    let taking: Promise<void> | undefined;
    let size = endpoint.failing ? AT_ONCE : TAKEN;
    let tookAt = -Infinity;
    const take = async (): Promise<void> => {
      const now = performance.now();
      if (!endpoint.failing) size = now - tookAt < QUICK_MS ? Math.min(2 * size, MOST_TAKEN) : TAKEN;
      tookAt = now;
      queue.push(...(await inTurn(() => this.take(endpoint, size))));
    };
    const next = async (): Promise<Taken | undefined> => {
      // One at a time: all who find the queue empty wait for the same.
      if (queue.length === 0 && goOn()) await (taking ??= take().finally(() => (taking = undefined)));
      const one = queue.shift();
      if (one !== undefined && queue.length === AT_ONCE && !endpoint.failing && goOn() && taking === undefined) {
        // The next are taken while these are sent. Should that fail, whoever finds the queue empty tries again.
        taking = take().finally(() => (taking = undefined));
        leave(taking);
      }
      return one;
    };
    const runner = async (): Promise<void> => {
      for (let one = await next(); one; one = await next()) {
        if (!goOn() || performance.now() - one.takenAt > BEGIN_WITHIN_MS) {
          late.push(one);
          continue;
        }
        const result = await this.attempt(one, sending);
        watch.attempted(tenancy.mode, result);
        settling.add({ delivery: one, result, random: Math.random() });
      }
    };
    try {
      // All of them end before the connections do, also when one could not take more.
      const ends = await Promise.allSettled(Array.from({ length: AT_ONCE }, runner));
      await settling.done();
      await taking?.catch(() => undefined);
      for (const end of ends) if (end.status === 'rejected') throw end.reason as Error;
      if (late.length + queue.length > 0)
        await withTenant(this.dataSource, tenancy, (manager) =>
          releaseDeliveries(manager, tenancy, endpoint.id, [...late, ...queue]),
        );
    } finally {
      agents.http.destroy();
      agents.https.destroy();
    }
  }

  private take({ tenancy, id }: DueEndpoint, upTo: number): Promise<Taken[]> {
    return withTenant(this.dataSource, tenancy, async (manager) => {
      const claimed = await claimDeliveries(manager, tenancy, id, upTo);
      if (!claimed) return [];
      const secrets = await this.secrets.read(manager, tenancy, id);
      if (secrets.length === 0) throw new Error(`webhook endpoint ${id} has no secret`);
      const takenAt = performance.now();
      return claimed.deliveries.map((one) => ({ ...one, url: claimed.url, secrets, takenAt }));
    });
  }

  private attempt(one: Taken, options: SendOptions): Promise<SendResult> {
    const body = bodyOf({ ...one, id: one.eventId });
    const id = toPublicId('evt', one.eventId);
    // Real time, also in test mode: the receiver compares it with its own clock.
    const headers = signedHeaders(one.secrets, { id, seconds: Math.floor(Date.now() / 1_000), body });
    return send(one.url, { headers, body }, options);
  }

  private async settle(endpoint: DueEndpoint, attempts: readonly Attempt[], watch: DeliveryWatch): Promise<void> {
    const { tenancy, id } = endpoint;
    const reason = await withTenant(this.dataSource, tenancy, async (manager) => {
      const answered = attempts.some(({ result }) => result.head !== undefined);
      const sealed = answered ? await this.sealHeads(manager, endpoint, attempts) : attempts;
      return settleDeliveries(manager, tenancy, id, sealed, this.clock.now(tenancy.mode));
    });
    if (reason !== undefined) watch.disabled(endpoint, reason);
  }

  private async sealHeads(
    manager: EntityManager,
    { tenancy, id }: DueEndpoint,
    attempts: readonly Attempt[],
  ): Promise<Attempt[]> {
    const { tenantKeyId } = await readKeyedTenancy(manager, tenancy);
    const { encryption } = await this.tenantKeys.get(tenancy, tenantKeyId, manager);
    return attempts.map((attempt) => {
      const { head } = attempt.result;
      if (head === undefined) return attempt;
      const context = headContext(tenancy, id, attempt.delivery.eventId);
      return { ...attempt, sealedHead: { tenantKeyId, sealed: seal(encryption, Buffer.from(head), context) } };
    });
  }
}

/**
 * Writes what has gathered while the write before was under way: a lone attempt waits for nobody, many share a commit, and
 * a slow receiver keeps no other attempt from being written.
 */
class Settling {
  private readonly waiting: Attempt[] = [];
  private writing: Promise<void> | undefined;
  private failure: unknown;

  constructor(private readonly write: (attempts: readonly Attempt[]) => Promise<void>) {}

  add(attempt: Attempt): void {
    this.waiting.push(attempt);
    this.writing ??= this.drain();
  }

  /** @throws what the first failed write threw: its attempts will be made again when their claims have run out. */
  async done(): Promise<void> {
    await this.writing;
    if (this.failure !== undefined) throw this.failure as Error;
  }

  private async drain(): Promise<void> {
    try {
      while (this.waiting.length > 0) await this.write(this.waiting.splice(0));
    } catch (error) {
      this.failure ??= error;
    } finally {
      this.writing = undefined;
    }
  }
}
