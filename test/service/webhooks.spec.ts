import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { DataSource, EntityManager } from 'typeorm';
import { Webhook } from 'standardwebhooks';
import { Clock, Logger, toPublicId, withTenant } from '#lib/platform';
import { takeStep, TenantKeys, type Principal } from '#lib/tenancy';
import {
  appendEvent,
  type DueEndpoint,
  type EventType,
  MAX_ATTEMPTS,
  WebhookDeliveries,
  WebhookDelivering,
  WebhookEndpoints,
  WebhookSecrets,
} from '#lib/webhook';
import { type ClaimedDelivery, claimDeliveries, releaseDeliveries } from '../../libs/webhook/src/claim-deliveries.js';
import { settleDeliveries } from '../../libs/webhook/src/settle-deliveries.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { WIDE_LIMITS } from '../support/limits.js';
import { connect, keyRing, makeTenant, type TestTenant } from '../support/tenants.js';
import { answering, WebhookReceiver } from '../support/webhook-receiver.js';

let database: TestDatabase;
let owner: pg.Client;
let api: DataSource;
let worker: DataSource;
let operator: DataSource;
let tenant: TestTenant;
let receiver: WebhookReceiver;
let endpoints: WebhookEndpoints;
let log: WebhookDeliveries;

const OPTIONS = { testLoopback: true };

beforeAll(async () => {
  database = await createTestDatabase();
  owner = new pg.Client({ connectionString: database.urls.owner });
  await owner.connect();
  [api, worker, operator] = await Promise.all([
    connect(database.urls.api),
    connect(database.urls.worker),
    connect(database.urls.operator),
  ]);
  const keys = new TenantKeys(api, keyRing());
  endpoints = new WebhookEndpoints(
    api,
    new Clock(api, new Logger('test', 'silent')),
    new WebhookSecrets(keys),
    OPTIONS,
  );
  log = new WebhookDeliveries(api, keys);
});
afterAll(async () => {
  await Promise.all([api, worker, operator].map((each) => each.destroy()));
  await owner.end();
  await database.drop();
});
beforeEach(async () => {
  tenant = await makeTenant(operator, 'A');
  receiver = await WebhookReceiver.start();
});
afterEach(async () => {
  // What one test left undone is not the next one's to do.
  await owner.query('update webhook_endpoint set deleted_at = clock_timestamp() where deleted_at is null');
  await receiver.stop();
});

const principalOf = (of: TestTenant): Principal => ({
  ...of,
  lookupKeyId: of.tenantKeyId,
  scopes: [],
  referenceFormat: null,
  revocationMethods: [],
  limits: WIDE_LIMITS,
});
const CALL = { requestId: 'req_test' };
async function makeEndpoint(
  of = tenant,
  wanted: { url?: string; eventTypes?: readonly EventType[] | null; enabled?: boolean } = {},
): Promise<{ id: string; secret: string }> {
  const made = await endpoints.create(
    principalOf(of),
    { url: receiver.url, description: '', eventTypes: null, enabled: true, ...wanted },
    CALL,
  );
  return { id: made.endpoint.id, secret: made.secret! };
}
const append = (of = tenant, type: EventType = 'person.linked'): Promise<string> =>
  withTenant(api, of, (manager) =>
    appendEvent(manager, of, { type, at: Date.now(), data: { person_id: randomUUID() } }),
  );
const publicId = (id: string): string => toPublicId('evt', id);

/** A worker process's own view of the work. */
function newWorker(): WebhookDelivering {
  const keys = new TenantKeys(worker, keyRing());
  const clock = new Clock(worker, new Logger('test', 'silent'));
  return new WebhookDelivering(worker, clock, keys, new WebhookSecrets(keys), OPTIONS);
}
const WATCH = { attempted: () => undefined, disabled: () => undefined };
/** Sends all that is due now. */
async function deliver(by = newWorker()): Promise<void> {
  for (const endpoint of await by.findDue(100)) await by.deliver(endpoint, () => true, WATCH);
}
const deliveries = async (id: string): Promise<Record<string, unknown>[]> =>
  (
    await owner.query<Record<string, unknown>>(
      'select * from webhook_delivery where endpoint_id = $1 order by event_id',
      [id],
    )
  ).rows;
/** As if the waits were over. */
const passTime = (): Promise<unknown> =>
  owner.query(`update webhook_delivery set due_at = '-infinity' where state = 'pending'`);

describe('the outbox', () => {
  it('gets a row for each event and endpoint that wants it, in the transaction of the event', async () => {
    const all = await makeEndpoint();
    const some = await makeEndpoint(tenant, { eventTypes: ['person.merged'] });
    const off = await makeEndpoint(tenant, { enabled: false });
    const [linked, merged] = [await append(), await append(tenant, 'person.merged')];
    const told = async (id: string): Promise<unknown[]> => (await deliveries(id)).map(({ event_id }) => event_id);
    expect(await told(all.id)).toEqual([linked, merged]);
    expect(await told(some.id)).toEqual([merged]);
    expect(await told(off.id)).toEqual([]);
    const failed = withTenant(api, tenant, async (manager) => {
      await appendEvent(manager, tenant, { type: 'person.linked', at: Date.now(), data: {} });
      throw new Error('taken back');
    });
    await expect(failed).rejects.toThrow('taken back');
    expect(await told(all.id)).toEqual([linked, merged]);
  });

  it('gets them from one statement for tens of thousands of events of many tenants, each its own', async () => {
    const other = await makeTenant(operator, 'B');
    const [mine, theirs] = [await makeEndpoint(), await makeEndpoint(other)];
    await owner.query(
      `insert into event (tenant_id, mode, id, type, occurred_at, data)
       select case when n % 2 = 0 then $1::uuid else $2::uuid end, 'test', gen_random_uuid(), 'person.linked', now(), '{}'
       from generate_series(1, 20000) n`,
      [tenant.tenantId, other.tenantId],
    );
    const { rows } = await owner.query(
      `select d.endpoint_id, count(*)::int as n, bool_and(e.tenant_id = d.tenant_id) as own
       from webhook_delivery d join event e on e.id = d.event_id where d.endpoint_id = any($1) group by 1`,
      [[mine.id, theirs.id]],
    );
    expect(rows).toHaveLength(2);
    for (const row of rows) expect(row).toMatchObject({ n: 10_000, own: true });
  });

  it('gets nothing of the other mode or of another tenant', async () => {
    const { id } = await makeEndpoint();
    await append(await makeTenant(operator, 'B'));
    await append({ ...tenant, mode: 'live' });
    expect(await deliveries(id)).toEqual([]);
  });

  it('is due at once whatever a clock that was moved back says', async () => {
    const { id } = await makeEndpoint();
    await append();
    const { rows } = await owner.query('select due_at::text from webhook_delivery where endpoint_id = $1', [id]);
    expect(rows).toEqual([{ due_at: '-infinity' }]);
  });
});

describe('a delivery', () => {
  it('is signed, numbered without a gap, said to nobody else, and logged with its answer under seal', async () => {
    receiver.answer = answering(200, 'thank you');
    const { id, secret } = await makeEndpoint();
    const events = [await append(), await append(), await append()];
    await deliver();
    expect([...receiver.ids].sort()).toEqual(events.map(publicId).sort());
    expect(receiver.received.map(({ event }) => event.sequence).sort()).toEqual([1, 2, 3]);
    for (const { headers, body } of receiver.received)
      expect(new Webhook(secret).verify(body, headers as Record<string, string>)).toBeDefined();
    expect((await deliveries(id)).map(({ state }) => state)).toEqual(['delivered', 'delivered', 'delivered']);
    const { attempts } = await log.get(principalOf(tenant), id, events[0]!, 'req_test');
    expect(attempts).toEqual([
      { startedAt: expect.any(Date), durationMs: expect.any(Number), status: 200, head: 'thank you' },
    ]);
    const { rows } = await owner.query<{ row: string }>(
      `select a::text as row from webhook_attempt a union all select s::text from webhook_secret s
       union all select e::text from audit_event e`,
    );
    const hidden = [Buffer.from('thank you').toString('hex'), Buffer.from(secret).toString('hex'), 'thank you', secret];
    expect(rows.filter(({ row }) => hidden.some((text) => row.includes(text)))).toEqual([]);
  });

  it('that failed is due again after a while, with the same id and sequence, until it is taken', async () => {
    receiver.answer = answering(500, 'later');
    const { id } = await makeEndpoint();
    const event = await append();
    await deliver();
    await deliver();
    expect(receiver.ids).toEqual([publicId(event)]);
    const [waiting] = await deliveries(id);
    expect(waiting).toMatchObject({ state: 'pending', attempts: 1, claim: null });
    expect((waiting!['due_at'] as Date).getTime()).toBeGreaterThan(Date.now() + 1_000);
    receiver.answer = answering(204);
    await passTime();
    await deliver();
    expect(receiver.received.map(({ headers, event: sent }) => [headers['webhook-id'], sent.sequence])).toEqual([
      [publicId(event), 1],
      [publicId(event), 1],
    ]);
    expect(await deliveries(id)).toEqual([expect.objectContaining({ state: 'delivered', attempts: 2 })]);
    expect((await endpoints.get(tenant, id)).failingSince).toBeUndefined();
  });

  it('is made once by several workers at the same time', async () => {
    await makeEndpoint();
    await Promise.all(Array.from({ length: 60 }, () => append()));
    await Promise.all([deliver(), deliver(), deliver()]);
    await deliver();
    expect(receiver.ids).toHaveLength(60);
    expect(new Set(receiver.ids).size).toBe(60);
    expect(receiver.received.map(({ event }) => event.sequence).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 60 }, (_, n) => n + 1),
    );
  });

  it('of a worker that was killed is made by another when its claim has run out', async () => {
    const { id } = await makeEndpoint();
    const event = await append();
    const killed = newWorker();
    const [due] = await killed.findDue(10);
    await (killed as unknown as { take: (of: DueEndpoint, upTo: number) => Promise<unknown> }).take(due!, 10);
    await deliver();
    expect(receiver.ids).toEqual([]);
    const [claimed] = await deliveries(id);
    expect((claimed!['due_at'] as Date).getTime()).toBeLessThan(Date.now() + 61_000);
    await passTime();
    await deliver();
    expect(receiver.ids).toEqual([publicId(event)]);
  });

  it('whose claim has run out is not undone by who held it', async () => {
    const { id } = await makeEndpoint();
    await append();
    let late: (() => void) | undefined;
    receiver.answer = (_webhook, response) => {
      if (late) response.writeHead(204).end();
      else late = () => response.writeHead(500).end();
    };
    const slow = deliver();
    while (!late) await new Promise((resolve) => setTimeout(resolve, 10));
    await passTime();
    await deliver();
    late();
    await slow;
    expect(await deliveries(id)).toEqual([expect.objectContaining({ state: 'delivered' })]);
    const { rows } = await owner.query('select status from webhook_attempt where endpoint_id = $1 order by status', [
      id,
    ]);
    expect(rows).toEqual([{ status: 204 }, { status: 500 }]);
  });

  it('under way when the process is to stop is let finish, and the others are given back', async () => {
    const { id } = await makeEndpoint();
    await Promise.all(Array.from({ length: 40 }, () => append()));
    let going = true;
    receiver.answer = (_webhook, response) => {
      going = false;
      setTimeout(() => response.writeHead(204).end(), 50);
    };
    const by = newWorker();
    for (const endpoint of await by.findDue(10)) await by.deliver(endpoint, () => going, WATCH);
    const rows = await deliveries(id);
    const made = rows.filter(({ state }) => state === 'delivered').length;
    expect(made).toBe(receiver.ids.length);
    expect(made).toBeLessThan(40);
    expect(rows.filter(({ state, claim }) => state === 'pending' && claim === null)).toHaveLength(40 - made);
  });

  it('to one endpoint that does not answer delays no other', async () => {
    const stuck = await WebhookReceiver.start();
    stuck.answer = () => undefined;
    try {
      const slow = await makeEndpoint(tenant, { url: stuck.url });
      await makeEndpoint();
      await append();
      const by = newWorker();
      const due = await by.findDue(10);
      const ends = due.map((endpoint) => ({ endpoint, end: by.deliver(endpoint, () => true, WATCH) }));
      await Promise.all(ends.filter(({ endpoint }) => endpoint.id !== slow.id).map(({ end }) => end));
      expect(receiver.ids).toHaveLength(1);
      await stuck.stop();
      await Promise.all(ends.map(({ end }) => end));
    } finally {
      if (stuck.received.length === 0) await stuck.stop();
    }
  });

  it('is taken and settled without looking at the many that wait, of which the statistics know nothing', async () => {
    const { id } = await makeEndpoint();
    const [many, few] = [20_000, 50];
    await owner.query('analyze webhook_delivery, webhook_attempt, event');
    await owner.query(
      `insert into event (tenant_id, mode, id, type, occurred_at, data)
       select $1, 'test', gen_random_uuid(), 'person.linked', now(), jsonb_build_object('person_id', gen_random_uuid())
       from generate_series(1, $2::int)`,
      [tenant.tenantId, many],
    );
    const lookedAt = async (work: (manager: EntityManager) => Promise<unknown>): Promise<number> =>
      withTenant(worker, tenant, async (manager) => {
        await work(manager);
        const [row]: { n: number }[] = await manager.query(
          `select sum(pg_stat_get_xact_tuples_returned(t) + pg_stat_get_xact_tuples_fetched(t))::int as n
           from unnest(array['webhook_delivery', 'event']::regclass[]) t`,
        );
        return row!.n;
      });
    let taken: readonly ClaimedDelivery[] = [];
    const toTake = await lookedAt(async (manager) => {
      taken = (await claimDeliveries(manager, tenant, id, few))!.deliveries;
    });
    expect(taken).toHaveLength(few);
    const [made, left] = [taken.slice(0, few / 2), taken.slice(few / 2)];
    const attempts = made.map((delivery) => ({ delivery, result: { status: 204, durationMs: 1 }, random: 0 }));
    const toSettle = await lookedAt((manager) => settleDeliveries(manager, tenant, id, attempts, Date.now()));
    const toRelease = await lookedAt((manager) => releaseDeliveries(manager, tenant, id, left));
    for (const looked of [toTake, toSettle, toRelease]) expect(looked).toBeLessThan(10 * few);
    expect((await deliveries(id)).filter(({ state }) => state === 'delivered')).toHaveLength(few / 2);
  });

  it('is not made for a tenant that is suspended, and is made when it is resumed', async () => {
    await makeEndpoint();
    await append();
    const admin = await connect(database.urls.admin);
    try {
      const step = (name: 'suspend' | 'resume') =>
        takeStep(admin, { tenantId: tenant.tenantId, request: { step: name, reason: 'test' }, actor: 'operator:test' });
      await step('suspend');
      await deliver();
      expect(receiver.ids).toEqual([]);
      await step('resume');
      await deliver();
      expect(receiver.ids).toHaveLength(1);
    } finally {
      await admin.destroy();
    }
  });
});

describe('an endpoint is disabled', () => {
  it('when a delivery has used up its attempts and no other succeeded meanwhile, and its tenant is told', async () => {
    const watcher = await WebhookReceiver.start();
    try {
      receiver.answer = answering(500);
      const { id } = await makeEndpoint();
      await makeEndpoint(tenant, { url: watcher.url, eventTypes: ['webhook_endpoint.disabled'] });
      const first = await append();
      await deliver();
      await owner.query('update webhook_delivery set attempts = $2 where endpoint_id = $1', [id, MAX_ATTEMPTS - 1]);
      await passTime();
      await deliver();
      await deliver();
      expect(await endpoints.get(tenant, id)).toMatchObject({ enabled: false, disabledReason: 'failing' });
      expect(watcher.received.map(({ event }) => [event.type, event.data])).toEqual([
        ['webhook_endpoint.disabled', { webhook_endpoint_id: toPublicId('whe', id) }],
      ]);
      const { rows } = await owner.query(
        `select actor, detail from audit_event where action = 'webhook_endpoint.disable' and target = $1`,
        [`webhook_endpoint:${id}`],
      );
      expect(rows).toEqual([{ actor: 'system:worker', detail: { reason: 'failing' } }]);
      expect((await deliveries(id)).find(({ event_id }) => event_id === first)).toMatchObject({ state: 'failed' });
    } finally {
      await watcher.stop();
    }
  });

  it('not when another delivery has succeeded meanwhile', async () => {
    const { id } = await makeEndpoint();
    const bad = await append();
    receiver.answer = (webhook, response) => response.writeHead(webhook.event.id === publicId(bad) ? 500 : 204).end();
    await deliver();
    await append();
    await deliver();
    await owner.query('update webhook_delivery set attempts = $2 where event_id = $1', [bad, MAX_ATTEMPTS - 1]);
    await passTime();
    await deliver();
    expect(await endpoints.get(tenant, id)).toMatchObject({ enabled: true });
    expect((await deliveries(id)).map(({ state }) => state).sort()).toEqual(['delivered', 'failed']);
  });

  it('when its receiver says 410, and enabled again it gets what had been waiting', async () => {
    receiver.answer = answering(410);
    const { id } = await makeEndpoint();
    const event = await append();
    await deliver();
    expect(await endpoints.get(tenant, id)).toMatchObject({ enabled: false, disabledReason: 'gone' });
    await passTime();
    await deliver();
    expect(receiver.ids).toHaveLength(1);
    receiver.answer = answering(204);
    const enabled = await endpoints.update(principalOf(tenant), id, { enabled: true }, 'req_test');
    expect([enabled.enabled, enabled.disabledReason, enabled.failingSince]).toEqual([true, undefined, undefined]);
    await deliver();
    expect(receiver.ids).toEqual([publicId(event), publicId(event)]);
  });
});

describe('a rotated secret', () => {
  it('signs beside the new one until the overlap is over, and no event is without a signature', async () => {
    const { id, secret: old } = await makeEndpoint();
    const { secret: next } = await endpoints.rotateSecret(principalOf(tenant), { id, overlapHours: 1 }, CALL);
    await append();
    await deliver();
    const believes = (secret: string, n: number): boolean => {
      const { body, headers } = receiver.received[n]!;
      try {
        return new Webhook(secret).verify(body, headers as Record<string, string>) !== undefined;
      } catch {
        return false;
      }
    };
    expect([believes(old, 0), believes(next!, 0)]).toEqual([true, true]);
    await owner.query(`update webhook_secret set expires_at = clock_timestamp() where expires_at is not null`);
    await append();
    await deliver();
    expect([believes(old, 1), believes(next!, 1)]).toEqual([false, true]);
  });

  it('is never one of more than three', async () => {
    const { id } = await makeEndpoint();
    for (let n = 0; n < 5; n++) await endpoints.rotateSecret(principalOf(tenant), { id, overlapHours: 1 }, CALL);
    await append();
    await deliver();
    expect(String(receiver.received[0]!.headers['webhook-signature']).split(' ')).toHaveLength(3);
  });
});

describe('a replay', () => {
  const replay = async (id: string, wanted: Parameters<WebhookDeliveries['replay']>[2]) =>
    (await log.replay(principalOf(tenant), id, wanted, CALL)).events;
  const always = { from: new Date(0), to: new Date(Date.now() + 3_600_000) };

  it('sends one event again with the same id and sequence', async () => {
    const { id } = await makeEndpoint();
    const [event] = [await append(), await append()];
    await deliver();
    expect(await replay(id, { eventId: event })).toBe(1);
    await deliver();
    expect(receiver.ids).toHaveLength(3);
    const sent = receiver.received.filter(({ headers }) => headers['webhook-id'] === publicId(event));
    expect(sent.map(({ body }) => body)).toEqual([sent[0]!.body, sent[0]!.body]);
  });

  it('of a time sends what was while the endpoint was not there or disabled, of the types it wants', async () => {
    const before = [await append(), await append(tenant, 'person.merged')];
    const { id } = await makeEndpoint(tenant, { eventTypes: ['person.linked'] });
    const delivered = await append();
    await deliver();
    await endpoints.update(principalOf(tenant), id, { enabled: false }, 'req_test');
    const meanwhile = await append();
    await endpoints.update(principalOf(tenant), id, { enabled: true }, 'req_test');
    expect(await replay(id, { ...always, undeliveredOnly: true })).toBe(2);
    await deliver();
    expect(receiver.ids).toHaveLength(3);
    expect(new Set(receiver.ids)).toEqual(new Set([before[0]!, delivered, meanwhile].map(publicId)));
    expect(await replay(id, { ...always, undeliveredOnly: false })).toBe(3);
  });

  it('finds nothing of another tenant', async () => {
    const { id } = await makeEndpoint();
    const foreign = await append(await makeTenant(operator, 'B'));
    await expect(replay(id, { eventId: foreign })).rejects.toMatchObject({ code: 'event_unknown' });
    const other = principalOf(await makeTenant(operator, 'C'));
    await expect(log.replay(other, id, { eventId: foreign }, CALL)).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('the doors of webhooks', () => {
  const codeOf = async (work: Promise<unknown>): Promise<unknown> => {
    try {
      await work;
      return 'done';
    } catch (error) {
      return (error as { driverError: { code: string } }).driverError.code;
    }
  };
  const DENIED = '42501';

  it('tell the worker ids alone, and open for nobody else', async () => {
    await makeEndpoint();
    await append();
    const [row] = await worker.query('select * from due_webhook_endpoints(10)');
    expect(Object.keys(row as object).sort()).toEqual(['failing', 'id', 'mode', 'tenant_id']);
    for (const call of ['due_webhook_endpoints(10)', 'forget_webhook_deliveries()'])
      for (const role of [api, operator]) expect(await codeOf(role.query(`select ${call}`))).toBe(DENIED);
    expect(await codeOf(worker.query('select put_out_events()'))).toBe(DENIED);
  });

  it('keep a key of the tenant from being destroyed while a secret or an answer is sealed under it', async () => {
    const { id } = await makeEndpoint();
    const needs = async (): Promise<string[]> => {
      const rows: { need: string }[] = await operator.query('select need from tenant_key_needs($1, $2, $3)', [
        tenant.tenantId,
        tenant.mode,
        tenant.tenantKeyId,
      ]);
      return rows.map(({ need }) => need).filter((need) => need.startsWith('webhook_'));
    };
    expect(await needs()).toEqual(['webhook_secret']);
    const bytes = Buffer.from('00', 'hex');
    await owner.query(
      `insert into webhook_attempt (tenant_id, mode, endpoint_id, event_id, id, duration_ms, tenant_key_id, sealed_head)
       values ($1, $2, $3, gen_random_uuid(), gen_random_uuid(), 1, $4, $5)`,
      [tenant.tenantId, tenant.mode, id, tenant.tenantKeyId, bytes],
    );
    expect(await needs()).toEqual(['webhook_secret', 'webhook_answer']);
  });

  it('are the only way past the tenant: without one named the worker sees nothing', async () => {
    await makeEndpoint();
    await append();
    for (const table of ['webhook_endpoint', 'webhook_secret', 'webhook_delivery'])
      expect(await worker.query(`select 1 from ${table}`)).toEqual([]);
    const other = await makeTenant(operator, 'B');
    const { id } = await makeEndpoint();
    for (const role of [api, worker])
      await withTenant(role, other, async (manager) => {
        expect(await manager.query('select 1 from webhook_endpoint where id = $1', [id])).toEqual([]);
        const [, changed] = await manager.query('update webhook_endpoint set enabled = enabled where id = $1', [id]);
        expect(changed).toBe(0);
      });
  });

  it('let the API neither say that something was delivered to whom, nor change the log', async () => {
    const { id } = await makeEndpoint();
    for (const statement of [
      `update webhook_delivery set sequence = 7 where endpoint_id = '${id}'`,
      `update webhook_endpoint set last_success_at = now() where id = '${id}'`,
      `delete from webhook_attempt`,
      `update webhook_attempt set status = 200`,
      `insert into webhook_attempt (tenant_id, mode, endpoint_id, event_id, id, duration_ms)
       values ('${tenant.tenantId}', 'test', '${id}', gen_random_uuid(), gen_random_uuid(), 1)`,
    ])
      expect(await codeOf(withTenant(api, tenant, (manager) => manager.query(statement)))).toBe(DENIED);
  });

  it('remove of the log what is older than thirty days, and nothing that is still to be sent', async () => {
    receiver.answer = answering(200, 'x');
    const { id } = await makeEndpoint();
    const [old, young] = [await append(), await append()];
    await deliver();
    const waiting = await append();
    const past = `clock_timestamp() - interval '31 days'`;
    await owner.query(`update webhook_delivery set finished_at = ${past} where event_id = $1`, [old]);
    await owner.query(`update webhook_attempt set started_at = ${past} where event_id = $1`, [old]);
    await owner.query(`update webhook_delivery set created_at = ${past} where event_id = $1`, [waiting]);
    expect(await newWorker().forget()).toBe(2);
    expect((await deliveries(id)).map(({ event_id }) => event_id)).toEqual([young, waiting]);
    const { rows } = await owner.query('select event_id from webhook_attempt where endpoint_id = $1', [id]);
    expect(rows).toEqual([{ event_id: young }]);
  });

  it('give a tenant its turn beside one with many endpoints', async () => {
    const crowd = await makeTenant(operator, 'crowd');
    for (let n = 0; n < 6; n++) await makeEndpoint(crowd);
    const { id } = await makeEndpoint();
    await append(crowd);
    await append();
    expect((await newWorker().findDue(2)).map((each) => each.id)).toContain(id);
  });
});
