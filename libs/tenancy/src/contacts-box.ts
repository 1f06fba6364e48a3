import { z } from 'zod';
import type { KeyRing } from '#lib/platform';
import { CONTACT_ROLES, type Contact } from './judge-application.js';
import { ringBox } from './ring-box.js';

const box = ringBox('shomei tenant contacts');
const context = (tenantId: string): string => `contacts|${tenantId}`;
const contactsSchema = z.array(
  z.object({ role: z.enum(CONTACT_ROLES), name: z.string(), email: z.string(), phone: z.string() }),
);

/** Seals the people of an application for one tenant under the active key of the ring. */
export const sealContacts = (
  ring: KeyRing,
  tenantId: string,
  contacts: readonly Contact[],
): { sealed: Buffer; ringKeyId: string } => box.seal(ring, context(tenantId), Buffer.from(JSON.stringify(contacts)));

/** @throws Error when the ring lacks the key, or the sealed contacts are not this tenant's. */
export const openContacts = (ring: KeyRing, tenantId: string, sealed: Uint8Array, ringKeyId: string): Contact[] =>
  contactsSchema.parse(JSON.parse(box.open(ring, context(tenantId), sealed, ringKeyId).toString()));

/** The same contacts, sealed under the ring's active key. @throws Error when they do not open. */
export const resealContacts = (ring: KeyRing, tenantId: string, ringKeyId: string, sealed: Uint8Array): Buffer =>
  box.seal(ring, context(tenantId), box.open(ring, context(tenantId), sealed, ringKeyId)).sealed;
