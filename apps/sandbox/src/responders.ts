import type { KeyObject } from 'node:crypto';
import { z } from 'zod';
import type { Authority } from './authorities.js';
import { keyIdentifier, responderCertificate } from './certificate-profile.js';
import { GENERATION_FACTS } from './hierarchy.js';
import { materialSchema, newKeyPair, publicKeyOf, readPrivateKey, toMaterial } from './key-pair.js';
import type { SerialCounters } from './serial-counters.js';
import type { StateStore } from './state-store.js';
import { DAY_MS } from './validity.js';

const LIFE_MS = 90 * DAY_MS;
const keptSchema = materialSchema.extend({ notBefore: z.number().int(), notAfter: z.number().int() });
type Kept = z.infer<typeof keptSchema>;

export interface Responder {
  /** DER. */
  certificate: Buffer;
  privateKey: KeyObject;
  /** SHA-1 of the public key bits, as ResponderID byKey has it. */
  keyId: Buffer;
  /** Milliseconds. */
  notBefore: number;
  notAfter: number;
}

const toResponder = (kept: Kept): Responder => {
  const privateKey = readPrivateKey(kept.privateKey);
  const { notBefore, notAfter } = kept;
  const keyId = keyIdentifier(publicKeyOf(privateKey));
  return { certificate: Buffer.from(kept.certificate, 'base64'), privateKey, keyId, notBefore, notAfter };
};

/** The last day is given up, except on the CA's own last day. */
const usable = (responder: Kept | Responder, authority: Authority, now: number): boolean => {
  const lastDay = responder.notAfter < GENERATION_FACTS[authority.generation].notAfter ? DAY_MS : 0;
  return responder.notBefore <= now && now <= responder.notAfter - lastDay;
};

/** One delegated OCSP responder per CA; its certificate is short-lived because nocheck exempts it from revocation. */
export class Responders {
  private readonly current = new Map<Authority, Promise<Responder>>();

  constructor(
    private readonly store: StateStore,
    private readonly serials: SerialCounters,
  ) {}

  async get(authority: Authority, now: number): Promise<Responder> {
    const known = this.current.get(authority);
    if (known && usable(await known, authority, now)) return known;
    const fresh = this.readOrMake(authority, now);
    this.current.set(authority, fresh);
    // A failure (a full disk) must not answer every later request.
    fresh.catch(() => this.current.delete(authority));
    return fresh;
  }

  private async readOrMake(authority: Authority, now: number): Promise<Responder> {
    const { hierarchy } = authority.issuer;
    const file = `responders/${hierarchy}-${authority.generation}.json`;
    const kept = this.store.read(file, keptSchema);
    if (kept && usable(kept, authority, now)) return toResponder(kept);
    const pair = await newKeyPair();
    const ca = GENERATION_FACTS[authority.generation];
    const wholeSeconds = Math.floor(now / 1000) * 1000;
    const notBefore = Math.max(wholeSeconds - DAY_MS, ca.notBefore);
    const notAfter = Math.min(wholeSeconds + LIFE_MS, ca.notAfter);
    const serial = this.serials.take(hierarchy);
    const entity = { serial, notBefore, notAfter, publicKey: pair.publicKey };
    const certificate = responderCertificate(authority.issuer, entity);
    const made = { ...toMaterial(pair.privateKey, certificate), notBefore, notAfter };
    this.store.write(file, made);
    return toResponder(made);
  }
}
