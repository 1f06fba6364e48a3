import type { Tenancy } from '#lib/platform';
import type { Scope } from './api-key.js';
import type { RevocationMethod } from './contract.js';
import type { Limits } from './limits.js';

/** A tenancy with the keys that seal its data and find it again. */
export interface KeyedTenancy extends Tenancy {
  /** The key that seals what is stored now. */
  tenantKeyId: string;
  /** The key whose keyed hashes find a certificate again; never rotated. */
  lookupKeyId: string;
}

/** Who is asking: one API key of one tenant in one mode, with the contract terms a request needs. */
export interface Principal extends KeyedTenancy {
  apiKeyId: string;
  /** Hex SHA-256 of the secret: what the durable write accepts as proof of whose key it was. */
  keyHash: string;
  scopes: readonly Scope[];
  referenceFormat: string | null;
  revocationMethods: readonly RevocationMethod[];
  limits: Limits;
}
