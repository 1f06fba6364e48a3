import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { MONTH_QUEUE } from '#lib/billing';
import { fromPublicId, newId, toPublicId } from '#lib/platform';
import { PARTITION_QUEUE, QUEUE_PREFIX } from '#lib/revocation';
import { type AdminBrowser, AdminStack } from '../support/admin.js';
import { CARD_HOLDER, issueEndEntity, makeAuthority } from '../support/pki.js';
import { emptyTestRedis } from '../support/redis.js';

let stack: AdminStack;
let browser: AdminBrowser;
let redisUrl: string;

beforeAll(async () => {
  redisUrl = await emptyTestRedis();
  stack = await AdminStack.start({ REDIS_URL: redisUrl });
  browser = await stack.signedIn(stack.first);
});
afterAll(() => stack.stop());

async function newTenant(name: string): Promise<string> {
  const { data } = await browser.client.POST('/v1/tenants', { body: { name } });
  return data!.id;
}

describe('tenants', () => {
  it('are made with both modes, listed newest first page by page, found by a part of the name', async () => {
    const names = ['あおぞら銀行', 'みなと信用金庫', 'みなと保険'];
    for (const name of names) await newTenant(name);
    const { data: one } = await browser.client.GET('/v1/tenants', { params: { query: { limit: 2 } } });
    expect(one!.data.map(({ name }) => name)).toEqual(['みなと保険', 'みなと信用金庫']);
    const { data: two } = await browser.client.GET('/v1/tenants', {
      params: { query: { limit: 2, cursor: one!.next_cursor! } },
    });
    expect(two!.data.map(({ name }) => name)).toEqual(['あおぞら銀行']);
    expect(two!.next_cursor).toBeNull();
    const { data: found } = await browser.client.GET('/v1/tenants', { params: { query: { name: 'みなと' } } });
    expect(found!.data).toHaveLength(2);
    const { data: tenant } = await browser.client.GET('/v1/tenants/{id}', {
      params: { path: { id: one!.data[0]!.id } },
    });
    expect(tenant!.contracts.map(({ mode, identify }) => [mode, identify])).toEqual([
      ['live', false],
      ['test', false],
    ]);
  });

  it('are sorted by name and by time, both ways, page after page', async () => {
    const listed = async (sort: 'name' | '-name' | 'created_at' | '-created_at'): Promise<string[]> => {
      const names: string[] = [];
      let cursor: string | undefined;
      do {
        const query = { sort, limit: 2, ...(cursor === undefined ? {} : { cursor }) };
        const { data } = await browser.client.GET('/v1/tenants', { params: { query } });
        names.push(...data!.data.map(({ name }) => name));
        cursor = data!.next_cursor ?? undefined;
      } while (cursor !== undefined);
      return names;
    };
    const made = [await newTenant('並びB商事'), await newTenant('並びC商事'), await newTenant('並びA商事')];
    expect(made).toHaveLength(3);
    const ours = (names: readonly string[]): string =>
      names.flatMap((name) => /並び(.)商事/.exec(name)?.[1] ?? []).join('');
    const up = await listed('name');
    expect([ours(up), ours(await listed('-name'))]).toEqual(['ABC', 'CBA']);
    expect([ours(await listed('created_at')), ours(await listed('-created_at'))]).toEqual(['BCA', 'ACB']);
    expect(new Set(up)).toEqual(new Set(await listed('-created_at')));
  });

  it('have their terms changed, what is not named stays, and the change is on record', async () => {
    const id = await newTenant('条件変更商事');
    const path = `/v1/tenants/${id}/contracts/test`;
    expect((await browser.send('PATCH', path, { identify: true, allowed_ages: [18, 20] })).status).toBe(200);
    const changed = await browser.send('PATCH', path, { counterpart: true });
    expect(changed.body).toMatchObject({ mode: 'test', identify: true, counterpart: true, allowed_ages: [18, 20] });
    const { data } = await browser.client.GET('/v1/audit-events', {
      params: { query: { target: `tenant:${id}`, action: 'contract.change' } },
    });
    expect(data!.data).toHaveLength(2);
    expect(data!.data[0]).toMatchObject({
      actor: `operator:${toPublicId('opr', stack.first.id)}`,
      ip: '127.0.0.1',
      mode: 'test',
    });
    for (const body of [{ allowed_ages: [131] }, { age_dates: ['2026-02-30'] }, { identify: 'yes' }, { price: 1 }])
      expect((await browser.send('PATCH', path, body)).body['code']).toBe('request_invalid');
    expect((await browser.send('PATCH', `/v1/tenants/${id}/contracts/prod`, {})).status).toBe(404);
  });

  it('have limits of each class of endpoints, of which one is changed without the others', async () => {
    const id = await newTenant('上限商事');
    const path = `/v1/tenants/${id}/contracts/test`;
    const limits = { verification: { per_second: 50 }, read: { per_month: 1_000 } };
    const changed = await browser.send('PATCH', path, { limits });
    expect([changed.status, changed.body['limits']]).toEqual([
      200,
      {
        verification: { per_second: 50, per_month: null },
        challenge: { per_second: 1000, per_month: null },
        jlis_service: { per_second: 200, per_month: null },
        read: { per_second: 1000, per_month: 1_000 },
        manage: { per_second: 100, per_month: null },
      },
    ]);
    const { data } = await browser.client.GET('/v1/audit-events', {
      params: { query: { target: `tenant:${id}`, action: 'contract.change' } },
    });
    expect(data!.data).toHaveLength(1);
    for (const limit of [{ per_second: 0 }, { per_second: 100_001 }, { per_month: -1 }, { per_month: 1.5 }, { a: 1 }])
      expect((await browser.send('PATCH', path, { limits: { read: limit } })).body['code']).toBe('request_invalid');
    expect((await browser.send('PATCH', path, { limits: { all: {} } })).body['code']).toBe('request_invalid');
  });

  it.each([
    ['', 'too short'],
    [' ', 'blank'],
    ['x'.repeat(201), 'too long'],
    ['a\u0000b', 'a control character'],
  ])('are not made with the name %j, which is %s', async (name) =>
    expect((await browser.send('POST', '/v1/tenants', { name })).body['code']).toBe('request_invalid'),
  );
});

describe('API keys', () => {
  it('are of test, shown once, listed without their secret, and revoked', async () => {
    const id = await newTenant('鍵商事');
    const made = await browser.send('POST', `/v1/tenants/${id}/api-keys`, {
      name: 'first',
      scopes: ['verifications:read'],
    });
    const secret = String(made.body['api_key']);
    expect(secret).toMatch(/^shm_test_/);
    const { data } = await browser.client.GET('/v1/tenants/{id}/api-keys', { params: { path: { id } } });
    expect(data!.data).toEqual([
      expect.objectContaining({
        mode: 'test',
        last_four: secret.slice(-4),
        scopes: ['verifications:read'],
        revoked_at: null,
      }),
    ]);
    expect(JSON.stringify(data)).not.toContain(secret.slice(9, 40));
    expect((await browser.send('POST', `/v1/api-keys/${String(made.body['id'])}/revoke`)).status).toBe(204);
    const { data: after } = await browser.client.GET('/v1/tenants/{id}/api-keys', { params: { path: { id } } });
    expect(after!.data[0]!.revoked_at).not.toBeNull();
    expect((await browser.send('POST', `/v1/tenants/${id}/api-keys`, { name: 'x', mode: 'live' })).body['code']).toBe(
      'tenant_not_live',
    );
  });

  it('get a new secret with the same terms, and the old one ends after the overlap', async () => {
    const id = await newTenant('鍵交換商事');
    const limits = { scopes: ['verifications:read'], allowed_addresses: ['192.0.2.0/24'] };
    const old = await browser.send('POST', `/v1/tenants/${id}/api-keys`, { name: 'first', ...limits });
    const key = String(old.body['id']);
    const rotated = await browser.send('POST', `/v1/api-keys/${key}/rotate`, { overlap_hours: 2 });
    expect([rotated.status, rotated.body['api_key']]).toEqual([201, expect.stringMatching(/^shm_test_/)]);
    const { data } = await browser.client.GET('/v1/tenants/{id}/api-keys', { params: { path: { id } } });
    const [next, before] = data!.data;
    expect(next).toMatchObject({
      id: rotated.body['id'],
      name: 'first',
      ...limits,
      rotated_from: key,
      expires_at: null,
    });
    expect(before).toMatchObject({ id: key, revoked_at: null });
    const left = Date.parse(before!.expires_at!) - Date.parse(next!.created_at);
    expect(Math.abs(left - 2 * 3_600_000)).toBeLessThan(60_000);
    const query = { target: `api_key:${key}`, action: 'api_key.rotate' };
    const { data: events } = await browser.client.GET('/v1/audit-events', { params: { query } });
    expect(events!.data.map(({ detail }) => detail)).toEqual([
      { replaced_by: expect.any(String), last_four: next!.last_four, overlap_hours: 2 },
    ]);
    expect(JSON.stringify(events)).not.toContain(String(rotated.body['api_key']).slice(9, 40));
    const again = await browser.send('POST', `/v1/api-keys/${key}/rotate`, {});
    expect([again.status, again.body['code'], again.body['state']]).toEqual([422, 'api_key_not_rotatable', 'rotated']);
  });

  it.each([-1, 169, 1.5, '2', null])('are not rotated with an overlap of %j', async (overlap_hours) => {
    const { body } = await browser.send('POST', `/v1/api-keys/key_${'0'.repeat(32)}/rotate`, { overlap_hours });
    expect([body['code'], (body['errors'] as { field: string }[])[0]!.field]).toEqual([
      'request_invalid',
      'overlap_hours',
    ]);
  });
});

describe('verifications', () => {
  const FACTS = {
    outcome: 'invalid',
    reasons: [{ code: 'revoked', operands: { reason: 'keyCompromise' } }],
    checks: ['path', 'profile', 'validity', 'signature', 'revocation'].map((name) => ({
      name,
      result: name === 'revocation' ? 'failed' : 'passed',
    })),
    revocation: [{ method: 'crl', status: 'revoked', reason: 'keyCompromise', revokedAt: Date.now(), crlNumber: '12' }],
    signature: { format: 'raw', padding: 'pkcs1_v15', digestAlgorithm: 'sha256' },
    certificate: { kind: 'sign', notBefore: Date.now(), notAfter: Date.now() },
  };
  /** As the door writes it; the owner may. */
  async function decided(tenant: string, reference: string, at = Date.now()): Promise<string> {
    const id = newId(at);
    const tenantId = `${tenant.slice(4, 12)}-${tenant.slice(12, 16)}-${tenant.slice(16, 20)}-${tenant.slice(20, 24)}-${tenant.slice(24)}`;
    await stack.owner.query(
      `insert into verification (tenant_id, mode, id, kind, api_key_id, decided_at, recorded_at, outcome, reason_code, verdict,
         certificate_kind, certificate_hash, reference, tenant_key_id, evidence)
       values ($1, 'test', $2, 'signature', gen_random_uuid(), now(), $3, 'invalid', 'revoked', $4, 'sign', $5, $6, gen_random_uuid(), $7)`,
      [tenantId, id, new Date(at), JSON.stringify(FACTS), randomBytes(32), reference, Buffer.from('SECRET EVIDENCE')],
    );
    return toPublicId('ver', id);
  }

  it('are found by tenant, reference, outcome and time, and explained step by step', async () => {
    const [one, two] = [await newTenant('検索商事'), await newTenant('別の商事')];
    const [a, b] = [await decided(one, 'C-1'), await decided(one, 'C-2')];
    const other = await decided(two, 'C-1');
    const search = async (query: string): Promise<string[]> => {
      const { body } = await browser.send('GET', `/v1/verifications?${query}`);
      return (body['data'] as { id: string }[]).map(({ id }) => id);
    };
    expect(await search(`tenant_id=${one}`)).toEqual([b, a]);
    expect(await search(`tenant_id=${one}&reference=C-1`)).toEqual([a]);
    expect(await search(`tenant_id=${one}&outcome=valid`)).toEqual([]);
    expect(await search(`tenant_id=${one}&mode=live`)).toEqual([]);
    expect((await search('outcome=invalid')).slice(0, 3)).toEqual([other, b, a]);
    const { data } = await browser.client.GET('/v1/verifications/{id}', { params: { path: { id: a } } });
    expect(data!.steps.map(({ check, result, reasons }) => [check, result, reasons.map(({ code }) => code)])).toEqual([
      ['path', 'passed', []],
      ['profile', 'passed', []],
      ['validity', 'passed', []],
      ['signature', 'passed', []],
      ['revocation', 'failed', ['revoked']],
    ]);
    expect(data!.steps[4]!.title.ja).toBe('失効状態');
    expect(JSON.stringify(data)).not.toMatch(/SECRET|evidence|certificate_hash/);
  });

  it('lead to the usage they have caused, and to nobody else’s', async () => {
    const [one, two] = [await newTenant('利用商事'), await newTenant('隣の商事')];
    const [mine, others, idle] = [await decided(one, 'U-1'), await decided(two, 'U-1'), await decided(one, 'U-2')];
    for (const [verification, meter] of [
      [mine, 'sign_check'],
      [mine, 'auth_check'],
      [others, 'sign_check'],
    ] as const)
      await stack.owner.query(
        `insert into usage_event (tenant_id, mode, id, verification_id, meter, method, purpose, outcome, billable,
           certificate_kind, certificate_hash, occurred_at)
         select tenant_id, mode, $2, id, $3, 'crl', 'signature_verification', 'invalid', true, 'sign', $4, recorded_at
         from verification where id = $1`,
        [fromPublicId('ver', verification), newId(Date.now()), meter, randomBytes(32)],
      );
    const usage = async (id: string) =>
      (await browser.client.GET('/v1/verifications/{id}/usage-events', { params: { path: { id } } })).data!.data;
    const found = await usage(mine);
    expect(found.map(({ meter }) => meter).sort()).toEqual(['auth_check', 'sign_check']);
    // Nobody has a price plan here, and nothing is closed.
    for (const event of found)
      expect(event).toMatchObject({
        verification_id: mine,
        contract_unbilled: 'no_contract',
        statement_id: null,
        invoice_id: null,
        lines: [],
      });
    expect((await usage(others)).map(({ verification_id }) => verification_id)).toEqual([others]);
    expect(await usage(idle)).toEqual([]);
    // Who holds bills against verifications sees that they were decided, and nothing that leads to a person.
    const clerk = await stack.signedIn(await stack.person(['billing']));
    expect((await clerk.send('GET', `/v1/verifications/${mine}`)).status).toBe(403);
    const { body } = await clerk.send('GET', `/v1/verifications/${mine}/usage-events`);
    const known = { id: mine, tenant_id: one, mode: 'test', kind: 'signature', outcome: 'invalid' };
    expect(body['verification']).toEqual({ ...known, decided_at: expect.any(String) });
    expect(body['data']).toHaveLength(2);
    const { status } = await browser.send(
      'GET',
      `/v1/verifications/${toPublicId('ver', newId(Date.now()))}/usage-events`,
    );
    expect(status).toBe(404);
  });

  it('are taken as a table, whole, safe for spreadsheets, and on the record', async () => {
    const tenant = await newTenant('一覧商事');
    const made = [await decided(tenant, '=1+1'), await decided(tenant, '二')].reverse();
    const { status, headers, content } = await browser.download(`/v1/verifications.csv?tenant_id=${tenant}`);
    expect([status, headers.get('content-type')]).toEqual([200, 'text/csv; charset=utf-8']);
    expect(content.subarray(0, 3)).toEqual(Buffer.from([0xef, 0xbb, 0xbf]));
    const [head, ...rows] = content.toString().slice(1).trimEnd().split('\r\n');
    expect(head).toMatch(/^"id","recorded_at","decided_at","tenant_id","mode","kind","outcome","reason","reference"/);
    expect(rows.map((row) => row.split(',')[0])).toEqual(made.map((id) => `"${id}"`));
    expect(rows[1]).toContain(`"invalid","revoked","'=1+1"`);
    expect(content.toString()).not.toMatch(/SECRET|certificate_hash/);
    const audited = await stack.audited(`tenant:${fromPublicId('ten', tenant)!}`);
    expect(audited.at(-1)).toEqual({
      action: 'verification.export',
      actor: `operator:${stack.first.id}`,
      detail: { mode: null, outcome: null, by_reference: false, found: 2 },
    });
    const refused = await browser.send('GET', '/v1/verifications.csv?reference=x');
    expect([refused.status, refused.body['code']]).toEqual([400, 'request_invalid']);
  });

  it('are looked at on the record; the reference is not in it', async () => {
    const tenant = await newTenant('記録商事');
    const id = await decided(tenant, 'ref-on-record');
    await browser.send('GET', `/v1/verifications?tenant_id=${tenant}&reference=ref-on-record`);
    await browser.send('GET', `/v1/verifications/${id}`);
    const { body } = await browser.send(
      'GET',
      `/v1/audit-events?actor=operator:${toPublicId('opr', stack.first.id)}&action=verification.*&limit=2`,
    );
    expect(body['data']).toMatchObject([
      { action: 'verification.explain', target: `verification:${id}`, tenant_id: tenant, mode: 'test' },
      { action: 'verification.search', target: `tenant:${tenant}`, detail: { by_reference: true, found: 1 } },
    ]);
    expect(JSON.stringify(body)).not.toContain('ref-on-record');
    const trail = `/v1/audit-events?tenant_id=${tenant}&limit=100`;
    const ids = async (query: string): Promise<string[]> =>
      ((await browser.send('GET', trail + query)).body['data'] as { id: string }[]).map(({ id: event }) => event);
    const newest = await ids('');
    expect(await ids('&sort=recorded_at')).toEqual(newest.toReversed());
    expect(await ids(`&sort=recorded_at&cursor=${newest.at(-1)!}`)).toEqual(newest.toReversed().slice(1));
  });

  it.each([
    ['reference=C-1', 'reference'],
    ['created_after=2026-01-01T00:00:00Z', 'created_after'],
    ['created_after=2026-02-01T00:00:00Z&created_before=2026-01-01T00:00:00Z', 'created_after'],
    ['tenant_id=ten_x', 'tenant_id'],
    ['limit=101', 'limit'],
    ['person=x', ''],
  ])('are not searched without bounds or by what nobody may: %s', async (query, field) => {
    const { body } = await browser.send('GET', `/v1/verifications?${query}`);
    expect([body['code'], body['field']]).toEqual(['request_invalid', field]);
  });

  it('are searched past the first page', async () => {
    const tenant = await newTenant('多数商事');
    const made: string[] = [];
    for (let i = 0; i < 5; i++) made.unshift(await decided(tenant, `P-${i}`));
    const seen: string[] = [];
    let cursor: string | null | undefined;
    do {
      const { data } = await browser.client.GET('/v1/verifications', {
        params: { query: { tenant_id: tenant, limit: 2, ...(cursor ? { cursor } : {}) } },
      });
      seen.push(...data!.data.map(({ id }) => id));
      cursor = data!.next_cursor;
    } while (cursor);
    expect(seen).toEqual(made);
    expect((await browser.send('GET', '/v1/verifications?cursor=ver_1')).body['code']).toBe('cursor_malformed');
  });
});

describe('revocation data', () => {
  it('shows sources and freshness, and is fetched on request', async () => {
    expect((await browser.send('POST', '/v1/revocation/test/refresh')).status).toBe(404);
    await stack.operator.query(
      `insert into revocation_source (mode, hierarchy, crl_index_url, layout) values ('test', 'sign', 'http://127.0.0.1:1/x', 'full')`,
    );
    const { data } = await browser.client.GET('/v1/revocation/{mode}', { params: { path: { mode: 'test' } } });
    expect(data!.sources).toEqual([expect.objectContaining({ hierarchy: 'sign', layout: 'full', failures: 0 })]);
    expect(data!.freshness).toEqual([]);
    const asked = await browser.send('POST', '/v1/revocation/test/refresh', {});
    expect([asked.status, asked.body]).toEqual([202, { requested: ['sign'] }]);
    const { body } = await browser.send('GET', '/v1/revocation/test/partitions?state=late');
    expect(body).toEqual({ data: [], next_cursor: null });
    const past = await browser.client.GET('/v1/revocation/{mode}/history', { params: { path: { mode: 'test' } } });
    expect(past.data).toEqual({ months: [], last_changes: [] });
    for (const path of ['prod', 'prod/history', 'prod/partitions'])
      expect([path, (await browser.send('GET', `/v1/revocation/${path}`)).status]).toEqual([path, 404]);
  });

  it('refuses a cursor that no list of partitions so sorted has made, by its code', async () => {
    const cursor = (text: string): string => Buffer.from(text).toString('base64url');
    for (const [sort, text] of [
      ['next_update', 'x 1'],
      ['next_update', '1 2026-11-29'],
      ['entries', '1 1e5'],
      ['-entries', '1234567890123456789 1'],
      ['name', '1 a\0b'],
      ['name', '1'],
    ] as const) {
      const { status, body } = await browser.send(
        'GET',
        `/v1/revocation/test/partitions?sort=${sort}&cursor=${cursor(text)}`,
      );
      expect([text, status, body['code']]).toEqual([text, 400, 'cursor_malformed']);
    }
    expect((await browser.send('GET', '/v1/revocation/test/partitions?sort=failures')).body['code']).toBe(
      'request_invalid',
    );
    expect(
      (await browser.send('GET', `/v1/revocation/test/partitions?sort=name&cursor=${cursor('1 名前 a')}`)).status,
    ).toBe(200);
  });
});

describe('the system', () => {
  it('says what runs in which version, how it answers, and by which settings, without a secret', async () => {
    const { data } = await browser.client.GET('/v1/system');
    const { programs, database, redis, settings } = data!;
    expect(programs).toContainEqual({
      app: 'admin',
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      node: process.versions.node,
      started_at: expect.any(String),
    });
    const { rows } = await stack.owner.query<{ name: string; version: string }>(
      `select name, current_setting('server_version') as version from schema_migration order by id desc limit 1`,
    );
    expect(database).toMatchObject({ migration: rows[0]!.name, version: rows[0]!.version });
    expect(redis).toMatchObject({ state: 'up', version: expect.stringMatching(/^\d/) });
    expect(settings).toEqual(
      expect.arrayContaining([
        { name: 'LOG_LEVEL', secret: false, value: 'info', source: 'environment' },
        { name: 'CRL_LATE_MINUTES', secret: false, value: '720', source: 'default' },
        { name: 'DATABASE_URL', secret: true, value: null, source: 'environment' },
        { name: 'REDIS_URL', secret: true, value: null, source: 'environment' },
      ]),
    );
    expect(JSON.stringify(data)).not.toContain(new URL(stack.urls.admin).password);
  });

  describe('with jobs of the worker', () => {
    const connection = () => new Redis(redisUrl, { maxRetriesPerRequest: null });
    let redis: Redis;
    let months: Queue;
    let partitions: Queue;
    beforeAll(async () => {
      redis = connection();
      months = new Queue(MONTH_QUEUE, { connection: redis, prefix: QUEUE_PREFIX });
      partitions = new Queue(PARTITION_QUEUE, { connection: redis, prefix: QUEUE_PREFIX });
      await months.upsertJobScheduler('due', { pattern: '10 * * * *', tz: 'Asia/Tokyo' }, { name: 'due', data: {} });
      await partitions.add('test', { mode: 'test', partitionId: '7' }, { delay: 3_600_000, jobId: 'later' });
      const data = { mode: 'test', month: '2026-10', note: '山田太郎' };
      for (const jobId of ['one', 'two', 'three']) await months.add('test-2026-10', data, { jobId });
      const own = connection();
      let left = 3;
      const worker = new Worker(MONTH_QUEUE, () => Promise.reject(new Error('the disk\nis full')), {
        connection: own,
        prefix: QUEUE_PREFIX,
      });
      await new Promise<void>((resolve) => worker.on('failed', () => --left === 0 && resolve()));
      await worker.close();
      own.disconnect();
    });
    afterAll(async () => {
      await months.close();
      await partitions.close();
      redis.disconnect();
    });
    const jobsOf = async (path: string): Promise<Record<string, unknown>[]> =>
      (await browser.send('GET', `/v1/system/queues/${path}`)).body['data'] as Record<string, unknown>[];

    it('counts them by state, and says when schedules come next', async () => {
      const { data } = await browser.client.GET('/v1/system/queues');
      expect(data!.data.map(({ queue }) => queue)).toEqual([
        'revocation-plan',
        'revocation-partition',
        'status-sweep',
        'billing-months',
      ]);
      expect(data!.data[1]).toMatchObject({ delayed: 1, failed: 0, schedules: [] });
      const [schedule] = data!.data[3]!.schedules;
      expect(data!.data[3]).toMatchObject({ waiting: 0, active: 0, delayed: 0, failed: 3 });
      expect(schedule).toMatchObject({ name: 'due', pattern: '10 * * * *', zone: 'Asia/Tokyo' });
      expect(Date.parse(schedule!.next_at!)).toBeGreaterThan(Date.now());
    });

    it('lists them page by page with what they are about and why they failed, and nothing else of their data', async () => {
      const first = await browser.send('GET', '/v1/system/queues/billing-months/jobs?limit=2');
      const rest = await browser.send(
        'GET',
        `/v1/system/queues/billing-months/jobs?limit=2&cursor=${String(first.body['next_cursor'])}`,
      );
      const found = [...(first.body['data'] as object[]), ...(rest.body['data'] as object[])];
      expect(rest.body['next_cursor']).toBeNull();
      expect(found.map((job) => (job as { id: string }).id).sort()).toEqual(['one', 'three', 'two']);
      expect(found[0]).toMatchObject({
        name: 'test-2026-10',
        state: 'failed',
        subject: { mode: 'test', month: '2026-10' },
        attempts: 1,
        reason: 'the disk is full',
        due_at: null,
      });
      expect(JSON.stringify(found)).not.toContain('山田太郎');
      const [later, ...others] = await jobsOf('revocation-partition/jobs?state=delayed');
      expect(others).toEqual([]);
      expect(later).toMatchObject({ id: 'later', subject: { mode: 'test' }, attempts: 0, reason: null });
      expect(Math.abs(Date.parse(String(later!['due_at'])) - Date.now() - 3_600_000)).toBeLessThan(60_000);
      // What a schedule will bring is none of them.
      expect(await jobsOf('billing-months/jobs?state=delayed')).toEqual([]);
    });

    it('has one done again, then all that failed, and records who had it done', async () => {
      const retry = (path: string) => browser.send('POST', `/v1/system/queues/${path}`);
      expect((await retry('billing-months/jobs/two/retry')).body).toEqual({ retried: 1 });
      expect(await months.getWaitingCount()).toBe(1);
      const again = await retry('billing-months/jobs/two/retry');
      expect([again.status, again.body['code'], again.body['state']]).toEqual([409, 'job_not_retryable', 'waiting']);
      expect((await retry('revocation-partition/jobs/later/retry')).status).toBe(202);
      expect(await partitions.getWaitingCount()).toBe(1);
      const [scheduled] = await months.getDelayed();
      const early = await retry(`billing-months/jobs/${encodeURIComponent(scheduled!.id!)}/retry`);
      expect([early.status, early.body['code']]).toEqual([409, 'job_not_retryable']);
      expect((await retry('billing-months/jobs/none/retry')).status).toBe(404);
      expect((await retry('mail/jobs/one/retry')).status).toBe(404);
      expect((await retry('billing-months/retry-failed')).body).toEqual({ retried: 2 });
      expect((await retry('billing-months/retry-failed')).body).toEqual({ retried: 0 });
      expect([await months.getFailedCount(), await months.getWaitingCount()]).toEqual([0, 3]);
      const audited = await stack.audited(`queue:${MONTH_QUEUE}`);
      expect(audited).toEqual([
        {
          action: 'job.retry',
          actor: `operator:${stack.first.id}`,
          detail: { job: 'two', name: 'test-2026-10', state: 'failed' },
        },
        { action: 'job.retry_failed', actor: `operator:${stack.first.id}`, detail: { failed: 2 } },
      ]);
    });

    it.each([
      ['billing-months/jobs?state=active', 'request_invalid'],
      ['billing-months/jobs?cursor=-1', 'cursor_malformed'],
      ['bull/jobs', 'not_found'],
    ])('refuses %s', async (path, code) =>
      expect((await browser.send('GET', `/v1/system/queues/${path}`)).body['code']).toBe(code),
    );
  });
});

describe('a code', () => {
  it('has a page in both languages', async () => {
    const answer = await stack.browser().send('GET', '/codes/approval_own');
    expect(answer.status).toBe(200);
    for (const told of ['自分の申請', '別の担当者に承認を依頼してください。', 'Nobody approves', 'href="/"'])
      expect(answer.text).toContain(told);
    const nonce = /<style nonce="([^"]+)"/.exec(answer.text)![1]!;
    expect(answer.headers.get('content-security-policy')).toContain(`default-src 'none'; style-src 'nonce-${nonce}'`);
    expect((await stack.browser().send('GET', '/codes/constructor')).status).toBe(404);
  });
});

describe('the overview', () => {
  const PARTS = ['checks', 'revocation', 'queues', 'tenants', 'approvals', 'revenue'];
  const shown = ({ body }: { body: Record<string, unknown> }): string[] => PARTS.filter((part) => body[part] !== null);

  it('is one request, in which is null what the roles of the operator may not read', async () => {
    const all = await browser.send('GET', '/v1/overview?mode=test');
    expect([all.status, shown(all), all.body['mode']]).toEqual([200, PARTS, 'test']);
    for (const [roles, parts] of [
      [['billing'], ['tenants', 'approvals', 'revenue']],
      [['support'], ['checks', 'revocation', 'queues', 'tenants']],
      [[], []],
    ] as const) {
      const answer = await (await stack.signedIn(await stack.person(roles))).send('GET', '/v1/overview');
      expect([roles, answer.status, shown(answer), answer.body['mode']]).toEqual([roles, 200, parts, 'live']);
    }
    expect((await browser.send('GET', '/v1/overview?mode=prod')).body['code']).toBe('request_invalid');
  });

  it('names the tenants that have waited longest and the proposals that expire first, and counts them all', async () => {
    const id = await newTenant('停止商事');
    await stack.owner.query(`update tenant set state = 'suspended', suspended_from = 'test' where name = '停止商事'`);
    const { data } = await browser.client.GET('/v1/overview');
    expect(data!.tenants!.longest.find((each) => each.id === id)).toMatchObject({
      name: '停止商事',
      state: 'suspended',
    });
    const { rows } = await stack.owner.query<{ n: string }>(
      `select count(*) as n from tenant where state in ('applied', 'in_review', 'notified', 'suspended')`,
    );
    expect(data!.tenants!.count).toBe(Number(rows[0]!.n));
    const open = await stack.owner.query<{ n: string }>(
      `select count(*) as n from approval where state = 'proposed' and expires_at > now()`,
    );
    expect(data!.approvals!.count).toBe(Number(open.rows[0]!.n));
  });

  it('tells how deep each queue is', async () => {
    const { data } = await browser.client.GET('/v1/overview');
    expect([data!.queues!.reachable, data!.queues!.queues.map(({ queue }) => queue).sort()]).toEqual([
      true,
      ['billing-months', 'revocation-partition', 'revocation-plan', 'status-sweep'],
    ]);
  });

  it('shows counts, answer times and the estimate as they were made', async () => {
    await stack.owner.query(
      `insert into check_count (mode, hour, kind, outcome, checks) values
         ('live', date_trunc('hour', now(), 'UTC'), 'signature', 'valid', 7),
         ('live', date_trunc('hour', now(), 'UTC') - interval '2 days', 'authentication', 'invalid', 5),
         ('live', date_trunc('hour', now(), 'UTC') - interval '40 days', 'signature', 'valid', 9)`,
    );
    await stack.owner.query(
      `insert into answer_time (mode, hour, octave_eighth, answers) values ('live', date_trunc('hour', now(), 'UTC'), 24, 99)`,
    );
    await stack.owner.query(
      `update month_estimate set month = '2026-11', contract_yen = 3, jlis_yen = 20, billed_yen = 23, tenants = 2, unpriced = 1,
         made_at = now() where mode = 'live'`,
    );
    const { data } = await browser.client.GET('/v1/overview');
    const { hours, days, answer_times: times } = data!.checks!;
    expect([hours.map(({ checks }) => checks), days.map(({ checks }) => checks)]).toEqual([[7], [5, 7]]);
    expect(times.whole).toEqual({ answers: 99, p50_ms: 8, p99_ms: 8 });
    expect(data!.revenue!.estimate).toMatchObject({ billed_yen: 23, tenants: 2, unpriced: 1 });
  });

  it('leaves the idle time of a session running, as nobody need be there who asks for it', async () => {
    const own = await stack.signedIn(stack.first);
    const idle = async (): Promise<number> => {
      const { rows } = await stack.owner.query<{ idle: Date }>(
        'select idle_until as idle from operator_session order by created_at desc limit 1',
      );
      return rows[0]!.idle.getTime();
    };
    await stack.owner.query(
      `update operator_session set idle_until = now() + interval '1 minute' where ended_at is null`,
    );
    const before = await idle();
    expect((await own.send('GET', '/v1/overview')).status).toBe(200);
    expect(await idle()).toBe(before);
    expect((await own.send('GET', '/v1/me')).status).toBe(200);
    expect(await idle()).toBeGreaterThan(before);
  });
});

describe('an inspection', () => {
  const authority = makeAuthority('sign', 2023, { notAfter: Date.now() + 86_400_000 * 365 });
  const holder = issueEndEntity(authority, { notAfter: Date.now() + 86_400_000 * 30 });
  const inspect = (file: Buffer) => browser.send('POST', '/v1/inspections', { file: file.toString('base64') });
  const recorded = async () => {
    const { rows } = await stack.owner.query<{ detail: unknown; target: string }>(
      `select target, detail from audit_event where action = 'certificate.inspect' order by id desc limit 1`,
    );
    return rows[0]!;
  };

  it('explains a certificate against the roots that are trusted here, and keeps only that somebody asked', async () => {
    await stack.owner.query(
      `insert into trust_anchor (mode, fingerprint, hierarchy, generation, certificate, imported_by)
       values ('test', sha256($1), 'sign', '2023', $1, 'test')`,
      [authority.der],
    );
    const { status, body } = await inspect(holder.der);
    expect([status, body]).toEqual([
      200,
      expect.objectContaining({
        structure: 'certificate',
        verdict: expect.objectContaining({ outcome: 'valid', trusted_in: 'test' }),
        certificates: [
          expect.objectContaining({
            kind: 'jpki_sign',
            attributes: expect.objectContaining({ name: expect.objectContaining({ value: CARD_HOLDER.name }) }),
          }),
        ],
      }),
    ]);
    expect(await recorded()).toEqual({
      target: 'certificate:given',
      detail: { structure: 'certificate', outcome: 'valid' },
    });
    const [{ sha256 }] = body['certificates'] as [{ sha256: string }];
    for (const secret of [CARD_HOLDER.name, sha256, holder.der.toString('base64').slice(100, 140)])
      expect(stack.log).not.toContain(secret);
  });

  it('says what is wrong with what cannot be read, and at which octet', async () => {
    const cut = await inspect(holder.der.subarray(0, 700));
    expect([cut.status, cut.body]).toEqual([
      422,
      expect.objectContaining({
        code: 'inspection_unreadable',
        structure: 'certificate',
        rule: 'truncated',
        offset: 0,
      }),
    ]);
    expect(await recorded()).toMatchObject({ detail: { structure: 'certificate', rule: 'truncated' } });
    expect((await inspect(randomBytes(3_000))).body['code']).toBe('inspection_unreadable');
    const wrong = await browser.send('POST', '/v1/inspections', { file: '****' });
    expect([wrong.status, wrong.body['field']]).toEqual([400, 'file']);
  });

  it('takes a message of a megabyte and no more than it says, which no other route does', async () => {
    expect((await inspect(Buffer.alloc(1_500_000, 'no certificate '))).status).toBe(422);
    expect((await inspect(Buffer.alloc(1_650_000))).body['code']).toBe('body_too_large');
    expect((await browser.send('POST', '/v1/tenants', { name: 'x'.repeat(100_000) })).body['code']).toBe(
      'body_too_large',
    );
  });
});
