import type { EntityManager } from 'typeorm';
import { newId, type Tenancy } from '#lib/platform';
import type { ConsentCover, ConsentPurpose, StatedConsent } from './consent-check.js';
import { findLivingPerson } from './person.js';

/** A stored consent with its withdrawal, if there was one. Times in milliseconds. */
export interface Consent extends StatedConsent {
  id: string;
  /** As recorded; a merge later is followed when it is read. */
  personId: string;
  purpose: ConsentPurpose;
  source: 'call' | 'sign_up' | 'registered';
  expiresAt: number;
  createdAt: number;
  evidenceVerificationId?: string;
  /** What J-LIS calls it. */
  jlisConsentId?: string;
  withdrawal?: { at: number; source: 'tenant' | 'jlis' | 'person_deleted' };
}

interface Row {
  id: string;
  person_id: string;
  purpose: ConsentPurpose;
  text_version: string;
  covers: ConsentCover[];
  given_at: Date;
  source: Consent['source'];
  evidence_verification_id: string | null;
  jlis_consent_id: string | null;
  expires_at: Date;
  created_at: Date;
  withdrawn_at: Date | null;
  withdrawal_source: 'tenant' | 'jlis' | 'person_deleted' | null;
}

const SELECT = `
  select c.id, s.id as person_id, c.purpose, c.text_version, c.covers, c.given_at, c.source,
    c.evidence_verification_id, c.jlis_consent_id, c.expires_at, c.created_at, w.withdrawn_at, w.source as withdrawal_source
  from consent c
  join person p on p.tenant_id = c.tenant_id and p.mode = c.mode and p.id = c.person_id
  join person s on s.tenant_id = p.tenant_id and s.mode = p.mode and s.id = coalesce(p.merged_into, p.id)
  left join consent_withdrawal w on w.tenant_id = c.tenant_id and w.mode = c.mode and w.consent_id = c.id`;

function toConsent(row: Row): Consent {
  return {
    id: row.id,
    personId: row.person_id,
    purpose: row.purpose,
    textVersion: row.text_version,
    covers: row.covers,
    givenAt: row.given_at.getTime(),
    source: row.source,
    expiresAt: row.expires_at.getTime(),
    createdAt: row.created_at.getTime(),
    ...(row.evidence_verification_id === null ? {} : { evidenceVerificationId: row.evidence_verification_id }),
    ...(row.jlis_consent_id === null ? {} : { jlisConsentId: row.jlis_consent_id }),
    ...(row.withdrawn_at === null || row.withdrawal_source === null
      ? {}
      : { withdrawal: { at: row.withdrawn_at.getTime(), source: row.withdrawal_source } }),
  };
}

/** A consent of the tenant whose transaction `manager` is of; those of a deleted person are kept and not shown. */
export async function findConsent(manager: EntityManager, id: string): Promise<Consent | undefined> {
  const rows: Row[] = await manager.query(`${SELECT} where c.id = $1 and s.deleted_at is null`, [id]);
  return rows[0] && toConsent(rows[0]);
}

/** The consent that J-LIS knows by this id, whoever's it is. */
export async function findConsentOfJlis(manager: EntityManager, jlisConsentId: string): Promise<Consent | undefined> {
  const rows: Row[] = await manager.query(`${SELECT} where c.jlis_consent_id = $1`, [jlisConsentId]);
  return rows[0] && toConsent(rows[0]);
}

export interface ConsentFilter {
  /** Of this person and of those merged into it. */
  personId?: string;
  purpose?: ConsentPurpose;
  /** Id of the last one of the page before. */
  after?: string;
  limit: number;
}

/** Newest first. */
export async function listConsents(manager: EntityManager, filter: ConsentFilter): Promise<Consent[]> {
  const { personId = null, purpose = null, after = null, limit } = filter;
  const rows: Row[] = await manager.query(
    `${SELECT}
     where s.deleted_at is null and ($1::uuid is null or s.id = $1) and ($2::text is null or c.purpose = $2)
       and ($3::uuid is null or c.id < $3)
     order by c.id desc limit $4`,
    [personId, purpose, after, limit],
  );
  return rows.map(toConsent);
}

/**
 * The newest consent that was registered beforehand, is neither expired nor withdrawn, and is of this person or of one
 * merged into it.
 * @param at milliseconds, by the clock of the mode
 */
export async function findValidConsent(
  manager: EntityManager,
  { personId, purpose, at }: { personId: string; purpose: ConsentPurpose; at: number },
): Promise<Consent | undefined> {
  const person = await findLivingPerson(manager, personId);
  if (!person) return undefined;
  const rows: Row[] = await manager.query(
    `${SELECT}
     where s.id = $1 and c.purpose = $2 and c.source = 'registered'
       and c.given_at <= $3 and c.expires_at > $3 and w.consent_id is null
     order by c.given_at desc, c.id desc limit 1`,
    [person.id, purpose, new Date(at)],
  );
  return rows[0] && toConsent(rows[0]);
}

/** Whether the newest registered consent of a person, or of one merged into it, was withdrawn. */
export async function isWithdrawn(
  manager: EntityManager,
  { personId, purpose }: { personId: string; purpose: ConsentPurpose },
): Promise<boolean> {
  const rows: { withdrawn_at: Date | null }[] = await manager.query(
    `${SELECT} where s.id = $1 and c.purpose = $2 and c.source = 'registered' order by c.given_at desc, c.id desc limit 1`,
    [personId, purpose],
  );
  return rows[0] !== undefined && rows[0].withdrawn_at !== null;
}

export interface ConsentToRecord extends StatedConsent {
  /** Absent: a new one. */
  id?: string;
  personId: string;
  purpose: ConsentPurpose;
  source: Consent['source'];
  expiresAt: number;
  evidenceVerificationId?: string;
  jlisConsentId?: string;
}

/**
 * Keeps a consent, in the transaction of what it was used for or registered by; its id.
 * @param at milliseconds, by the clock of the mode
 */
export async function recordConsent(
  manager: EntityManager,
  { tenantId, mode }: Tenancy,
  consent: ConsentToRecord,
  at: number,
): Promise<string> {
  const id = consent.id ?? newId(Date.now());
  await manager.query(
    `insert into consent (tenant_id, mode, id, person_id, purpose, text_version, covers, given_at, source,
       evidence_verification_id, jlis_consent_id, expires_at, created_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
    [
      tenantId,
      mode,
      id,
      consent.personId,
      consent.purpose,
      consent.textVersion,
      consent.covers,
      new Date(consent.givenAt),
      consent.source,
      consent.evidenceVerificationId ?? null,
      consent.jlisConsentId ?? null,
      new Date(consent.expiresAt),
      new Date(at),
    ],
  );
  return id;
}
