import { randomBytes } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { Logger, newRandomId, withTenant } from '#lib/platform';
import { attachFile, confirmItem, createApiKey, DOCUMENTED_ITEMS, hashApiKey, revokeApiKey } from '#lib/tenancy';
import { DecisionWriter } from '#lib/verification';
import type { TestDatabase } from './database.js';
import { decision } from './decisions.js';
import { pdf } from './files.js';
import { connect, keyRing, type TestTenant } from './tenants.js';

const ACTING = { actor: 'operator:test' };

/** Every item that an operator confirms, each with a file of its own. */
export async function confirmDocuments(admin: DataSource, tenantId: string, operatorId: string): Promise<void> {
  for (const item of DOCUMENTED_ITEMS) {
    const about = { tenantId, item, operatorId, ...ACTING };
    await attachFile(admin, keyRing(), { ...about, name: `${item}.pdf`, type: 'application/pdf', content: pdf(item) });
    await confirmItem(admin, about);
  }
}

/** Rows as the API writes them: a valid signature, a valid login and a refused signature of a tenant in test mode. */
export async function passConnectionTest(
  { urls }: Pick<TestDatabase, 'urls'>,
  tenantId: string,
  shows: readonly ('valid_signature' | 'valid_authentication' | 'invalid')[] = [
    'valid_signature',
    'valid_authentication',
    'invalid',
  ],
): Promise<string[]> {
  const [api, operator] = await Promise.all([connect(urls.api), connect(urls.operator)]);
  try {
    const key = await createApiKey(operator, { tenantId, mode: 'test', name: 'connection test', ...ACTING });
    const tenant = await keyed(operator, tenantId, key);
    const writer = new DecisionWriter(api, new Logger('test', 'silent'));
    const ids: string[] = [];
    for (const each of shows) {
      const change = each === 'valid_authentication' ? { challengeId: await challenge(api, tenant) } : {};
      const row = decision(tenant, change, each === 'invalid' ? 'invalid' : 'valid');
      const conflict = await writer.append(row);
      if (conflict !== undefined) throw new Error(conflict);
      ids.push(row.id);
    }
    await revokeApiKey(operator, { id: key.id, ...ACTING });
    return ids;
  } finally {
    await Promise.all([api.destroy(), operator.destroy()]);
  }
}

async function keyed(
  operator: DataSource,
  tenantId: string,
  { id, secret }: { id: string; secret: string },
): Promise<TestTenant> {
  const rows: { id: string }[] = await operator.query(
    `select id from tenant_key where tenant_id = $1 and mode = 'test' order by created_at desc`,
    [tenantId],
  );
  const keyHash = hashApiKey(secret).toString('hex');
  return { tenantId, mode: 'test', apiKeyId: id, secret, keyHash, tenantKeyId: rows[0]!.id };
}

/** A challenge that the tenant has got. */
export async function challenge(api: DataSource, tenant: TestTenant): Promise<string> {
  const id = newRandomId();
  await withTenant(api, tenant, (manager) =>
    manager.query(
      `insert into challenge (tenant_id, mode, id, nonce, created_at, expires_at)
       values ($1, $2, $3, $4, now(), now() + interval '5 min')`,
      [tenant.tenantId, tenant.mode, id, randomBytes(32)],
    ),
  );
  return id;
}
