import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DataSource } from 'typeorm';
import { changeContract, ENDPOINT_CLASSES, revokeApiKey } from '#lib/tenancy';
import { withTenant } from '#lib/platform';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { connect, makeTenant, type TestTenant } from '../support/tenants.js';

const MONTH = '2026-11-01';
const NEXT = '2026-12-01';

/** The doors themselves, as somebody would use them who can run statements in an API process. */
let database: TestDatabase;
let api: DataSource;
let worker: DataSource;
let operator: DataSource;
let owner: DataSource;

beforeAll(async () => {
  database = await createTestDatabase();
  [api, worker, operator, owner] = (await Promise.all(
    [database.urls.api, database.urls.worker, database.urls.operator, database.urls.owner].map(connect),
  )) as [DataSource, DataSource, DataSource, DataSource];
});
afterAll(async () => {
  await Promise.all([api, worker, operator, owner].map((each) => each.destroy()));
  await database.drop();
});

async function tenantWith(perMonth: number | null): Promise<TestTenant> {
  const tenant = await makeTenant(operator, 'A');
  await changeContract(operator, { ...tenant, change: { limits: { read: { perMonth } } }, actor: 'operator:test' });
  return tenant;
}

const hashOf = ({ keyHash }: TestTenant): Buffer => Buffer.from(keyHash, 'hex');
async function reserve(hash: Buffer, wanted: number | null = 1, of = 'read', month = MONTH): Promise<unknown> {
  const rows: { granted: number; unreserved: string | null }[] = await api.query(
    'select granted, unreserved from reserve_quota($1, $2, $3, $4)',
    [hash, of, month, wanted],
  );
  return rows.map(({ granted, unreserved }) => [granted, unreserved === null ? null : Number(unreserved)]);
}
const giveBack = (hash: Buffer, unused: number): Promise<unknown> =>
  api.query('select return_quota($1, $2, $3, $4)', [hash, 'read', MONTH, unused]);

describe('a quota', () => {
  it('is handed out to its last one and no further, in smaller and smaller parts, for each month and class', async () => {
    const tenant = await tenantWith(200);
    const parts: number[] = [];
    for (;;) {
      const [[granted]] = (await reserve(hashOf(tenant))) as [[number]];
      if (granted === 0) break;
      parts.push(granted);
    }
    expect(parts.reduce((sum, part) => sum + part)).toBe(200);
    expect([parts[0], parts.at(-1)]).toEqual([4, 1]);
    expect(await reserve(hashOf(tenant), 1, 'read', NEXT)).toEqual([[4, 196]]);
    expect(await reserve(hashOf(tenant), 1, 'manage')).toEqual([[100, null]]);
  });

  it('is not handed out twice to many who ask at once', async () => {
    const tenant = await tenantWith(40);
    const answers = (await Promise.all(Array.from({ length: 50 }, () => reserve(hashOf(tenant), 3)))) as [
      [number, number],
    ][];
    expect(answers.reduce((sum, [[granted]]) => sum + granted, 0)).toBe(40);
  });

  it('that is lowered below what is used gives nothing, and what comes back can be had again', async () => {
    const tenant = await tenantWith(10);
    expect(await reserve(hashOf(tenant), 10)).toEqual([[10, 0]]);
    await giveBack(hashOf(tenant), 2);
    expect(await reserve(hashOf(tenant), 5)).toEqual([[2, 0]]);
    await changeContract(operator, {
      ...tenant,
      change: { limits: { read: { perMonth: 3 } } },
      actor: 'operator:test',
    });
    expect(await reserve(hashOf(tenant))).toEqual([[0, 0]]);
    await giveBack(hashOf(tenant), 100);
    expect(await reserve(hashOf(tenant), 5)).toEqual([[3, 0]]);
  });
});

describe('a door of the quotas', () => {
  it('opens for the hash of a live key alone, and for its tenant and mode alone', async () => {
    const [tenant, other] = [await tenantWith(10), await tenantWith(10)];
    expect(await reserve(randomBytes(32))).toEqual([]);
    await giveBack(randomBytes(32), 100);
    await reserve(hashOf(tenant), 10);
    await giveBack(hashOf(other), 10);
    expect(await reserve(hashOf(tenant))).toEqual([[0, 0]]);
    await revokeApiKey(operator, { id: other.apiKeyId, actor: 'operator:test' });
    expect(await reserve(hashOf(other))).toEqual([]);
  });

  it.each([0, -1, 101, null])('does not take %s for a number', async (wanted) => {
    const tenant = await tenantWith(10);
    await expect(reserve(hashOf(tenant), wanted)).rejects.toMatchObject({ code: '22023' });
    await expect(giveBack(hashOf(tenant), wanted as number)).rejects.toMatchObject({ code: '22023' });
  });

  it.each([
    ['write', MONTH],
    ['read', '2026-11-02'],
  ])('knows no class %s with month %s', async (of, month) => {
    await expect(reserve(hashOf(await tenantWith(10)), 1, of, month)).rejects.toMatchObject({ code: '23514' });
  });

  it('is shut for the worker and the operators', async () => {
    for (const role of [worker, operator])
      for (const door of ['reserve_quota', 'return_quota'])
        await expect(role.query(`select ${door}($1, 'read', $2, 1)`, [randomBytes(32), MONTH])).rejects.toMatchObject({
          code: '42501',
        });
  });
});

describe('the count', () => {
  it('is read by its own tenant and mode, and written by nobody', async () => {
    const [tenant, other] = [await tenantWith(null), await tenantWith(null)];
    await reserve(hashOf(tenant));
    await reserve(hashOf(other));
    const seen = (as: TestTenant): Promise<unknown[]> =>
      withTenant(api, as, (manager) => manager.query('select tenant_id, reserved from quota_use'));
    expect(await seen(tenant)).toEqual([{ tenant_id: tenant.tenantId, reserved: '100' }]);
    expect(await seen({ ...tenant, mode: 'live' })).toEqual([]);
    expect(await api.query('select 1 from quota_use')).toEqual([]);
    for (const statement of [
      'update quota_use set reserved = 0',
      'delete from quota_use',
      `insert into quota_use select tenant_id, mode, 'manage', month, 0 from quota_use`,
    ])
      await expect(withTenant(api, tenant, (manager) => manager.query(statement))).rejects.toMatchObject({
        code: '42501',
      });
    for (const role of [worker, operator])
      await expect(role.query('select * from quota_use')).rejects.toMatchObject({ code: '42501' });
  });
});

describe('the limits of a contract', () => {
  it.each([
    '{}',
    '[]',
    'null',
    '{"read":{"per_second":1,"per_month":null}}',
    ...['0', '-1', '1.5', '100001', '"1"', 'null'].map((value) => whole(`{"per_second":${value},"per_month":null}`)),
    ...['-1', '1.5', '1000000000000', '"1"'].map((value) => whole(`{"per_second":1,"per_month":${value}}`)),
    whole('{"per_second":1}'),
    whole('{"per_second":1,"per_month":null,"more":1}'),
    whole('1'),
  ])('are refused by the database as %s', async (limits) => {
    const tenant = await makeTenant(operator, 'A');
    await expect(
      owner.query('update contract set limits = $2::jsonb where tenant_id = $1', [tenant.tenantId, limits]),
    ).rejects.toMatchObject({ code: expect.stringMatching(/^(23514|23502)$/) });
  });
});

/** Limits that are the same for every class. */
function whole(limit: string): string {
  return `{${ENDPOINT_CLASSES.map((each) => `"${each}":${limit}`).join(',')}}`;
}
