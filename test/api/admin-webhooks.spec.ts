import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { toPublicId } from '#lib/platform';
import { type AdminBrowser, AdminStack, outcome } from '../support/admin.js';
import { makeTenant, type TestTenant } from '../support/tenants.js';

let stack: AdminStack;
let browser: AdminBrowser;
let tenant: TestTenant;
let tenantId: string;
let endpoint: string;
const events: string[] = [];
const PERSON = randomUUID();

beforeAll(async () => {
  stack = await AdminStack.start();
  browser = await stack.signedIn(await stack.person(['support']));
  tenant = await makeTenant(stack.operator, '通知商事');
  tenantId = toPublicId('ten', tenant.tenantId);
  const uuid = randomUUID();
  endpoint = toPublicId('whe', uuid);
  await stack.owner.query(
    `insert into webhook_endpoint (tenant_id, mode, id, url) values ($1, 'test', $2, 'https://hooks.example.com/a-secret-path?x=y')`,
    [tenant.tenantId, uuid],
  );
  for (const type of ['person.linked', 'person.merged', 'person.linked']) {
    const { rows } = await stack.owner.query<{ id: string }>(
      `insert into event (tenant_id, mode, id, type, occurred_at, data)
       values ($1, 'test', $2, $3, now(), jsonb_build_object('person_id', $4::text)) returning id`,
      [tenant.tenantId, `0193f0c0-0000-7000-8000-00000000000${events.length}`, type, PERSON],
    );
    events.push(toPublicId('evt', rows[0]!.id));
  }
  await stack.owner.query(
    `insert into webhook_attempt (tenant_id, mode, endpoint_id, event_id, id, duration_ms, status, failure, tenant_key_id, sealed_head)
     select tenant_id, mode, endpoint_id, event_id, gen_random_uuid(), 12, 500, 'status', $2, $3
     from webhook_delivery where event_id = $1`,
    ['0193f0c0-0000-7000-8000-000000000000', tenant.tenantKeyId, randomBytes(40)],
  );
  await stack.owner.query(
    `update webhook_delivery set state = 'failed', attempts = 12, finished_at = now() where event_id = $1`,
    ['0193f0c0-0000-7000-8000-000000000000'],
  );
}, 300_000);
afterAll(() => stack.stop());

const replays = (body: unknown) => browser.send('POST', `/v1/webhook-endpoints/${endpoint}/replays`, body);

describe('200: operators see', () => {
  it('how endpoints of a tenant are doing, and of their URL only where it leads', async () => {
    const answer = await browser.send('GET', `/v1/tenants/${tenantId}/webhook-endpoints`);
    expect(answer.body['data']).toEqual([
      expect.objectContaining({
        id: endpoint,
        mode: 'test',
        origin: 'https://hooks.example.com',
        enabled: true,
        waiting: 2,
        waiting_since: expect.any(String),
        failed: 1,
      }),
    ]);
    expect(answer.text).not.toContain('secret-path');
  });

  it('what was sent and what came of it, by ids, without what was answered', async () => {
    const list = await browser.send('GET', `/v1/webhook-endpoints/${endpoint}/deliveries?limit=2`);
    expect((list.body['data'] as { event_id: string }[]).map(({ event_id }) => event_id)).toEqual([
      events[2],
      events[1],
    ]);
    const next = `/v1/webhook-endpoints/${endpoint}/deliveries?cursor=${String(list.body['next_cursor'])}`;
    expect((await browser.send('GET', next)).body).toMatchObject({
      data: [{ event_id: events[0], state: 'failed', attempts: 12 }],
      next_cursor: null,
    });
    const oldest = `/v1/webhook-endpoints/${endpoint}/deliveries?sort=created_at&limit=2`;
    const first = await browser.send('GET', oldest);
    const then = await browser.send('GET', `${oldest}&cursor=${String(first.body['next_cursor'])}`);
    expect(
      [first, then].flatMap(({ body }) => (body['data'] as { event_id: string }[]).map(({ event_id: id }) => id)),
    ).toEqual(events);
    const failed = await browser.send('GET', `/v1/webhook-endpoints/${endpoint}/deliveries?state=failed`);
    expect(failed.body['data']).toHaveLength(1);
    const one = await browser.send('GET', `/v1/webhook-endpoints/${endpoint}/deliveries/${events[0]!}`);
    expect(one.body['log']).toEqual([
      { started_at: expect.any(String), duration_ms: 12, status: 500, failure: 'status' },
    ]);
  });

  it('what a tenant was told of, and nothing about whom', async () => {
    const path = `/v1/tenants/${tenantId}/events?mode=test`;
    const all = await browser.send('GET', path);
    expect((all.body['data'] as { id: string }[]).map(({ id }) => id)).toEqual([...events].reverse());
    expect(all.text).not.toContain(PERSON.replaceAll('-', ''));
    expect(all.text).not.toContain(PERSON);
    expect((await browser.send('GET', `${path}&type=person.merged`)).body['data']).toHaveLength(1);
    expect((await browser.send('GET', path.replace('test', 'live'))).body['data']).toEqual([]);
    const ids = async (query: string): Promise<string[]> =>
      ((await browser.send('GET', `${path}${query}`)).body['data'] as { id: string }[]).map(({ id }) => id);
    expect(await ids('&sort=recorded_at&limit=2')).toEqual(events.slice(0, 2));
    expect(await ids(`&sort=recorded_at&cursor=${events[1]!}`)).toEqual(events.slice(2));
    // All three have ids of one millisecond.
    const at = new Date(0x0193_f0c0_0000);
    const after = new Date(at.getTime() + 1).toISOString();
    expect(await ids(`&recorded_after=${at.toISOString()}&recorded_before=${after}`)).toHaveLength(3);
    expect(await ids(`&recorded_after=${after}`)).toEqual([]);
    expect(await ids(`&recorded_before=${at.toISOString()}`)).toEqual([]);
    expect((await browser.send('GET', `${path}&sort=type`)).status).toBe(400);
    const denied = stack.withAdminRole('select data from event');
    await expect(denied).rejects.toMatchObject({ driverError: { code: '42501' } });
  });

  it('how one event stands at each endpoint that there still is, and it is nobody else’s event', async () => {
    const gone = randomUUID();
    await stack.owner.query(
      `insert into webhook_endpoint (tenant_id, mode, id, url) values ($1, 'test', $2, 'https://gone.example.com/')`,
      [tenant.tenantId, gone],
    );
    await stack.owner.query(
      `insert into webhook_delivery (tenant_id, mode, endpoint_id, event_id)
       values ($1, 'test', $2, '0193f0c0-0000-7000-8000-000000000000')`,
      [tenant.tenantId, gone],
    );
    await stack.owner.query('update webhook_endpoint set deleted_at = now() where id = $1', [gone]);
    const one = await browser.send('GET', `/v1/tenants/${tenantId}/events/${events[0]!}`);
    expect(one.body).toEqual({
      id: events[0],
      mode: 'test',
      type: 'person.linked',
      occurred_at: expect.any(String),
      recorded_at: expect.any(String),
      deliveries: [
        expect.objectContaining({
          endpoint_id: endpoint,
          origin: 'https://hooks.example.com',
          event_id: events[0],
          state: 'failed',
          attempts: 12,
        }),
      ],
    });
    expect(one.text).not.toContain('secret-path');
    expect(one.text).not.toContain(PERSON.replaceAll('-', ''));
    const other = toPublicId('ten', (await makeTenant(stack.operator, '隣の商事')).tenantId);
    for (const path of [`${other}/events/${events[0]!}`, `${tenantId}/events/evt_${'0'.repeat(32)}`])
      expect(outcome(await browser.send('GET', `/v1/tenants/${path}`))).toEqual([404, 'not_found']);
  });
});

describe('200: of status sweeps operators see', () => {
  const newest = '0193f0c0-0000-7000-8000-0000000000b2';
  const sweepId = (uuid: string): string => toPublicId('swp', uuid);
  const list = async (query = ''): Promise<string[]> => {
    const { body } = await browser.send('GET', `/v1/status-sweeps?tenant_id=${tenantId}${query}`);
    return (body['data'] as { id: string }[]).map(({ id }) => id);
  };
  const [first, second] = ['0193f0c0-0000-7000-8000-0000000000b0', '0193f0c0-0000-7000-8000-0000000000b1'];
  beforeAll(async () => {
    await stack.owner.query(
      `insert into status_sweep (tenant_id, mode, id, api_key_id, selection, certificates, method, created_at, state,
         began_at, ended_at, checked_at, total, done, summary)
       values ($1, 'test', $2, $5, 'all', 'both', 'ocsp', now(), 'completed', now() - interval '2 s', now(), now(), 3, 3,
           '{"unchanged": 2, "card_stopped": 1}'),
         ($1, 'live', $3, $5, 'all', 'auth', 'ocsp', now(), 'running', now(), null, now(), 10, 4, '{"alive": 4}'),
         ($1, 'test', $4, $5, 'persons', 'auth', 'crl', now(), 'queued', null, null, null, null, 0, '{}')`,
      [tenant.tenantId, first, second, newest, tenant.apiKeyId],
    );
    await stack.owner.query(
      `insert into status_sweep_result (tenant_id, mode, sweep_id, person_id, conclusion, checked_at, certificates)
       values ($1, 'test', $2, $3, 'unchanged', now(), '{}')`,
      [tenant.tenantId, first, PERSON],
    );
  });

  it('which there are, by tenant, mode and state, the newest first, page by page', async () => {
    expect(await list()).toEqual([newest, second, first].map(sweepId));
    expect(await list('&mode=live')).toEqual([sweepId(second)]);
    expect(await list('&state=completed')).toEqual([sweepId(first)]);
    const page = await browser.send('GET', `/v1/status-sweeps?tenant_id=${tenantId}&limit=2`);
    expect(await list(`&cursor=${String(page.body['next_cursor'])}`)).toEqual([sweepId(first)]);
    expect(await list('&sort=created_at')).toEqual([first, second, newest].map(sweepId));
    expect(await list(`&sort=created_at&cursor=${sweepId(first)}`)).toEqual([second, newest].map(sweepId));
    expect((await browser.send('GET', '/v1/status-sweeps?sort=state')).status).toBe(400);
    const other = toPublicId('ten', (await makeTenant(stack.operator, '別の商事')).tenantId);
    const none = await browser.send('GET', `/v1/status-sweeps?tenant_id=${other}`);
    expect(none.body).toEqual({ data: [], next_cursor: null });
  });

  it('how far one has come and how many persons it found by conclusion, and nobody in it', async () => {
    const one = await browser.send('GET', `/v1/status-sweeps/${sweepId(first)}`);
    expect(one.body).toMatchObject({
      tenant_id: tenantId,
      mode: 'test',
      state: 'completed',
      done: 3,
      total: 3,
      summary: { unchanged: 2, card_stopped: 1 },
      persons_a_second: expect.any(Number),
      seconds_left: null,
      failure: null,
    });
    expect(one.text).not.toContain(PERSON.replaceAll('-', ''));
    for (const table of ['status_sweep_result', 'status_sweep_person', 'status_sweep_rejection'])
      await expect(stack.withAdminRole(`select 1 from ${table}`)).rejects.toMatchObject({
        driverError: { code: '42501' },
      });
  });

  it('nothing without a session, of an id that nobody has, or by a wrong filter', async () => {
    const stranger = await fetch(`${stack.url}/v1/status-sweeps`);
    expect(stranger.status).toBe(401);
    for (const id of [`swp_${'0'.repeat(32)}`, 'x'])
      expect(outcome(await browser.send('GET', `/v1/status-sweeps/${id}`))).toEqual([404, 'not_found']);
    expect((await browser.send('GET', '/v1/status-sweeps?state=asleep')).status).toBe(400);
  });
});

describe('202: operators have sent again', () => {
  it('one event or those of a time, and it is on record whose decision that was', async () => {
    expect((await replays({ event_id: events[0] })).body).toEqual({ events: 1 });
    const time = { recorded_after: '2020-01-01T00:00:00Z', recorded_before: '2099-01-01T00:00:00Z' };
    expect((await replays(time)).body).toEqual({ events: 3 });
    const { rows } = await stack.owner.query<{ state: string }>(`select distinct state from webhook_delivery`);
    expect(rows).toEqual([{ state: 'pending' }]);
    const { rows: acts } = await stack.owner.query<{ actor: string }>(
      `select actor from audit_event where action = 'webhook_endpoint.replay' and tenant_id = $1`,
      [tenant.tenantId],
    );
    expect(acts).toHaveLength(2);
    for (const { actor } of acts) expect(actor).toMatch(/^operator:[0-9a-f-]{36}$/);
  });
});

describe('400, 404, 422: operators', () => {
  it('are told what is wrong', async () => {
    const nobody = `0`.repeat(32);
    expect(outcome(await replays({}))).toEqual([400, 'request_invalid']);
    expect(outcome(await replays({ event_id: `evt_${nobody}` }))).toEqual([422, 'event_unknown']);
    expect(outcome(await replays({ event_id: 'x' }))).toEqual([422, 'event_unknown']);
    for (const path of [
      `/v1/webhook-endpoints/whe_${nobody}/deliveries`,
      `/v1/webhook-endpoints/x/deliveries`,
      `/v1/webhook-endpoints/${endpoint}/deliveries/evt_${nobody}`,
      `/v1/tenants/ten_${nobody}/webhook-endpoints`,
      `/v1/tenants/ten_${nobody}/events?mode=test`,
    ])
      expect([path, ...outcome(await browser.send('GET', path))]).toEqual([path, 404, 'not_found']);
    const { status } = await browser.send('GET', `/v1/tenants/${tenantId}/events`);
    expect(status).toBe(400);
  });
});
