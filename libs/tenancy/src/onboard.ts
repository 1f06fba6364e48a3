import type { DataSource, EntityManager } from 'typeorm';
import { type Acting, appendAudit, changedFields } from '#lib/audit';
import {
  MODES,
  newRandomId,
  newWrappedKey,
  OperatorMustAct,
  Problem,
  type KeyRing,
  type Mode,
  type Tenancy,
} from '#lib/platform';
import { DEFAULT_SCOPES, makeApiKey, type Scope } from './api-key.js';

/** Makes a tenant with both modes: a contract and a data key for each. Operators' role. */
export async function createTenant(
  dataSource: DataSource,
  keyRing: KeyRing,
  { name, ...acting }: { name: string } & Acting,
): Promise<string> {
  return dataSource.transaction((manager) => insertTenant(manager, keyRing, { name, state: 'test', ...acting }));
}

/** A new tenant, its contracts and keys: in test mode at once, or as one that has applied. */
export async function insertTenant(
  manager: EntityManager,
  keyRing: KeyRing,
  { name, state, ...acting }: { name: string; state: 'applied' | 'test' } & Acting,
): Promise<string> {
  const tenantId = newRandomId();
  await manager.query('insert into tenant (id, name, state) values ($1, $2, $3)', [tenantId, name, state]);
  for (const mode of MODES) {
    await manager.query('insert into contract (tenant_id, mode) values ($1, $2)', [tenantId, mode]);
    const keyId = newRandomId();
    const { ringKeyId, wrapped } = newWrappedKey(keyRing, keyId);
    await manager.query(
      'insert into tenant_key (tenant_id, mode, id, ring_key_id, wrapped) values ($1, $2, $3, $4, $5)',
      [tenantId, mode, keyId, ringKeyId, wrapped],
    );
  }
  await appendAudit(manager, {
    ...acting,
    action: 'tenant.create',
    target: `tenant:${tenantId}`,
    // Who applies may be a person; the application's own event says what may be said.
    detail: state === 'test' ? { name, state } : { state },
  });
  return tenantId;
}

/**
 * A new key for a tenant and mode: what is sealed from now on is sealed under it, what was sealed before opens with the
 * old one, and keyed hashes stay with the oldest. Operators' role.
 * @returns the key's id
 * @throws NoSuchThing
 */
export async function rotateTenantKey(
  dataSource: DataSource,
  keyRing: KeyRing,
  { tenantId, mode, ...acting }: Tenancy & Acting,
): Promise<string> {
  const keyId = newRandomId();
  const { ringKeyId, wrapped } = newWrappedKey(keyRing, keyId);
  await dataSource.transaction(async (manager) => {
    await mustHaveContract(manager, { tenantId, mode });
    await manager.query(
      'insert into tenant_key (tenant_id, mode, id, ring_key_id, wrapped) values ($1, $2, $3, $4, $5)',
      [tenantId, mode, keyId, ringKeyId, wrapped],
    );
    await appendAudit(manager, {
      ...acting,
      action: 'tenant_key.rotate',
      target: `tenant_key:${keyId}`,
      tenancy: { tenantId, mode },
      detail: { ring_key_id: ringKeyId },
    });
  });
  return keyId;
}

/** A named thing that an operator's command speaks of does not exist. */
export class NoSuchThing extends OperatorMustAct {
  override readonly name = 'NoSuchThing';
}

/**
 * Makes an API key. The secret is returned once and stored nowhere. Operators' role.
 * @throws NoSuchThing, or TenantNotLive for a key of live mode.
 */
export async function createApiKey(
  dataSource: DataSource,
  {
    name,
    expiresAt,
    allowedAddresses = [],
    scopes = DEFAULT_SCOPES,
    tenantId,
    mode,
    ...acting
  }: Tenancy &
    Acting & { name: string; scopes?: readonly Scope[]; expiresAt?: Date; allowedAddresses?: readonly string[] },
): Promise<{ id: string; secret: string }> {
  const id = newRandomId();
  const { secret, sha256, lastFour } = makeApiKey(mode);
  await dataSource.transaction(async (manager) => {
    await mustHaveContract(manager, { tenantId, mode });
    if (mode === 'live' && (await stateOf(manager, tenantId)) !== 'live') throw new TenantNotLive(tenantId);
    await manager.query(
      `insert into api_key (tenant_id, mode, id, name, secret_sha256, last_four, scopes, expires_at, allowed_addresses)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
      [tenantId, mode, id, name, sha256, lastFour, scopes, expiresAt ?? null, allowedAddresses],
    );
    await appendAudit(manager, {
      ...acting,
      action: 'api_key.create',
      target: `api_key:${id}`,
      detail: { name, scopes, last_four: lastFour, allowed_addresses: allowedAddresses },
      tenancy: { tenantId, mode },
    });
  });
  return { id, secret };
}

/** Revokes a key for good; revoking twice changes nothing. Operators' role. */
export async function revokeApiKey(dataSource: DataSource, { id, ...acting }: { id: string } & Acting): Promise<void> {
  await dataSource.transaction(async (manager) => {
    const [rows]: [{ tenant_id: string; mode: Mode }[], number] = await manager.query(
      'update api_key set revoked_at = clock_timestamp() where id = $1 and revoked_at is null returning tenant_id, mode',
      [id],
    );
    const row = rows[0];
    if (!row) {
      const known: unknown[] = await manager.query('select 1 from api_key where id = $1', [id]);
      if (known.length === 0) throw new NoSuchThing(`api key ${id}`);
      return;
    }
    const tenancy = { tenantId: row.tenant_id, mode: row.mode };
    await appendAudit(manager, { ...acting, action: 'api_key.revoke', target: `api_key:${id}`, tenancy });
  });
}

/**
 * Gives a key a new secret with all that the old one may; the old one ends after the overlap. Operators' role.
 * @param overlapHours 0 to `MAX_OVERLAP_HOURS`
 * @returns the new key; its secret is returned once and stored nowhere
 * @throws NoSuchThing, TenantNotLive, or Problem `api_key_not_rotatable`
 */
export async function rotateApiKey(
  dataSource: DataSource,
  { id: wanted, overlapHours, ...acting }: { id: string; overlapHours: number } & Acting,
): Promise<{ id: string; secret: string }> {
  return dataSource.transaction(async (manager) => {
    const [old]: { tenant_id: string; mode: Mode }[] = await manager.query(
      'select tenant_id, mode from api_key where id = $1',
      [wanted],
    );
    if (!old) throw new NoSuchThing(`api key ${wanted}`);
    const id = newRandomId();
    const { secret, sha256, lastFour } = makeApiKey(old.mode);
    const [{ refusal }]: [{ refusal: string | null }] = await manager.query(
      'select replace_api_key($1, $2, $3, $4, make_interval(hours => $5)) as refusal',
      [wanted, id, sha256, lastFour, overlapHours],
    );
    if (refusal === 'not_live') throw new TenantNotLive(old.tenant_id);
    if (refusal !== null) throw new Problem('api_key_not_rotatable', { state: refusal });
    await appendAudit(manager, {
      ...acting,
      action: 'api_key.rotate',
      target: `api_key:${wanted}`,
      detail: { replaced_by: id, last_four: lastFour, overlap_hours: overlapHours },
      tenancy: { tenantId: old.tenant_id, mode: old.mode },
    });
    return { id, secret };
  });
}

/** Registers the form of a tenant's references, or with null goes back to free text. Operators' role. */
export async function setReferenceFormat(
  dataSource: DataSource,
  { format, actor, ...tenancy }: Tenancy & { format: string | null; actor: string },
): Promise<void> {
  await dataSource.transaction(async (manager) => {
    await mustHaveContract(manager, tenancy);
    const rows: { reference_format: string | null }[] = await manager.query(
      'select reference_format from contract where tenant_id = $1 and mode = $2 for update',
      [tenancy.tenantId, tenancy.mode],
    );
    const change = changedFields({ reference_format: rows[0]!.reference_format }, { reference_format: format });
    if (change === undefined) return;
    await manager.query('update contract set reference_format = $3 where tenant_id = $1 and mode = $2', [
      tenancy.tenantId,
      tenancy.mode,
      format,
    ]);
    await appendAudit(manager, {
      actor,
      action: 'contract.set_reference_format',
      target: `tenant:${tenancy.tenantId}`,
      change,
      tenancy,
    });
  });
}

/** @throws NoSuchThing for a tenant that does not exist. */
export async function mustHaveContract(manager: EntityManager, { tenantId, mode }: Tenancy): Promise<void> {
  const found: unknown[] = await manager.query('select 1 from contract where tenant_id = $1 and mode = $2', [
    tenantId,
    mode,
  ]);
  if (found.length === 0) throw new NoSuchThing(`tenant ${tenantId}`);
}

/** A key of live mode was asked for before the tenant has gone live, or after. */
export class TenantNotLive extends OperatorMustAct {
  override readonly name = 'TenantNotLive';
  constructor(tenantId: string) {
    super(`tenant ${tenantId} is not live`);
  }
}

async function stateOf(manager: EntityManager, tenantId: string): Promise<string | undefined> {
  const rows: { state: string }[] = await manager.query('select state from tenant where id = $1', [tenantId]);
  return rows[0]?.state;
}
