import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { KEY_RING, unwrapKey, withTenant, type KeyRing, type Tenancy, type TenantKey } from '#lib/platform';

const MAX_CACHED = 5_000;

/** The tenants' data keys, unwrapped on first use and held in memory. */
@Injectable()
export class TenantKeys {
  private readonly cache = new Map<string, Promise<TenantKey>>();

  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(KEY_RING) private readonly keyRing: KeyRing,
  ) {}

  /** @throws Error when the key does not exist for this tenant and mode, or the ring cannot unwrap it. */
  get(tenancy: Tenancy, id: string): Promise<TenantKey> {
    const cacheKey = `${tenancy.tenantId}|${tenancy.mode}|${id}`;
    const cached = this.cache.get(cacheKey);
    if (cached) return cached;
    if (this.cache.size >= MAX_CACHED) this.cache.clear();
    const key = this.read(tenancy, id);
    this.cache.set(cacheKey, key);
    key.catch(() => this.cache.delete(cacheKey));
    return key;
  }

  private async read(tenancy: Tenancy, id: string): Promise<TenantKey> {
    const rows: { ring_key_id: string; wrapped: Buffer }[] = await withTenant(this.dataSource, tenancy, (manager) =>
      manager.query('select ring_key_id, wrapped from tenant_key where id = $1', [id]),
    );
    const row = rows[0];
    if (!row) throw new Error(`no tenant key ${id}`);
    return unwrapKey(this.keyRing, id, row.ring_key_id, row.wrapped);
  }
}
