import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import { open, seal, type KeyRing } from '#lib/platform';
import { CONTACT_ROLES, type Contact } from './judge-application.js';

const context = (tenantId: string): string => `contacts|${tenantId}`;
const contactsSchema = z.array(
  z.object({ role: z.enum(CONTACT_ROLES), name: z.string(), email: z.string(), phone: z.string() }),
);

/** A key of its own for this use, so that nothing sealed for another opens here. */
function boxKey(ring: KeyRing, ringKeyId: string): KeyObject {
  const master = ring.keys.get(ringKeyId);
  if (!master) throw new Error(`key ring has no key "${ringKeyId}"`);
  return createSecretKey(
    Buffer.from(hkdfSync('sha256', master.export(), Buffer.alloc(0), 'shomei tenant contacts', 32)),
  );
}

/** Seals the people of an application for one tenant under the active key of the ring. */
export const sealContacts = (
  ring: KeyRing,
  tenantId: string,
  contacts: readonly Contact[],
): { sealed: Buffer; ringKeyId: string } => ({
  sealed: seal(boxKey(ring, ring.active), Buffer.from(JSON.stringify(contacts)), context(tenantId)),
  ringKeyId: ring.active,
});

/** @throws Error when the ring lacks the key, or the sealed contacts are not this tenant's. */
export const openContacts = (ring: KeyRing, tenantId: string, sealed: Uint8Array, ringKeyId: string): Contact[] =>
  contactsSchema.parse(JSON.parse(open(boxKey(ring, ringKeyId), sealed, context(tenantId)).toString()));
