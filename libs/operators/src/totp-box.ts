import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import { open, seal, type KeyRing } from '#lib/platform';

const context = (operatorId: string): string => `totp|${operatorId}`;

/** A key of its own for this use, so that nothing sealed for another opens here. */
function boxKey(ring: KeyRing, ringKeyId: string): KeyObject {
  const master = ring.keys.get(ringKeyId);
  if (!master) throw new Error(`key ring has no key "${ringKeyId}"`);
  return createSecretKey(Buffer.from(hkdfSync('sha256', master.export(), Buffer.alloc(0), 'shomei operator totp', 32)));
}

/** Seals a TOTP secret for one operator under the active key of the ring. */
export const sealTotp = (
  ring: KeyRing,
  operatorId: string,
  secret: Uint8Array,
): { sealed: Buffer; ringKeyId: string } => ({
  sealed: seal(boxKey(ring, ring.active), secret, context(operatorId)),
  ringKeyId: ring.active,
});

/** @throws Error when the ring lacks the key, or the sealed secret is not this operator's. */
export const openTotp = (ring: KeyRing, operatorId: string, sealed: Uint8Array, ringKeyId: string): Buffer =>
  open(boxKey(ring, ringKeyId), sealed, context(operatorId));

/** The same secret, sealed under the ring's active key. @throws Error when it does not open. */
export const resealTotp = (ring: KeyRing, operatorId: string, ringKeyId: string, sealed: Uint8Array): Buffer =>
  sealTotp(ring, operatorId, openTotp(ring, operatorId, sealed, ringKeyId)).sealed;
