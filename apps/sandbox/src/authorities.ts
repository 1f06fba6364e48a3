import { createHash } from 'node:crypto';
import { z } from 'zod';
import { keyIdentifier, publicKeyBits, rootCertificate, type Issuer } from './certificate-profile.js';
import { caName, GENERATION_FACTS, GENERATIONS, HIERARCHIES, type Generation, type Hierarchy } from './hierarchy.js';
import { materialSchema, newKeyPair, publicKeyOf, readPrivateKey, toMaterial, type Material } from './key-pair.js';
import type { StateStore } from './state-store.js';

const ROOTS_FILE = 'authorities.json';
const rootsSchema = z.record(z.enum(HIERARCHIES), z.record(z.enum(GENERATIONS), materialSchema));

export interface Authority {
  generation: Generation;
  issuer: Issuer;
  /** DER. */
  certificate: Buffer;
  /** What CertID's issuerKeyHash is taken over. */
  publicKeyBits: Buffer;
}

/** The six test CAs. */
export class Authorities {
  private readonly authorities: Record<Hierarchy, Authority[]>;

  private constructor(roots: z.infer<typeof rootsSchema>) {
    const load = (hierarchy: Hierarchy): Authority[] =>
      GENERATIONS.map((generation) => {
        const { privateKey, certificate } = roots[hierarchy][generation];
        const key = readPrivateKey(privateKey);
        const publicKey = publicKeyOf(key);
        const serial = GENERATION_FACTS[generation].serial;
        return {
          generation,
          issuer: { hierarchy, serial, keyId: keyIdentifier(publicKey), privateKey: key },
          certificate: Buffer.from(certificate, 'base64'),
          publicKeyBits: publicKeyBits(publicKey),
        };
      });
    this.authorities = { sign: load('sign'), auth: load('auth') };
  }

  /** Reads the CAs from `store`, or makes them there. */
  static async open(store: StateStore): Promise<Authorities> {
    const kept = store.read(ROOTS_FILE, rootsSchema);
    if (kept) return new Authorities(kept);
    const make = async (hierarchy: Hierarchy, generation: Generation): Promise<Material> => {
      const pair = await newKeyPair();
      const privateKey = readPrivateKey(pair.privateKey);
      const facts = GENERATION_FACTS[generation];
      const issuer = { hierarchy, serial: facts.serial, keyId: keyIdentifier(pair.publicKey), privateKey };
      return toMaterial(pair.privateKey, rootCertificate(issuer, facts, pair.publicKey));
    };
    const makeAll = async (hierarchy: Hierarchy): Promise<Record<Generation, Material>> => {
      const made = await Promise.all(GENERATIONS.map((generation) => make(hierarchy, generation)));
      return { '2015': made[0]!, '2019': made[1]!, '2023': made[2]! };
    };
    const [sign, auth] = await Promise.all([makeAll('sign'), makeAll('auth')]);
    store.write(ROOTS_FILE, { sign, auth });
    return new Authorities({ sign, auth });
  }

  get(hierarchy: Hierarchy, generation: Generation): Authority {
    const authority = this.authorities[hierarchy].find((candidate) => candidate.generation === generation);
    if (!authority) throw new Error(`no CA ${hierarchy} ${generation}`);
    return authority;
  }

  all(hierarchy: Hierarchy): readonly Authority[] {
    return this.authorities[hierarchy];
  }

  /** CAs within their own life at `now`, oldest first. */
  active(hierarchy: Hierarchy, now: number): Authority[] {
    return this.authorities[hierarchy].filter(({ generation }) => {
      const { notBefore, notAfter } = GENERATION_FACTS[generation];
      return notBefore <= now && now <= notAfter;
    });
  }

  /** The CA an OCSP CertID names; undefined when it is none of this hierarchy (RFC 6960 §4.1.1). */
  findByCertId(hierarchy: Hierarchy, digest: string, nameHash: Buffer, keyHash: Buffer): Authority | undefined {
    const hash = (bytes: Buffer): Buffer => createHash(digest).update(bytes).digest();
    if (!hash(caName(hierarchy)).equals(nameHash)) return undefined;
    return this.authorities[hierarchy].find(({ publicKeyBits }) => hash(publicKeyBits).equals(keyHash));
  }
}
