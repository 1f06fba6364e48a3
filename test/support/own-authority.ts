import { createHash, sign } from 'node:crypto';
import type { Schemas } from '#lib/api-client';
import type { ApiStack } from './api.js';
import { base64 } from './card.js';
import { makeAuthority, type TestAuthority, type TestEndEntity } from './pki.js';

export const DAY_MS = 86_400_000;
/** Certificates hold whole seconds. */
export const NOW = Math.floor(Date.now() / 1_000) * 1_000;
export const CARD_LIFE = { notBefore: NOW - 400 * DAY_MS, notAfter: NOW + 400 * DAY_MS };
export const AUTHORITY_LIFE = { notBefore: NOW - 900 * DAY_MS, notAfter: NOW + 900 * DAY_MS };
export const CONTENT = Buffer.from('contract 1');

export const fingerprintOf = (certificate: Buffer): string => createHash('sha256').update(certificate).digest('hex');

/** A sign root whose key the test holds, so that cards of any shape can be made, trusted by test mode. */
export async function trustOwnAuthority(stack: ApiStack): Promise<TestAuthority> {
  const authority = makeAuthority('sign', 2024, AUTHORITY_LIFE);
  await stack.importAnchor('test', 'sign', authority.der, fingerprintOf(authority.der));
  await stack.untilCaughtUp();
  return authority;
}

/** The body of a signature verification: `CONTENT` rightly signed with the holder's key. */
export const signedBy = (holder: TestEndEntity): Schemas['RawSignature'] => ({
  format: 'raw',
  certificate: base64(holder.der),
  signature: base64(sign('sha256', CONTENT, holder.key.privateKey)),
  padding: 'pkcs1_v15',
  digest_algorithm: 'sha256',
  content: base64(CONTENT),
});
