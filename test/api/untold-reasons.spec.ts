import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Schemas } from '#lib/api-client';
import { toPublicId } from '#lib/platform';
import { type AdminBrowser, AdminStack } from '../support/admin.js';
import { ApiStack, type TestKey } from '../support/api.js';
import { rawBody } from '../support/card.js';
import { verifySignature, type Verification } from '../support/verification.js';

const REASON = 'Inquiry 12 into the branch manager';
const HOUR_MS = 3_600_000;

let api: ApiStack;
let admin: AdminStack;
let key: TestKey;
let auditor: AdminBrowser;
let first: AdminBrowser;
let verification: Verification;
let tenant_id: string;

/** All that operators did with one verification of a tenant, each with the reason. */
beforeAll(async () => {
  api = await ApiStack.start();
  admin = await AdminStack.on(api.database);
  const tenantId = await api.newTenant();
  tenant_id = toPublicId('ten', tenantId);
  key = await api.newKey({ tenantId });
  auditor = await admin.signedIn(await admin.person(['auditor']));
  first = await admin.signedIn(admin.first);
  verification = await verifySignature(key, await rawBody(api.sandbox));
  const of = `/v1/verifications/${verification.id}`;
  const done = [
    await auditor.send('POST', `${of}/evidence-bundle`, { reason: REASON }),
    await auditor.send('POST', `${of}/reverify`, { reason: REASON, as_of: 'then' }),
    await auditor.send('POST', `${of}/reveal`, { reason: REASON }),
    await first.send('POST', '/v1/legal-holds', {
      tenant_id,
      mode: 'test',
      verification_id: verification.id,
      reason: REASON,
    }),
  ];
  const hold = String(done.at(-1)!.body['id']);
  done.push(await first.send('POST', `/v1/legal-holds/${hold}/lift`, { reason: REASON }));
  expect(done.map(({ status }) => status)).toEqual([200, 200, 200, 201, 200]);
}, 300_000);
afterAll(async () => {
  await admin.stop();
  await api.stop();
});

describe('why operators looked at evidence or keep it', () => {
  it('is not told to the tenant, which sees that it was done and to what', async () => {
    const { data } = await key.client.GET('/v1/audit-events', { params: { query: { limit: 100 } } });
    const byOperators = (data!.data as Schemas['AuditEvent'][]).filter(({ actor }) => actor.type === 'operator');
    for (const action of ['evidence.open', 'verification.reveal', 'legal_hold.place', 'legal_hold.lift'])
      expect(byOperators.map((event) => event.action)).toContain(action);
    expect(byOperators.find(({ action }) => action === 'verification.reveal')).toMatchObject({
      target: { type: 'verification', id: verification.id },
      detail: { purpose: 'reveal' },
    });
    expect(JSON.stringify(byOperators)).not.toContain(REASON);
  });

  it.each(['csv', 'jsonl'])('is not in its export as %s either', async (format) => {
    const times = new URLSearchParams({
      recorded_after: new Date(Date.now() - HOUR_MS).toISOString(),
      recorded_before: new Date(Date.now() + HOUR_MS).toISOString(),
    });
    const { status, text } = await api.send('GET', `/v1/audit-events.${format}?${times.toString()}`, { key });
    expect([status, text]).toEqual([200, expect.stringContaining('verification.reveal')]);
    expect(text).not.toContain(REASON);
  });

  it('is shown to auditors', async () => {
    const { text } = await auditor.send('GET', `/v1/audit-events?tenant_id=${tenant_id}&action=verification.reveal`);
    expect(text).toContain(REASON);
  });

  it('and what was decided about a verification still has its reason', async () => {
    const { data } = await key.client.GET('/v1/audit-events', { params: { query: { action: 'verification.create' } } });
    expect(data!.data[0]!.detail).toHaveProperty('reason');
  });
});
