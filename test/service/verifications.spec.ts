import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DataSource } from 'typeorm';
import { UsageEventRow } from '#lib/billing';
import { createDataSource, newId } from '#lib/platform';
import { CHECKS } from '#lib/pki';
import { REVOCATION_METHODS, TenantKeys } from '#lib/tenancy';
import { encodeBatch, sealEvidence, VerificationRow, Verifications, type Decision } from '#lib/verification';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { issueEndEntity, makeAuthority } from '../support/pki.js';
import { connect, keyRing, makeTenant, type TestTenant } from '../support/tenants.js';
import { WIDE_LIMITS } from '../support/limits.js';

let database: TestDatabase;
let operator: DataSource;
/** With a single connection: whoever needs a second one while holding it waits for ever. */
let api: DataSource;
let tenant: TestTenant;

beforeAll(async () => {
  database = await createTestDatabase();
  operator = await connect(database.urls.operator);
  tenant = await makeTenant(operator, 'A');
  api = await createDataSource({
    url: database.urls.api,
    pool: 1,
    applicationName: 'test',
    entities: [VerificationRow, UsageEventRow],
  }).initialize();
});
afterAll(async () => {
  await api.destroy();
  await operator.destroy();
  await database.drop();
});

const principal = () => ({
  ...tenant,
  lookupKeyId: tenant.tenantKeyId,
  scopes: [],
  referenceFormat: null,
  revocationMethods: REVOCATION_METHODS,
  limits: WIDE_LIMITS,
});

async function store(): Promise<string> {
  const id = newId(Date.now());
  const key = await new TenantKeys(api, keyRing()).get(tenant, tenant.tenantKeyId);
  const certificate = issueEndEntity(makeAuthority('sign', 2023)).der;
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
    certificateHash: randomBytes(32),
    sealedEvidence: sealEvidence(key, tenant, id, { certificate, signature: certificate, digest: randomBytes(32) }),
    usage: [],
    auditId: newId(Date.now()),
    requestId: 'req_test',
  };
  const { decided, evidence } = encodeBatch([decision]);
  await api.query('select * from append_decided($1, $2)', [decided, evidence]);
  return id;
}

describe('reading verifications', () => {
  it('opens personal data on one connection, keys not yet in memory included, and records each read', async () => {
    const id = await store();
    const verifications = new Verifications(api, new TenantKeys(api, keyRing()));
    const read = await Promise.all(
      Array.from({ length: 5 }, (_, i) => verifications.get(principal(), id, `req_read${i}`)),
    );
    for (const verification of read) expect(verification.attributes?.name.value).toEqual(expect.any(String));
    const owner = await connect(database.urls.owner);
    const rows: { request_id: string }[] = await owner.query(
      `select request_id from audit_event where action = 'verification.read_attributes' and target = $1 order by 1`,
      [`verification:${id}`],
    );
    await owner.destroy();
    expect(rows.map((row) => row.request_id)).toEqual([0, 1, 2, 3, 4].map((i) => `req_read${i}`));
  });

  it('lists by the real time of creation, newest first, without opening anything', async () => {
    const verifications = new Verifications(api, new TenantKeys(api, keyRing()));
    const before = new Date();
    const first = await store();
    const between = new Date(Date.now() + 1);
    await new Promise((resolve) => setTimeout(resolve, 5));
    const second = await store();
    const ids = async (filter: { createdAfter?: Date; createdBefore?: Date }) =>
      (await verifications.list(principal(), { limit: 10, ...filter })).map((verification) => verification.id);
    expect(await ids({ createdAfter: before })).toEqual([second, first]);
    expect(await ids({ createdAfter: before, createdBefore: between })).toEqual([first]);
    expect(await ids({ createdAfter: between })).toEqual([second]);
  });
});
