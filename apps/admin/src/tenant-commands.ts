import {
  changeContract,
  createApiKey,
  createTenant,
  MAX_ALLOWED_ADDRESSES,
  revokeApiKey,
  rotateTenantKey,
  SCOPES,
  setReferenceFormat,
  type Scope,
} from '#lib/tenancy';
import { fromPublicId, parseCidr, toPublicId, type IdPrefix, type KeyRing, type Mode } from '#lib/platform';
import { CommandRefused } from './command-refused.js';
import type { OperatorContext } from './context.js';
import { readTerms, showTerms } from './contract-terms.js';

function uuidOf(prefix: IdPrefix, text: string): string {
  const uuid = fromPublicId(prefix, text);
  if (uuid === undefined) throw new CommandRefused(`"${text}" is not an id of the form ${prefix}_…`);
  return uuid;
}

export async function tenantCreate(context: OperatorContext, keyRing: KeyRing, name: string): Promise<void> {
  const id = await createTenant(context.dataSource, keyRing, { name, actor: context.actor });
  context.out(JSON.stringify({ tenant_id: toPublicId('ten', id), name }));
}

/** What is sealed from now on is sealed under a new key. */
export async function tenantRotateKey(
  context: OperatorContext,
  keyRing: KeyRing,
  options: { tenant: string; mode: Mode },
): Promise<void> {
  const { dataSource, actor } = context;
  await rotateTenantKey(dataSource, keyRing, { tenantId: uuidOf('ten', options.tenant), mode: options.mode, actor });
  context.out(JSON.stringify({ tenant_id: options.tenant, mode: options.mode, rotated: true }));
}

/** Prints the secret: this is the only time it can be seen. */
export async function apiKeyCreate(
  context: OperatorContext,
  options: { tenant: string; mode: Mode; name: string; scopes: string[]; addresses: string[]; expiresAt?: string },
): Promise<void> {
  const scopes = options.scopes.map((scope) => {
    const known = SCOPES.find((each) => each === scope);
    if (!known) throw new CommandRefused(`scope "${scope}" is not one of ${SCOPES.join(', ')}`);
    return known satisfies Scope;
  });
  const expiresAt = options.expiresAt === undefined ? undefined : new Date(options.expiresAt);
  if (expiresAt && Number.isNaN(expiresAt.getTime())) throw new CommandRefused('--expires-at is not a date and time');
  for (const address of options.addresses)
    if (!parseCidr(address)) throw new CommandRefused(`--allow ${address} is not an address or a range`);
  if (options.addresses.length > MAX_ALLOWED_ADDRESSES)
    throw new CommandRefused(`--allow can be given ${MAX_ALLOWED_ADDRESSES} times`);
  const { id, secret } = await createApiKey(context.dataSource, {
    tenantId: uuidOf('ten', options.tenant),
    mode: options.mode,
    name: options.name,
    actor: context.actor,
    allowedAddresses: options.addresses,
    ...(scopes.length > 0 ? { scopes } : {}),
    ...(expiresAt ? { expiresAt } : {}),
  });
  context.out(JSON.stringify({ api_key_id: toPublicId('key', id), api_key: secret }));
}

export async function apiKeyRevoke(context: OperatorContext, id: string): Promise<void> {
  await revokeApiKey(context.dataSource, { id: uuidOf('key', id), actor: context.actor });
  context.out(JSON.stringify({ api_key_id: id, revoked: true }));
}

/** `format` null goes back to free text. */
export async function referenceFormatSet(
  context: OperatorContext,
  options: { tenant: string; mode: Mode; format: string | null },
): Promise<void> {
  await setReferenceFormat(context.dataSource, {
    tenantId: uuidOf('ten', options.tenant),
    mode: options.mode,
    format: options.format,
    actor: context.actor,
  });
  context.out(JSON.stringify({ tenant_id: options.tenant, mode: options.mode, reference_format: options.format }));
}

/** Changes the terms given as `NAME=VALUE` and shows all of them. */
export async function contractSet(
  context: OperatorContext,
  options: { tenant: string; mode: Mode; terms: readonly string[] },
): Promise<void> {
  const contract = await changeContract(context.dataSource, {
    tenantId: uuidOf('ten', options.tenant),
    mode: options.mode,
    change: readTerms(options.terms),
    actor: context.actor,
  });
  context.out(JSON.stringify({ tenant_id: options.tenant, mode: options.mode, contract: showTerms(contract) }));
}
