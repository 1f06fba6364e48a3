import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DataSource } from 'typeorm';
import { importJlisFile, MonthClosing, monthAt } from '#lib/billing';
import { ApiStack, type TestKey } from '../support/api.js';
import { consentNow } from '../support/consent.js';
import { signUp } from '../support/login.js';
import { connect } from '../support/tenants.js';

/** Old enough for J-LIS to connect its certificates. */
const SETTLED = { not_before: new Date(Date.now() - 3 * 86_400_000).toISOString() };

let stack: ApiStack;
let tenantId: string;
let key: TestKey;
let admin: DataSource;
let month: string;
/** The bill after two calls, and after all three. */
const bills: string[] = [];

async function lookUp(): Promise<void> {
  const verification = await signUp(stack, key, await stack.sandbox.issue(SETTLED));
  const body = { verification_id: verification.id, consent: consentNow() };
  const headers = { 'idempotency-key': randomUUID() };
  const { data } = await key.client.POST('/v1/counterpart-lookups', { body, headers });
  expect(data!.state).toBe('found');
}

const bill = async (): Promise<string> => (await fetch(`${stack.sandbox.url}/control/jlis/bill?month=${month}`)).text();

beforeAll(async () => {
  stack = await ApiStack.start();
  tenantId = await stack.newTenant();
  await stack.setContract(tenantId, { identify: true, counterpart: true });
  key = await stack.newKey({ tenantId });
  admin = await connect(stack.databaseUrls.admin);
  month = monthAt(Date.now());
  await lookUp();
  await lookUp();
  bills.push(await bill());
  await lookUp();
  bills.push(await bill());
  await stack.moveClock('+32d');
  const worker = await connect(stack.databaseUrls.worker);
  await new MonthClosing(worker).close('test', month, 'system:worker');
  await worker.destroy();
}, 180_000);
afterAll(async () => {
  await admin.destroy();
  await stack.stop();
});

describe('the bill that J-LIS makes of its own log', () => {
  const held = (file: string) => importJlisFile(admin, { mode: 'test', month, file, actor: 'operator:test' });

  it('agrees with what was metered, and says nothing of checks by list', async () => {
    const { result } = await held(bills[1]!);
    const service_id = `ten_${tenantId.replaceAll('-', '')}`;
    expect(result).toMatchObject({
      differences: 0,
      rows: [{ service_id, item: 'counterpart', ours: 3, theirs: 3, difference: 0 }],
      self_reported: [{ item: 'sign_check', method: 'crl', events: 3 }],
    });
  });
  it('differs by the call it drops', async () => {
    expect((await held(bills[0]!)).result).toMatchObject({
      differences: 1,
      rows: [{ ours: 3, theirs: 2, difference: -1 }],
    });
  });
});
