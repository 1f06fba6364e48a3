import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import { open, seal, type KeyRing } from '#lib/platform';

/** Seals what operators keep about a tenant. Each use has a key of its own: nothing sealed for another opens there. */
export interface RingBox {
  /** Under the active key of the ring. @param context what it is and whose */
  seal(ring: KeyRing, context: string, plaintext: Uint8Array): { sealed: Buffer; ringKeyId: string };
  /** @throws Error when the ring lacks the key, or what is sealed is something else's. */
  open(ring: KeyRing, context: string, sealed: Uint8Array, ringKeyId: string): Buffer;
}

/** @param use names the use; changing it makes what was sealed before unreadable */
export function ringBox(use: string): RingBox {
  const key = (ring: KeyRing, ringKeyId: string): KeyObject => {
    const master = ring.keys.get(ringKeyId);
    if (!master) throw new Error(`key ring has no key "${ringKeyId}"`);
    return createSecretKey(Buffer.from(hkdfSync('sha256', master.export(), Buffer.alloc(0), use, 32)));
  };
  return {
    seal: (ring, context, plaintext) => ({
      sealed: seal(key(ring, ring.active), plaintext, context),
      ringKeyId: ring.active,
    }),
    open: (ring, context, sealed, ringKeyId) => open(key(ring, ringKeyId), sealed, context),
  };
}
