import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DataSource } from 'typeorm';
import { changeContract, readContract, type ContractChange } from '#lib/tenancy';
import { withTenant } from '#lib/platform';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { connect, makeTenant, type TestTenant } from '../support/tenants.js';

let database: TestDatabase;
let operator: DataSource;
let api: DataSource;
let tenant: TestTenant;

beforeAll(async () => {
  database = await createTestDatabase();
  operator = await connect(database.urls.operator);
  api = await connect(database.urls.api);
  tenant = await makeTenant(operator, 'A');
});
afterAll(async () => {
  await operator.destroy();
  await api.destroy();
  await database.drop();
});

const change = (terms: ContractChange) =>
  changeContract(operator, { tenantId: tenant.tenantId, mode: 'test', change: terms, actor: 'operator:test' });

describe('a change of the contract', () => {
  it('is seen by the API, touches what it names and nothing of the other mode', async () => {
    await change({ identify: true, allowedAges: [18, 20], ageDates: ['2027-04-01'] });
    const after = await change({ signUpConsent: { textVersion: 'v1', purposes: ['counterpart'] } });
    expect(await withTenant(api, tenant, (manager) => readContract(manager, tenant))).toEqual(after);
    expect(after).toMatchObject({
      identify: true,
      counterpart: false,
      allowedAges: [18, 20],
      ageDates: ['2027-04-01'],
      signUpConsent: { textVersion: 'v1', purposes: ['counterpart'] },
    });
    const live = { ...tenant, mode: 'live' } as const;
    expect(await withTenant(api, live, (manager) => readContract(manager, live))).toMatchObject({ identify: false });
    expect((await change({ signUpConsent: null })).signUpConsent).toBeUndefined();
  });

  it('is in the audit trail with the terms before and after', async () => {
    await change({ identify: false });
    const owner = await connect(database.urls.owner);
    const [row] = await owner.query<{ change: { before: object; after: object } }[]>(
      `select change from audit_event where action = 'contract.change' and tenant_id = $1 order by id desc limit 1`,
      [tenant.tenantId],
    );
    await owner.destroy();
    expect(row!.change).toEqual({ before: { identify: true }, after: { identify: false } });
  });

  it('of a tenant that does not exist is refused', async () => {
    await expect(
      changeContract(operator, {
        tenantId: '00000000-0000-4000-8000-000000000000',
        mode: 'test',
        change: { identify: true },
        actor: 'operator:test',
      }),
    ).rejects.toThrow('tenant 00000000');
  });

  it('is refused by the database where it makes no sense', async () => {
    await expect(change({ allowedAges: [131] })).rejects.toThrow();
    await expect(change({ ageQuestionsAYear: 0 })).rejects.toThrow();
  });
});
