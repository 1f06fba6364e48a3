import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { newId, open, seal, type Tenancy } from '#lib/platform';
import { readKeyedTenancy, TenantKeys } from '#lib/tenancy';
import { makeSecret } from './signature.js';

const contextOf = ({ tenantId, mode }: Tenancy, id: string): string => `webhook-secret|${tenantId}|${mode}|${id}`;

/** What deliveries of an endpoint are signed with: sealed under the tenant's key, and told once. */
@Injectable()
export class WebhookSecrets {
  constructor(@Inject(TenantKeys) private readonly tenantKeys: TenantKeys) {}

  /** A first or further secret of an endpoint. */
  async make(manager: EntityManager, tenancy: Tenancy, endpointId: string, id = newId(Date.now())): Promise<string> {
    const { tenantKeyId } = await readKeyedTenancy(manager, tenancy);
    const { encryption } = await this.tenantKeys.get(tenancy, tenantKeyId, manager);
    const secret = makeSecret();
    await manager.query(
      `insert into webhook_secret (tenant_id, mode, id, endpoint_id, tenant_key_id, sealed)
       values ($1, $2, $3, $4, $5, $6)`,
      [
        tenancy.tenantId,
        tenancy.mode,
        id,
        endpointId,
        tenantKeyId,
        seal(encryption, Buffer.from(secret), contextOf(tenancy, id)),
      ],
    );
    return secret;
  }

  /**
   * Those of an endpoint go on for the overlap, none longer than it would have; what has ended is removed.
   * @param overlapHours 0: they end at once
   */
  async retire(
    manager: EntityManager,
    { tenantId, mode }: Tenancy,
    endpointId: string,
    overlapHours: number,
  ): Promise<void> {
    const place = [tenantId, mode, endpointId];
    await manager.query(
      `update webhook_secret set expires_at = least(expires_at, clock_timestamp() + make_interval(hours => $4))
       where tenant_id = $1 and mode = $2 and endpoint_id = $3`,
      [...place, overlapHours],
    );
    await manager.query(
      `delete from webhook_secret where tenant_id = $1 and mode = $2 and endpoint_id = $3
         and expires_at <= clock_timestamp()`,
      place,
    );
    // Of those that still sign the newest two at most: a header of signatures does not grow for ever.
    await manager.query(
      `delete from webhook_secret where tenant_id = $1 and mode = $2 and id in (
         select id from webhook_secret where tenant_id = $1 and mode = $2 and endpoint_id = $3
         order by created_at desc, id desc offset 2)`,
      place,
    );
  }

  /** All that sign now, the newest first. */
  async read(manager: EntityManager, tenancy: Tenancy, endpointId: string): Promise<string[]> {
    const rows: { id: string; tenant_key_id: string; sealed: Buffer }[] = await manager.query(
      `select id, tenant_key_id, sealed from webhook_secret
       where tenant_id = $1 and mode = $2 and endpoint_id = $3 and (expires_at is null or expires_at > clock_timestamp())
       order by created_at desc, id desc`,
      [tenancy.tenantId, tenancy.mode, endpointId],
    );
    const secrets: string[] = [];
    for (const { id, tenant_key_id, sealed } of rows) {
      const { encryption } = await this.tenantKeys.get(tenancy, tenant_key_id, manager);
      secrets.push(open(encryption, sealed, contextOf(tenancy, id)).toString());
    }
    return secrets;
  }
}
