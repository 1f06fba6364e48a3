import type { Schemas } from '../../api';

export type Scope = NonNullable<Schemas['NewApiKey']['scopes']>[number];

/** What a key may do, each with what its texts are called. */
export const SCOPE_WORDS = {
  'verifications:write': 'verifications_write',
  'verifications:read': 'verifications_read',
  'authentications:write': 'authentications_write',
  'persons:write': 'persons_write',
  'persons:read': 'persons_read',
  'sweeps:write': 'sweeps_write',
  'sweeps:read': 'sweeps_read',
  'events:read': 'events_read',
  'webhooks:write': 'webhooks_write',
  'webhooks:read': 'webhooks_read',
  'audit:read': 'audit_read',
  'billing:read': 'billing_read',
  admin: 'admin',
} as const satisfies Record<Scope, string>;

/** What the text of its name is called; undefined: a scope that this console does not know yet. */
export const scopeName = (scope: string): `scopes.name_${(typeof SCOPE_WORDS)[Scope]}` | undefined =>
  Object.hasOwn(SCOPE_WORDS, scope) ? `scopes.name_${SCOPE_WORDS[scope as Scope]}` : undefined;

export const SCOPES = Object.keys(SCOPE_WORDS) as Scope[];
