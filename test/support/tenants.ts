import type { DataSource } from 'typeorm';
import { createDataSource, loadConfig, type KeyRing, type Mode } from '#lib/platform';
import { createApiKey, createTenant, hashApiKey } from '#lib/tenancy';
import { testKeyRing } from './database.js';

export const keyRing = (): KeyRing => loadConfig(['KEY_RING'], { KEY_RING: testKeyRing() }).KEY_RING;

/** A tenant with one key in one mode, as an operator makes it. */
export interface TestTenant {
  tenantId: string;
  mode: Mode;
  apiKeyId: string;
  secret: string;
  /** Hex SHA-256 of the secret. */
  keyHash: string;
  tenantKeyId: string;
}

export async function makeTenant(operator: DataSource, name: string, mode: Mode = 'test'): Promise<TestTenant> {
  const tenantId = await createTenant(operator, keyRing(), { name, actor: 'operator:test' });
  const { id, secret } = await createApiKey(operator, { tenantId, mode, name: 'test', actor: 'operator:test' });
  const rows: { id: string }[] = await operator.query('select id from tenant_key where tenant_id = $1 and mode = $2', [
    tenantId,
    mode,
  ]);
  return {
    tenantId,
    mode,
    apiKeyId: id,
    secret,
    keyHash: hashApiKey(secret).toString('hex'),
    tenantKeyId: rows[0]!.id,
  };
}

/** A pool under one role. */
export const connect = (url: string): Promise<DataSource> =>
  createDataSource({ url, pool: 4, applicationName: 'test' }).initialize();
