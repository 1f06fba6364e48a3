import { generateKeyPairSync } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { appendAudit, AuditSealer } from '#lib/audit';
import { Logger, type SigningKey, type Tenancy, withTenant } from '#lib/platform';

export const signingKey = (id: string): SigningKey => ({
  id,
  privateKey: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
});

export const sealer = (worker: DataSource, key: SigningKey): AuditSealer =>
  new AuditSealer(worker, key, new Logger('test', 'silent'));

/** Writes `count` events of a tenant through the api's role, one transaction each. */
export async function act(api: DataSource, tenancy: Tenancy, count = 1, name = 'thing'): Promise<void> {
  for (let i = 0; i < count; i++)
    await withTenant(api, tenancy, (manager) =>
      appendAudit(manager, {
        actor: 'api_key:test',
        action: 'thing.touch',
        target: `${name}:${i}`,
        ip: '2001:db8::1',
        detail: { ordnungszahl: i, name: '髙橋\n"' },
        change: { before: { state: 'a' }, after: { state: 'b' } },
        tenancy,
      }),
    );
}
