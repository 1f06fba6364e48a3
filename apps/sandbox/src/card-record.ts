import { z } from 'zod';
import { GENERATIONS, HIERARCHIES, type Hierarchy } from './hierarchy.js';
import { materialSchema } from './key-pair.js';

/** CRLReason (RFC 5280 §5.3.1) by its code point: those JPKI uses. */
export const REVOCATION_REASONS = [
  'unspecified',
  'keyCompromise',
  'cACompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'certificateHold',
] as const;
export type RevocationReason = (typeof REVOCATION_REASONS)[number];
export const reasonCode = (reason: RevocationReason): number => REVOCATION_REASONS.indexOf(reason);

export const hierarchySchema = z.enum(HIERARCHIES);

export const holderSchema = z.object({
  name: z.string(),
  nameSubstitution: z.string(),
  sex: z.string(),
  birthDate: z.string(),
  address: z.string(),
  addressSubstitution: z.string(),
});

/** What a certificate says of its holder and of who issued it. */
const contentsSchema = z.object({ holder: holderSchema, municipality: z.string() });
export type CertificateContents = z.infer<typeof contentsSchema>;

/** Times are milliseconds since 1970. Key and certificate are made when first needed and kept from then on. */
const certificateRecordSchema = z.object({
  serial: z.string().regex(/^\d{1,20}$/),
  generation: z.enum(GENERATIONS),
  commonName: z.string(),
  notBefore: z.number().int(),
  notAfter: z.number().int(),
  revocation: z.object({ at: z.number().int(), reason: z.enum(REVOCATION_REASONS) }).optional(),
  material: materialSchema.optional(),
  /** Kept with a certificate when the card's own change; absent as long as the certificate says what the card says. */
  contents: contentsSchema.optional(),
});
export type CertificateRecord = z.infer<typeof certificateRecordSchema>;

export const cardSchema = z.object({
  id: z.string(),
  /** One sentence: what the card stands for. */
  plays: z.string(),
  origin: z.enum(['catalogue', 'issued']),
  /** Cards of one person carry the same text; a card without it is the only one of its holder. */
  person: z.string().optional(),
  device: z.enum(['card', 'phone']).default('card'),
  municipality: z.string(),
  holder: holderSchema,
  pins: z.object({ sign: z.string(), auth: z.string() }),
  triesLeft: z.object({ sign: z.number().int(), auth: z.number().int() }),
  /** Oldest first; the last one is on the card now. Empty when the holder has none. */
  certificates: z.object({ sign: z.array(certificateRecordSchema), auth: z.array(certificateRecordSchema) }),
});
export type CardRecord = z.infer<typeof cardSchema>;

/** What `record` says, whatever the card says since. */
export const contentsOf = (card: CardRecord, record: CertificateRecord): CertificateContents =>
  record.contents ?? { holder: card.holder, municipality: card.municipality };

/** Wrong entries in a row before a PIN locks. */
export const PIN_TRIES: Record<Hierarchy, number> = { sign: 5, auth: 3 };

export const currentCertificate = (card: CardRecord, hierarchy: Hierarchy): CertificateRecord | undefined =>
  card.certificates[hierarchy].at(-1);

export type CertificateStatus = 'good' | 'revoked' | 'expired' | 'not_yet_valid';

/** What the CA says at `now`. A revocation in the future of a moved-back clock has not happened. */
export function certificateStatus(record: CertificateRecord, now: number): CertificateStatus {
  if (now > record.notAfter) return 'expired';
  if (now < record.notBefore) return 'not_yet_valid';
  return isRevoked(record, now) ? 'revoked' : 'good';
}

export const isRevoked = (record: CertificateRecord, now: number): boolean =>
  record.revocation !== undefined && record.revocation.at <= now;
