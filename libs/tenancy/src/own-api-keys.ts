import { Inject, Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { appendAudit } from '#lib/audit';
import { claimKey, findMade, InFlight, newId, Problem, withTenant, type Call, type Tenancy } from '#lib/platform';
import { excessOf, type Excess, type KeyLimits } from './api-key-limits.js';
import { makeApiKey, type Scope } from './api-key.js';
import type { Principal } from './principal.js';

/** An API key as its tenant sees it: nothing of it opens anything. */
export interface OwnApiKey extends KeyLimits {
  id: string;
  name: string;
  lastFour: string;
  createdAt: Date;
  revokedAt?: Date;
  lastUsedAt?: Date;
  /** The key that made it; absent: an operator did. */
  madeBy?: string;
  /** The key it has replaced. */
  rotatedFrom?: string;
}

/** A wanted key; what is left out is as the maker has it. `expiresAt` null: until it is revoked. */
export interface WantedKey {
  name: string;
  scopes: readonly Scope[];
  allowedAddresses?: readonly string[] | undefined;
  expiresAt?: Date | null | undefined;
}

/** What a request made: the secret is there the first time only, for it is stored nowhere. */
export interface MadeKey {
  key: OwnApiKey;
  secret?: string;
  replayed: boolean;
}

interface Row {
  id: string;
  name: string;
  last_four: string;
  scopes: Scope[];
  allowed_addresses: string[];
  created_at: Date;
  expires_at: Date | null;
  revoked_at: Date | null;
  last_used_at: Date | null;
  made_by: string | null;
  rotated_from: string | null;
}

/** The keys of the caller's tenant and mode, managed with a key. The doors in the database hold what is checked here. */
@Injectable()
export class OwnApiKeys {
  private readonly inFlight = new InFlight();

  constructor(@Inject(DataSource) private readonly dataSource: DataSource) {}

  /** @throws Problem `api_key_too_wide` or `api_key_limit` */
  async create(principal: Principal, wanted: WantedKey, call: Call): Promise<MadeKey> {
    return this.makeOnce(principal, call, async (manager, id, made) => {
      const maker = await get(manager, principal, principal.apiKeyId);
      const allowedAddresses = wanted.allowedAddresses ?? maker.allowedAddresses;
      const expiresAt = wanted.expiresAt === undefined ? maker.expiresAt : (wanted.expiresAt ?? undefined);
      const limits = { scopes: wanted.scopes, allowedAddresses, expiresAt };
      refuseExcess(excessOf(maker, limits));
      const refusal = await throughDoor(manager, 'make_api_key($1, $2, $3, $4, $5, $6, $7::cidr[], $8)', [
        Buffer.from(principal.keyHash, 'hex'),
        id,
        wanted.name,
        made.sha256,
        made.lastFour,
        wanted.scopes,
        allowedAddresses,
        expiresAt ?? null,
      ]);
      if (refusal !== null) throw refusalOf(refusal);
      await audit(manager, principal, call.requestId, id, 'create', {
        name: wanted.name,
        scopes: wanted.scopes,
        last_four: made.lastFour,
        allowed_addresses: allowedAddresses,
        expires_at: expiresAt?.toISOString() ?? null,
      });
    });
  }

  /**
   * A new secret with all that the old one may; the old one ends after the overlap.
   * @throws Problem `not_found`, `api_key_not_rotatable` or `api_key_too_wide`
   */
  async rotate(
    principal: Principal,
    { id: wanted, overlapHours }: { id: string; overlapHours: number },
    call: Call,
  ): Promise<MadeKey> {
    return this.makeOnce(principal, call, async (manager, id, made) => {
      const [maker, old] = [await get(manager, principal, principal.apiKeyId), await get(manager, principal, wanted)];
      refuseExcess(excessOf(maker, old));
      const refusal = await throughDoor(manager, 'rotate_api_key($1, $2, $3, $4, $5, make_interval(hours => $6))', [
        Buffer.from(principal.keyHash, 'hex'),
        wanted,
        id,
        made.sha256,
        made.lastFour,
        overlapHours,
      ]);
      if (refusal !== null) throw refusalOf(refusal);
      await audit(manager, principal, call.requestId, wanted, 'rotate', {
        replaced_by: id,
        last_four: made.lastFour,
        overlap_hours: overlapHours,
      });
    });
  }

  /** Ends a key for good; again changes nothing. @throws Problem `not_found` */
  async revoke(principal: Principal, id: string, requestId: string): Promise<OwnApiKey> {
    return withTenant(this.dataSource, principal, async (manager) => {
      const refusal = await throughDoor(manager, 'revoke_api_key($1, $2)', [Buffer.from(principal.keyHash, 'hex'), id]);
      if (refusal === null) await audit(manager, principal, requestId, id, 'revoke', {});
      else if (refusal !== 'revoked') throw refusalOf(refusal);
      return get(manager, principal, id);
    });
  }

  /** @throws Problem `not_found` */
  async get(tenancy: Tenancy, id: string): Promise<OwnApiKey> {
    return withTenant(this.dataSource, tenancy, (manager) => get(manager, tenancy, id));
  }

  /** The newest first. @param after id of the last one of the page before */
  async list(tenancy: Tenancy, { after, limit }: { after?: string; limit: number }): Promise<OwnApiKey[]> {
    return withTenant(this.dataSource, tenancy, (manager) =>
      read(
        manager,
        `($3::uuid is null or (created_at, id) < (select k.created_at, k.id from api_key k
           where k.tenant_id = $1 and k.mode = $2 and k.id = $3))
         order by created_at desc, id desc limit $4`,
        [tenancy.tenantId, tenancy.mode, after ?? null, limit],
      ),
    );
  }

  private makeOnce(
    principal: Principal,
    call: Call,
    make: (manager: EntityManager, id: string, made: ReturnType<typeof makeApiKey>) => Promise<void>,
  ): Promise<MadeKey> {
    const { idempotency } = call;
    return this.inFlight.guard(principal, idempotency, async () => {
      const first = await withTenant(this.dataSource, principal, async (manager) => {
        const [id, made] = [newId(Date.now()), makeApiKey(principal.mode)];
        if (idempotency && !(await claimKey(manager, principal, idempotency, { resource: 'api_key', id })))
          return undefined;
        await make(manager, id, made);
        return { key: await get(manager, principal, id), secret: made.secret, replayed: false };
      });
      if (first) return first;
      return withTenant(this.dataSource, principal, async (manager) => {
        const id = await findMade(manager, idempotency!, 'api_key');
        if (id === undefined) throw new Problem('idempotency_in_flight');
        return { key: await get(manager, principal, id), replayed: true };
      });
    });
  }
}

async function throughDoor(manager: EntityManager, door: string, values: unknown[]): Promise<string | null> {
  const rows: { refusal: string | null }[] = await manager.query(`select ${door} as refusal`, values);
  return rows[0]!.refusal;
}

function refuseExcess(wider: Excess | undefined): void {
  if (wider !== undefined) throw new Problem('api_key_too_wide', { wider });
}

function refusalOf(refusal: string): Error {
  if (refusal.startsWith('wider:')) return new Problem('api_key_too_wide', { wider: refusal.slice(6) });
  switch (refusal) {
    // Revoked, or no longer with its scope, since the request began.
    case 'api_key_invalid':
      return new Problem('api_key_invalid');
    case 'not_found':
      return new Problem('not_found');
    case 'too_many':
      return new Problem('api_key_limit');
    case 'revoked':
    case 'expired':
    case 'rotated':
      return new Problem('api_key_not_rotatable', { state: refusal });
    default:
      return new Error(`a door refused an API key for an unknown reason: ${refusal}`);
  }
}

const audit = (
  manager: EntityManager,
  { tenantId, mode, apiKeyId }: Principal,
  requestId: string,
  id: string,
  verb: 'create' | 'rotate' | 'revoke',
  detail: Record<string, unknown>,
): Promise<void> =>
  appendAudit(manager, {
    actor: `api_key:${apiKeyId}`,
    action: `api_key.${verb}`,
    target: `api_key:${id}`,
    requestId,
    detail,
    tenancy: { tenantId, mode },
  });

async function get(manager: EntityManager, { tenantId, mode }: Tenancy, id: string): Promise<OwnApiKey> {
  const [key] = await read(manager, 'id = $3', [tenantId, mode, id]);
  if (!key) throw new Problem('not_found');
  return key;
}

/** @param rest of the condition; tenant and mode are its first two parameters */
async function read(manager: EntityManager, rest: string, values: unknown[]): Promise<OwnApiKey[]> {
  const rows: Row[] = await manager.query(
    `select id, name, last_four, scopes, allowed_addresses::text[] as allowed_addresses, created_at, expires_at,
       revoked_at, last_used_at, made_by, rotated_from
     from api_key where tenant_id = $1 and mode = $2 and ${rest}`,
    values,
  );
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    lastFour: row.last_four,
    scopes: row.scopes,
    allowedAddresses: row.allowed_addresses,
    createdAt: row.created_at,
    ...(row.expires_at === null ? {} : { expiresAt: row.expires_at }),
    ...(row.revoked_at === null ? {} : { revokedAt: row.revoked_at }),
    ...(row.last_used_at === null ? {} : { lastUsedAt: row.last_used_at }),
    ...(row.made_by === null ? {} : { madeBy: row.made_by }),
    ...(row.rotated_from === null ? {} : { rotatedFrom: row.rotated_from }),
  }));
}
