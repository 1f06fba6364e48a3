import type { EntityManager } from 'typeorm';
import { newId, type Tenancy } from '#lib/platform';
import { CONSENT_FAULTS } from './consent-check.js';
import { JOIN_CONFLICTS } from './join-conflict.js';

export const LINKAGE_STATES = ['linked', 'pending', 'not_found', 'consent_required', 'ambiguous', 'severed'] as const;
export type LinkageState = (typeof LINKAGE_STATES)[number];

/** Why a linkage stands as it does, where its state alone does not tell. Stable. */
export const LINKAGE_DETAILS = [
  'not_yet_linkable',
  'jlis_unavailable',
  // No certificate before it is known to the tenant. Whether there is one is not told.
  'no_known_previous',
  // It stayed unlinkable for a week.
  'not_linkable',
  'consent_withdrawn',
  // The contract included linkage no longer when it was to be tried again.
  'feature_not_contracted',
  ...CONSENT_FAULTS,
  ...JOIN_CONFLICTS,
] as const;
export type LinkageDetail = (typeof LINKAGE_DETAILS)[number];

/** A question for the certificate before a presented one, and what became of it. Times in milliseconds by the clock of the mode. */
export interface SerialLinkage {
  id: string;
  /** The check it rests on. */
  verificationId: string;
  state: LinkageState;
  /** Why it is pending, not found or ambiguous, or what is wrong with the consent. */
  detail?: LinkageDetail;
  /** The holder of the new certificate as it is now: a later merge is followed. */
  personId?: string;
  /** The new one. */
  certificateId?: string;
  /** The one before it that the tenant knows. */
  previousCertificateId?: string;
  /** Of what is linked. */
  source?: 'own_record' | 'jlis';
  consentId?: string;
  attempts: number;
  /** While it is pending. */
  nextAttemptAt?: number;
  createdAt: number;
  updatedAt: number;
}

/** What changes while a linkage is pending, and does no more after that. */
export type LinkageProgress = Omit<SerialLinkage, 'id' | 'verificationId' | 'consentId' | 'createdAt'>;

interface Row {
  id: string;
  verification_id: string;
  state: LinkageState;
  detail: LinkageDetail | null;
  person_id: string | null;
  certificate_id: string | null;
  previous_certificate_id: string | null;
  source: 'own_record' | 'jlis' | null;
  consent_id: string | null;
  attempts: number;
  next_attempt_at: Date | null;
  created_at: Date;
  updated_at: Date;
}

/** What was asked about a deleted person is not there any more. */
const SELECT = `
  select l.id, l.verification_id, l.state, l.detail, s.id as person_id, l.certificate_id, l.previous_certificate_id,
    l.source, l.consent_id, l.attempts, l.next_attempt_at, l.created_at, l.updated_at
  from serial_linkage l
  left join person p on p.tenant_id = l.tenant_id and p.mode = l.mode and p.id = l.person_id
  left join person s on s.tenant_id = p.tenant_id and s.mode = p.mode and s.id = coalesce(p.merged_into, p.id)
  where s.deleted_at is null`;

function toLinkage(row: Row): SerialLinkage {
  return {
    id: row.id,
    verificationId: row.verification_id,
    state: row.state,
    attempts: row.attempts,
    createdAt: row.created_at.getTime(),
    updatedAt: row.updated_at.getTime(),
    ...(row.detail === null ? {} : { detail: row.detail }),
    ...(row.person_id === null ? {} : { personId: row.person_id }),
    ...(row.certificate_id === null ? {} : { certificateId: row.certificate_id }),
    ...(row.previous_certificate_id === null ? {} : { previousCertificateId: row.previous_certificate_id }),
    ...(row.source === null ? {} : { source: row.source }),
    ...(row.consent_id === null ? {} : { consentId: row.consent_id }),
    ...(row.next_attempt_at === null ? {} : { nextAttemptAt: row.next_attempt_at.getTime() }),
  };
}

export async function findLinkage(manager: EntityManager, id: string): Promise<SerialLinkage | undefined> {
  const rows: Row[] = await manager.query(`${SELECT} and l.id = $1`, [id]);
  return rows[0] && toLinkage(rows[0]);
}

/** The newest one about a certificate. */
export async function findNewestLinkage(
  manager: EntityManager,
  certificateId: string,
): Promise<SerialLinkage | undefined> {
  const rows: Row[] = await manager.query(`${SELECT} and l.certificate_id = $1 order by l.id desc limit 1`, [
    certificateId,
  ]);
  return rows[0] && toLinkage(rows[0]);
}

export async function findPendingLinkage(
  manager: EntityManager,
  certificateId: string,
): Promise<SerialLinkage | undefined> {
  const rows: Row[] = await manager.query(`${SELECT} and l.certificate_id = $1 and l.state = 'pending'`, [
    certificateId,
  ]);
  return rows[0] && toLinkage(rows[0]);
}

const time = (ms: number | undefined): Date | null => (ms === undefined ? null : new Date(ms));

export async function insertLinkage(
  manager: EntityManager,
  { tenantId, mode }: Tenancy,
  linkage: SerialLinkage,
): Promise<void> {
  await manager.query(
    `insert into serial_linkage (tenant_id, mode, id, verification_id, state, detail, person_id, certificate_id,
       previous_certificate_id, source, consent_id, attempts, next_attempt_at, created_at, updated_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
    [
      tenantId,
      mode,
      linkage.id,
      linkage.verificationId,
      linkage.state,
      linkage.detail ?? null,
      linkage.personId ?? null,
      linkage.certificateId ?? null,
      linkage.previousCertificateId ?? null,
      linkage.source ?? null,
      linkage.consentId ?? null,
      linkage.attempts,
      time(linkage.nextAttemptAt),
      new Date(linkage.createdAt),
      new Date(linkage.updatedAt),
    ],
  );
}

/** False when it is not pending any more: somebody else has resolved it, and nothing was written. */
export async function updatePendingLinkage(
  manager: EntityManager,
  id: string,
  progress: LinkageProgress,
): Promise<boolean> {
  const [, changed]: [unknown[], number] = await manager.query(
    `update serial_linkage set state = $2, detail = $3, person_id = $4, certificate_id = $5,
       previous_certificate_id = $6, source = $7, attempts = $8, next_attempt_at = $9, updated_at = $10
     where id = $1 and state = 'pending'`,
    [
      id,
      progress.state,
      progress.detail ?? null,
      progress.personId ?? null,
      progress.certificateId ?? null,
      progress.previousCertificateId ?? null,
      progress.source ?? null,
      progress.attempts,
      time(progress.nextAttemptAt),
      new Date(progress.updatedAt),
    ],
  );
  return changed === 1;
}

/**
 * Keeps a due linkage to one process: until `until` it is not due again, even if that process dies. Undefined when it is
 * not pending, not due, or another process is at it.
 */
export async function claimDueLinkage(
  manager: EntityManager,
  id: string,
  { at, until }: { at: number; until: number },
): Promise<SerialLinkage | undefined> {
  const free: unknown[] = await manager.query(
    `select 1 from serial_linkage where id = $1 and state = 'pending' and next_attempt_at <= $2 for update skip locked`,
    [id, new Date(at)],
  );
  if (free.length === 0) return undefined;
  await manager.query(
    'update serial_linkage set attempts = attempts + 1, next_attempt_at = $2, updated_at = $3 where id = $1',
    [id, new Date(until), new Date(at)],
  );
  return findLinkage(manager, id);
}

/**
 * The certificate before this one in the tenant's own records. Steps that are only known as such are passed over: they
 * are never told to anybody.
 */
export async function findRecordedPrevious(manager: EntityManager, certificateId: string): Promise<string | undefined> {
  const rows: { id: string }[] = await manager.query(
    `with recursive back(id, hop, depth) as (
       select c.id, c.hop, 1 from certificate_link l
         join person_certificate c on c.tenant_id = l.tenant_id and c.mode = l.mode and c.id = l.from_id
         where l.relation = 'renewal' and l.to_id = $1
       union all
       select c.id, c.hop, b.depth + 1 from back b
         join certificate_link l on l.relation = 'renewal' and l.to_id = b.id
         join person_certificate c on c.tenant_id = l.tenant_id and c.mode = l.mode and c.id = l.from_id
         where b.hop and b.depth < 100)
     select id from back where not hop limit 1`,
    [certificateId],
  );
  return rows[0]?.id;
}

/** A renewal from a certificate, or from a newer one of it, to the next that the tenant knows. */
export interface NewerCertificate {
  certificateId: string;
  previousCertificateId: string;
  /** The question that told of it. */
  serialLinkageId: string;
  linkedAt: number;
}

/** What a certificate was renewed to, step by step, the oldest first. */
export async function listNewer(manager: EntityManager, certificateId: string): Promise<NewerCertificate[]> {
  const rows: { id: string; hop: boolean; source_id: string; created_at: Date }[] = await manager.query(
    `with recursive onward(id, hop, source_id, created_at, depth) as (
       select c.id, c.hop, l.source_id, l.created_at, 1 from certificate_link l
         join person_certificate c on c.tenant_id = l.tenant_id and c.mode = l.mode and c.id = l.to_id
         where l.relation = 'renewal' and l.from_id = $1
       union all
       select c.id, c.hop, l.source_id, l.created_at, o.depth + 1 from onward o
         join certificate_link l on l.relation = 'renewal' and l.from_id = o.id
         join person_certificate c on c.tenant_id = l.tenant_id and c.mode = l.mode and c.id = l.to_id
         where o.depth < 100)
     select id, hop, source_id, created_at from onward order by depth`,
    [certificateId],
  );
  const newer: NewerCertificate[] = [];
  for (const row of rows) {
    if (row.hop) continue;
    newer.push({
      certificateId: row.id,
      previousCertificateId: newer.at(-1)?.certificateId ?? certificateId,
      serialLinkageId: row.source_id,
      linkedAt: row.created_at.getTime(),
    });
  }
  return newer;
}

/** An id for a new linkage; newer ones sort after older ones. */
export const newLinkageId = (): string => newId(Date.now());
