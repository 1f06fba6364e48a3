import { Inject, Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { KEY_RING, unwrapKey, withTenant, type KeyRing, type Tenancy, type TenantKey } from '#lib/platform';
import type { KeyedTenancy } from './principal.js';

/**
 * The keys of a tenant and mode, for work that no API key asks for: the newest seals, the oldest makes keyed hashes.
 * @param manager of a transaction of this tenant
 */
export async function readKeyedTenancy(manager: EntityManager, tenancy: Tenancy): Promise<KeyedTenancy> {
  const { tenantId, mode } = tenancy;
  const rows: { id: string }[] = await manager.query(
    'select id from tenant_key where tenant_id = $1 and mode = $2 order by created_at',
    [tenantId, mode],
  );
  const [oldest, newest] = [rows[0], rows.at(-1)];
  if (!oldest || !newest) throw new Error(`tenant ${tenantId} has no key in ${mode}`);
  return { tenantId, mode, tenantKeyId: newest.id, lookupKeyId: oldest.id };
}

const MAX_CACHED = 5_000;

/** The tenants' data keys, unwrapped on first use and held in memory. */
@Injectable()
export class TenantKeys {
  private readonly cache = new Map<string, Promise<TenantKey>>();

  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(KEY_RING) private readonly keyRing: KeyRing,
  ) {}

  /**
   * @param manager of a transaction of this tenant, when the caller holds one: a request never waits for a second
   *   connection while it keeps one.
   * @throws Error when the key does not exist for this tenant and mode, or the ring cannot unwrap it.
   */
  get(tenancy: Tenancy, id: string, manager?: EntityManager): Promise<TenantKey> {
    const cacheKey = `${tenancy.tenantId}|${tenancy.mode}|${id}`;
    const cached = this.cache.get(cacheKey);
    if (cached) return cached;
    if (this.cache.size >= MAX_CACHED) this.cache.clear();
    const key = manager ? this.read(manager, id) : withTenant(this.dataSource, tenancy, (own) => this.read(own, id));
    this.cache.set(cacheKey, key);
    key.catch(() => this.cache.delete(cacheKey));
    return key;
  }

  private async read(manager: EntityManager, id: string): Promise<TenantKey> {
    const rows: { ring_key_id: string; wrapped: Buffer }[] = await manager.query(
      'select ring_key_id, wrapped from tenant_key where id = $1',
      [id],
    );
    const row = rows[0];
    if (!row) throw new Error(`no tenant key ${id}`);
    return unwrapKey(this.keyRing, id, row.ring_key_id, row.wrapped);
  }
}
