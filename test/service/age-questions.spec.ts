import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { DataSource } from 'typeorm';
import { Problem, withTenant } from '#lib/platform';
import { lockAgeSubject, putQuestions, takeBackQuestions } from '../../libs/persons/src/age-questions.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { connect, makeTenant, type TestTenant } from '../support/tenants.js';

let database: TestDatabase;
let api: DataSource;
let operator: DataSource;
let tenant: TestTenant;
let certificate: Buffer;

beforeAll(async () => {
  database = await createTestDatabase();
  [api, operator] = await Promise.all([connect(database.urls.api), connect(database.urls.operator)]);
});
afterAll(async () => {
  for (const dataSource of [api, operator]) await dataSource.destroy();
  await database.drop();
});
beforeEach(async () => {
  tenant = await makeTenant(operator, 'A');
  certificate = randomBytes(32);
});

const DAY = '2026-12-31';
const AT = Date.parse('2026-12-31T14:59:59.999Z');

/** The ages that are new, or the code with which all were refused. */
async function put(
  ages: number[],
  { at = AT, cap = 2, on = DAY, by = tenant, hash = certificate } = {},
): Promise<unknown> {
  try {
    return await withTenant(api, by, async (manager) =>
      putQuestions(manager, by, await lockAgeSubject(manager, by, hash), { ages, on, at, cap }),
    );
  } catch (error) {
    if (error instanceof Problem) return error.code;
    throw error;
  }
}
const takeBack = (ages: number[], hash = certificate): Promise<void> =>
  withTenant(api, tenant, async (manager) =>
    takeBackQuestions(manager, await lockAgeSubject(manager, tenant, hash), { ages, on: DAY, at: AT }),
  );

/** As a check that was answered leaves it. */
async function answered(age: number, hash = certificate): Promise<void> {
  const questions = JSON.stringify([{ age, on: DAY, legal_day_inclusive: false, answer: 'yes' }]);
  await asOwner(
    `with v as (
       insert into verification (tenant_id, mode, id, kind, api_key_id, decided_at, outcome, verdict, certificate_kind,
         certificate_hash, tenant_key_id, evidence)
       values ($1, 'test', gen_random_uuid(), 'signature', $2, now(), 'valid', '{}', 'sign', $3, $4, '\\x00') returning id)
     insert into age_check (tenant_id, mode, id, verification_id, certificate_hash, source, created_at, year, questions)
     select $1, 'test', gen_random_uuid(), v.id, $3, 'jlis', now(), 2026, $5 from v`,
    [tenant.tenantId, tenant.apiKeyId, hash, tenant.tenantKeyId, questions],
  );
}
async function asOwner(sql: string, values: unknown[]): Promise<void> {
  const owner = await connect(database.urls.owner);
  try {
    await owner.query(sql, values);
  } finally {
    await owner.destroy();
  }
}

describe('questions about an age', () => {
  it('are counted anew from midnight in Japan on New Year', async () => {
    expect(await put([18, 20])).toEqual([18, 20]);
    expect(await put([30])).toBe('age_probe_refused');
    expect(await put([30], { at: AT + 1 })).toEqual([30]);
    expect(await put([18], { at: AT + 1 })).toEqual([18]);
    expect(await put([40], { at: AT + 1 })).toBe('age_probe_refused');
  });

  it('are new only once, for each day asked about by itself', async () => {
    expect(await put([18])).toEqual([18]);
    expect(await put([18])).toEqual([]);
    expect(await put([18], { on: '2026-04-01' })).toEqual([18]);
    expect(await put([18], { on: '2026-04-02' })).toBe('age_probe_refused');
    expect(await put([18], { on: '2026-04-01', cap: 1 })).toEqual([]);
  });

  it('that do not fit together are not put down in part', async () => {
    expect(await put([18])).toEqual([18]);
    expect(await put([20, 30])).toBe('age_probe_refused');
    expect(await put([20])).toEqual([20]);
  });

  it('of fifty at once are as many as the cap', async () => {
    const all = await Promise.all(Array.from({ length: 50 }, (_, age) => put([age], { cap: 7 })));
    expect(all.filter((one) => Array.isArray(one))).toHaveLength(7);
    expect(all.filter((one) => one === 'age_probe_refused')).toHaveLength(43);
  });

  it('are counted for each tenant and certificate by themselves', async () => {
    const other = await makeTenant(operator, 'B');
    await put([18, 20]);
    expect(await put([30], { by: other })).toEqual([30]);
    expect(await put([30], { hash: randomBytes(32) })).toEqual([30]);
  });

  it('are free again when nobody answered them, and not when somebody else had them answered meanwhile', async () => {
    await put([18, 20]);
    await answered(18);
    await takeBack([18, 20]);
    expect(await put([18])).toEqual([]);
    expect(await put([30])).toEqual([30]);
    expect(await put([40])).toBe('age_probe_refused');
  });
});
