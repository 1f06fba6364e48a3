import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { DataSource } from 'typeorm';
import { UsageEventRow } from '#lib/billing';
import { CHECKS } from '#lib/pki';
import { createDataSource, newId, Problem, toPublicId } from '#lib/platform';
import { REVOCATION_METHODS, rotateTenantKey, TenantKeys } from '#lib/tenancy';
import {
  encodeBatch,
  eraseDueConsents,
  eraseDueEvidence,
  eraseDuePresentations,
  sealEvidence,
  VerificationRow,
  Verifications,
  type Decision,
} from '#lib/verification';
import { holdLift, holdPlace } from '../../apps/admin/src/hold-commands.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { issueEndEntity, makeAuthority } from '../support/pki.js';
import { startOperator } from '../support/revocation.js';
import { connect, keyRing, makeTenant, type TestTenant } from '../support/tenants.js';
import { WIDE_LIMITS } from '../support/limits.js';

const CERTIFICATE = issueEndEntity(makeAuthority('sign', 2023)).der;

let database: TestDatabase;
let api: DataSource;
let worker: DataSource;
let owner: DataSource;
let operator: Awaited<ReturnType<typeof startOperator>>;
let tenant: TestTenant;
beforeAll(async () => {
  database = await createTestDatabase();
  const { urls } = database;
  worker = await connect(urls.worker);
  owner = await connect(urls.owner);
  const entities = [VerificationRow, UsageEventRow];
  api = await createDataSource({ url: urls.api, pool: 4, applicationName: 'test', entities }).initialize();
  operator = await startOperator(database);
});
afterAll(async () => {
  for (const each of [api, worker, owner, operator.dataSource]) await each.destroy();
  await database.drop();
});
beforeEach(async () => {
  tenant = await makeTenant(operator.dataSource, 'A');
});

const principal = () => ({
  ...tenant,
  lookupKeyId: tenant.tenantKeyId,
  scopes: [],
  referenceFormat: null,
  revocationMethods: REVOCATION_METHODS,
  limits: WIDE_LIMITS,
});

/** A stored verification, recorded that many years ago. */
async function stored(yearsAgo: number, hash = randomBytes(32)): Promise<string> {
  const id = newId(Date.now());
  const key = await new TenantKeys(api, keyRing()).get(tenant, tenant.tenantKeyId);
  const decision: Decision = {
    principal: principal(),
    id,
    kind: 'signature',
    decidedAt: Date.now(),
    facts: {
      outcome: 'valid',
      reasons: [],
      checks: CHECKS.map((name) => ({ name, result: 'passed' })),
      revocation: [],
      signature: { format: 'raw' },
      certificate: { kind: 'sign', notBefore: 0, notAfter: 0 },
    },
    certificateHash: hash,
    sealedEvidence: sealEvidence(key, tenant, id, { certificate: CERTIFICATE, signature: CERTIFICATE, digest: hash }),
    usage: [],
    reference: 'customer 1',
    auditId: newId(Date.now()),
    requestId: 'req_test',
  };
  const { decided, evidence } = encodeBatch([decision]);
  await api.query('select * from append_decided($1, $2)', [decided, evidence]);
  await owner.query("update verification set recorded_at = recorded_at - $2 * interval '1 year' where id = $1", [
    id,
    yearsAgo,
  ]);
  // As when the years pass: what is old was looked at when it became old.
  await owner.query(`update retention_progress set looked_until = '-infinity'`);
  return id;
}

const isErased = async (id: string): Promise<boolean> => {
  const [row]: { erased: boolean }[] = await owner.query(
    'select evidence is null and erased_at is not null as erased from verification where id = $1',
    [id],
  );
  return row!.erased;
};

const hold = async (about: { verification?: string; person?: string } = {}): Promise<string> => {
  operator.lines.length = 0;
  await holdPlace(operator, {
    tenant: toPublicId('ten', tenant.tenantId),
    mode: tenant.mode,
    reason: 'Case 12 of the court',
    ...about,
  });
  return (JSON.parse(operator.lines[0]!) as { hold_id: string }).hold_id;
};
const deleteKey = (as: DataSource): Promise<unknown> =>
  as.query('delete from tenant_key where tenant_id = $1 and mode = $2', [tenant.tenantId, tenant.mode]);

describe('evidence', () => {
  it('is erased after seven years and not before; the verdict stays and is shown without it', async () => {
    const [old, young] = [await stored(8), await stored(6.9)];
    expect(await eraseDueEvidence(worker)).toBe(1);
    expect([await isErased(old), await isErased(young)]).toEqual([true, false]);
    const verifications = new Verifications(api, new TenantKeys(api, keyRing()));
    const read = await verifications.get(principal(), old, 'req_read');
    expect(read).toMatchObject({ id: old, facts: { outcome: 'valid' } });
    expect(Object.keys(read)).not.toEqual(expect.arrayContaining(['attributes']));
    expect(read.reference).toBeUndefined();
    const events: { detail: object }[] = await owner.query(
      `select detail from audit_event where action = 'evidence.erase' and tenant_id = $1`,
      [tenant.tenantId],
    );
    expect(events).toEqual([{ detail: { verifications: 1, recorded_until: expect.any(String) } }]);
  });

  it('is kept by the rule that was in force when it was recorded', async () => {
    await owner.query(
      `insert into retention_rule values ('verification', clock_timestamp() - interval '9 years', interval '20 years', 'test')`,
    );
    try {
      const [before, after] = [await stored(10), await stored(8)];
      await eraseDueEvidence(worker);
      expect([await isErased(before), await isErased(after)]).toEqual([true, false]);
    } finally {
      await owner.query(`delete from retention_rule where ground = 'test'`);
    }
  });

  it.each(['tenant', 'verification', 'person'] as const)(
    'is kept by a hold on its %s until that is lifted',
    async (kind) => {
      const [held, other] = [await stored(8), await stored(8)];
      const personId = randomUUID();
      await owner.query('insert into person (tenant_id, mode, id, created_at) values ($1, $2, $3, now())', [
        tenant.tenantId,
        tenant.mode,
        personId,
      ]);
      await owner.query(
        `insert into verification_person (tenant_id, mode, verification_id, state, person_id) values ($1, $2, $3, 'identified', $4)`,
        [tenant.tenantId, tenant.mode, held, personId],
      );
      const about = {
        tenant: {},
        verification: { verification: toPublicId('ver', held) },
        person: { person: toPublicId('per', personId) },
      };
      const id = await hold(about[kind]);
      await eraseDueEvidence(worker);
      expect([await isErased(held), await isErased(other)]).toEqual([false, kind !== 'tenant']);
      await holdLift(operator, { id, reason: 'Case 12 is closed' });
      await eraseDueEvidence(worker);
      expect(await isErased(held)).toBe(true);
      await expect(holdLift(operator, { id, reason: 'again' })).rejects.toMatchObject({ code: 'hold_unknown' });
    },
  );

  it('of a deleted person stays hidden when the tombstone is gone', async () => {
    const hash = randomBytes(32);
    const id = await stored(20, hash);
    await owner.query(
      `insert into certificate_tombstone values ($1, $2, $3, now() - interval '19 years', now() - interval '9 years')`,
      [tenant.tenantId, tenant.mode, hash],
    );
    await eraseDueEvidence(worker);
    expect(await owner.query('select 1 from certificate_tombstone where certificate_hash = $1', [hash])).toEqual([]);
    const read = new Verifications(api, new TenantKeys(api, keyRing())).get(principal(), id, 'req_read');
    await expect(read).rejects.toEqual(new Problem('not_found'));
  });

  it('is erased in bounded batches, by two workers at once no less', async () => {
    for (let i = 0; i < 5; i++) await stored(8);
    const one = async (): Promise<number> => {
      const [row]: { erased: number }[] = await worker.query('select erase_due_evidence(2) as erased');
      return row!.erased;
    };
    expect(await Promise.all([one(), one(), one()])).toEqual(expect.arrayContaining([2, 2, 1]));
    expect(await one()).toBe(0);
  });

  it('is erased by the worker’s door alone', async () => {
    for (const each of [api, operator.dataSource])
      await expect(each.query('select erase_due_evidence(1)')).rejects.toThrow(/permission denied/);
    for (const each of [api, worker, operator.dataSource])
      await expect(each.query('update verification set evidence = null, erased_at = now()')).rejects.toThrow(
        /permission denied/,
      );
    await expect(api.query('select * from legal_hold')).rejects.toThrow(/permission denied/);
  });
});

describe('a consent', () => {
  /** Recorded that many years ago, withdrawn, and attributes were delivered with it. */
  async function consented(yearsAgo: number): Promise<{ id: string; personId: string }> {
    const [id, personId, update] = [randomUUID(), randomUUID(), randomUUID()];
    const own = [tenant.tenantId, tenant.mode];
    await owner.query('insert into person (tenant_id, mode, id, created_at) values ($1, $2, $3, now())', [
      ...own,
      personId,
    ]);
    await owner.query(
      `insert into consent (tenant_id, mode, id, person_id, purpose, text_version, covers, given_at, source, expires_at,
         created_at, recorded_at)
       values ($1, $2, $3, $4, 'counterpart', 'v1', '{x}', now() - interval '30 years', 'call', now(), now(),
         now() - $5 * interval '1 year')`,
      [...own, id, personId, yearsAgo],
    );
    await owner.query(
      `insert into consent_withdrawal (tenant_id, mode, consent_id, source, withdrawn_at) values ($1, $2, $3, 'tenant', now())`,
      [...own, id],
    );
    await owner.query('insert into attribute_update (tenant_id, mode, id, created_at) values ($1, $2, $3, now())', [
      ...own,
      update,
    ]);
    await owner.query(
      `insert into attribute_update_result (tenant_id, mode, attribute_update_id, person_id, state, decided_at, consent_id,
         tenant_key_id, sealed_serial) values ($1, $2, $3, $4, 'updated', now(), $5, $6, '\\x01')`,
      [...own, update, personId, id, tenant.tenantKeyId],
    );
    return { id, personId };
  }
  const isThere = async ({ id }: { id: string }): Promise<boolean> =>
    (await owner.query<unknown[]>('select 1 from consent where id = $1', [id])).length > 0;

  it('is deleted after ten years and not before, with its withdrawal and the serial that was delivered with it', async () => {
    const [old, young] = [await consented(10.1), await consented(9.9)];
    expect(await eraseDueConsents(worker)).toBe(1);
    expect([await isThere(old), await isThere(young)]).toEqual([false, true]);
    const rest: object[] = await owner.query(
      'select state, consent_id, sealed_serial, tenant_key_id from attribute_update_result where person_id = $1',
      [old.personId],
    );
    expect(rest).toEqual([{ state: 'updated', consent_id: null, sealed_serial: null, tenant_key_id: null }]);
    const events: { detail: object }[] = await owner.query(
      `select detail from audit_event where action = 'consent.erase' and tenant_id = $1`,
      [tenant.tenantId],
    );
    expect(events).toEqual([{ detail: { consents: 1, recorded_until: expect.any(String) } }]);
    expect(await eraseDueConsents(worker)).toBe(0);
  });

  it.each(['tenant', 'person'] as const)('is kept by a hold on its %s until that is lifted', async (kind) => {
    const [held, other] = [await consented(11), await consented(11)];
    const id = await hold(kind === 'tenant' ? {} : { person: toPublicId('per', held.personId) });
    await eraseDueConsents(worker);
    expect([await isThere(held), await isThere(other)]).toEqual([true, kind === 'tenant']);
    await holdLift(operator, { id, reason: 'Case 12 is closed' });
    await eraseDueConsents(worker);
    expect(await isThere(held)).toBe(false);
  });

  it('is deleted by the worker’s door alone', async () => {
    for (const each of [api, operator.dataSource])
      await expect(each.query('select erase_due_consents(1)')).rejects.toThrow(/permission denied/);
    for (const each of [api, worker, operator.dataSource])
      await expect(each.query('delete from consent')).rejects.toThrow(/permission denied/);
  });
});

describe('a presentation', () => {
  const newPerson = async (mergedInto: string | null = null): Promise<string> => {
    const id = randomUUID();
    await owner.query(
      `insert into person (tenant_id, mode, id, created_at, merged_into, merged_at)
       values ($1, $2, $3, now(), $4, case when $4::uuid is not null then now() end)`,
      [tenant.tenantId, tenant.mode, id, mergedInto],
    );
    return id;
  };
  /** Of somebody unless null, recorded that many months ago. */
  async function presented(monthsAgo: number, personId: string | null = null): Promise<string> {
    const id = randomUUID();
    await owner.query(
      `insert into presentation (tenant_id, mode, id, api_key_id, decided_at, recorded_at, outcome, facts, certificate_hash,
         person_id) values ($1, $2, $3, $3, now(), now() - $4 * interval '1 month', 'indeterminate', '{}', $5, $6)`,
      [tenant.tenantId, tenant.mode, id, monthsAgo, randomBytes(32), personId],
    );
    return id;
  }
  const left = async (ids: readonly string[]): Promise<boolean[]> => {
    const rows: { id: string }[] = await owner.query('select id from presentation where id = any($1)', [ids]);
    return ids.map((id) => rows.some((row) => row.id === id));
  };

  it('is deleted after thirteen months and not before', async () => {
    const ids = [await presented(13.1, await newPerson()), await presented(14), await presented(12.9)];
    expect(await eraseDuePresentations(worker)).toBe(2);
    expect(await left(ids)).toEqual([false, false, true]);
    const events: { detail: object }[] = await owner.query(
      `select detail from audit_event where action = 'presentation.erase' and tenant_id = $1`,
      [tenant.tenantId],
    );
    expect(events).toEqual([{ detail: { presentations: 2, recorded_until: expect.any(String) } }]);
    expect(await eraseDuePresentations(worker)).toBe(0);
  });

  it('is kept by a hold on its tenant, its person or the one its person was merged into, until that is lifted', async () => {
    const survivor = await newPerson();
    const person = await newPerson(survivor);
    const ids = [await presented(14, person), await presented(14, survivor), await presented(14)];
    for (const [of, kept] of [
      [{}, [true, true, true]],
      [{ person: toPublicId('per', survivor) }, [true, true, false]],
      [{ person: toPublicId('per', person) }, [true, false, false]],
    ] as const) {
      const id = await hold(of);
      await eraseDuePresentations(worker);
      expect(await left(ids)).toEqual(kept);
      await holdLift(operator, { id, reason: 'Case 12 is closed' });
    }
    await eraseDuePresentations(worker);
    expect(await left(ids)).toEqual([false, false, false]);
  });

  it('is deleted by the worker’s door alone, whose owner reads nothing of the answer', async () => {
    for (const each of [api, operator.dataSource])
      await expect(each.query('select erase_due_presentations(1)')).rejects.toThrow(/permission denied/);
    for (const each of [api, worker, operator.dataSource])
      await expect(each.query('delete from presentation')).rejects.toThrow(/permission denied/);
    for (const column of ['facts', 'outcome', 'certificate_hash'])
      expect(
        await owner.query(
          `select has_column_privilege('shomei_retention_clerk', 'presentation', $1, 'select') as may`,
          [column],
        ),
      ).toEqual([{ may: false }]);
  });
});

it('tells operators how much is overdue and due in the next months, and nothing else', async () => {
  const admin = await connect(database.urls.admin);
  await stored(8);
  await stored(6.95);
  const rows: { kind: string; starts: Date | number; things: string }[] = await admin.query(
    'select * from retention_due(3)',
  );
  const verifications = rows.filter(({ kind }) => kind === 'verification').map(({ things }) => Number(things));
  // Overdue and three months, of each kind.
  expect(rows).toHaveLength(16);
  expect(new Set(rows.map(({ kind }) => kind))).toEqual(
    new Set(['consent', 'presentation', 'status_sweep', 'verification']),
  );
  expect(verifications[0]).toBeGreaterThan(0);
  expect(verifications.slice(1).reduce((sum, each) => sum + each, 0)).toBeGreaterThan(0);
  await eraseDueEvidence(worker);
  expect(await admin.query(`select things from retention_due(1) where kind = 'verification' limit 1`)).toEqual([
    { things: '0' },
  ]);
  await admin.destroy();
  for (const each of [api, worker, operator.dataSource])
    await expect(each.query('select * from retention_due(1)')).rejects.toThrow(/permission denied/);
});

it.each(['guard_tenant_key()', 'look_again_when_lifted()'])('%s runs as a trigger and by no call', async (call) => {
  for (const each of [api, worker, operator.dataSource])
    await expect(each.query(`select ${call}`)).rejects.toThrow(/permission denied/);
  await expect(owner.query(`select ${call}`)).rejects.toThrow(/can only be called as triggers/);
});

describe("a tenant's key", () => {
  it('is not destroyed while evidence is sealed under it, by nobody', async () => {
    const id = await stored(8);
    for (const each of [operator.dataSource, owner]) await expect(deleteKey(each)).rejects.toThrow('tenant_key_in_use');
    await eraseDueEvidence(worker);
    expect(await isErased(id)).toBe(true);
    await deleteKey(operator.dataSource);
  });

  it('is not destroyed while a hold runs', async () => {
    const id = await hold();
    await expect(deleteKey(owner)).rejects.toThrow('tenant_key_held');
    await holdLift(operator, { id, reason: 'Case 12 is closed' });
    await deleteKey(operator.dataSource);
  });

  it('is not destroyed while a consent has to be kept', async () => {
    const personId = randomUUID();
    await owner.query('insert into person (tenant_id, mode, id, created_at) values ($1, $2, $3, now())', [
      tenant.tenantId,
      tenant.mode,
      personId,
    ]);
    await owner.query(
      `insert into consent (tenant_id, mode, id, person_id, purpose, text_version, covers, given_at, source, expires_at,
         created_at) values ($1, $2, $3, $4, 'counterpart', 'v1', '{x}', now(), 'call', now() + interval '1 day', now())`,
      [tenant.tenantId, tenant.mode, randomUUID(), personId],
    );
    await expect(deleteKey(owner)).rejects.toThrow('tenant_key_in_use');
    await owner.query(`update consent set recorded_at = recorded_at - interval '11 years' where person_id = $1`, [
      personId,
    ]);
    await deleteKey(operator.dataSource);
  });

  it('is followed by a new one: what was sealed before opens, and each key goes when nothing is sealed under it', async () => {
    const before = await stored(8);
    const old = tenant.tenantKeyId;
    const tenantKeyId = await rotateTenantKey(operator.dataSource, keyRing(), {
      tenantId: tenant.tenantId,
      mode: tenant.mode,
      actor: 'operator:test',
    });
    tenant = { ...tenant, tenantKeyId };
    const after = await stored(0);
    const verifications = new Verifications(api, new TenantKeys(api, keyRing()));
    for (const id of [before, after])
      expect((await verifications.get(principal(), id, 'req_read')).attributes).toBeDefined();
    const deleteOne = (id: string) => owner.query('delete from tenant_key where id = $1', [id]);
    await expect(deleteOne(tenantKeyId)).rejects.toThrow('tenant_key_in_use');
    await eraseDueEvidence(worker);
    // The keyed hashes of what is left were made with the oldest.
    await expect(deleteOne(old)).rejects.toThrow('tenant_key_in_use');
  });
});
