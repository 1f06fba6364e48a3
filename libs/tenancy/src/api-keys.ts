import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { cidrContains, parseCidr, parsePeer, Problem, withTenant, type Cidr, type Mode } from '#lib/platform';
import { ApiKeyUses } from './api-key-uses.js';
import { hashApiKey, isApiKey, type Scope } from './api-key.js';
import { readContract } from './contract.js';
import type { Principal } from './principal.js';
import { Strangers } from './strangers.js';

/**
 * How long a found key is believed, milliseconds. A revocation takes effect within a second; the durable write asks
 * again, so a key revoked in between stores nothing.
 */
const BELIEVED_MS = 750;
const MAX_CACHED = 10_000;

interface Row {
  tenant_id: string;
  mode: Mode;
  id: string;
  scopes: Scope[];
  tenant_key_id: string;
  lookup_key_id: string;
  reference_format: string | null;
  allowed_addresses: string[];
}

/** A key as this process believes it. */
interface Found {
  principal: Principal;
  /** Empty: from everywhere. */
  allowedAddresses: readonly Cidr[];
}

/** Finds the principal behind an API key. */
@Injectable()
export class ApiKeys {
  private readonly cache = new Map<string, { until: number; found: Promise<Found | undefined> }>();
  private readonly strangers = new Strangers();

  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(ApiKeyUses) private readonly uses: ApiKeyUses,
  ) {}

  /**
   * Undefined for anything unknown, revoked or expired, or of a tenant that is not yet or no longer served: these cannot
   * be told apart from outside.
   * @param address where the request came from
   * @throws Problem `address_not_allowed`, `tenant_suspended`; `rate_limited` when too many keys that nobody has come
   * from there
   */
  async find(secret: string, address: string): Promise<Principal | undefined> {
    if (!isApiKey(secret)) return undefined;
    const found = await this.believed(hashApiKey(secret), address);
    if (!found) return undefined;
    if (!isAllowed(found.allowedAddresses, address)) throw new Problem('address_not_allowed');
    this.uses.note(found.principal.keyHash);
    return found.principal;
  }

  private believed(hash: Buffer, address: string): Promise<Found | undefined> {
    const keyHash = hash.toString('hex');
    // Real elapsed time: a moved test clock must not lengthen a revoked key's life.
    const now = performance.now();
    const cached = this.cache.get(keyHash);
    if (cached && cached.until > now) return cached.found;
    // A key that was good a while ago does not wait behind somebody's guesses.
    const read = (): Promise<Found | undefined> => this.read(hash, keyHash);
    const found = cached ? read() : this.strangers.admit(address, read);
    this.remember(keyHash, { until: now + BELIEVED_MS, found });
    return found;
  }

  private remember(keyHash: string, entry: { until: number; found: Promise<Found | undefined> }): void {
    if (this.cache.size >= MAX_CACHED) this.cache.clear();
    this.cache.set(keyHash, entry);
    const forget = (): void => {
      if (this.cache.get(keyHash) === entry) this.cache.delete(keyHash);
    };
    // Only keys that exist are kept: guesses cost two queries, so many a second, and no memory of ours.
    entry.found.then(
      (found) => {
        if (!found) forget();
      },
      (error: unknown) => {
        if (!(error instanceof Problem)) forget();
      },
    );
  }

  private async read(hash: Buffer, keyHash: string): Promise<Found | undefined> {
    const rows: Row[] = await this.dataSource.query('select * from find_api_key($1)', [hash]);
    const row = rows[0];
    if (!row) {
      const [key]: { suspended: boolean }[] = await this.dataSource.query(
        'select is_key_of_suspended($1) as suspended',
        [hash],
      );
      if (key!.suspended) throw new Problem('tenant_suspended');
      return undefined;
    }
    const tenancy = { tenantId: row.tenant_id, mode: row.mode };
    const contract = await withTenant(this.dataSource, tenancy, (manager) => readContract(manager, tenancy));
    return {
      principal: {
        ...tenancy,
        apiKeyId: row.id,
        keyHash,
        scopes: row.scopes,
        tenantKeyId: row.tenant_key_id,
        lookupKeyId: row.lookup_key_id,
        referenceFormat: row.reference_format,
        revocationMethods: contract.revocationMethods,
        limits: contract.limits,
      },
      allowedAddresses: row.allowed_addresses.map(storedCidr),
    };
  }
}

function storedCidr(text: string): Cidr {
  const cidr = parseCidr(text);
  // Left out it would widen the key, or with the others gone open it to everywhere.
  if (!cidr) throw new Error(`an API key has an allowed address that cannot be read: ${text}`);
  return cidr;
}

function isAllowed(allowed: readonly Cidr[], address: string): boolean {
  if (allowed.length === 0) return true;
  const peer = parsePeer(address);
  return peer !== undefined && allowed.some((range) => cidrContains(range, peer));
}
