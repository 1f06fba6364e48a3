import { z } from 'zod';
import { JlisFaults, jlisFaultsSchema, type JlisFault } from './jlis/jlis-faults.js';

export const CRL_FAULTS = [
  'none',
  'down',
  'slow',
  'stale',
  'bad_signature',
  'truncated',
  'garbage',
  'rollback',
  'wrong_scope',
] as const;
export const OCSP_FAULTS = [
  'none',
  'down',
  'slow',
  'try_later',
  'bad_signature',
  'garbage',
  'wrong_nonce',
  'stale',
  'unknown',
] as const;

const delaySchema = z.number().int().min(0).max(600_000).default(0);

export const faultsSchema = z.strictObject({
  crl: z.strictObject({ mode: z.enum(CRL_FAULTS), delay_ms: delaySchema }).optional(),
  ocsp: z.strictObject({ mode: z.enum(OCSP_FAULTS), delay_ms: delaySchema }).optional(),
  jlis: jlisFaultsSchema.optional(),
});
export type FaultsRequest = z.infer<typeof faultsSchema>;

/** What goes wrong on purpose. Not kept: after a restart everything works. */
export class Faults {
  crl: NonNullable<FaultsRequest['crl']> = { mode: 'none', delay_ms: 0 };
  ocsp: NonNullable<FaultsRequest['ocsp']> = { mode: 'none', delay_ms: 0 };
  readonly jlis = new JlisFaults();

  set(request: FaultsRequest): void {
    if (request.crl) this.crl = request.crl;
    if (request.ocsp) this.ocsp = request.ocsp;
    if (request.jlis) this.jlis.set(request.jlis);
  }

  clear(): void {
    this.crl = { mode: 'none', delay_ms: 0 };
    this.ocsp = { mode: 'none', delay_ms: 0 };
    this.jlis.clear();
  }
}

export interface FaultsView extends Pick<Required<FaultsRequest>, 'crl' | 'ocsp'> {
  /** Of the services that have a fault. */
  jlis: Record<string, JlisFault>;
}

/** The last octet inverted: in a signed structure that is the signature. */
export function withBadSignature(der: Buffer): Buffer {
  const broken = Buffer.from(der);
  broken[broken.length - 1]! ^= 0xff;
  return broken;
}

export const truncated = (der: Buffer): Buffer => der.subarray(0, Math.floor(der.length * 0.6));
