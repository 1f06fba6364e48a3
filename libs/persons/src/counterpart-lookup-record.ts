import type { EntityManager } from 'typeorm';
import type { Tenancy } from '#lib/platform';
import { CONSENT_FAULTS } from './consent-check.js';
import { JOIN_CONFLICTS } from './join-conflict.js';

export const COUNTERPART_STATES = [
  'found',
  'not_found',
  'not_yet_linkable',
  'consent_required',
  'ambiguous',
  'severed',
] as const;
export type CounterpartState = (typeof COUNTERPART_STATES)[number];

/** Why a lookup stands as it does, where its state alone does not tell. Stable. */
export const COUNTERPART_DETAILS = ['consent_withdrawn', ...CONSENT_FAULTS, ...JOIN_CONFLICTS] as const;
export type CounterpartDetail = (typeof COUNTERPART_DETAILS)[number];

/** A question for the other certificate of a holder, and what became of it. Times in milliseconds by the clock of the mode. */
export interface CounterpartLookup {
  id: string;
  /** The check it rests on. */
  verificationId: string;
  state: CounterpartState;
  /** Why it is ambiguous, or what is wrong with the consent. */
  detail?: CounterpartDetail;
  /** The holder as it is now: a later merge is followed. */
  personId?: string;
  /** The one that was presented. */
  certificateId?: string;
  /** The other one. */
  counterpartCertificateId?: string;
  /** Of what is found. */
  source?: 'own_record' | 'jlis';
  /** When J-LIS may know more. */
  retryAt?: number;
  consentId?: string;
  createdAt: number;
  /** What it left in the meter: nothing, or that J-LIS delivered. */
  usage: { id: string; meter: 'counterpart_delivered'; method: 'service' }[];
}

interface Row {
  id: string;
  verification_id: string;
  state: CounterpartState;
  detail: CounterpartDetail | null;
  person_id: string | null;
  certificate_id: string | null;
  counterpart_certificate_id: string | null;
  source: 'own_record' | 'jlis' | null;
  retry_at: Date | null;
  consent_id: string | null;
  created_at: Date;
  usage_id: string | null;
}

/** Undefined also for one about a person who was deleted since. */
export async function findCounterpartLookup(
  manager: EntityManager,
  id: string,
): Promise<CounterpartLookup | undefined> {
  const rows: Row[] = await manager.query(
    `select l.id, l.verification_id, l.state, l.detail, s.id as person_id, l.certificate_id, l.counterpart_certificate_id,
       l.source, l.retry_at, l.consent_id, l.created_at, u.id as usage_id
     from counterpart_lookup l
     left join person p on p.tenant_id = l.tenant_id and p.mode = l.mode and p.id = l.person_id
     left join person s on s.tenant_id = p.tenant_id and s.mode = p.mode and s.id = coalesce(p.merged_into, p.id)
     left join usage_event u on u.tenant_id = l.tenant_id and u.mode = l.mode and u.source = 'counterpart_lookup' and u.source_id = l.id
     where s.deleted_at is null and l.id = $1`,
    [id],
  );
  const row = rows[0];
  return (
    row && {
      id: row.id,
      verificationId: row.verification_id,
      state: row.state,
      createdAt: row.created_at.getTime(),
      usage: row.usage_id === null ? [] : [{ id: row.usage_id, meter: 'counterpart_delivered', method: 'service' }],
      ...(row.detail === null ? {} : { detail: row.detail }),
      ...(row.person_id === null ? {} : { personId: row.person_id }),
      ...(row.certificate_id === null ? {} : { certificateId: row.certificate_id }),
      ...(row.counterpart_certificate_id === null ? {} : { counterpartCertificateId: row.counterpart_certificate_id }),
      ...(row.source === null ? {} : { source: row.source }),
      ...(row.retry_at === null ? {} : { retryAt: row.retry_at.getTime() }),
      ...(row.consent_id === null ? {} : { consentId: row.consent_id }),
    }
  );
}

export async function insertCounterpartLookup(
  manager: EntityManager,
  { tenantId, mode }: Tenancy,
  lookup: CounterpartLookup,
): Promise<void> {
  await manager.query(
    `insert into counterpart_lookup (tenant_id, mode, id, verification_id, state, detail, person_id, certificate_id,
       counterpart_certificate_id, source, retry_at, consent_id, created_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
    [
      tenantId,
      mode,
      lookup.id,
      lookup.verificationId,
      lookup.state,
      lookup.detail ?? null,
      lookup.personId ?? null,
      lookup.certificateId ?? null,
      lookup.counterpartCertificateId ?? null,
      lookup.source ?? null,
      lookup.retryAt === undefined ? null : new Date(lookup.retryAt),
      lookup.consentId ?? null,
      new Date(lookup.createdAt),
    ],
  );
}

/** The certificate of the other kind that was recorded for this one. */
export async function findRecordedCounterpart(
  manager: EntityManager,
  certificateId: string,
): Promise<string | undefined> {
  const rows: { id: string }[] = await manager.query(
    `select case when from_id = $1 then to_id else from_id end as id from certificate_link
     where relation = 'counterpart' and (from_id = $1 or to_id = $1) order by created_at desc, id desc limit 1`,
    [certificateId],
  );
  return rows[0]?.id;
}
