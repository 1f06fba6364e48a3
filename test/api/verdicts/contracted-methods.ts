import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { ApiStack } from '../../support/api.js';
import { rawBody } from '../../support/card.js';

let stack: ApiStack;
beforeAll(async () => {
  stack = await ApiStack.shared();
}, 120_000);

describe('403: a revocation method outside the contract', () => {
  it.each(['ocsp', 'ocsp_or_crl'])('%s is refused by name and asks nobody', async (revocation) => {
    const tenantId = await stack.newTenant();
    const key = await stack.newKey({ tenantId });
    await stack.setContract(tenantId, { revocationMethods: ['crl'] });
    const body = JSON.stringify({ ...(await rawBody(stack.sandbox)), revocation });
    const answer = await stack.send('POST', '/v1/signature-verifications', { key, body });
    expect([answer.status, answer.body['code']]).toEqual([403, 'feature_not_contracted']);
    const { rows } = await stack.owner.query('select 1 from usage_event where tenant_id = $1', [tenantId]);
    expect(rows).toEqual([]);
  });

  it('leaves the stored answer to its Idempotency-Key when the method is dropped later', async () => {
    const tenantId = await stack.newTenant();
    const key = await stack.newKey({ tenantId });
    const named = { 'idempotency-key': randomUUID() };
    const body = JSON.stringify({ ...(await rawBody(stack.sandbox)), revocation: 'ocsp' });
    const send = (headers: Record<string, string>) =>
      stack.send('POST', '/v1/signature-verifications', { key, body, headers });
    const first = await send(named);
    expect(first.status).toBe(201);
    await stack.setContract(tenantId, { revocationMethods: ['crl'] });
    // A key's contract is believed for a moment.
    await stack.until('the method is gone', async () => (await send({})).status === 403);
    const again = await send(named);
    expect([again.status, again.headers.get('idempotent-replayed')]).toEqual([201, 'true']);
    expect(again.body['id']).toBe(first.body['id']);
  });
});
