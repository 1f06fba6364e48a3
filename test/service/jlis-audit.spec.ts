import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { DataSource } from 'typeorm';
import { toPublicId } from '#lib/platform';
import { auditedRecord } from '../../libs/jlis/src/jlis-call-record.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import {
  CALLER,
  CONSENT,
  failureOf,
  makeClient,
  makeTlsWorld,
  startServer,
  type TestClient,
  type TlsWorld,
} from '../support/jlis-rig.js';
import { type JlisServer, respond } from '../support/jlis-server.js';
import { connect, makeTenant, type TestTenant } from '../support/tenants.js';

let database: TestDatabase;
let owner: pg.Client;
let roles: { api: DataSource; worker: DataSource };
let tenant: TestTenant;
let world: TlsWorld;
let server: JlisServer;
const clients: TestClient[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  owner = new pg.Client({ connectionString: database.urls.owner });
  await owner.connect();
  roles = { api: await connect(database.urls.api), worker: await connect(database.urls.worker) };
  const operator = await connect(database.urls.operator);
  tenant = await makeTenant(operator, 'テスト銀行');
  await operator.destroy();
  world = await makeTlsWorld();
  server = await startServer(world);
});
beforeEach(async () => {
  await owner.query(`delete from audit_event where action like 'jlis.%'`);
});
afterAll(async () => {
  for (const client of clients) client.close();
  await server.stop();
  for (const role of Object.values(roles)) await role.destroy();
  await owner.end();
  await database.drop();
});

/** The client of a process with this role. */
function clientOf(role: DataSource) {
  const client = makeClient(world, server.url, { record: auditedRecord(role), timeoutMs: 2_000 });
  clients.push(client);
  return client.services;
}
const caller = () => ({
  ...CALLER,
  serviceId: toPublicId('ten', tenant.tenantId),
  actor: `api_key:${tenant.apiKeyId}`,
});
async function rows(): Promise<Record<string, unknown>[]> {
  const { rows: found } = await owner.query<Record<string, unknown>>(
    `select tenant_id, mode, actor, action, target, request_id, detail
       from audit_event where action like 'jlis.%' order by id`,
  );
  return found;
}
const SERIAL = '918273645546372819';

describe('the audit trail of J-LIS calls', () => {
  it('has a call of a tenant, with the hash and without the serial', async () => {
    server.answer = (_, response) => respond(response, 200, { state: 'linked', previous_serial: `${SERIAL}0` });
    await clientOf(roles.api).linkSerial({ ...caller(), serial: SERIAL, consent: CONSENT });
    const found = await rows();
    expect(found).toEqual([
      {
        tenant_id: tenant.tenantId,
        mode: 'test',
        actor: `api_key:${tenant.apiKeyId}`,
        action: 'jlis.call',
        target: 'jlis:serialLinkage',
        request_id: 'req_1',
        detail: {
          service: 'serialLinkage',
          mode: 'test',
          call_id: server.calls.at(-1)!.headers['x-request-id'],
          subject_hash: 'ab01',
          outcome: 'linked',
          attempts: 1,
          duration_ms: expect.any(Number),
        },
      },
    ]);
    expect(JSON.stringify(found)).not.toContain(SERIAL);
  });

  it('has a metered call from before it is sent, and its end whatever that is', async () => {
    let before: Record<string, unknown>[] = [];
    server.answer = (_call, _response, socket) =>
      void rows().then((found) => {
        before = found;
        socket.destroy();
      });
    const asked = clientOf(roles.api).findCounterpart({ ...caller(), kind: 'sign', serial: SERIAL, consent: CONSENT });
    expect(await failureOf(asked)).toMatchObject({ detail: 'unreachable', mayHaveBeenSent: true });
    expect(before.map(({ action }) => action)).toEqual(['jlis.call_begun']);
    expect(await rows()).toMatchObject([
      { action: 'jlis.call_begun' },
      { action: 'jlis.call', detail: { outcome: 'unreachable', fact: 'ECONNRESET', attempts: 1 } },
    ]);
  });

  it('has the worker’s polling as the platform’s own', async () => {
    server.answer = (_, response) => respond(response, 200, { withdrawals: [], next: null });
    await clientOf(roles.worker).withdrawals({ mode: 'test', actor: 'system:worker' });
    expect(await rows()).toMatchObject([
      { tenant_id: null, mode: null, target: 'jlis:withdrawals', detail: { mode: 'test', outcome: 'answered' } },
    ]);
  });

  it('is not to be written by the API for the platform: only the worker polls', async () => {
    server.answer = (_, response) => respond(response, 200, { withdrawals: [], next: null });
    await expect(clientOf(roles.api).withdrawals({ mode: 'test', actor: 'system:api' })).rejects.toThrow(
      'row-level security',
    );
  });

  it('keeps a metered request back while it cannot be written', async () => {
    const gone = await connect(database.urls.api);
    const services = clientOf(gone);
    await gone.destroy();
    const { connections } = server;
    await expect(services.latestAttributes({ ...caller(), consentId: 'c1', signSerial: SERIAL })).rejects.toThrow();
    expect(server.connections).toBe(connections);
  });
});
