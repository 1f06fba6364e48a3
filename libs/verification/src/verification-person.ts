import type { EntityManager } from 'typeorm';
import type { Identification, PersonStatus } from '#lib/persons';
import type { Tenancy } from '#lib/platform';

/** Whose certificate a verification was made with, as its tenant sees it. */
export interface VerificationPerson {
  state: Identification['state'];
  /** As found then. */
  id?: string;
  isNew: boolean;
  /** The survivor, when that person has turned out to be another one since. */
  mergedInto?: string;
  /** As concluded then, when certificates of both kinds were known. */
  status?: PersonStatus;
}

/** Keeps what identifying gave; what a first try has kept stays. */
export async function storeVerificationPerson(
  manager: EntityManager,
  { tenantId, mode }: Tenancy,
  verificationId: string,
  found: Identification,
): Promise<void> {
  const identified = found.state === 'identified' ? found : undefined;
  await manager.query(
    `insert into verification_person (tenant_id, mode, verification_id, state, person_id, person_is_new)
     values ($1, $2, $3, $4, $5, $6) on conflict (tenant_id, mode, verification_id) do nothing`,
    [tenantId, mode, verificationId, found.state, identified?.personId ?? null, identified?.isNew ?? false],
  );
}

/** Keeps what the person's certificates said beside a verification. */
export async function storePersonStatus(
  manager: EntityManager,
  verificationId: string,
  status: PersonStatus,
): Promise<void> {
  await manager.query('update verification_person set status = $2 where verification_id = $1', [
    verificationId,
    JSON.stringify(status),
  ]);
}

/** Undefined when nobody asked whose it was, or the answer is still to be found. */
export async function findVerificationPerson(
  manager: EntityManager,
  verificationId: string,
): Promise<VerificationPerson | undefined> {
  const rows: {
    state: VerificationPerson['state'];
    person_id: string | null;
    person_is_new: boolean;
    merged_into: string | null;
    status: PersonStatus | null;
  }[] = await manager.query(
    `select v.state, v.person_id, v.person_is_new, v.status, p.merged_into from verification_person v
     left join person p on p.tenant_id = v.tenant_id and p.mode = v.mode and p.id = v.person_id
     where v.verification_id = $1`,
    [verificationId],
  );
  const row = rows[0];
  return (
    row && {
      state: row.state,
      isNew: row.person_is_new,
      ...(row.person_id === null ? {} : { id: row.person_id }),
      ...(row.merged_into === null ? {} : { mergedInto: row.merged_into }),
      ...(row.status === null ? {} : { status: row.status }),
    }
  );
}
